"""Fixtures for tests that run no Home Assistant in this process."""

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
