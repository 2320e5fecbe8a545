"""What every test starts from."""

from collections.abc import Generator
from pathlib import Path
from unittest.mock import patch

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser

from homeassistant import block_async_io
from homeassistant.core import Context, HomeAssistant

from .common import make_entry
from .fakes import beacon, rack
from .fakes.rack import FAR_ENDS, FarEnd

# imported here: the test harness has a package of the same name
from custom_components.homelab import sources

pytest_plugins = ["tests.real_parts", "tests.seeds", "pytester"]


@pytest.fixture(autouse=True)
def _custom_integrations(enable_custom_integrations: None) -> None:
    """Let Home Assistant find this repository's integration."""


@pytest.fixture(autouse=True)
def _own_folder(hass: HomeAssistant, tmp_path: Path) -> None:
    """Give Home Assistant a folder that is not shared: the audit trail is a file."""
    hass.config.config_dir = str(tmp_path)
    (tmp_path / ".storage").mkdir()


@pytest.fixture(autouse=True)
def _no_complaints(
    caplog: pytest.LogCaptureFixture, disable_block_async_io: None
) -> Generator[None]:
    """Fail a test in which Home Assistant complained about how it is used."""
    with patch.object(block_async_io, "_IN_TESTS", False):
        block_async_io.enable()
        yield
    for phase in ("setup", "call"):
        for record in caplog.get_records(phase):
            text = record.getMessage()
            assert "Detected that custom integration" not in text
            if phase == "call" or "custom_components/homelab" in text:
                # while it sets up, pytest blocks as well
                assert "Detected blocking call" not in text


@pytest.fixture(autouse=True)
def _sources() -> Generator[None]:
    """Put the made-up sources in the place of the real ones."""
    made_up = (rack.__name__, beacon.__name__)
    with patch.object(sources, "SOURCE_TYPES", made_up):
        yield


@pytest.fixture
def far_end() -> Generator[FarEnd]:
    """Return the far end of the entry."""
    FAR_ENDS["far"] = FarEnd()
    yield FAR_ENDS["far"]
    FAR_ENDS.clear()


@pytest.fixture
def admin(hass_admin_user: MockUser) -> Context:
    """Return the context of an administrator who presses something."""
    return Context(user_id=hass_admin_user.id)


@pytest.fixture
def entry(hass: HomeAssistant, far_end: FarEnd) -> MockConfigEntry:
    """Return an entry for the far end, not set up yet."""
    return make_entry(hass)
