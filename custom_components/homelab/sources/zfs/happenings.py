"""What happened to pools between two looks at their host."""

from collections.abc import Iterator
from enum import StrEnum
from typing import Any

from ...kind import Occurrence, ResourceKey
from .facts import SCRUBS, UNDER_WAY, WELL, DiskFacts, PoolFacts, ZfsHost
from .models import Scan, ScanFunction, State


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


_SCANS = (
    (SCRUBS, HappeningType.SCRUB_STARTED, HappeningType.SCRUB_FINISHED),
    (
        (ScanFunction.RESILVER, ScanFunction.REBUILD),
        HappeningType.RESILVER_STARTED,
        HappeningType.RESILVER_FINISHED,
    ),
)


def happened(before: ZfsHost, after: ZfsHost) -> Iterator[Occurrence]:
    """Compare two states of a host."""
    for guid in before.pools.keys() - after.pools.keys():
        yield _told(HappeningType.EXPORTED, before.pools[guid].pool.name, _pool(guid))
    for guid, pool in after.pools.items():
        if (old := before.pools.get(guid)) is None:
            yield _told(HappeningType.IMPORTED, pool.pool.name, _pool(guid))
        else:
            yield from _of_pool(guid, old, pool)
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
    for functions, started, finished in _SCANS:
        was, scan = _scan(before, functions), _scan(after, functions)
        if scan is None:
            continue
        under_way = scan.state in UNDER_WAY
        is_new = was is None or was.state not in UNDER_WAY
        if under_way and (is_new or (was and was.started != scan.started)):
            yield _told(started, name, _pool(guid), function=scan.function)
        if not under_way and (was is None or was.ended != scan.ended):
            yield _told(finished, name, _pool(guid), **_result(scan))


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


def _scan(facts: PoolFacts, functions: tuple[ScanFunction, ...]) -> Scan | None:
    found = [scan for scan in facts.pool.scans if scan.function in functions]
    running = (scan for scan in found if scan.state in UNDER_WAY)
    return next(running, found[0] if found else None)


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
