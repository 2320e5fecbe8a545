"""What zpool prints of a made-up pool, as text and as JSON, as zpool_main.c does.

It knows nothing of the parsers: from one description come both forms, which the parsers
have to make the same tree of.
"""

from dataclasses import dataclass, field
import json
import time
from typing import Any

REASONS = {
    "OPEN_FAILED": "cannot open",
    "CORRUPT_DATA": "corrupted data",
    "NO_REPLICAS": "insufficient replicas",
    "BAD_LABEL": "invalid label",
    "ERR_EXCEEDED": "too many errors",
    "IO_FAILURE": "experienced I/O failures",
    "EXTERNAL": "external device fault",
    "SPLIT_POOL": "split into new pool",
    "BAD_LOG": "bad intent log",
    "CHILDREN_OFFLINE": "all children offline",
}
SECTIONS = ("dedup", "special", "logs", "l2cache", "spares")
HEADINGS = {"l2cache": "cache"}


@dataclass(kw_only=True)
class Vdev:
    """A vdev of the made-up pool."""

    guid: int
    label: str
    type: str = "disk"
    path: str = ""
    state: str = "ONLINE"
    aux: str | None = None
    missing: bool = False
    errors: tuple[int, int, int] = (0, 0, 0)
    slow: int = 0
    processed: int = 0
    deferred: bool = False
    ashift: tuple[int, int] | None = None
    removing: bool = False
    noalloc: bool = False
    children: list[Vdev] = field(default_factory=list)

    def name(self, flags: str) -> str:
        if "g" in flags or self.missing:
            return str(self.guid)
        return self.path if "P" in flags and self.path else self.label


@dataclass(kw_only=True)
class Pool:
    """The made-up pool; scans are there twice, as text and as JSON."""

    guid: int
    name: str
    state: str = "ONLINE"
    status: str = ""
    action: str = ""
    message: str = ""
    data_errors: int = 0
    errors: tuple[int, int, int] = (0, 0, 0)
    scan_text: str = ""
    scan_json: dict[str, Any] = field(default_factory=dict)
    resilvering: str = ""
    vdevs: list[Vdev] = field(default_factory=list)
    sections: dict[str, list[Vdev]] = field(default_factory=dict)


def when(seconds: int) -> str:
    """Print a time as ctime does in UTC."""
    return time.asctime(time.gmtime(seconds))


def taken(seconds: int) -> str:
    """Print a duration."""
    days, rest = divmod(seconds, 86400)
    clock = f"{rest // 3600:02}:{rest // 60 % 60:02}:{rest % 60:02}"
    return f"{days} days {clock}" if days else clock


def nice(number: int, unit: str = "B") -> str:
    """Print a number of bytes in at most five columns."""
    power, scale = 0, 1
    while number // scale >= 1024:
        power, scale = power + 1, scale * 1024
    suffix = unit if power == 0 else "KMGTPE"[power - 1]
    if power == 0 or number % scale == 0:
        return f"{number // scale}{suffix}"
    for digits in (2, 1, 0):
        text = f"{number / scale:.{digits}f}{suffix}"
        if len(text) <= 5:
            break
    return text


def _word(vdev: Vdev, *, spare: bool) -> str:
    if spare and vdev.aux == "SPARED":
        return "INUSE"
    if spare and vdev.state == "ONLINE":
        return "AVAIL"
    if vdev.state == "CANT_OPEN":
        if vdev.aux in ("CORRUPT_DATA", "BAD_LOG"):
            return "FAULTED"
        return "SPLIT" if vdev.aux == "SPLIT_POOL" else "UNAVAIL"
    return "OFFLINE" if vdev.state == "CLOSED" else vdev.state


def _notes(vdev: Vdev, resilvering: str, *, spare: bool) -> str:
    notes = ""
    if vdev.missing:
        notes += f"  was {vdev.path}"
    elif vdev.aux == "SPARED":
        notes += "  currently in use"
    elif vdev.aux == "ERR_EXCEEDED" and vdev.slow and not any(vdev.errors):
        notes += "  too many slow I/Os"
    elif vdev.aux:
        notes += f"  {REASONS[vdev.aux]}"
    elif vdev.ashift and not vdev.children and not spare:
        configured, native = (2**shift for shift in vdev.ashift)
        notes += f"  block size: {configured}B configured, {native}B native"
    if vdev.removing:
        notes += "  (removing)"
    elif vdev.noalloc:
        notes += "  (non-allocating)"
    if resilvering and not vdev.children and vdev.state == "ONLINE":
        if vdev.processed:
            notes += f"  ({resilvering})"
        elif vdev.deferred:
            notes += "  (awaiting resilver)"
    return notes


def _row(name: str, depth: int, width: int, word: str, rest: str) -> bytes:
    label = name.encode()
    pad = b" " * (width - depth - len(label))
    return b"\t" + b" " * depth + label + pad + f"  {word:<8}{rest}\n".encode()


def _rows(
    vdev: Vdev, flags: str, depth: int, width: int, resilvering: str, *, spare: bool
) -> bytes:
    numbers = ""
    if not spare:
        shown = [*vdev.errors, *([vdev.slow] if "s" in flags else [])]
        numbers = "".join(f" {number:>5}" for number in shown)
    rest = numbers + _notes(vdev, resilvering, spare=spare)
    row = _row(vdev.name(flags), depth, width, _word(vdev, spare=spare), rest)
    return row + b"".join(
        _rows(child, flags, depth + 2, width, resilvering, spare=spare)
        for child in vdev.children
    )


def _width(vdev: Vdev, flags: str, depth: int) -> int:
    widths = [_width(child, flags, depth + 2) for child in vdev.children]
    return max(depth + len(vdev.name(flags).encode()), *widths, 10)


def status_text(pools: list[Pool], flags: str = "ps") -> bytes:
    """Print `zpool status` with these options."""
    return b"\n".join(_status_text(pool, flags) for pool in pools)


def _status_text(pool: Pool, flags: str) -> bytes:
    head = f"  pool: {pool.name}\n state: {pool.state}\n"
    head += f"status: {pool.status}" if pool.status else ""
    head += f"action: {pool.action}" if pool.action else ""
    if pool.message:
        head += f"   see: https://openzfs.github.io/openzfs-docs/msg/{pool.message}\n"
    everything = [*pool.vdevs, *(v for vdevs in pool.sections.values() for v in vdevs)]
    width = max(
        len(pool.name.encode()), *(_width(vdev, flags, 2) for vdev in everything), 10
    )
    head += pool.scan_text + "config:\n\n"
    head += f"\t{'NAME':<{width}}  {'STATE':<8}  READ WRITE CKSUM"
    head += "  SLOW\n" if "s" in flags else "\n"
    root = [*pool.errors, *([0] if "s" in flags else [])]
    table = _row(
        pool.name, 0, width, pool.state, "".join(f" {number:>5}" for number in root)
    )
    for vdev in pool.vdevs:
        table += _rows(vdev, flags, 2, width, pool.resilvering, spare=False)
    for section in SECTIONS:
        if vdevs := pool.sections.get(section):
            tab = "" if section in ("l2cache", "spares") else "\t"
            table += f"\t{HEADINGS.get(section, section)}{tab}\n".encode()
            for vdev in vdevs:
                spare = section == "spares"
                table += _rows(vdev, flags, 2, width, pool.resilvering, spare=spare)
    errors = (
        f"{pool.data_errors} data errors, use '-v' for a list"
        if pool.data_errors
        else "No known data errors"
    )
    return head.encode() + table + f"\nerrors: {errors}\n".encode()


def status_json(pools: list[Pool]) -> bytes:
    """Print `zpool status -jp --json-int`."""
    version = {"command": "zpool status", "vers_major": 0, "vers_minor": 1}
    return json.dumps(
        {
            "output_version": version,
            "pools": {pool.name: _status_json(pool) for pool in pools},
        },
        ensure_ascii=False,
    ).encode()


def _status_json(pool: Pool) -> dict[str, Any]:
    said = {"status": pool.status, "action": pool.action, "msgid": pool.message}
    item: dict[str, Any] = {
        "name": pool.name,
        "state": pool.state,
        "pool_guid": pool.guid,
    }
    item |= {key: value for key, value in said.items() if value} | pool.scan_json
    root = Vdev(guid=pool.guid, label=pool.name, type="root", errors=pool.errors)
    root.children = pool.vdevs
    item["vdevs"] = {pool.name: _vdev_json(root, spare=False)}
    for section, vdevs in pool.sections.items():
        item[section] = {
            vdev.name(""): _vdev_json(vdev, spare=section == "spares") for vdev in vdevs
        }
    return item | {"error_count": pool.data_errors}


def _vdev_json(vdev: Vdev, *, spare: bool) -> dict[str, Any]:
    entry: dict[str, Any] = {"name": vdev.name(""), "vdev_type": vdev.type}
    entry |= {"guid": vdev.guid, "state": vdev.state}
    if vdev.path:
        entry["path"] = vdev.path
    if spare and vdev.aux == "SPARED":
        entry["state"] = "INUSE"
    elif spare and vdev.state == "ONLINE":
        entry["state"] = "AVAIL"
    if not spare:
        names = ("read_errors", "write_errors", "checksum_errors")
        entry |= dict(zip(names, vdev.errors, strict=True))
        entry |= {"scan_processed": vdev.processed} if vdev.processed else {}
        entry |= {"resilver_deferred": 1} if vdev.deferred else {}
        entry |= {} if vdev.children else {"slow_ios": vdev.slow}
    if vdev.missing:
        entry |= {"not_present": 1, "was": vdev.path}
    elif vdev.aux:
        entry["aux"] = vdev.aux
    elif vdev.ashift and not vdev.children and not spare:
        entry["configured_ashift"], entry["physical_ashift"] = vdev.ashift
    entry |= {"removing": 1} if vdev.removing else {}
    entry |= {"noalloc": 1} if vdev.noalloc and not vdev.removing else {}
    if vdev.children:
        entry["vdevs"] = {
            child.name(""): _vdev_json(child, spare=spare) for child in vdev.children
        }
    return entry
