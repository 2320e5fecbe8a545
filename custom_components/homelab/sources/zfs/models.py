"""What ZFS tells of pools, vdevs, scans, datasets, their work and the cache.

A pool and a vdev are known by their GUID, in decimal, as text; never by a path.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class State(StrEnum):
    """The tool's words for how a pool or a vdev is."""

    ONLINE = "online"
    DEGRADED = "degraded"
    FAULTED = "faulted"
    OFFLINE = "offline"
    UNAVAIL = "unavail"
    REMOVED = "removed"
    SUSPENDED = "suspended"
    SPLIT = "split"
    AVAIL = "avail"
    INUSE = "inuse"


class Kind(StrEnum):
    """What a vdev is made as."""

    MIRROR = "mirror"
    RAIDZ1 = "raidz1"
    RAIDZ2 = "raidz2"
    RAIDZ3 = "raidz3"
    DRAID = "draid"
    REPLACING = "replacing"
    SPARE = "spare"
    DISTRIBUTED_SPARE = "distributed_spare"
    INDIRECT = "indirect"
    DISK = "disk"
    FILE = "file"


class Group(StrEnum):
    """What a top-level vdev, and all below it, serves the pool as."""

    NORMAL = "normal"
    DEDUP = "dedup"
    SPECIAL = "special"
    LOG = "log"
    CACHE = "cache"
    SPARE = "spare"


class Activity(StrEnum):
    """What is being done to a vdev, as the tool notes it in brackets."""

    REMOVING = "removing"
    NON_ALLOCATING = "non_allocating"
    RESILVERING = "resilvering"
    REPAIRING = "repairing"
    AWAITING_RESILVER = "awaiting_resilver"
    INITIALIZING = "initializing"
    TRIMMING = "trimming"


class ScanFunction(StrEnum):
    """What reads or rewrites a pool as a whole."""

    SCRUB = "scrub"
    ERROR_SCRUB = "error_scrub"
    RESILVER = "resilver"
    REBUILD = "rebuild"
    REMOVE = "remove"
    EXPAND = "expand"


class ScanState(StrEnum):
    """How far that is."""

    RUNNING = "running"
    PAUSED = "paused"
    FINISHED = "finished"
    CANCELED = "canceled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Errors:
    """The three error counters of a pool or a vdev."""

    read: int | None = None
    write: int | None = None
    checksum: int | None = None

    @property
    def total(self) -> int | None:
        """Add them up; the sum of some would look like the sum of all."""
        if self.read is None or self.write is None or self.checksum is None:
            return None
        return self.read + self.write + self.checksum

    @property
    def has_any(self) -> bool:
        """Whether one of those that are known has counted something."""
        return any((self.read, self.write, self.checksum))


@dataclass(frozen=True, slots=True, kw_only=True)
class Space:
    """How large a pool or a vdev is, and how much of it is used; in bytes."""

    size: int | None = None
    allocated: int | None = None
    free: int | None = None
    fragmentation: int | None = None
    dedup_ratio: float | None = None

    @property
    def used_percent(self) -> float | None:
        """The share that is allocated."""
        if not self.size or self.allocated is None or self.allocated > self.size:
            return None
        return 100 * self.allocated / self.size


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """What goes over a pool, under way or ended.

    Progress (`percent`, `remaining` in seconds) is known only while it is under way,
    `errors` only when it has finished. `processed` is what was repaired, resilvered or
    copied, in bytes, to the three digits of the tool.
    """

    function: ScanFunction
    state: ScanState
    vdev: str | None = None
    percent: float | None = None
    remaining: int | None = None
    started: datetime | None = None
    ended: datetime | None = None
    processed: int | None = None
    errors: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Vdev:
    """What a pool is built of: mirrors, disks and so on.

    A spare in use stands twice in the tree under one GUID: where it works, with the
    counters, and among the spares.
    """

    guid: str | None
    name: str
    kind: Kind | None
    group: Group | None
    state: State | None
    errors: Errors = Errors()
    path: str | None = None
    note: str | None = None
    activities: tuple[Activity, ...] = ()
    space: Space | None = None
    children: tuple[Vdev, ...] = ()

    def walk(self) -> Iterator[Vdev]:
        """Yield it and all below it, in the tool's order."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """A pool, with the tool's own words on what is wrong with it and what to do."""

    guid: str | None
    name: str
    state: State | None
    status: str | None = None
    action: str | None = None
    message: str | None = None
    errors: Errors = Errors()
    data_errors: int | None = None
    scans: tuple[Scan, ...] = ()
    space: Space | None = None
    vdevs: tuple[Vdev, ...] = ()

    def walk(self) -> Iterator[Vdev]:
        """Yield all vdevs, in the tool's order."""
        for vdev in self.vdevs:
            yield from vdev.walk()


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """A file system or a volume; a quota that is not set is None."""

    guid: str | None
    name: str
    type: str | None = None
    used: int | None = None
    available: int | None = None
    referenced: int | None = None
    compression_ratio: float | None = None
    quota: int | None = None
    refquota: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What a pool or vdev did per second, latencies in ns."""

    read_operations: int | None
    write_operations: int | None
    read_rate: int | None
    write_rate: int | None
    read_latency: int | None = None
    write_latency: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """The work of all pools, by name, and of all their vdevs, by GUID.

    The `first` of a stream is an average since import, unless -y left that out. One
    that is `reshaped` has other rows than the one before: it may mix up disks.
    """

    at: int | None
    first: bool
    reshaped: bool
    pools: Mapping[str, Work]
    vdevs: Mapping[str, Work]


@dataclass(frozen=True, slots=True, kw_only=True)
class Arc:
    """The cache in memory; hits and misses are counters since boot."""

    size: int | None
    hits: int | None
    misses: int | None
