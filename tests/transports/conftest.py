"""These tests need real sockets on loopback, and no Home Assistant."""

from collections.abc import AsyncGenerator

import pytest
import pytest_socket

from custom_components.homelab.transports.ssh import SshConnection
from tests.fakes.ssh_server import SshServer, connected
from tests.plain import _custom_integrations, _no_complaints, _own_folder, _sources

__all__ = ["_custom_integrations", "_no_complaints", "_own_folder", "_sources"]


@pytest.fixture(autouse=True)
def _local_sockets(socket_enabled: None) -> None:
    """Let real sockets through to this machine."""
    pytest_socket.socket_allow_hosts(["127.0.0.1"], allow_unix_socket=True)


@pytest.fixture
async def server() -> AsyncGenerator[SshServer]:
    """Serve SSH."""
    async with SshServer().serving() as serving:
        yield serving


@pytest.fixture
async def connection(server: SshServer) -> AsyncGenerator[SshConnection]:
    """Return a connection to the server, not logged in yet."""
    async with connected(server.address()) as made:
        yield made
