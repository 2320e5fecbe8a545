"""Vdevs in the JSON of `zpool status`."""

from collections.abc import Iterator

from ..models import Activity, Errors, Group, State, Vdev
from . import words
from .document import Facts, facts, text
from .quantity import count, guid

# a pool has four levels; what is deeper is no pool
_DEEPEST = 8
_NO = (None, 0, "0", "-", "")


def read_vdevs(
    value: object,
    owner: str,
    group: Group | None,
    doing: Activity | None,
    depth: int = 1,
) -> tuple[Vdev, ...]:
    """Read the vdevs of a section, or those below another vdev.

    `owner` is the name of what they belong to: --json-flat-vdevs puts others beside
    them. `doing` is what the pool's scan does to a disk once it has written to it.
    """
    entries = ((key, facts(entry)) for key, entry in facts(value).items())
    return tuple(
        read_vdev(key, entry, group, doing, depth)
        for key, entry in entries
        if entry.get("parent") in (None, owner) and depth <= _DEEPEST
    )


def read_vdev(
    key: str,
    entry: Facts,
    group: Group | None,
    doing: Activity | None,
    depth: int = 1,
) -> Vdev:
    """Read a vdev with all below it."""
    name = text(entry.get("name")) or key
    children = read_vdevs(entry.get("vdevs"), name, group, doing, depth + 1)
    path = text(entry.get("path")) or text(entry.get("was"))
    state = words.state_in_json(entry.get("state"), entry.get("aux"))
    return Vdev(
        guid=guid(entry.get("guid")),
        name=name,
        kind=words.kind(
            name,
            has_children=bool(children),
            path=path,
            type_=entry.get("vdev_type"),
        ),
        group=group,
        state=state,
        errors=read_errors(entry),
        path=path if path and path.startswith("/") and not children else None,
        note=_note(entry, is_disk=not children),
        activities=tuple(_activities(entry, None if children else state, doing)),
        children=children,
    )


def read_errors(entry: Facts) -> Errors:
    """Read the counters of a vdev; a spare has none."""
    return Errors(
        read=count(entry.get("read_errors")),
        write=count(entry.get("write_errors")),
        checksum=count(entry.get("checksum_errors")),
    )


def _note(entry: Facts, *, is_disk: bool) -> str | None:
    """Say in the words of the text what is wrong with a vdev."""
    if entry.get("not_present") not in _NO:
        was = text(entry.get("was"))
        return f"was {was}" if was else None
    reason = text(entry.get("aux"))
    if reason and reason != "NONE":
        pool = text(entry.get("used_by"))
        if reason == "SPARED" and pool:
            return f"in use by pool '{pool}'"
        is_slow = is_disk and bool(count(entry.get("slow_ios")))
        if reason == "ERR_EXCEEDED" and is_slow and not read_errors(entry).has_any:
            # since 2.4 a disk may fail for being slow, without one error
            return "too many slow I/Os"
        return words.REASONS.get(reason, reason.lower().replace("_", " "))
    configured = count(entry.get("configured_ashift"))
    physical = count(entry.get("physical_ashift"))
    if configured is None or physical is None or max(configured, physical) > 63:
        return None
    return f"block size: {1 << configured}B configured, {1 << physical}B native"


def _activities(
    entry: Facts, disk_state: State | None, doing: Activity | None
) -> Iterator[Activity]:
    """Tell what is being done to a vdev, in the order of the text's notes."""
    if entry.get("removing") not in _NO:
        yield Activity.REMOVING
    elif entry.get("noalloc") not in _NO:
        yield Activity.NON_ALLOCATING
    if doing and disk_state is State.ONLINE:
        if count(entry.get("scan_processed")):
            yield doing
        elif entry.get("resilver_deferred") not in _NO:
            yield Activity.AWAITING_RESILVER
    # the JSON says so only when it is asked with -i and -t
    if entry.get("init_state") == "ACTIVE":
        yield Activity.INITIALIZING
    if entry.get("trim_state") == "ACTIVE":
        yield Activity.TRIMMING
