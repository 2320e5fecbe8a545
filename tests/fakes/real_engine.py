"""A real Docker Engine for tests, with what it takes to let containers live and die."""

from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
import json
from pathlib import Path
import random
import shutil
import signal
import subprocess
import time
from typing import Any
from urllib.parse import quote

import pytest

from demo.busybox import IMAGE, archive
from demo.dockerd import Dockerd
from demo.engine.proxy import OPEN

from . import haproxy
from .authority import LOOPBACK, Authority
from .sockets import allow_sockets, short_folder

# costs nothing, and is deaf to everything but KILL, as a first process is
IDLE = ("sleep", "1000000")
# ends at once with 0 when it is told to
WILLING = ("sh", "-c", "trap 'exit 0' TERM; while :; do sleep 1000 & wait $!; done")
PORTS = range(20_000, 30_000)
DEADLINE = 60
AT_ONCE = 4


class RealEngine(Dockerd):
    """Behind a socket, and on a port of loopback with TLS, or plain."""

    def __init__(self, folder: Path, *, plain: bool = False) -> None:
        """Take a folder; plain is without TLS."""
        self.authority = Authority()
        port = free_port()
        # without the word it waits 15 seconds, so that nobody overlooks its warning
        options = ("--tls=false",) if plain else self._tls(folder / "tls")
        super().__init__(folder, "-H", f"tcp://{LOOPBACK}:{port}", *options)
        self.tcp_url = f"{'tcp' if plain else 'https'}://{LOOPBACK}:{port}"

    def begin(self) -> None:
        """Start it, with the image that containers are made of."""
        self.start()
        self.import_image(IMAGE, archive())

    def run(
        self,
        name: str,
        command: Sequence[str] = WILLING,
        *,
        host: dict[str, Any] | None = None,
        start: bool = True,
        **config: Any,
    ) -> str:
        """Create and start a container, and return its id.

        `host` and the rest are what the engine calls HostConfig and Config.
        """
        wanted = {"Image": IMAGE, "Cmd": [*command], **config}
        wanted["HostConfig"] = host or {}
        made = self.ask("POST", f"/containers/create?name={quote(name)}", wanted)
        if start:
            self.ask("POST", f"/containers/{made['Id']}/start")
        return str(made["Id"])

    def run_many(self, names: Sequence[str], command: Sequence[str] = IDLE) -> None:
        """Create and start containers without a network, several at a time."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            alone = {"NetworkMode": "none"}
            list(pool.map(lambda name: self.run(name, command, host=alone), names))

    def act(self, name: str, action: str) -> int:
        """Do something to a container (`stop?t=1`), and return the status."""
        return self.request("POST", f"/containers/{name}/{action}")[0]

    def inspect(self, name: str) -> dict[str, Any]:
        """Return what the engine says about a container."""
        said: dict[str, Any] = self.ask("GET", f"/containers/{name}/json")
        return said

    def events(self, since: float) -> list[dict[str, Any]]:
        """Return what has happened since a time, in the engine's own order."""
        path = f"/events?since={since:.9f}&until={time.time():.9f}"
        return [json.loads(line) for line in self.request("GET", path)[1].splitlines()]

    def cli(self, *arguments: str, check: bool = True) -> str:
        """Return what Docker's own command line tool prints."""
        return docker(self.url, *arguments, check=check)

    def proxy(
        self, *variables: str, closed: Sequence[str] = (), granular: bool = False
    ) -> str:
        """Start a proxy before the socket, and return its address.

        It lets through what these variables open, and what is open by itself.
        """
        self.import_image(haproxy.NAME, haproxy.archive(granular=granular))
        opened = {*OPEN, *variables} - {*closed}
        self.run(
            haproxy.NAME,
            haproxy.COMMAND,
            Image=haproxy.NAME,
            Env=haproxy.environment([*opened]),
            ExposedPorts={haproxy.PORT: {}},
            host={
                "Binds": [f"{self.socket.parent}:/engine"],
                "PortBindings": {haproxy.PORT: [{"HostIp": LOOPBACK, "HostPort": ""}]},
            },
        )
        ports = self.inspect(haproxy.NAME)["NetworkSettings"]["Ports"]
        return f"http://{LOOPBACK}:{ports[haproxy.PORT][0]['HostPort']}"

    def _tls(self, folder: Path) -> tuple[str, ...]:
        certificate, key = self.authority.server().write(folder, "server")
        ca = folder / "ca.pem"
        ca.write_text(self.authority.certificate)
        pair = (f"--tlscert={certificate}", f"--tlskey={key}")
        return ("--tlsverify", f"--tlscacert={ca}", *pair)


def docker(url: str, *arguments: str, check: bool = True) -> str:
    """Return what Docker's command line tool prints about an engine."""
    done = subprocess.run(
        ("docker", "-H", url, *arguments),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=DEADLINE,
        text=True,
        check=False,
    )
    assert not check or not done.returncode, done.stdout
    return done.stdout


def free_port() -> int:
    """Return a port that nothing listens on, without opening a socket."""
    taken = {
        int(line.split()[1].rpartition(":")[2], 16)
        for line in Path("/proc/net/tcp").read_text().splitlines()[1:]
    }
    return random.choice([port for port in PORTS if port not in taken])


@contextmanager
def running(*, plain: bool = False) -> Iterator[RealEngine]:
    """Start an engine in a folder of its own, and leave nothing of it."""
    allow_sockets()
    folder = short_folder()
    engine = RealEngine(folder, plain=plain)
    # tests that are told to end take their engines with them
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        engine.begin()
        yield engine
    finally:
        allow_sockets()
        engine.stop()
        shutil.rmtree(folder)
        signal.signal(signal.SIGTERM, before)


@pytest.fixture(scope="session")
def engine_of_session() -> Generator[RealEngine]:
    """Start one engine for all tests that share it."""
    with running() as engine:
        yield engine


@pytest.fixture
def real_engine(engine_of_session: RealEngine) -> Generator[RealEngine]:
    """Return an engine without containers; a test may also kill and start it."""
    allow_sockets()
    yield engine_of_session
    if not engine_of_session.answers():
        engine_of_session.start()
    engine_of_session.clear()


@pytest.fixture
def plain_engine() -> Generator[RealEngine]:
    """Return an engine of its own that listens on a port of loopback without TLS."""
    with running(plain=True) as engine:
        yield engine
