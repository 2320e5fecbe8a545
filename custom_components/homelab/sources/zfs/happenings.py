"""What happened to pools between two looks at their host."""

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from typing import Any

from ...kind import Occurrence, ResourceKey
from .facts import SCRUBS, UNDER_WAY, WELL, DiskFacts, PoolFacts, ZfsHost
from .models import Scan, ScanFunction, ScanState, State


class HappeningType(StrEnum):
    """What happened."""

    DEGRADED = "degraded"
    RECOVERED = "recovered"
    DISK_FAULTED = "disk_faulted"
    DISK_RETURNED = "disk_returned"
    SCRUB_STARTED = "scrub_started"
    SCRUB_FINISHED = "scrub_finished"
    RESILVER_STARTED = "resilver_started"
    RESILVER_FINISHED = "resilver_finished"
    EXPORTED = "exported"
    IMPORTED = "imported"


_RESILVERS = (ScanFunction.RESILVER, ScanFunction.REBUILD)

_KINDS = {
    **dict.fromkeys(
        SCRUBS, (HappeningType.SCRUB_STARTED, HappeningType.SCRUB_FINISHED)
    ),
    **dict.fromkeys(
        _RESILVERS, (HappeningType.RESILVER_STARTED, HappeningType.RESILVER_FINISHED)
    ),
}
_STARTS = (HappeningType.SCRUB_STARTED, HappeningType.RESILVER_STARTED)

# a pool may be rebuilt at several of its vdevs at once
type _ScanKey = tuple[ScanFunction, str | None]


def happened(before: ZfsHost, after: ZfsHost) -> Iterator[Occurrence]:
    """Compare two states of a host."""
    for guid in before.pools.keys() - after.pools.keys():
        yield _told(HappeningType.EXPORTED, before.pools[guid].pool.name, _pool(guid))
    for guid, pool in after.pools.items():
        if (old := before.pools.get(guid)) is None:
            yield _told(HappeningType.IMPORTED, pool.pool.name, _pool(guid))
        else:
            yield from _of_pool(guid, old, pool)
            if not before.is_bare:
                # otherwise the last scrub would be news
                yield from _of_scans(guid, old.pool.scans, pool)
    for guid, disk in after.disks.items():
        if known := before.disks.get(guid):
            yield from _of_disk(guid, known, disk)


def _of_pool(guid: str, before: PoolFacts, after: PoolFacts) -> Iterator[Occurrence]:
    name, old, new = after.pool.name, before.state, after.state
    if old and new and old is not new:
        if new is State.ONLINE:
            yield _told(HappeningType.RECOVERED, name, _pool(guid), state=new)
        else:
            yield _told(HappeningType.DEGRADED, name, _pool(guid), state=new)


def _of_scans(
    guid: str, before: tuple[Scan, ...], after: PoolFacts
) -> Iterator[Occurrence]:
    for kind, scan in _scans_told(before, after.pool.scans):
        told = {"function": scan.function} if kind in _STARTS else _result(scan)
        yield _told(kind, after.pool.name, _pool(guid), **told)


def _scans_told(
    before: tuple[Scan, ...], after: tuple[Scan, ...]
) -> Iterator[tuple[HappeningType, Scan]]:
    """Yield which scans began and which ended, each compared with itself."""
    old, new = _by_key(before), _by_key(after)
    latest = max((scan.ended for scan in before if scan.ended), default=None)
    for key, was in old.items():
        if key not in new and _is_superseded(was, after):
            gone = Scan(function=was.function, state=ScanState.CANCELED)
            yield HappeningType.SCRUB_FINISHED, gone
    for key, scan in new.items():
        if (kinds := _KINDS.get(scan.function)) is None:
            continue
        started, finished = kinds
        known = old.get(key)
        was_under_way = known is not None and known.state in UNDER_WAY
        has_ended = scan.state not in UNDER_WAY
        if has_ended and not was_under_way and not _is_later(scan, known, latest):
            continue
        if not was_under_way or _is_another(scan, known):
            yield started, scan
        if has_ended:
            yield finished, scan


def _by_key(scans: tuple[Scan, ...]) -> dict[_ScanKey, Scan]:
    return {(scan.function, scan.vdev): scan for scan in scans}


def _is_superseded(scan: Scan, after: tuple[Scan, ...]) -> bool:
    """Whether a scrub gave way to a resilver, which takes its place in the pool."""
    return (
        scan.function is ScanFunction.SCRUB
        and scan.state in UNDER_WAY
        and any(other.function is ScanFunction.RESILVER for other in after)
    )


def _is_another(scan: Scan, known: Scan | None) -> bool:
    """Whether it began after the one that was known, of which it tells."""
    starts = (scan.started, known.started if known else None)
    return None not in starts and starts[0] != starts[1]


def _is_later(scan: Scan, known: Scan | None, latest: datetime | None) -> bool:
    """Whether an end is news: what was hidden by another scan may come to light."""
    if known:
        return known.ended != scan.ended
    return latest is None or (scan.ended is not None and scan.ended > latest)


def _of_disk(guid: str, before: DiskFacts, after: DiskFacts) -> Iterator[Occurrence]:
    key = ("disk", guid)
    was_well, is_well = before.state in WELL, after.state in WELL
    if before.state is None or after.state is None or was_well is is_well:
        return
    kind = HappeningType.DISK_RETURNED
    if was_well:
        if after.state is State.OFFLINE:
            # somebody wanted it so
            return
        kind = HappeningType.DISK_FAULTED
    yield _told(kind, after.name, key, pool=after.pool, state=after.state)


def _result(scan: Scan) -> dict[str, Any]:
    return {
        "function": scan.function,
        "result": scan.state,
        "errors": scan.errors,
        "processed": scan.processed,
        "ended": scan.ended and scan.ended.isoformat(),
    }


def _pool(guid: str) -> ResourceKey:
    return ("pool", guid)


def _told(
    kind: HappeningType, resource: str, about: ResourceKey, **attributes: Any
) -> Occurrence:
    return Occurrence(
        type=kind, attributes={"resource": resource, **attributes}, about=about
    )
