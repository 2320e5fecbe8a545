"""A container, as the simulated engine knows it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
import re
import signal

from demo.engine.log import Log
from demo.engine.meter import Usage

# what a real engine takes as a name
NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]+")
COMPOSE = "com.docker.compose"


class State(StrEnum):
    """What a container does."""

    CREATED = "created"
    RUNNING = "running"
    PAUSED = "paused"
    RESTARTING = "restarting"
    EXITED = "exited"
    DEAD = "dead"


class Health(StrEnum):
    """What the checks of a container say."""

    STARTING = "starting"
    HEALTHY = "healthy"
    UNHEALTHY = "unhealthy"


class Refusal(Exception):
    """The engine does not do what was asked for."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


@dataclass(kw_only=True, slots=True)
class Container:
    """One container: what it was made of, and what became of it."""

    id: str
    name: str
    image: str
    image_id: str
    created: int
    usage: Usage
    command: tuple[str, ...] = ("sleep", "1000000")
    labels: dict[str, str] = field(default_factory=dict)
    restart: str = "no"
    retries: int = 0
    network_mode: str = "bridge"
    ports: tuple[int, ...] = ()
    volumes: tuple[str, ...] = ()
    memory_limit: int = 0
    stop_signal: str = ""
    stop_timeout: int | None = None
    tty: bool = False
    auto_remove: bool = False
    health: Health | None = None
    # how long its process goes on once told to end (math.inf: it does not listen), and
    # with which code it ends
    lingers: float = 0
    exit_on_stop: int = 0
    # the reason why it cannot start
    broken: str = ""

    state: State = State.CREATED
    pid: int = 0
    exit_code: int = 0
    error: str = ""
    started: int | None = None
    finished: int | None = None
    restart_count: int = 0
    oom_killed: bool = False
    failing_streak: int = 0
    # a person ended it: no policy starts it again
    by_hand: bool = False
    log: Log = field(default_factory=Log)

    @property
    def is_up(self) -> bool:
        """Whether there is a process, if only a paused one."""
        return self.state in {State.RUNNING, State.PAUSED}

    @property
    def counts_as_running(self) -> bool:
        """Whether the engine would not start it: what waits to restart counts, too."""
        return self.is_up or self.state is State.RESTARTING

    @property
    def ending(self) -> int:
        """Return the number of the signal that stops it."""
        return signal_number(self.stop_signal or "SIGTERM")

    @property
    def network(self) -> str:
        """Return the network that it is connected to, if it has one of its own."""
        if self.network_mode.startswith("container:"):
            return ""
        return "bridge" if self.network_mode == "default" else self.network_mode

    @property
    def has_interface(self) -> bool:
        """Whether there are counters of its network."""
        return self.network_mode not in {"host", "none"}

    @property
    def starts_with_engine(self) -> bool:
        """Whether its policy starts it when the engine begins."""
        if self.state is not State.EXITED:
            return False
        return self.restart == "always" or self.restarts_after(self.exit_code)

    def restarts_after(self, code: int) -> bool:
        """Whether its policy starts it again after such an end."""
        if self.by_hand:
            return False
        if self.restart == "on-failure":
            left = not self.retries or self.restart_count < self.retries
            return bool(code) and left
        return self.restart in {"always", "unless-stopped"}


def signal_number(name: str) -> int:
    """Return the number of a signal, which may be a name in any form or a number."""
    if name.isdigit() and int(name) in signal.valid_signals():
        return int(name)
    try:
        return signal.Signals[f"SIG{name.upper().removeprefix('SIG')}"].value
    except KeyError:
        raise Refusal(400, f"Invalid signal: {name}") from None


def compose(
    project: str,
    service: str,
    *,
    replica: int = 1,
    depends_on: Sequence[str] = (),
    oneoff: bool = False,
    more: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Return the labels that compose gives a container."""
    dependencies = ",".join(f"{each}:service_started:false" for each in depends_on)
    return {
        f"{COMPOSE}.project": project,
        f"{COMPOSE}.service": service,
        f"{COMPOSE}.container-number": str(replica),
        f"{COMPOSE}.oneoff": str(oneoff),
        f"{COMPOSE}.depends_on": dependencies,
        f"{COMPOSE}.project.working_dir": f"/srv/{project}",
        f"{COMPOSE}.project.config_files": f"/srv/{project}/compose.yaml",
        f"{COMPOSE}.version": "2.40.3",
        **(more or {}),
    }
