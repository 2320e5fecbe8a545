"""Tests on real parts start processes of their own: none of the usual fixtures help."""

import pytest


@pytest.fixture(autouse=True)
def _custom_integrations() -> None:
    """Load nothing here."""


@pytest.fixture(autouse=True)
def _no_complaints() -> None:
    """Watch nothing here."""


@pytest.fixture(autouse=True)
def _own_folder() -> None:
    """Need none here."""


@pytest.fixture(autouse=True)
def _sources() -> None:
    """Leave the sources of this process alone."""
