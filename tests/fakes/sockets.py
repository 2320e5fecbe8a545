"""Sockets of the kind that Docker has, for tests that usually may open none."""

from collections.abc import Generator
from contextlib import suppress
from pathlib import Path
import shutil
import tempfile

import pytest
import pytest_socket

LOOPBACK = "127.0.0.1"


def allow_sockets() -> None:
    """Let a test connect to paths; ports of loopback need `socket_enabled` besides."""
    pytest_socket.socket_allow_hosts([LOOPBACK], allow_unix_socket=True)


def short_folder() -> Path:
    """Make a folder whose path leaves room: one of a socket may have 107 bytes."""
    return Path(tempfile.mkdtemp(prefix="hl-"))


def commands_about(folder: Path) -> list[str]:
    """Return what runs and has something in a folder among its arguments."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        # it may end while it is looked at
        with suppress(OSError):
            found.append(path.read_text(errors="replace").replace("\0", " "))
    return [command for command in found if f"{folder}/" in command]


@pytest.fixture
def sockets() -> Generator[Path]:
    """Return a folder for sockets, which may be connected to."""
    allow_sockets()
    folder = short_folder()
    yield folder
    shutil.rmtree(folder)
