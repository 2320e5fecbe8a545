"""These tests run no Home Assistant: they ask engines directly."""

from collections.abc import AsyncGenerator

from aiohttp import ClientSession, UnixConnector
import pytest

from demo.engine import SimulatedEngine

from tests.fakes.engine import simulated_engine, sockets
from tests.fakes.real_engine import engine_of_session, plain_engine, real_engine
from tests.fakes.real_podman import real_podman
from tests.plain import _custom_integrations, _no_complaints, _own_folder, _sources

__all__ = [
    "_custom_integrations",
    "_no_complaints",
    "_own_folder",
    "_sources",
    "engine_of_session",
    "plain_engine",
    "real_engine",
    "real_podman",
    "simulated_engine",
    "sockets",
]


@pytest.fixture
def engine(simulated_engine: SimulatedEngine) -> SimulatedEngine:
    """Return a simulated engine without containers."""
    return simulated_engine


@pytest.fixture
async def client(engine: SimulatedEngine) -> AsyncGenerator[ClientSession]:
    """Return a client of it."""
    connector = UnixConnector(engine.url.removeprefix("unix://"))
    async with ClientSession("http://engine", connector=connector) as session:
        yield session
