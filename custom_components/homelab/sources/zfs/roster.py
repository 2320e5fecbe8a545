"""The pools that are known, when each was asked about, and which may be asked now."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from .facts import DiskFacts, PoolFacts, VdevFacts, lay_out, with_block
from .learning import Learned
from .models import Group, Kind, Pool, Scan, ScanFunction, ScanState, State
from .output.kernel import Kernel, KernelPool
from .quietness import Mark, Quietness
from .survey import Found

# an end that is told anew is shown when it has moved by so much
NEARLY = timedelta(minutes=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A pool as it was when it was last asked about."""

    pool: Pool
    at: datetime
    # what the kernel has told of it, and whether it did when last asked
    kernel: KernelPool
    is_listed: bool
    mark: Mark
    scan_finish: datetime | None = None
    last_scrub: Scan | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """Which pools to ask about: all, some by name, or none."""

    everything: bool
    # how far each of them had come before it was asked about
    marks: Mapping[str, Mark]

    def __bool__(self) -> bool:
        return self.everything or bool(self.marks)


class Roster:
    """All pools of a host."""

    def __init__(
        self, quietness: Quietness, known: dict[str, Known], *, sleep_aware: bool
    ) -> None:
        """Know of those that an earlier client knew of."""
        self.known = known
        self._quietness = quietness
        self._sleep_aware = sleep_aware
        self._stale = frozenset(known)

    def mark(self, name: str) -> Mark:
        """Return how far a pool has come."""
        return self._quietness.mark(name)

    def rests(self, name: str, learned: Learned, mark: Mark) -> bool:
        """Whether a pool has to be left alone: nothing is new since the mark."""
        known = self.known.get(name)
        return (
            self._sleep_aware
            and known is not None
            and self._quietness.rests(name, mark)
            and _rotates(known.pool, learned)
        )

    def due(self, kernel: Kernel, learned: Learned) -> Due:
        """Tell about which pools to ask."""
        names = {*kernel.pools, *self.known}
        resting = {
            name
            for name, known in self.known.items()
            if self.rests(name, learned, known.mark)
            and not _is_told_otherwise(known, kernel)
        }
        return Due(
            everything=not resting and not (kernel.lists_all and not names),
            marks={name: self.mark(name) for name in sorted(names - resting)},
        )

    def take(self, found: Found, due: Due, kernel: Kernel) -> bool:
        """Take over what was found; return whether the pools are built otherwise now."""
        before = self._shape()
        now = datetime.now(UTC)
        asked = {pool.name: self._meet(pool, kernel, now, due) for pool in found.pools}
        # a pool is gone when both the tool and the kernel say so
        for name in found.gone - kernel.pools.keys():
            self.known.pop(name, None)
        for name, known in self.known.items():
            self.known[name] = asked.get(name) or _heard(known, kernel)
        self.known |= asked
        self._stale = frozenset(self.known) - asked.keys()
        return self._shape() != before

    def touch(self, name: str) -> None:
        """Have a pool asked about the next time, however quiet it is."""
        self._quietness.demand(name)

    def keep(self) -> None:
        """Note that nobody could be asked: what is known is old."""
        self._stale = frozenset(self.known)

    def _meet(self, pool: Pool, kernel: Kernel, now: datetime, due: Due) -> Known:
        before = self.known.get(pool.name)
        last_scrub = next(
            (
                scan
                for scan in pool.scans
                if scan.function is ScanFunction.SCRUB
                and scan.state is ScanState.FINISHED
            ),
            before.last_scrub if before and before.pool.guid == pool.guid else None,
        )
        return Known(
            pool=pool,
            at=now,
            kernel=_merged(before.kernel if before else None, kernel, pool.name),
            is_listed=pool.name in kernel.pools,
            mark=due.marks.get(pool.name) or self.mark(pool.name),
            scan_finish=_finish(pool, before, now),
            last_scrub=last_scrub,
        )

    def _shape(self) -> frozenset[tuple[str | None, ...]]:
        return frozenset(
            (known.pool.name, known.pool.guid, *(v.guid for v in known.pool.walk()))
            for known in self.known.values()
        )

    def facts(
        self, kernel: Kernel, learned: Learned
    ) -> tuple[dict[str, PoolFacts], dict[str, VdevFacts], dict[str, DiskFacts]]:
        """Return what is shown: pools, vdevs and disks, parents first."""
        pools: dict[str, PoolFacts] = {}
        vdevs: dict[str, VdevFacts] = {}
        disks: dict[str, DiskFacts] = {}
        for name, known in self.known.items():
            as_of = known.at if name in self._stale else None
            pools[known.pool.guid or name] = PoolFacts(
                pool=known.pool,
                state=_state(kernel.pools.get(name), known.pool),
                as_of=as_of,
                scan_finish=known.scan_finish,
                last_scrub=known.last_scrub,
                may=learned.permissions.of_pool(name),
            )
            for part, _ in lay_out(known.pool, as_of):
                if isinstance(part, DiskFacts):
                    known_as = disks.get(part.guid)
                    # a spare is shown where it works, which may be in another pool
                    if known_as is None or known_as.group is Group.SPARE:
                        disks[part.guid] = _with_block(part, learned)
                else:
                    vdevs.setdefault(part.guid, part)
        return pools, vdevs, disks


def heard_of(kernel: Kernel) -> dict[str, PoolFacts]:
    """Return the pools that nobody could be asked about, as the kernel tells of them."""
    return {
        said.guid: PoolFacts(
            pool=Pool(guid=said.guid, name=name, state=said.state), state=said.state
        )
        for name, said in kernel.pools.items()
        if said.guid
    }


def _state(kernel: KernelPool | None, pool: Pool) -> State | None:
    """Believe the kernel, which is asked each time."""
    return (kernel.state if kernel else None) or pool.state


def _merged(before: KernelPool | None, kernel: Kernel, name: str) -> KernelPool:
    """Keep what the kernel has told where it tells nothing now."""
    now, old = kernel.pools.get(name, KernelPool()), before or KernelPool()
    return KernelPool(state=now.state or old.state, guid=now.guid or old.guid)


def _heard(known: Known, kernel: Kernel) -> Known:
    """Note what the kernel tells of a pool that was not asked about."""
    name = known.pool.name
    if _is_told_otherwise(known, kernel):
        return known
    return replace(
        known,
        kernel=_merged(known.kernel, kernel, name),
        is_listed=known.is_listed or name in kernel.pools,
    )


def _is_told_otherwise(known: Known, kernel: Kernel) -> bool:
    """Whether the kernel tells something else than before, not only nothing."""
    now, old = kernel.pools.get(known.pool.name), known.kernel
    if now is None:
        return kernel.lists_all and known.is_listed
    pairs = (now.state, old.state), (now.guid, old.guid)
    return any(a is not None and b is not None and a != b for a, b in pairs)


def _finish(pool: Pool, before: Known | None, now: datetime) -> datetime | None:
    """Tell when a scan will end, the same as before while that still holds."""
    left = next((s.remaining for s in pool.scans if s.remaining is not None), None)
    if left is None:
        return None
    # to the minute, and never one that has passed
    found = (now + timedelta(seconds=left + 59)).replace(second=0, microsecond=0)
    old = before.scan_finish if before else None
    nearly = max(NEARLY, timedelta(seconds=left / 10))
    return old if old and abs(found - old) <= nearly else found


def _with_block(disk: DiskFacts, learned: Learned) -> DiskFacts:
    if disk.kind is not Kind.DISK or not disk.path:
        return disk
    block = learned.blocks.find(disk.path)
    device = block.device if block else None
    return with_block(disk, block, has_smart=learned.may_smart(device))


def _rotates(pool: Pool, learned: Learned) -> bool:
    """Whether a pool has a disk that may sleep; one that is not known may."""
    blocks = (
        learned.blocks.find(vdev.path) if vdev.path else None
        for vdev in pool.walk()
        if vdev.kind is Kind.DISK
    )
    return any(block is None or block.rotating is not False for block in blocks)
