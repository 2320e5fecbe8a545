"""Names, GUIDs, paths and sizes come in several answers, which are put together."""

from dataclasses import replace
from pathlib import Path
import re

import pytest

from .captures import STATUSES, capture, expected_pools, is_json, label
from custom_components.homelab.source import BadAnswer
from custom_components.homelab.sources.zfs.models import Pool, Space, State
from custom_components.homelab.sources.zfs.output.identity import joined, measured
from custom_components.homelab.sources.zfs.output.listing import Listing, parse_list
from custom_components.homelab.sources.zfs.output.status_json import parse_status_json
from custom_components.homelab.sources.zfs.output.status_text import parse_status_text

FULL = {"full": "1868606108602943958"}
TEXT = capture("all-classes", "status")
BY_GUID = capture("all-classes", "status-g")
BY_PATH = re.sub(rb"( +)(vd[a-k])( *)", rb"\1/dev/\g<2>1\3", TEXT).replace(
    b"NAME ", b"NAME       "
)


def _full(raw: bytes = BY_GUID) -> tuple[Pool, ...]:
    return joined(
        parse_status_text(TEXT),
        parse_status_text(raw),
        FULL,
        parse_status_text(BY_PATH),
    )


def test_three_texts_make_the_tree_of_the_json() -> None:
    assert _full() == expected_pools("all-classes")


def test_paths_are_not_needed() -> None:
    (pool,) = joined(parse_status_text(TEXT), parse_status_text(BY_GUID), FULL)
    assert [vdev.guid for vdev in pool.walk()] == [
        vdev.guid for vdev in expected_pools("all-classes")[0].walk()
    ]
    assert {vdev.path for vdev in pool.walk()} == {None}


@pytest.mark.parametrize(
    "path", [path for path in STATUSES if is_json(path)], ids=label
)
def test_what_is_known_already_stays(path: Path) -> None:
    pools = parse_status_json(path.read_bytes())
    nameless = tuple(
        replace(pool, vdevs=tuple(replace(v, name="1") for v in pool.vdevs))
        for pool in pools
    )
    assert joined(pools, nameless, {}) == pools


def test_gaps_of_a_draid_are_filled_from_the_text() -> None:
    (pool,) = parse_status_json(capture("all-classes", "status-jint"))
    gap = replace(pool.vdevs[0], guid=None, state=None)
    (filled,) = joined(
        [replace(pool, vdevs=(gap, *pool.vdevs[1:]))], parse_status_text(BY_GUID), {}
    )
    assert filled == pool


def test_the_path_of_a_missing_disk_stays() -> None:
    row = b"vdk       UNAVAIL   was /dev/gone"
    text = TEXT.replace(b"vdk       AVAIL   ", row)
    pools = joined(
        parse_status_text(text),
        parse_status_text(BY_GUID),
        FULL,
        parse_status_text(BY_PATH),
    )
    assert pools[0].vdevs[-1].path == "/dev/gone"


@pytest.mark.parametrize(
    "changed",
    [
        b"",
        # another disk, another group, another pool, no GUID
        BY_GUID.replace(
            b"\t    10525355252761017555  ONLINE       0     0     0\n", b""
        ),
        BY_GUID.replace(b"special\t", b"logs\t"),
        BY_GUID.replace(b"pool: full", b"pool: fuller"),
        BY_GUID.replace(b"10525355252761017555", b"vdb                 "),
        BY_GUID.replace(b"10525355252761017555", b"99999999999999999999"),
    ],
)
def test_answers_of_different_moments_are_refused(changed: bytes) -> None:
    with pytest.raises(BadAnswer):
        _full(changed)


def test_paths_of_another_moment_are_refused() -> None:
    with pytest.raises(BadAnswer):
        joined(parse_status_text(TEXT), parse_status_text(BY_GUID), FULL, ())


def test_a_pool_without_guid_is_refused() -> None:
    with pytest.raises(BadAnswer):
        joined(parse_status_text(TEXT), parse_status_text(BY_GUID), {})


def test_sizes_come_from_the_list() -> None:
    listing = parse_list(capture("all-classes", "list-Hpvg"))
    (pool,) = measured(_full(), listing)
    assert pool.space == Space(
        size=754974720,
        allocated=52852736,
        free=702121984,
        fragmentation=1,
        dedup_ratio=1.0,
    )
    spaces = {vdev.name: vdev.space for vdev in pool.walk()}
    assert spaces["mirror-2"] == Space(
        size=251658240, allocated=0, free=251658240, fragmentation=0
    )
    assert spaces["vda"] == Space(size=257949696)
    assert spaces["vdk"] == Space(size=257949696)
    assert all(spaces.values())
    (same,) = measured(
        parse_status_json(capture("all-classes", "status-jint")), listing
    )
    assert same == pool


def test_sizes_that_are_not_listed_are_unknown() -> None:
    pools = measured(parse_status_text(TEXT), Listing(pools={}, vdevs={}))
    assert pools == parse_status_text(TEXT)
    assert pools[0].state is State.ONLINE
