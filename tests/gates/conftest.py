"""These tests read files: they need no Home Assistant and no made-up source."""

import pytest


@pytest.fixture(autouse=True)
def _custom_integrations() -> None:
    """Load nothing."""


@pytest.fixture(autouse=True)
def _no_complaints() -> None:
    """Watch nothing."""


@pytest.fixture(autouse=True)
def _own_folder() -> None:
    """Need none."""


@pytest.fixture(autouse=True)
def _sources() -> None:
    """Leave the real sources in their place."""
