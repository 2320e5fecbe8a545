"""Whatever a host prints: no exception but BadAnswer, no value outside its domain.

And no more than linear time: what is sixteen times as long takes about as many times as
long, never its square.
"""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import StrEnum
import json
from math import isfinite
from time import process_time
from typing import Any

from hypothesis import given, settings, strategies as st
import pytest

from .captures import CASES, capture, lines
from custom_components.homelab.source import BadAnswer
from custom_components.homelab.sources.zfs.models import Pool
from custom_components.homelab.sources.zfs.output.identity import joined, measured
from custom_components.homelab.sources.zfs.output.iostat import SampleReader
from custom_components.homelab.sources.zfs.output.kstat import (
    parse_arcstats,
    parse_pool_state,
)
from custom_components.homelab.sources.zfs.output.listing import (
    DATASET_COLUMNS,
    POOL_COLUMNS,
    parse_datasets,
    parse_guids,
    parse_list,
)
from custom_components.homelab.sources.zfs.output.snapshots import SnapshotCounter
from custom_components.homelab.sources.zfs.output.status_json import parse_status_json
from custom_components.homelab.sources.zfs.output.status_text import parse_status_text
from custom_components.homelab.sources.zfs.output.version import parse_version


def _read_iostat(raw: bytes) -> object:
    reader = SampleReader()
    return [*map(reader.feed, lines(raw)), reader.flush()]


def _count_snapshots(raw: bytes) -> object:
    counter = SnapshotCounter()
    for line in lines(raw):
        counter.feed(line)
    return counter.found()


PARSERS: dict[str, Callable[[bytes], object]] = {
    "status_json": lambda raw: parse_status_json(raw, at=1795144600),
    "status_text": parse_status_text,
    "iostat": _read_iostat,
    "list": parse_list,
    "guids": lambda raw: parse_guids(raw, POOL_COLUMNS),
    "datasets": lambda raw: parse_datasets(raw, DATASET_COLUMNS),
    "snapshots": _count_snapshots,
    "version": parse_version,
    "arcstats": parse_arcstats,
    "pool_state": parse_pool_state,
}
CAPTURES = [path.read_bytes() for path in sorted(CASES.glob("*/*.txt"))]


def _check(value: object, name: str = "") -> None:
    """Raise where a value is outside its domain."""
    if is_dataclass(value):
        for field in fields(value):
            _check(getattr(value, field.name), field.name)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            assert isinstance(key, str)
            _check(item)
    elif isinstance(value, str) and not isinstance(value, StrEnum):
        if name == "guid":
            assert str(int(value)) == value
            assert 0 < int(value) < 2**64
        if name in ("status", "action", "note"):
            assert 0 < len(value) <= 1024
    elif isinstance(value, bool | StrEnum | None):
        pass
    elif isinstance(value, int):
        assert 0 <= value < (101 if name == "fragmentation" else 2**63)
    elif isinstance(value, float):
        assert isfinite(value)
        assert (0 <= value <= 100) if name == "percent" else value > 0
    elif isinstance(value, datetime):
        assert value.utcoffset() is not None
    else:
        assert isinstance(value, Iterable)
        for item in value:
            _check(item, name)


def _try(parser: str, raw: bytes) -> None:
    with suppress(BadAnswer):
        _check(PARSERS[parser](raw))


_WORDS = (
    b"0 -1 - nan inf 1.5 1,5K 16.0E 9223372036854775808 18446744073709551616 \xff "
    b'\x00 ( ) % : @ { } [ ] " ONLINE UNAVAIL null true NAME STATE tank 12:34:56'
)
_ENDS = [
    b"",
    b" ",
    b"  ",
    b"\t",
    b"\n",
    b"\n\n",
    b"\r\n",
    b"\n  pool: x\n",
    b"config:\n",
]
ABSURD = st.sampled_from([*_WORDS.split(), *_ENDS])


@st.composite
def mutations(draw: st.DrawFn) -> bytes:
    """Draw a capture with pieces taken out, put in, doubled and swapped."""
    raw = draw(st.sampled_from(CAPTURES))[:6000]
    for _ in range(draw(st.integers(0, 6))):
        start = draw(st.integers(0, len(raw)))
        end = min(len(raw), start + draw(st.integers(0, 40)))
        piece = draw(
            st.one_of(
                ABSURD,
                st.binary(max_size=8),
                st.just(raw[start:end] * 2),
                st.just(draw(st.sampled_from(CAPTURES))[start:end]),
            )
        )
        raw = raw[:start] + piece + raw[end:]
    return raw[: draw(st.integers(0, len(raw)))] if draw(st.booleans()) else raw


@pytest.mark.parametrize("parser", PARSERS)
@settings(max_examples=60, deadline=None)
@given(raw=st.binary(max_size=400) | st.text(max_size=200).map(str.encode))
def test_anything(parser: str, raw: bytes) -> None:
    _try(parser, raw)


@pytest.mark.parametrize("parser", PARSERS)
@settings(max_examples=120, deadline=None)
@given(raw=mutations())
def test_mutated_captures(parser: str, raw: bytes) -> None:
    _try(parser, raw)


WEIRD: st.SearchStrategy[object] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=20),
    st.sampled_from(["-", "16.0E", "1,2K", "SCANNING", "CANT_OPEN", 2**63, 2**64, -1]),
    st.builds(list),
    st.builds(lambda: {"x": {"vdevs": {"y": {}}}}),
)
DOCUMENTS = [raw for raw in CAPTURES if raw.startswith(b'{"output') and b"zpool" in raw]


def _members(value: object) -> Iterable[tuple[dict[str, Any], str]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield value, key
            yield from _members(item)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_mutated_documents(data: st.DataObject) -> None:
    document = {"": json.loads(data.draw(st.sampled_from(DOCUMENTS)))}
    for _ in range(data.draw(st.integers(1, 6))):
        members = [*_members(document)]
        owner, key = members[data.draw(st.integers(0, len(members) - 1))]
        name = data.draw(st.just(key) | st.text(max_size=8))
        if owner is not document:
            owner[name] = owner.pop(key) if name != key else data.draw(WEIRD)
    _try("status_json", json.dumps(document[""]).encode())


@settings(max_examples=150, deadline=None)
@given(mutations(), mutations(), mutations())
def test_answers_that_do_not_fit(text: bytes, by_guid: bytes, listing: bytes) -> None:
    with suppress(BadAnswer):
        pools = joined(
            parse_status_text(text), parse_status_text(by_guid), {"tank": "7"}
        )
        _check(measured(pools, parse_list(listing)))
        assert all(_is_identified(pool) for pool in pools)


def _is_identified(pool: Pool) -> bool:
    return pool.guid is not None and all(vdev.guid for vdev in pool.walk())


# --- time ---

TEXT = capture("all-classes", "status")
TABLE, TAIL = TEXT.split(b"\n\nerrors", 1)
DISK = b"\t    vda     ONLINE       0     0     0"
ROW = b"7" + b"\t1" * 31 + b"\n"
LONG: dict[str, tuple[str, Callable[[int], bytes]]] = {
    "many pools": ("status_text", lambda n: TEXT * n),
    "many rows": (
        "status_text",
        lambda n: TABLE + (b"\n" + DISK) * 20 * n + b"\n\nerrors" + TAIL,
    ),
    "a long name": ("status_text", lambda n: TEXT.replace(b"vda", b"v " * 900 * n)),
    "wide rows": (
        "status_text",
        lambda n: TEXT.replace(DISK, DISK + b" (" * 900 * n + b")" * 900 * n),
    ),
    "a row of spaces": (
        "status_text",
        lambda n: TEXT.replace(DISK, b"\t  x" + b" " * 2000 * n + b"x"),
    ),
    "deep rows": (
        "status_text",
        lambda n: (
            TABLE
            + b"".join(
                b"\n\t" + b" " * (d % 1900) + b"x   ONLINE" for d in range(200 * n)
            )
            + b"\n\nerrors"
            + TAIL
        ),
    ),
    "a long scan": (
        "status_text",
        lambda n: TEXT.replace(
            b"config:", b"  scan: resilvered (" * 200 * n + b"\nconfig:"
        ),
    ),
    "many scans": (
        "status_text",
        lambda n: TEXT.replace(
            b"config:", b"  scan: scrub canceled on x\n" * 100 * n + b"config:"
        ),
    ),
    "a long status": (
        "status_text",
        lambda n: TEXT.replace(
            b"config:", b"status: a\n" + b"\tb\n" * 900 * n + b"config:"
        ),
    ),
    "many errors": (
        "status_text",
        lambda n: TEXT.replace(
            b"No known data errors",
            b"Permanent errors have been detected in the following files:\n"
            + b"        /x\n" * 500 * n,
        ),
    ),
    "a deep document": (
        "status_json",
        lambda n: (
            b'{"pools":{"x":{"vdevs":{"x":'
            + b'{"vdevs":{"x":' * 10
            + b"{"
            + b",".join(b'"%d":{}' % k for k in range(300 * n))
            + b"}"
            + b"}}" * 10
            + b"}}}}"
        ),
    ),
    "a wide document": (
        "status_json",
        lambda n: (
            b'{"pools":{"x":{"vdevs":{"x":{"vdevs":{'
            + b",".join(b'"%d":{"guid":%d}' % (k, k) for k in range(300 * n))
            + b"}}}}}}"
        ),
    ),
    "many samples": ("iostat", lambda n: (b"100\ntank" + ROW[1:] + ROW) * 100 * n),
    "a sample of many rows": (
        "iostat",
        lambda n: b"".join(b"%d" % k + ROW[1:] for k in range(1, 300 * n)),
    ),
    "a long line": ("iostat", lambda n: b"x" * 20_000 * n + b"\n"),
    "a long snapshot": ("snapshots", lambda n: b"a@" * 10_000 * n + b"\t7\n"),
    "a list of many vdevs": (
        "list",
        lambda n: b"\tvda\t257949696\t-\t-\t-\t-\t-\t-\t-\tONLINE\n" * 300 * n,
    ),
    "many snapshots": ("snapshots", lambda n: b"tank/a@b\t1795144160\n" * 300 * n),
    "many columns": ("guids", lambda n: b"tank\t" + b"\t" * 9999 * n),
    "many counters": ("arcstats", lambda n: b"size   4    17\n" * 300 * n),
    "a long counter": ("arcstats", lambda n: b"size" + b" " * 9000 * n),
    "a long version": ("version", lambda n: b"zfs-1.1" + b"-" * 9000 * n),
}


def _seconds(parser: str, raw: bytes) -> float:
    best = 10.0
    for _ in range(3):
        start = process_time()
        with suppress(BadAnswer):
            PARSERS[parser](raw)
        best = min(best, process_time() - start)
    return best


@pytest.mark.parametrize("shape", LONG)
def test_time_is_linear(shape: str) -> None:
    parser, make = LONG[shape]
    short, long = (_seconds(parser, make(n)) for n in (4, 64))
    # its square would be 256 times as long
    assert long <= 80 * max(short, 0.0002)
