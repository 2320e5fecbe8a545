"""The sockets of this machine behind which an engine may be."""

import asyncio
import os
from pathlib import Path

from aiohttp import UnixConnector

from ...source import SourceError
from .address import SOCKET_PATH
from .api import Api

# the form waits for it
PATIENCE = 2.0


def _candidates() -> list[str]:
    own = os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}"
    # the user's own first: who opens one of the others is root
    return [
        f"{own}/docker.sock",
        str(Path.home() / ".docker/run/docker.sock"),
        f"{own}/podman/podman.sock",
        SOCKET_PATH,
        "/run/podman/podman.sock",
    ]


async def find_socket() -> str | None:
    """Return the address of the first one that answers."""
    for path in _candidates():
        api = Api("http://docker", UnixConnector(path))
        try:
            async with asyncio.timeout(PATIENCE):
                await api.read("version", versioned=False)
        except SourceError, TimeoutError:
            continue
        finally:
            await api.close()
        return f"unix://{path}"
    return None
