"""What is shown of a ZFS host: pools, vdevs and disks as devices, and their work."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
import re

from .models import (
    Activity,
    Arc,
    Dataset,
    Errors,
    Group,
    Kind,
    Pool,
    Scan,
    ScanFunction,
    ScanState,
    State,
    Vdev,
    Work,
)
from .output.blocks import Block
from .output.smart import Smart
from .output.snapshots import Snapshots

UNDER_WAY = (ScanState.RUNNING, ScanState.PAUSED)
SCRUBS = (ScanFunction.SCRUB, ScanFunction.ERROR_SCRUB)
# how a disk is that does what it should
WELL = (State.ONLINE, State.AVAIL, State.INUSE)
# what stands in the tree only while a disk is replaced, or after one was removed
PASSING = (Kind.REPLACING, Kind.SPARE, Kind.INDIRECT)
# the tool's own name for files that are damaged
_DATA_LOST = "ZFS-8000-8A"
_PARTITION = re.compile(r"-part[0-9]+$|(?<=n[0-9])p[0-9]+$|(?<=^[shv]d[a-z])[0-9]+$")


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolFacts:
    """A pool; `as_of` is set while it is not asked about, and tells when it was."""

    pool: Pool
    state: State | None
    as_of: datetime | None = None
    scan_finish: datetime | None = None
    last_scrub: Scan | None = None
    may: frozenset[str] = frozenset()

    @property
    def is_bare(self) -> bool:
        """Whether nothing is known of it but what the kernel tells."""
        return not self.pool.vdevs

    @property
    def scan(self) -> Scan | None:
        """What goes over the pool now."""
        return next((s for s in self.pool.scans if s.state in UNDER_WAY), None)

    @property
    def has_problem(self) -> bool | None:
        """Whether somebody should look at it."""
        if self.state is None or (self.is_bare and self.state is State.ONLINE):
            return None
        parts = [*self.pool.walk()]
        counters = (self.pool.errors, *(part.errors for part in parts))
        return (
            self.state is not State.ONLINE
            # how many there are may not be told
            or _DATA_LOST in (self.pool.message or "")
            or bool(self.pool.data_errors)
            or any(errors.has_any for errors in counters)
            or any(p.state not in (None, *WELL) for p in parts)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class VdevFacts:
    """A vdev that is made of others."""

    guid: str
    pool: str
    name: str
    parent: tuple[str, str]
    kind: Kind | None
    group: Group | None
    state: State | None
    errors: Errors
    size: int | None
    note: str | None
    activities: tuple[Activity, ...]
    as_of: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskFacts(VdevFacts):
    """A disk, or a file that serves as one."""

    path: str | None
    block: Block | None = None
    has_smart: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ZfsHost:
    """All that a host is and has."""

    name: str
    system: str
    version: str | None
    kernel_version: str | None
    arc_size: int | None = None
    arc: Arc | None = field(default=None, compare=False)
    arc_hit_rate: float | None = None
    link_load: float | None = None
    pools: Mapping[str, PoolFacts] = field(default_factory=dict)
    vdevs: Mapping[str, VdevFacts] = field(default_factory=dict)
    disks: Mapping[str, DiskFacts] = field(default_factory=dict)
    # of what pools are built nobody could be asked yet: only the kernel tells of them
    is_bare: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """What pools, vdevs and disks do, by their GUIDs; nothing where it is not known."""

    pools: Mapping[str, Work] = field(default_factory=dict)
    vdevs: Mapping[str, Work] = field(default_factory=dict)
    disks: Mapping[str, Work] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetFacts:
    """A file system or a volume."""

    dataset: Dataset
    pool: str
    snapshots: Snapshots | None = None
    as_of: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SmartFacts:
    """What a disk said last; `as_of` is set while it sleeps."""

    smart: Smart
    asleep: bool
    as_of: datetime | None = None
    # when it said so
    at: datetime | None = field(default=None, compare=False)


def lay_out(pool: Pool, as_of: datetime | None) -> Iterator[tuple[VdevFacts, Vdev]]:
    """Yield the lasting parts of a pool, parents first, with what each hangs under."""
    root = ("pool", pool.guid or "")
    yield from _lay_out(pool, pool.vdevs, root, as_of)


def _lay_out(
    pool: Pool,
    vdevs: tuple[Vdev, ...],
    parent: tuple[str, str],
    as_of: datetime | None,
) -> Iterator[tuple[VdevFacts, Vdev]]:
    for vdev in vdevs:
        below = parent
        if vdev.kind not in PASSING and vdev.guid:
            below = ("vdev", vdev.guid)
            yield _facts(pool, vdev, vdev.guid, parent, as_of), vdev
        yield from _lay_out(pool, vdev.children, below, as_of)


def _facts(
    pool: Pool,
    vdev: Vdev,
    guid: str,
    parent: tuple[str, str],
    as_of: datetime | None,
) -> VdevFacts:
    made = VdevFacts(
        guid=guid,
        pool=pool.name,
        name=disk_name(vdev),
        parent=parent,
        kind=vdev.kind,
        group=vdev.group,
        state=vdev.state,
        errors=vdev.errors,
        size=vdev.space.size if vdev.space else None,
        note=vdev.note,
        activities=vdev.activities,
        as_of=as_of,
    )
    if vdev.children:
        return made
    known = {name: getattr(made, name) for name in VdevFacts.__dataclass_fields__}
    return DiskFacts(**known, path=vdev.path)


def disk_name(vdev: Vdev) -> str:
    """Return what a vdev is called; a missing disk is called as it was."""
    if vdev.name.isdecimal() and vdev.path:
        return _PARTITION.sub("", vdev.path.rpartition("/")[2])
    return vdev.name


def with_block(disk: DiskFacts, block: Block | None, *, has_smart: bool) -> DiskFacts:
    """Tell which disk it is that a part of a pool lies on."""
    return replace(disk, block=block, has_smart=has_smart)
