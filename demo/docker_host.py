"""The demo's Docker host: a real engine where one can be started, else a simulated one."""

from collections.abc import Mapping, Sequence
from pathlib import Path
import socket
import subprocess
import time
from typing import Any, Literal
from urllib.parse import quote

from _steps import CACHE, ROOT, Missing

from demo.busybox import IMAGE, archive, is_static
from demo.dockerd import Dockerd, can_run
from demo.services import SERVICES, Service

PYTHON = CACHE / "environments" / "demo" / "bin" / "python"
SECOND = 1_000_000_000
DEADLINE = 30
STOP_DEADLINE = 10


class DockerHost:
    """One machine with containers, known by its socket."""

    kind = "docker"

    def __init__(
        self,
        *,
        real: bool | None = None,
        python: Path = PYTHON,
        arguments: Sequence[str] = (),
    ) -> None:
        """Be real or simulated, else what this machine can be.

        The Python is one that has what simulating takes; a simulated engine is told the
        arguments.
        """
        self._python = python
        self._arguments = arguments
        self._real = can_run() and is_static() if real is None else real
        self.title = self._title()
        self._url = ""
        self._engine: Dockerd | None = None
        self._simulated: subprocess.Popen[bytes] | None = None

    @property
    def reality(self) -> Literal["real", "simulated"]:
        """Say which it is."""
        return "real" if self._real else "simulated"

    @property
    def answers(self) -> Sequence[tuple[str, Mapping[str, Any]]]:
        """Return what to enter in the config flow."""
        return (("docker", {"name": self.title, "url": self._url}),)

    def start(self, folder: Path) -> None:
        """Start an engine with all its containers."""
        if self._real:
            try:
                self._start_real(folder)
            except Missing as missing:
                print(f"  a simulated one instead of a real one: {missing}", flush=True)
                self.stop()
                self._real = False
                self.title = self._title()
        if not self._real:
            self._start_simulated(folder)

    def stop(self) -> None:
        """End the engine and all that it has started."""
        if self._engine:
            self._engine.stop()
        if self._simulated:
            self._simulated.terminate()
            try:
                self._simulated.wait(STOP_DEADLINE)
            except subprocess.TimeoutExpired:
                self._simulated.kill()
                self._simulated.wait()
        self._engine = self._simulated = None

    def ask(self, method: str, path: str) -> Any:
        """Ask a real engine directly, past Home Assistant."""
        assert self._engine is not None  # noqa: S101
        return self._engine.ask(method, path)

    def _title(self) -> str:
        """Return a name for each: what is known of one does not fit the other."""
        return "Docker" if self._real else "Simulated Docker"

    def _start_real(self, folder: Path) -> None:
        self._engine = Dockerd(folder)
        self._engine.start()
        # what a killed demo has left: networks have to be made before containers
        self._engine.clear()
        self._engine.import_image(IMAGE, archive())
        for project in {each.project for each in SERVICES if each.project}:
            network = {"Name": f"{project}_default"}
            self._engine.ask("POST", "/networks/create", network)
        for service in SERVICES:
            path = f"/containers/create?name={quote(service.container)}"
            made = self._engine.ask("POST", path, recipe(service))
            self._engine.ask("POST", f"/containers/{made['Id']}/start")
        self._url = self._engine.url

    def _start_simulated(self, folder: Path) -> None:
        path = folder / "simulated.sock"
        path.unlink(missing_ok=True)
        log = folder / "simulated.log"
        with log.open("wb") as output:
            self._simulated = subprocess.Popen(
                (
                    *(self._python, "-m", "demo.engine", "--socket", path),
                    *self._arguments,
                ),
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        deadline = time.monotonic() + DEADLINE
        while not _listens(path):
            if self._simulated.poll() is not None or time.monotonic() > deadline:
                last = log.read_text(errors="replace").splitlines()[-5:]
                raise Missing("\n".join(("No engine can be simulated:", *last)))
            time.sleep(0.05)
        self._url = f"unix://{path}"


def recipe(service: Service) -> dict[str, Any]:
    """Return what the engine is to make of a service."""
    wanted: dict[str, Any] = {
        "Image": IMAGE,
        "Cmd": ["sh", "-c", service.script],
        "Labels": service.labels,
        "Tty": service.tty,
        "HostConfig": {
            "NetworkMode": service.network_mode,
            "RestartPolicy": {"Name": service.restart},
            "Binds": [f"{service.volume}:/data"] if service.volume else [],
        },
    }
    if service.project:
        # by its service's name the others of its project find it
        found = {service.network_mode: {"Aliases": [service.name]}}
        wanted["NetworkingConfig"] = {"EndpointsConfig": found}
    if service.check:
        wanted["Healthcheck"] = {
            "Test": ["CMD-SHELL", service.check],
            "Interval": 5 * SECOND,
            "Retries": 2,
        }
    return wanted


def _listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0
