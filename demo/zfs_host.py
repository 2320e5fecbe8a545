"""The demo's ZFS host: there is no ZFS without a kernel's module, so it is simulated."""

from collections.abc import Mapping, Sequence
from pathlib import Path
import socket
import subprocess
import time
from typing import Any, Literal

from _steps import CACHE, ROOT, Missing

PYTHON = CACHE / "environments" / "demo" / "bin" / "python"
LOOPBACK = "127.0.0.1"
DEADLINE = 30
STOP_DEADLINE = 10


class ZfsHost:
    """A machine with two pools, behind a real SSH server."""

    kind = "zfs"
    title = "simulated-zfs"
    reality: Literal["real", "simulated"] = "simulated"

    def __init__(self, *, python: Path = PYTHON, arguments: Sequence[str] = ()) -> None:
        """Take a Python that has an SSH server, and what else the server is to be told."""
        self._python = python
        self._arguments = arguments
        self._port = 0
        self._server: subprocess.Popen[bytes] | None = None

    @property
    def answers(self) -> Sequence[tuple[str, Mapping[str, Any]]]:
        """Return what to enter in the config flow."""
        login = {
            "host": LOOPBACK,
            "port": self._port,
            "username": "demo",
            "password": "demo",
        }
        return (("zfs", login), ("host_key", {"confirm_fingerprint": True}))

    def start(self, folder: Path) -> None:
        """Start the server, on the port that it had before."""
        kept = folder / "port"
        self._port = int(kept.read_text()) if kept.exists() else _free_port()
        if _listens(self._port):
            self._port = _free_port()
        kept.write_text(str(self._port))
        log = folder / "server.log"
        module: tuple[str | Path, ...] = (self._python, "-m", "demo.zfs.server")
        where = ("--port", str(self._port), "--key", folder / "host_key")
        with log.open("wb") as output:
            self._server = subprocess.Popen(
                (*module, *where, *self._arguments),
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        deadline = time.monotonic() + DEADLINE
        while not _listens(self._port):
            if self._server.poll() is not None or time.monotonic() > deadline:
                last = log.read_text(errors="replace").splitlines()[-5:]
                raise Missing("\n".join(("No ZFS host can be simulated:", *last)))
            time.sleep(0.05)

    def stop(self) -> None:
        """End the server."""
        if self._server:
            self._server.terminate()
            try:
                self._server.wait(STOP_DEADLINE)
            except subprocess.TimeoutExpired:
                self._server.kill()
                self._server.wait()
        self._server = None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((LOOPBACK, port)) == 0
