"""What a Docker host has: its engine, its containers, their projects."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from .happening import Happening
from .stats import Numbers


class State(StrEnum):
    """What a container does."""

    CREATED = "created"
    RUNNING = "running"
    PAUSED = "paused"
    RESTARTING = "restarting"
    REMOVING = "removing"
    EXITED = "exited"
    DEAD = "dead"


class Health(StrEnum):
    """What a container's own check says of it."""

    STARTING = "starting"
    HEALTHY = "healthy"
    UNHEALTHY = "unhealthy"


ALIVE = frozenset({State.RUNNING, State.PAUSED, State.RESTARTING})


@dataclass(frozen=True, kw_only=True, slots=True)
class Container:
    """A container; `resource` outlives it, `id` does not."""

    id: str
    resource: str
    name: str
    # how a person calls it
    title: str
    project: str | None = None
    service: str | None = None
    depends_on: frozenset[str] = frozenset()
    image: str | None = None
    created: str = ""
    state: State | None = None
    # whether it has a check of its own, and what that says
    checked: bool = False
    health: Health | None = None
    exit_code: int | None = None
    oom_killed: bool | None = None
    restart_count: int | None = None
    started_at: datetime | None = None
    stop_signal: str = "SIGTERM"
    # seconds between being asked to stop and being killed
    grace: float = 10
    tty: bool = False
    # whether its network counters are its own
    networked: bool = True
    url: str | None = None
    protected: bool = False
    ours: bool = False
    volumes: frozenset[str] = frozenset()
    # what may be done to it, as far as the engine, or a proxy before it, lets us
    may: frozenset[str] = frozenset()

    @property
    def is_service(self) -> bool:
        """Whether it belongs to its project: what is run once does not."""
        return not self.resource.startswith("name:")

    @property
    def is_on(self) -> bool | None:
        """Whether it runs, or is about to again."""
        if self.state is None:
            return None
        return self.state in {State.RUNNING, State.RESTARTING}

    @property
    def is_alive(self) -> bool:
        """Whether it has processes, or is about to have some again."""
        return self.state in ALIVE

    @property
    def has_ended(self) -> bool:
        """Whether it surely has none; of a state that nobody knows that is not sure."""
        return self.state is not None and not self.is_alive


@dataclass(frozen=True, kw_only=True, slots=True)
class Project:
    """A compose project, its containers in the order in which they start."""

    name: str
    containers: tuple[Container, ...]

    @property
    def running(self) -> int:
        """How many of its containers run."""
        return sum(1 for each in self.containers if each.is_on)

    @property
    def grace(self) -> float:
        """How long stopping one after the other may take."""
        return sum(each.grace for each in self.containers)

    def may(self, *actions: str) -> bool:
        """Whether all of it lets these be done to all."""
        return all(each.may.issuperset(actions) for each in self.containers)


@dataclass(frozen=True, kw_only=True, slots=True)
class Engine:
    """What the engine says of itself and of its machine."""

    id: str
    version: str | None
    podman: bool = False
    # whether containers go on while the engine does not
    outlived: bool = False
    cpus: int | None = None
    images: int | None = None
    volumes: int | None = None
    warnings: tuple[str, ...] = ()
    counts_memory: bool = True
    rootless: bool = False
    open_ports: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class DockerHost:
    """All of it at one moment, and what happened lately."""

    name: str
    engine: Engine
    containers: Mapping[str, Container] = field(default_factory=dict)
    projects: Mapping[str, Project] = field(default_factory=dict)
    # numbered: an event tells what it has not told yet
    happenings: tuple[tuple[int, Happening], ...] = ()

    @property
    def running(self) -> int:
        """How many containers run."""
        return sum(1 for each in self.containers.values() if each.is_on)

    @property
    def stopped(self) -> int:
        """How many do not."""
        return len(self.containers) - self.running

    @property
    def unhealthy(self) -> int:
        """How many run and say themselves that something is wrong."""
        return sum(
            1 for each in self.containers.values() if each.health is Health.UNHEALTHY
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Totals:
    """What the containers that were asked take together."""

    cpu: float | None
    memory: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Readings:
    """The numbers of one round, by resource."""

    containers: Mapping[str, Numbers]
    totals: Totals


@dataclass(frozen=True, kw_only=True, slots=True)
class DiskUsage:
    """Bytes on the engine's disk."""

    images: int | None
    volumes: int | None
    build_cache: int | None
    reclaimable: int | None
