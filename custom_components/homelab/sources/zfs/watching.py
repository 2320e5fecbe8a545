"""What a person watches: every pool with all its parts, once a second."""

from collections.abc import Iterator, Mapping

from .facts import PoolFacts, ZfsHost, disk_name
from .models import Pool, Sample, ScanState, Vdev, Work

type Row = Mapping[str, object]


def rows(host: ZfsHost, sample: Sample | None) -> Mapping[str, Row]:
    """Return a row for each pool, by its GUID; without a sample no work is known."""
    return {
        guid: {
            "guid": guid,
            "name": facts.pool.name,
            "health": facts.state,
            "used_percent": _used(facts.pool),
            "scan": scan_word(facts),
            "scan_progress": facts.scan.percent if facts.scan else None,
            "as_of": facts.as_of and facts.as_of.isoformat(),
            **_work(sample.pools.get(facts.pool.name) if sample else None),
            "rows": [*_parts(facts.pool.vdevs, guid, sample)],
        }
        for guid, facts in host.pools.items()
    }


def scan_word(facts: PoolFacts) -> str | None:
    """Name what goes over a pool, as its sensor does."""
    if facts.is_bare:
        return None
    scan = facts.scan
    if scan is None:
        return "idle"
    return "paused" if scan.state is ScanState.PAUSED else str(scan.function)


def _used(pool: Pool) -> float | None:
    percent = pool.space.used_percent if pool.space else None
    return None if percent is None else round(percent, 1)


def _parts(
    vdevs: tuple[Vdev, ...], parent: str, sample: Sample | None
) -> Iterator[Row]:
    for vdev in vdevs:
        yield {
            "guid": vdev.guid,
            "name": disk_name(vdev),
            "kind": vdev.kind,
            "group": vdev.group,
            "parent": parent,
            "state": vdev.state,
            "read_errors": vdev.errors.read,
            "write_errors": vdev.errors.write,
            "checksum_errors": vdev.errors.checksum,
            **_work(sample.vdevs.get(vdev.guid or "") if sample else None),
        }
        yield from _parts(vdev.children, vdev.guid or "", sample)


def _work(work: Work | None) -> Row:
    return {
        "read_ops": work.read_operations if work else None,
        "write_ops": work.write_operations if work else None,
        "read_rate": work.read_rate if work else None,
        "write_rate": work.write_rate if work else None,
    }
