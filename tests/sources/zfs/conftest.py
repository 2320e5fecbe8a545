"""A ZFS host for each test, and the source in the place of the made-up ones."""

import asyncio
from collections.abc import AsyncGenerator, Generator
from unittest.mock import patch

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant

from .common import make_zfs_entry
from custom_components.homelab import sources
from custom_components.homelab.sources import zfs
from custom_components.homelab.sources.zfs import memory, shell
from tests.fakes.ssh_server import SshServer, new_key
from tests.fakes.zfs_host import ZfsFarEnd

HOST_KEY = new_key()


@pytest.fixture(autouse=True)
def _sources() -> Generator[None]:
    """Know of this source alone."""
    with patch.object(sources, "SOURCE_TYPES", (zfs.__name__,)):
        yield


@pytest.fixture
async def far(socket_enabled: None) -> AsyncGenerator[ZfsFarEnd]:
    """Return a host with one pool of two mirrors."""
    # it would take down a stack for each of thousands of packets
    asyncio.get_running_loop().set_debug(False)
    far_end = ZfsFarEnd(server=SshServer(host_keys=[HOST_KEY]))
    far_end.machine.show("mirror-idle")
    # what cannot sleep is asked each time
    far_end.machine.rotating = False
    async with far_end.serving():
        yield far_end
    # its port may come again, for another host
    shell._RESTS.clear()
    memory._MEMORIES.clear()


@pytest.fixture
async def zfs_entry(
    hass: HomeAssistant, far: ZfsFarEnd
) -> AsyncGenerator[MockConfigEntry]:
    """Return an entry for it, not set up yet."""
    entry = make_zfs_entry(hass, far)
    yield entry
    if entry.state is ConfigEntryState.LOADED:
        await hass.config_entries.async_unload(entry.entry_id)
