"""HTTP to a socket at a server, over the login that others use, too."""

import asyncio
from typing import override

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.tracing import Trace

from .ssh import SshConnection


class SshConnector(aiohttp.BaseConnector):
    """Connections to one socket: channels, of which there may be any number.

    What prevents a connection is the SourceError itself. Contact that is lost later is
    an error of aiohttp in every response that is open.
    """

    def __init__(self, connection: SshConnection, path: str) -> None:
        """Connect nothing yet; closing it leaves the login as it is."""
        super().__init__(limit=0)
        self._connection = connection
        self._path = path

    @override
    async def _create_connection(
        self,
        req: aiohttp.ClientRequest,
        traces: list[Trace],
        timeout: aiohttp.ClientTimeout,
    ) -> ResponseHandler:
        protocol = self._factory()
        async with asyncio.timeout(timeout.sock_connect):
            await self._connection.connect_socket(self._path, protocol)
        return protocol
