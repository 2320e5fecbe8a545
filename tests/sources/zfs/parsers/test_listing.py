"""Lists of pools, vdevs, datasets and snapshots."""

from datetime import UTC, datetime

import pytest

from .captures import CASES, capture, label, lines
from custom_components.homelab.sources.zfs.models import Dataset, Space
from custom_components.homelab.sources.zfs.output.listing import (
    DATASET_COLUMNS,
    POOL_COLUMNS,
    parse_datasets,
    parse_guids,
    parse_list,
)
from custom_components.homelab.sources.zfs.output.snapshots import (
    SnapshotCounter,
    Snapshots,
)

LISTS = sorted(CASES.glob("*/list-Hpv*.txt"))


@pytest.mark.parametrize("path", LISTS, ids=label)
def test_lists_of_all_cases(path) -> None:  # type: ignore[no-untyped-def]
    raw = path.read_bytes()
    listing = parse_list(raw)
    rows = [line for line in raw.decode().splitlines() if "\t" in line]
    names = [line.split("\t") for line in rows]
    assert list(listing.pools) == [name[0] for name in names if name[0]]
    assert set(listing.vdevs) == {name[1] for name in names if not name[0]}
    for space in (*listing.pools.values(), *listing.vdevs.values()):
        if space.allocated is not None:
            assert space.size is not None
            assert space.used_percent is not None
            assert 0 <= space.used_percent <= 100
    # what serves as a spare stands twice, and is as large in both places
    sizes = [size for size in (s.size for s in listing.vdevs.values()) if size]
    assert len(sizes) == len([name for name in listing.vdevs if "spare-" not in name])


def test_vdevs_by_guid() -> None:
    listing = parse_list(capture("all-classes", "list-Hpvg"))
    assert len(listing.vdevs) == 12
    assert listing.vdevs["7707261258745708534"] == Space(
        size=257949696, allocated=48948736, free=204281856, fragmentation=0
    )
    assert listing.vdevs["6164552304403596461"] == Space(size=257949696)
    assert listing.pools["full"].dedup_ratio == 1.0


def test_columns_of_2_4() -> None:
    """There the rows of vdevs have altroot, too."""
    raw = capture("all-classes", "list-Hpvg")
    newer = raw.replace(b"ONLINE\n", b"ONLINE\t-\n").replace(b"AVAIL\n", b"AVAIL\t-\n")
    assert parse_list(newer) == parse_list(raw)


def test_numbers_with_units_and_absurd_ones() -> None:
    """A log that grew below zero: 16.0E, of a real pool."""
    raw = b"my pool\t480M\t26.5M\t16.0E\t-\t-\t2%\t105%\t1.52x\tONLINE\t-\n"
    assert parse_list(raw).pools["my pool"] == Space(
        size=480 * 2**20, allocated=27787264, fragmentation=2, dedup_ratio=1.52
    )


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"logs            -      -      -        -         -\n",
        b"\n\n",
        b"tank\t1\t2\n",
        b"\ttank\t1\t2\n",
        b"tank\t503316480\t27786240\t475530240\t-\t-\t2\t5\t1.00\tONLINE\t-",
        b"\t\t503316480\t27786240\t475530240\t-\t-\t2\t5\t1.00\tONLINE\n",
    ],
)
def test_what_is_no_row(raw: bytes) -> None:
    listing = parse_list(raw)
    assert not listing.pools
    assert not listing.vdevs


def test_used_share_is_unknown_where_it_makes_no_sense() -> None:
    assert Space(size=10, allocated=11).used_percent is None
    assert Space(size=0, allocated=0).used_percent is None
    assert Space(size=10).used_percent is None
    assert Space(size=10, allocated=5).used_percent == 50


def test_guids() -> None:
    columns = [
        "name",
        "size",
        "allocated",
        "free",
        "checkpoint",
        "expandsize",
        "fragmentation",
        "capacity",
        "dedupratio",
        "health",
        "altroot",
        "guid",
    ]
    raw = capture("mirror-offline", "list-Hp")
    assert parse_guids(raw, tuple(columns)) == {"tank": "16241634347029219780"}


def test_guids_of_the_columns_that_we_ask_for() -> None:
    numbers = b"\t10\t5\t5\t-\t1.00\tONLINE\n"
    raw = b"a b\t7" + numbers + b"c\t8\t-\t-\t-\t-\t-\tUNAVAIL\n"
    raw += b"no guid\t-" + numbers + b"cut\t9\t1"
    assert parse_guids(raw, POOL_COLUMNS) == {"a b": "7", "c": "8"}


def test_datasets() -> None:
    columns = [
        "name",
        "used",
        "available",
        "referenced",
        "mountpoint",
        "quota",
        "compressratio",
        "x",
    ]
    datasets = parse_datasets(capture("mirror-busy", "zfs-list"), tuple(columns))
    assert [dataset.name for dataset in datasets] == [
        "tank",
        "tank/backups",
        "tank/media",
        "tank/with space",
    ]
    assert datasets[0] == Dataset(
        guid=None,
        name="tank",
        used=63286784,
        available=305811968,
        referenced=25600,
        compression_ratio=1.0,
    )


def test_datasets_of_the_columns_that_we_ask_for() -> None:
    raw = (
        b"tank/vm\tvolume\t17\t10\t20\t10\t1.37\t-\t-\r\n"
        b"tank/home\tfilesystem\t18\t10\t20\t10\t1.00x\t100\tnone\n"
        b"tank/short\tfilesystem\n"
        b"tank/cut\tfilesystem\t18\t10\t20\t10\t1.00\t100\t1"
    )
    volume, home = parse_datasets(raw, DATASET_COLUMNS)
    assert (volume.type, volume.guid, volume.quota) == ("volume", "17", None)
    assert volume.compression_ratio == 1.37
    assert (home.quota, home.refquota) == (100, None)


def _count(raw: bytes) -> SnapshotCounter:
    counter = SnapshotCounter()
    for line in lines(raw):
        counter.feed(line)
    return counter


def test_snapshots_are_counted() -> None:
    counter = _count(capture("mirror", "snapshots"))
    at = datetime(2026, 11, 20, 3, 9, 20, tzinfo=UTC)
    assert counter.found() == {
        "tank": Snapshots(count=1, newest=at),
        "tank/backups": Snapshots(count=1, newest=at),
        "tank/media": Snapshots(count=2, newest=at),
        "tank/with space": Snapshots(count=1, newest=at),
    }
    assert counter.dropped == 0


def test_the_newest_snapshot_counts_in_any_order() -> None:
    counter = _count(b"t@a\t100\nt@b\t300\nt@c\t200\nt@d\t-\n")
    newest = datetime.fromtimestamp(300, UTC)
    assert counter.found() == {"t": Snapshots(count=4, newest=newest)}


def test_what_is_no_snapshot() -> None:
    long = b"t@" + b"x" * 4094 + b"\t100\n"
    counter = _count(b"tank\t100\n@x\t100\ntank@\t100\n\n" + long)
    assert counter.found() == {}
    assert counter.dropped == 5


def test_datasets_without_end_are_bounded() -> None:
    counter = SnapshotCounter()
    for number in range(10_010):
        counter.feed(f"t/{number}@a\t100".encode())
    counter.feed(b"t/0@b\t100")
    found = counter.found()
    assert len(found) == 10_000
    assert found["t/0"].count == 2
    assert counter.dropped == 10
