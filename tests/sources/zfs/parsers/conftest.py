"""These tests read bytes: they need no Home Assistant and no made-up source."""

from tests.plain import _custom_integrations, _no_complaints, _own_folder, _sources

__all__ = ["_custom_integrations", "_no_complaints", "_own_folder", "_sources"]
