"""Tests on real parts start processes of their own: none of the usual fixtures help."""

from tests.plain import _custom_integrations, _no_complaints, _own_folder, _sources

__all__ = ["_custom_integrations", "_no_complaints", "_own_folder", "_sources"]
