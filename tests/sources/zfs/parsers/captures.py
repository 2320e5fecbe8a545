"""The captures of a real OpenZFS, and the trees that were written by hand for ten."""

from dataclasses import replace
from datetime import datetime
import json
from pathlib import Path
from typing import Any

from custom_components.homelab.sources.zfs.models import (
    Activity,
    Errors,
    Group,
    Kind,
    Pool,
    Scan,
    ScanFunction,
    ScanState,
    State,
    Vdev,
)
from custom_components.homelab.sources.zfs.output.status_json import parse_status_json
from custom_components.homelab.sources.zfs.output.status_text import parse_status_text

CASES = Path(__file__).parents[1] / "cases"
EXPECTED = sorted(path.parent.name for path in CASES.glob("*/expected.json"))
STATUSES = sorted(CASES.glob("*/status*.txt"))


def label(path: Path) -> str:
    """Name a capture in a test's id."""
    return f"{path.parent.name}.{path.stem}"


def capture(case: str, name: str) -> bytes:
    """Return what the tool printed."""
    return (CASES / case / f"{name}.txt").read_bytes()


def lines(raw: bytes) -> list[bytes]:
    """Cut a stream into its lines, as the transport does."""
    return raw.split(b"\n")[:-1]


def is_json(path: Path) -> bool:
    """Tell the captures of -j from the others."""
    return path.read_bytes().startswith(b"{")


def parse(path: Path) -> tuple[Pool, ...]:
    """Read a capture of zpool status, whichever form it has."""
    read = parse_status_json if is_json(path) else parse_status_text
    return read(path.read_bytes())


def expected(case: str) -> dict[str, Any]:
    """Return what was written by hand."""
    tree: dict[str, Any] = json.loads((CASES / case / "expected.json").read_text())
    return tree


def expected_pools(case: str) -> tuple[Pool, ...]:
    """Return the tree that was written by hand."""
    return tuple(
        Pool(
            **_with_errors(pool)
            | {
                "state": State(pool["state"]),
                "scans": tuple(_scan(scan) for scan in pool["scans"]),
                "vdevs": tuple(_vdev(vdev) for vdev in pool["vdevs"]),
            }
        )
        for pool in expected(case)["pools"]
    )


def _with_errors(facts: dict[str, Any]) -> dict[str, Any]:
    read, write, checksum = facts["errors"]
    return facts | {"errors": Errors(read=read, write=write, checksum=checksum)}


def _scan(scan: dict[str, Any]) -> Scan:
    times = {
        key: datetime.fromisoformat(scan[key]) if scan[key] else None
        for key in ("started", "ended")
    }
    words = {
        "function": ScanFunction(scan["function"]),
        "state": ScanState(scan["state"]),
    }
    return Scan(**scan | times | words)


def _vdev(vdev: dict[str, Any]) -> Vdev:
    words = {
        "kind": Kind(vdev["kind"]),
        "group": Group(vdev["group"]),
        "state": State(vdev["state"]),
        "activities": tuple(Activity(word) for word in vdev["activities"]),
        "children": tuple(_vdev(child) for child in vdev["children"]),
    }
    return Vdev(**_with_errors(vdev) | words)


def without_identity(pools: tuple[Pool, ...]) -> tuple[Pool, ...]:
    """Leave out what a text alone, without -g and -P, cannot tell."""
    return tuple(
        replace(pool, guid=None, vdevs=_nameless(pool.vdevs)) for pool in pools
    )


def _nameless(vdevs: tuple[Vdev, ...]) -> tuple[Vdev, ...]:
    return tuple(
        replace(vdev, guid=None, path=None, children=_nameless(vdev.children))
        for vdev in vdevs
    )


def at_percent(pools: tuple[Pool, ...], percent: float | None) -> tuple[Pool, ...]:
    """Set how far scans under way are: captures were taken one after the other."""
    return tuple(
        replace(
            pool,
            scans=tuple(
                scan if scan.percent is None else replace(scan, percent=percent)
                for scan in pool.scans
            ),
        )
        for pool in pools
    )
