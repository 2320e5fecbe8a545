"""Both parsers make the same trees of the same pools.

What the text cannot carry, here and nowhere else: without -g GUIDs, without -P paths.
"""

from itertools import product
from pathlib import Path
import string
from typing import Any

from hypothesis import given, settings, strategies as st
import pytest

from . import scans, tool
from .captures import STATUSES, at_percent, is_json, label, parse, without_identity
from custom_components.homelab.sources.zfs.output.identity import joined
from custom_components.homelab.sources.zfs.output.status_json import parse_status_json
from custom_components.homelab.sources.zfs.output.status_text import parse_status_text

PAIRS = [
    (json, text)
    for json, text in product(STATUSES, STATUSES)
    if json.parent == text.parent
    and is_json(json)
    and not is_json(text)
    and text.stem != "status-g"
]


def test_there_are_pairs_of_captures() -> None:
    assert len(PAIRS) >= 20


@pytest.mark.parametrize(
    ("json", "text"), PAIRS, ids=lambda path: label(path) if path else ""
)
def test_captures_of_one_pool_give_one_tree(json: Path, text: Path) -> None:
    by_json, by_text = without_identity(parse(json)), parse(text)
    if text.parent.name == "scrub-running":
        by_json, by_text = at_percent(by_json, 0), at_percent(by_text, 0)
    assert by_text == by_json


# --- made-up pools ---

GUIDS = st.integers(1, 2**64 - 1)
COUNTS = st.integers(0, 9) | st.integers(0, 2**63 - 1)
# bytes that a whole number of kibibytes is not
SIZES = st.integers(0, 2**60)
NAMES = st.text(string.ascii_letters + string.digits + "-_.:+é ", min_size=1).map(
    lambda text: f"d{text}d"
)
STATES = st.sampled_from(
    ["ONLINE"] * 6
    + ["DEGRADED", "FAULTED", "OFFLINE", "REMOVED", "CANT_OPEN", "CLOSED"]
)
REASONS = st.sampled_from([None] * 6 + sorted(tool.REASONS))
FLAGS = st.sampled_from([False, False, False, True])


@st.composite
def leaves(draw: st.DrawFn) -> tool.Vdev:
    name = draw(NAMES)
    is_file, missing = draw(FLAGS), draw(FLAGS)
    path = f"/pools/{name}" if is_file else f"/dev/disk/by-id/{name}"
    return tool.Vdev(
        guid=draw(GUIDS),
        label=path if is_file else name,
        type="file" if is_file else "disk",
        path=path,
        state=draw(STATES),
        # of what is missing the JSON keeps the reason to itself
        aux="OPEN_FAILED" if missing else draw(REASONS),
        missing=missing,
        errors=(draw(COUNTS), draw(COUNTS), draw(COUNTS)),
        slow=draw(COUNTS),
        processed=draw(SIZES),
        deferred=draw(FLAGS),
        ashift=draw(st.none() | st.tuples(st.integers(9, 12), st.integers(13, 16))),
        noalloc=draw(FLAGS),
    )


@st.composite
def branches(draw: st.DrawFn, below: st.SearchStrategy[tool.Vdev]) -> tool.Vdev:
    kind, name = draw(
        st.sampled_from(
            [
                ("mirror", "mirror"),
                ("raidz", "raidz1"),
                ("raidz", "raidz3"),
                ("draid", "draid2:8d:42c:2s"),
                ("replacing", "replacing"),
                ("spare", "spare"),
            ]
        )
    )
    return tool.Vdev(
        guid=draw(GUIDS),
        label=f"{name}-{draw(st.integers(0, 99))}",
        type=kind,
        state=draw(STATES),
        aux=draw(REASONS),
        errors=(draw(COUNTS), draw(COUNTS), draw(COUNTS)),
        removing=draw(FLAGS),
        children=draw(siblings(below, min_size=1)),
    )


def siblings(
    below: st.SearchStrategy[tool.Vdev], *, min_size: int = 0
) -> st.SearchStrategy[list[tool.Vdev]]:
    """Draw vdevs of different names: JSON cannot tell others apart."""
    return st.lists(
        below, min_size=min_size, max_size=4, unique_by=lambda v: v.name("")
    )


VDEVS = leaves() | branches(leaves()) | branches(leaves() | branches(leaves()))


@st.composite
def spares(draw: st.DrawFn) -> tool.Vdev:
    spare = draw(leaves())
    spare.aux = draw(st.sampled_from([None, "SPARED"]))
    spare.state, spare.processed, spare.deferred = "ONLINE", 0, False
    return spare


@st.composite
def scan_views(draw: st.DrawFn) -> tuple[str, dict[str, Any], str]:
    function = draw(st.sampled_from(["SCRUB", "RESILVER"]))
    doing = "repairing" if function == "SCRUB" else "resilvering"
    start = draw(st.integers(10**9, 2 * 10**9))
    seconds = draw(st.integers(0, 10**6))
    match draw(st.integers(0, 4)):
        case 0:
            return "  scan: none requested\n", {}, ""
        case 1:
            text, stats = scans.finished(
                function,
                start=start,
                seconds=seconds,
                processed=draw(SIZES),
                errors=draw(COUNTS),
            )
            return text, stats, ""
        case 2:
            return *scans.canceled(function, start=start, seconds=seconds), ""
        case _:
            total = draw(SIZES)
            pause = function == "SCRUB" and draw(FLAGS)
            text, stats = scans.under_way(
                function,
                start=scans.DAY,
                elapsed=600,
                total=total,
                skipped=draw(st.integers(0, total)),
                issued=draw(st.integers(0, total)),
                processed=draw(SIZES),
                pause=scans.DAY + 5 if pause else 0,
            )
            return text, stats, doing


@st.composite
def pools(draw: st.DrawFn) -> tool.Pool:
    text, stats, doing = draw(scan_views())
    return tool.Pool(
        guid=draw(GUIDS),
        name=draw(NAMES.map(lambda name: name.replace("é", "e"))),
        state=draw(st.sampled_from(["ONLINE", "DEGRADED", "SUSPENDED", "UNAVAIL"])),
        status=draw(st.sampled_from(["", "One line.\n", "Two  lines\n\there.\n"])),
        action=draw(st.sampled_from(["", "Do\n\tthis: now.\n"])),
        message=draw(st.sampled_from(["", "ZFS-8000-9P", "ZFS-8000-4J"])),
        data_errors=draw(COUNTS),
        errors=(draw(COUNTS), draw(COUNTS), draw(COUNTS)),
        scan_text=text,
        scan_json=stats,
        resilvering=doing,
        vdevs=draw(siblings(VDEVS, min_size=1)),
        sections={
            section: vdevs
            for section in tool.SECTIONS
            if (vdevs := draw(siblings(spares() if section == "spares" else VDEVS)))
        },
    )


MADE_UP = st.lists(pools(), max_size=3, unique_by=lambda pool: pool.name)


def _read_both_ways(made: list[tool.Pool]) -> None:
    by_json = parse_status_json(tool.status_json(made), at=scans.DAY + 600)
    by_text = joined(
        parse_status_text(tool.status_text(made, "ps")),
        parse_status_text(tool.status_text(made, "gps")),
        {pool.name: str(pool.guid) for pool in made},
        parse_status_text(tool.status_text(made, "Pps")),
    )
    assert by_text == by_json


@settings(max_examples=40, deadline=None)
@given(MADE_UP)
def test_made_up_pools_give_one_tree(made: list[tool.Pool]) -> None:
    _read_both_ways(made)


@pytest.mark.thorough
@pytest.mark.timeout(300)
@settings(max_examples=1000, deadline=None)
@given(MADE_UP)
def test_many_made_up_pools_give_one_tree(made: list[tool.Pool]) -> None:
    _read_both_ways(made)
