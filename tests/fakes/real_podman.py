"""Podman's service, which speaks Docker's language, for tests."""

from collections.abc import Generator, Sequence
import os
from pathlib import Path
import shutil
import subprocess
import time
from typing import Any
from urllib.parse import quote

from _steps import run
import pytest

from demo.busybox import IMAGE, archive
from demo.dockerd import mounts_below
from demo.socket_client import SocketClient

from .real_engine import WILLING
from .sockets import allow_sockets, commands_about, short_folder

DEADLINE = 30
# what it wants by default may be more than a machine allows
LIMITS = """
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
"""


class RealPodman(SocketClient):
    """One service in a folder of its own. Its containers have no network."""

    def __init__(self, folder: Path) -> None:
        """Take a folder."""
        super().__init__(folder / "podman.sock")
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it answers."""
        limits = self._folder / "containers.conf"
        limits.write_text(LIMITS)
        with (self._folder / "podman.log").open("ab") as log:
            self._process = subprocess.Popen(
                (*self._podman(), "system", "service", "--time", "0", self.url),
                env={**os.environ, "CONTAINERS_CONF": str(limits)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        deadline = time.monotonic() + DEADLINE
        while not self.answers():
            assert self._process.poll() is None and time.monotonic() < deadline, (
                self._folder / "podman.log"
            ).read_text()
            time.sleep(0.05)
        self.import_image(IMAGE, archive())

    def run(self, name: str, command: Sequence[str] = WILLING, **config: Any) -> str:
        """Create and start a container, and return its id."""
        wanted = {"Image": IMAGE, "Cmd": [*command], **config}
        wanted["HostConfig"] = {"NetworkMode": "none"}
        made = self.ask("POST", f"/containers/create?name={quote(name)}", wanted)
        self.ask("POST", f"/containers/{made['Id']}/start")
        return str(made["Id"])

    def stop(self) -> None:
        """Remove its containers, end it, and clear up after it."""
        if self._process is None:
            return
        self.remove_containers()
        self._process.terminate()
        self._process.wait(DEADLINE)
        self._await_stragglers()
        for mounted in mounts_below(self._folder):
            run("umount", "-l", mounted)

    def _await_stragglers(self) -> None:
        """Wait for what cleans up behind each container, and makes its folders anew."""
        deadline = time.monotonic() + DEADLINE
        while commands_about(self._folder):
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def _podman(self) -> tuple[str | Path, ...]:
        own = self._folder
        return (
            *("setpriv", "--pdeathsig", "TERM", "podman"),
            *(
                "--root",
                own / "root",
                "--runroot",
                own / "run",
                "--tmpdir",
                own / "tmp",
            ),
            *("--storage-driver", "vfs", "--cgroup-manager", "cgroupfs"),
            # crun does not take the mixed control groups that some machines have
            *("--runtime", str(shutil.which("runc"))),
        )


@pytest.fixture
def real_podman() -> Generator[RealPodman]:
    """Return a service without containers."""
    allow_sockets()
    folder = short_folder()
    podman = RealPodman(folder)
    try:
        podman.start()
        yield podman
    finally:
        podman.stop()
        shutil.rmtree(folder)
