"""The simulated engine as a fixture: behind a socket, with frames in quick succession."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from demo.engine import SimulatedEngine

from .sockets import sockets

__all__ = ["PERIOD", "simulated_engine", "sockets"]

PERIOD = 0.02


@pytest.fixture
async def simulated_engine(sockets: Path) -> AsyncGenerator[SimulatedEngine]:
    """Return an engine without containers."""
    path = sockets / "docker.sock"
    async with SimulatedEngine(socket_path=path, period=PERIOD) as engine:
        yield engine
