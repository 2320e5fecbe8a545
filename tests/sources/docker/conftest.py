"""A simulated engine, and an entry for it."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
import pytest_socket

from demo.engine import SimulatedEngine
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant

from .host import docker_entry
from custom_components.homelab.const import DOMAIN
from tests.fakes.ssh_server import SshServer


@pytest.fixture(autouse=True)
def _sources() -> None:
    """Leave the real sources in their place."""


@pytest.fixture(autouse=True)
def _local_sockets(socket_enabled: None) -> None:
    """Let real sockets through to this machine."""
    pytest_socket.socket_allow_hosts(["127.0.0.1"], allow_unix_socket=True)


async def _unload(hass: HomeAssistant) -> None:
    for entry in hass.config_entries.async_entries(DOMAIN):
        if entry.state is ConfigEntryState.LOADED:
            await hass.config_entries.async_unload(entry.entry_id)


@pytest.fixture
async def engine(
    hass: HomeAssistant, tmp_path: Path, request: pytest.FixtureRequest
) -> AsyncGenerator[SimulatedEngine]:
    """Run an engine, for longer than whatever is connected to it.

    Which machine it runs on may be its parameter.
    """
    machine, path = getattr(request, "param", None), tmp_path / "docker.sock"
    async with SimulatedEngine(machine, socket_path=path) as running:
        yield running
        await _unload(hass)
        running.hang_up()


@pytest.fixture
def entry(hass: HomeAssistant, engine: SimulatedEngine) -> MockConfigEntry:
    """Return an entry for the engine, not set up yet."""
    return docker_entry(hass, engine)


@pytest.fixture
async def ssh(hass: HomeAssistant) -> AsyncGenerator[SshServer]:
    """Serve SSH on the engine's machine."""
    async with SshServer().serving() as serving:
        yield serving
        await _unload(hass)
