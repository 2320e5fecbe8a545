"""What `scripts/demo --check` has seen, for people and for programs."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
import json
import re
from typing import Any

COLUMNS = ("entry", "state", "far end", "devices", "entities", "unavailable")
OURS = "custom_components/homelab"
# how a record of Home Assistant's log begins: time, level, (thread), [logger]
RECORD = re.compile(r"^\S+ \S+ (?P<level>[A-Z]+) \([^)]*\) \[(?P<logger>[^\]]*)\]")


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One entry, as it stands in Home Assistant."""

    title: str
    kind: str
    state: str
    far_end: str
    devices: int
    entities: int
    unavailable: int

    @property
    def is_well(self) -> bool:
        """Whether it is loaded and has entities that say something."""
        return self.state == "loaded" and self.entities > self.unavailable


@dataclass(frozen=True, kw_only=True, slots=True)
class Census:
    """How many devices and entities each entry has, by the entry's id."""

    devices: Counter[str]
    entities: Counter[str]
    unavailable: Counter[str]

    @classmethod
    def of(
        cls,
        devices: Iterable[Mapping[str, Any]],
        entities: Iterable[Mapping[str, Any]],
        states: Iterable[Mapping[str, Any]],
    ) -> "Census":
        """Count what Home Assistant's registries and states hold."""
        enabled = [each for each in entities if each["disabled_by"] is None]
        known = {s["entity_id"] for s in states if s["state"] != "unavailable"}
        return cls(
            devices=Counter(each["config_entry_id"] for each in devices),
            entities=Counter(each["config_entry_id"] for each in enabled),
            unavailable=Counter(
                each["config_entry_id"]
                for each in enabled
                if each["entity_id"] not in known
            ),
        )


def table(rows: Sequence[Row]) -> str:
    """Set the rows in columns."""
    lines: list[tuple[str, ...]] = [COLUMNS]
    for row in rows:
        counts = (row.devices, row.entities, row.unavailable)
        lines.append((row.title, row.state, row.far_end, *map(str, counts)))
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)


def summary(rows: Sequence[Row], *, ok: bool) -> str:
    """Return the one line that programs read."""
    entries = [asdict(row) for row in rows]
    return json.dumps({"entries": entries, "ok": ok}, separators=(",", ":"))


def complaints(log: str) -> list[str]:
    """Return the log's records that speak of a fault in the integration."""
    records: list[list[str]] = []
    for line in log.splitlines():
        if RECORD.match(line) or not records:
            records.append([])
        records[-1].append(line)
    return ["\n".join(record) for record in records if _is_ours(record)]


def _is_ours(record: Sequence[str]) -> bool:
    """Whether it is an error of the integration's, or a traceback through it."""
    if any(OURS in line for line in record[1:]):
        return True
    head = RECORD.match(record[0])
    return (
        head is not None
        and head["level"] in ("ERROR", "CRITICAL")
        and (
            head["logger"].startswith("custom_components.homelab")
            or "custom integration 'homelab'" in record[0]
        )
    )
