"""The sockets of this machine behind which an engine may be."""

import os
from pathlib import Path

from aiohttp import UnixConnector

from ...source import SourceError
from .address import SOCKET_PATH
from .api import Api


def _candidates() -> list[str]:
    own = os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}"
    return [
        SOCKET_PATH,
        "/run/podman/podman.sock",
        f"{own}/docker.sock",
        f"{own}/podman/podman.sock",
        str(Path.home() / ".docker/run/docker.sock"),
    ]


async def find_socket() -> str | None:
    """Return the address of the first one that answers."""
    for path in _candidates():
        api = Api("http://docker", UnixConnector(path))
        try:
            await api.ping()
        except SourceError:
            continue
        finally:
            await api.close()
        return f"unix://{path}"
    return None
