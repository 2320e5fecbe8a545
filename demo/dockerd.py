"""A real Docker Engine in a folder of its own, which leaves the machine as it was."""

from collections.abc import Sequence
from contextlib import suppress
from hashlib import sha256
import json
import os
from pathlib import Path
import re
import shutil
import subprocess
import time

from _steps import Missing, run

from demo.socket_client import SocketClient, Unanswered

START_DEADLINE = 60
STOP_DEADLINE = 60
LOOK = 0.05
# a socket's path has no room for more, and the engine's own ones lie deeper
LONGEST_PATH = 60
# from this version on the engine keeps its identity in its folder by itself
KEEPS_IDENTITY = 24
# it touches no rule of the machine's firewall: several can run side by side
ALONE = (
    "--iptables=false",
    "--ip6tables=false",
    "--ip-forward=false",
    "--ip-masq=false",
)


class Dockerd(SocketClient):
    """One that is started and ended here."""

    def __init__(self, folder: Path, *options: str) -> None:
        """Take a folder that stays, and what else `dockerd` is to be told."""
        # neither what runs containers nor the list of what is mounted knows links
        folder = folder.resolve()
        # in a folder of its own, so that a container can be given that
        super().__init__(folder / "run" / "docker.sock")
        self.folder = folder
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None
        mark = sha256(str(folder).encode()).hexdigest()
        self.bridge = f"hl{mark[:8]}"
        # of many addresses, so that two engines rarely want the same ones
        numbers = (int(mark[8:10], 16), int(mark[10:12], 16))
        self._pools = (
            f"base=10.{128 + numbers[0] // 2}.0.0/16,size=24",
            f"base=192.168.{numbers[1]}.0/24,size=28",
        )

    @property
    def log(self) -> Path:
        """Return where it writes to."""
        return self.folder / "dockerd.log"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        if len(str(self.folder)) > LONGEST_PATH:
            raise Missing(f"{self.folder} is too long a path for an engine's sockets.")
        self.socket.parent.mkdir(parents=True, exist_ok=True)
        self._await_end_of_last()
        self._configure()
        if not Path("/sys/class/net", self.bridge).exists():
            run("busybox", "ip", "link", "add", "name", self.bridge, "type", "bridge")
        with self.log.open("ab") as log:
            # it ends with whoever started it, however that ends
            self._process = subprocess.Popen(
                ("setpriv", "--pdeathsig", "TERM", *self._command()),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        deadline = time.monotonic() + START_DEADLINE
        while not self.answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                last = self.log.read_text(errors="replace").splitlines()[-5:]
                raise Missing("\n".join(("The engine does not start:", *last)))
            time.sleep(LOOK)

    def stop(self) -> None:
        """Remove its containers and networks, end it, and clear up after it."""
        if self._process is None:
            return
        with suppress(Unanswered):
            self.clear()
        self.end()
        self._process = None
        self._clear_up()

    def end(self) -> None:
        """Tell it to end, which ends its containers as well, and wait."""
        if self._process:
            self._process.terminate()
            try:
                self._process.wait(STOP_DEADLINE)
            except subprocess.TimeoutExpired:
                self.kill()

    def kill(self) -> None:
        """End it without a word; its containers go on."""
        if self._process:
            self._process.kill()
            self._process.wait()

    def clear(self) -> None:
        """Remove every container, and every network that somebody made."""
        self.remove_containers()
        self.ask("POST", "/networks/prune")

    def _command(self) -> Sequence[str | Path]:
        own = self.folder
        pools = [
            each for pool in self._pools for each in ("--default-address-pool", pool)
        ]
        return (
            *("dockerd", "--config-file", own / "daemon.json"),
            *("--data-root", own / "data", "--exec-root", own / "exec"),
            *("--pidfile", own / "dockerd.pid", "-H", self.url),
            *("--bridge", self.bridge, *pools, *ALONE, *self._options),
        )

    def _configure(self) -> None:
        """Keep the machine's own settings away, and its identity."""
        settings: dict[str, str] = {}
        version = re.search(r"version (\d+)", run("dockerd", "--version"))
        if version and int(version[1]) < KEEPS_IDENTITY:
            settings["deprecated-key-path"] = str(self.folder / "key.json")
        (self.folder / "daemon.json").write_text(json.dumps(settings))

    def _await_end_of_last(self) -> None:
        """Wait for one that is still ending, and forget those that were killed."""
        deadline = time.monotonic() + STOP_DEADLINE
        for path in ("dockerd.pid", "exec/containerd/containerd.pid"):
            recorded = self.folder / path
            while recorded.exists() and _is_alive(recorded.read_text()):
                if time.monotonic() > deadline:
                    raise Missing(f"Another engine uses {self.folder}.")
                time.sleep(LOOK)
            recorded.unlink(missing_ok=True)

    def _clear_up(self) -> None:
        """Take away what it left on the machine."""
        if Path("/sys/class/net", self.bridge).exists():
            run("busybox", "ip", "link", "del", self.bridge)
        for mounted in mounts_below(self.folder):
            run("umount", "-l", mounted)


def can_run() -> bool:
    """Whether this machine has what a real engine takes."""
    tools = ("dockerd", "containerd", "runc", "busybox", "setpriv")
    return os.geteuid() == 0 and all(map(shutil.which, tools))


def _is_alive(pid: str) -> bool:
    """Whether there is such a process, if it is not a dead one that nobody buried."""
    try:
        state = Path("/proc", pid.strip(), "stat").read_text().rpartition(")")[2]
    except OSError:
        return False
    return state.split()[0] != "Z"


def mounts_below(folder: Path) -> list[str]:
    """Return what is mounted in a folder, the deepest first."""
    mounted = (
        line.split()[4].encode().decode("unicode_escape")
        for line in Path("/proc/self/mountinfo").read_text().splitlines()
    )
    return sorted((at for at in mounted if at.startswith(f"{folder}/")), reverse=True)
