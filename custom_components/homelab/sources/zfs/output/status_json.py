"""`zpool status -j --json-int -p`, which OpenZFS has since 2.3, as trees of pools.

Numbers with units and dates as text, which come without the two options, are read too.
A draid comes without GUID, type and state (openzfs/zfs#18431): its GUID and state are
None here; `identity.joined` finds them in the text of `zpool status -gp`.
"""

from ....source import BadAnswer
from ..models import Activity, Group, Pool, Scan, ScanFunction, ScanState
from . import words
from .document import Facts, facts, read_document, text
from .quantity import count, guid
from .scan_json import read_scans
from .vdev_json import read_errors, read_vdev, read_vdevs

_SECTIONS = ("dedup", "special", "logs", "l2cache", "spares")
_DOING = {
    ScanFunction.RESILVER: Activity.RESILVERING,
    ScanFunction.SCRUB: Activity.REPAIRING,
}


def parse_status_json(raw: bytes, *, at: int | None = None) -> tuple[Pool, ...]:
    """Read all pools; `at` is the host's time, from which ends of scans are told."""
    pools = read_document(raw).get("pools")
    if not isinstance(pools, dict):
        raise BadAnswer("JSON without pools")
    return tuple(_pool(key, facts(value), at) for key, value in pools.items())


def _pool(key: str, item: Facts, at: int | None) -> Pool:
    name = text(item.get("name")) or key
    scans = read_scans(item, at)
    doing = _doing(scans)
    entries = {key: facts(value) for key, value in facts(item.get("vdevs")).items()}
    is_root = (k for k, entry in entries.items() if entry.get("vdev_type") == "root")
    root = entries.pop(next(is_root, name), {})
    vdevs = [*read_vdevs(root.get("vdevs"), name, Group.NORMAL, doing)]
    # with --json-flat-vdevs those of the sections stand beside the root
    vdevs += (
        read_vdev(key, entry, _group(entry.get("class")), doing)
        for key, entry in entries.items()
        if "parent" not in entry
    )
    for section in _SECTIONS:
        vdevs += read_vdevs(item.get(section), name, _group(section), doing)
    return Pool(
        guid=guid(item.get("pool_guid")),
        name=name,
        state=words.state(item.get("state")),
        status=words.sentence(item.get("status")),
        action=words.sentence(item.get("action")),
        message=words.message(item.get("msgid")),
        errors=read_errors(root),
        data_errors=count(item.get("error_count")),
        scans=scans,
        vdevs=tuple(vdevs),
    )


def _group(word: object) -> Group | None:
    return words.GROUPS.get(word) if isinstance(word, str) else None


def _doing(scans: tuple[Scan, ...]) -> Activity | None:
    """Tell what the scan under way does to the disks that it has written to."""
    for scan in scans:
        if scan.state in (ScanState.RUNNING, ScanState.PAUSED):
            return _DOING.get(scan.function)
    return None
