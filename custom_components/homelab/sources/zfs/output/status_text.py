"""`zpool status -ps` as trees of pools, in the text of OpenZFS 0.8 to 2.4.

The text has neither GUIDs nor paths, but prints GUIDs in the place of names with -g and
paths with -P, rows in the same order: `identity.joined` puts the answers together.
Times are in the zone of the host, which no text names: it has to be asked with TZ=UTC,
and LC_ALL=C.
"""

import re

from ....source import BadAnswer
from ..models import Errors, Pool
from . import words
from .config_table import Row, build_vdevs, read_table
from .quantity import count
from .scan_text import read_scan

_SECTION = re.compile(
    rb" {0,4}(pool|id|state|status|action|see|comment|scan|scrub|scan warning|remove"
    rb"|checkpoint|expand|config|errors|dedup):(?: (.*))?"
)
# the sections that tell of scans
_SCANS = ("scan", "scrub", "remove", "expand")
# the last ones: an answer that ends in them without an end of line was not cut off
_LAST = ("errors", "dedup")
_NO_CONFIG = "The configuration cannot be determined."
_DATA_ERRORS = re.compile(r"([0-9]+) data errors?, use .*")
_LISTED = "Permanent errors have been detected in the following files:"

type _Sections = list[tuple[str, list[bytes]]]


def parse_status_text(raw: bytes) -> tuple[Pool, ...]:
    """Read all pools; their GUIDs and those of their vdevs are not known yet."""
    pools: list[_Sections] = []
    for line in raw.replace(b"\r\n", b"\n").split(b"\n"):
        if match := _SECTION.fullmatch(line):
            if match[1] == b"pool":
                pools.append([])
            if pools:
                pools[-1].append((match[1].decode(), [match[2] or b""]))
        elif pools:
            pools[-1][-1][1].append(line)
    if not pools and raw.strip():
        raise BadAnswer("no pool in what zpool status printed")
    if pools and not raw.endswith(b"\n") and pools[-1][-1][0] not in _LAST:
        raise BadAnswer("what zpool status printed was cut off")
    return tuple(_pool(sections) for sections in pools)


def _pool(sections: _Sections) -> Pool:
    said: dict[str, str] = {}
    for key, lines in sections:
        said.setdefault(key, b"\n".join(lines).decode(errors="replace"))
    rows = _table(next((lines for key, lines in sections if key == "config"), []))
    root = rows[0] if rows and rows[0].depth == 0 else None
    below = rows[1:] if root else rows
    scans = (
        read_scan([line.decode(errors="replace") for line in lines])
        for key, lines in sections
        if key in _SCANS
    )
    return Pool(
        guid=None,
        name=said["pool"].partition("\n")[0],
        state=words.state(said.get("state", "").strip()),
        status=words.sentence(said.get("status")),
        action=words.sentence(said.get("action")),
        message=words.message(said.get("see")),
        errors=root.errors if root else Errors(),
        data_errors=_data_errors(said.get("errors", "")),
        scans=tuple(scan for scan in scans if scan),
        vdevs=build_vdevs(below),
    )


def _table(lines: list[bytes]) -> tuple[Row, ...]:
    rows = read_table(lines)
    if rows is None:
        if b"".join(lines).strip().decode(errors="replace") == _NO_CONFIG:
            return ()
        raise BadAnswer("a pool without a table of its vdevs")
    return rows


def _data_errors(text: str) -> int | None:
    """Count files with errors: what was not to be had, or cut off, is not known."""
    first, _, listed = text.partition("\n")
    if first == "No known data errors":
        return 0
    if match := _DATA_ERRORS.fullmatch(first):
        return count(match[1])
    if first != _LISTED or not text.endswith("\n"):
        return None
    return sum(1 for line in listed.split("\n") if line.strip()) or None
