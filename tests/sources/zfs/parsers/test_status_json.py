"""The JSON of zpool status: what is absent, what is odd, and what is none at all."""

from collections.abc import Callable
import json
from typing import Any

import orjson
import pytest

from .captures import capture, expected_pools
from custom_components.homelab.source import BadAnswer
from custom_components.homelab.sources.zfs.models import (
    Activity,
    Errors,
    Group,
    Kind,
    Pool,
    State,
    Vdev,
)
from custom_components.homelab.sources.zfs.output.status_json import parse_status_json

type Change = Callable[[dict[str, Any]], object]


def _changed(change: Change, case: str = "all-classes") -> Pool:
    """Change what the tool printed of a pool, and read it."""
    document = orjson.loads(capture(case, "status-jint"))
    (item,) = document["pools"].values()
    change(item)
    (pool,) = parse_status_json(json.dumps(document).encode())
    return pool


def _disk(**facts: Any) -> Vdev:
    """Change the disk vda of a mirror, and read it."""

    def change(item: dict[str, Any]) -> None:
        root = item["vdevs"]["full"]
        disk = root["vdevs"]["mirror-0"]["vdevs"]["vda"]
        disk |= facts
        for key in [key for key, value in facts.items() if value is ...]:
            del disk[key]

    pool = _changed(change)
    return pool.vdevs[0].children[0]


def test_flat_vdevs_make_the_same_tree() -> None:
    flat = parse_status_json(capture("all-classes", "status-jint-flat"))
    assert flat == expected_pools("all-classes")


def test_a_pool_may_be_keyed_by_its_guid() -> None:
    document = orjson.loads(capture("all-classes", "status-jint"))
    pools = document["pools"]
    pools["1868606108602943958"] = pools.pop("full")
    assert parse_status_json(orjson.dumps(document)) == expected_pools("all-classes")


def test_draid_comes_without_guid_type_and_state() -> None:
    """openzfs/zfs#18431."""

    def change(item: dict[str, Any]) -> None:
        root = item["vdevs"]["full"]
        mirror = root["vdevs"].pop("mirror-0")
        for key in ("guid", "vdev_type", "state", "class"):
            del mirror[key]
        root["vdevs"]["draid1:2d:4c:1s-0"] = mirror | {"name": "draid1:2d:4c:1s-0"}
        spare = item["spares"]["vdk"]
        spare |= {"name": "draid1-0-0", "path": "draid1-0-0", "vdev_type": "dspare"}

    pool = _changed(change)
    draid = pool.vdevs[0]
    assert (draid.guid, draid.state, draid.kind) == (None, None, Kind.DRAID)
    assert [vdev.name for vdev in draid.children] == ["vda", "vdb"]
    assert pool.vdevs[-1].kind is Kind.DISTRIBUTED_SPARE
    assert pool.vdevs[-1].path is None


@pytest.mark.parametrize(
    ("word", "reason", "state"),
    [
        ("CANT_OPEN", "OPEN_FAILED", State.UNAVAIL),
        ("CANT_OPEN", "CORRUPT_DATA", State.FAULTED),
        ("CANT_OPEN", "BAD_LOG", State.FAULTED),
        ("CANT_OPEN", "SPLIT_POOL", State.SPLIT),
        ("CANT_OPEN", None, State.UNAVAIL),
        ("CLOSED", "NONE", State.OFFLINE),
        ("OFFLINE", None, State.OFFLINE),
        ("REMOVED", None, State.REMOVED),
        ("FAULTED", "ERR_EXCEEDED", State.FAULTED),
        ("UNKNOWN", None, None),
        ("SLEEPING", None, None),
        (7, 7, None),
    ],
)
def test_states(word: object, reason: object, state: State | None) -> None:
    assert _disk(state=word, aux=reason).state is state


@pytest.mark.parametrize(
    ("facts", "note"),
    [
        ({"aux": "OPEN_FAILED"}, "cannot open"),
        ({"aux": "ERR_EXCEEDED"}, "too many errors"),
        ({"aux": "ERR_EXCEEDED", "slow_ios": 3}, "too many slow I/Os"),
        ({"aux": "ERR_EXCEEDED", "slow_ios": 3, "read_errors": 1}, "too many errors"),
        ({"aux": "SPARED"}, "currently in use"),
        ({"aux": "SPARED", "used_by": "other"}, "in use by pool 'other'"),
        ({"aux": "UNHEARD_OF"}, "unheard of"),
        ({"aux": "NONE"}, None),
        ({"aux": 7}, None),
        ({"not_present": 1, "was": "/dev/sdb1", "aux": "OPEN_FAILED"}, "was /dev/sdb1"),
        ({"not_present": "1", "was": "/dev/sdb1"}, "was /dev/sdb1"),
        ({"not_present": 1}, None),
        (
            {"configured_ashift": 9, "physical_ashift": 12},
            "block size: 512B configured, 4096B native",
        ),
        ({"configured_ashift": 9}, None),
        ({"configured_ashift": 9, "physical_ashift": 10**6}, None),
    ],
)
def test_notes(facts: dict[str, Any], note: str | None) -> None:
    assert _disk(**facts).note == note


def test_a_missing_disk_keeps_its_path() -> None:
    disk = _disk(name="6164552304403596461", not_present=1, was="/dev/sdb1", path=...)
    assert disk.path == "/dev/sdb1"
    assert disk.kind is Kind.DISK
    untyped = _disk(name="7", was="/srv/a.img", path=..., vdev_type=...)
    assert untyped.kind is Kind.FILE


@pytest.mark.parametrize(
    ("facts", "activities"),
    [
        ({"removing": 1}, (Activity.REMOVING,)),
        ({"removing": "1", "noalloc": "1"}, (Activity.REMOVING,)),
        ({"noalloc": 1}, (Activity.NON_ALLOCATING,)),
        ({"init_state": "ACTIVE"}, (Activity.INITIALIZING,)),
        ({"trim_state": "ACTIVE"}, (Activity.TRIMMING,)),
        ({"trim_state": "COMPLETE", "init_state": "UNINITIALIZED"}, ()),
        # what a scan that has ended did
        ({"scan_processed": 7168, "resilver_deferred": 1}, ()),
    ],
)
def test_activities(facts: dict[str, Any], activities: tuple[Activity, ...]) -> None:
    assert _disk(**facts).activities == activities


@pytest.mark.parametrize(
    ("function", "facts", "activity"),
    [
        ("SCRUB", {"scan_processed": 1}, Activity.REPAIRING),
        ("RESILVER", {"scan_processed": "20K"}, Activity.RESILVERING),
        ("RESILVER", {"resilver_deferred": 1}, Activity.AWAITING_RESILVER),
        ("RESILVER", {"scan_processed": 1, "state": "FAULTED"}, None),
        ("RESILVER", {}, None),
    ],
)
def test_what_a_scan_does_to_a_disk(
    function: str, facts: dict[str, Any], activity: Activity | None
) -> None:
    def change(item: dict[str, Any]) -> None:
        item["scan_stats"]["function"] = function
        item["vdevs"]["tank"]["vdevs"]["mirror-0"]["vdevs"]["vda"] |= facts

    disk = _changed(change, "resilver-running").vdevs[0].children[0]
    assert disk.activities == ((activity,) if activity else ())


def test_numbers_may_have_units() -> None:
    disk = _disk(read_errors="1.2K", write_errors="3", checksum_errors="0")
    assert disk.errors == Errors(read=1229, write=3, checksum=0)
    assert disk.errors.total == 1232


@pytest.mark.parametrize(
    "number", [2**63, 2**64 - 1, -1, 1.5, True, None, "-", "16.0E", "1,2K", [], {}, ...]
)
def test_absurd_numbers_are_unknown(number: object) -> None:
    assert _disk(read_errors=number).errors.read is None


@pytest.mark.parametrize("guid", [0, -1, 2**64, "07", "x", None, 1.0, True, ...])
def test_absurd_identities_are_unknown(guid: object) -> None:
    assert _disk(guid=guid).guid is None


@pytest.mark.parametrize(
    ("name", "type_", "kind"),
    [
        ("mirror-0", "mirror", Kind.MIRROR),
        ("mirror", ..., Kind.MIRROR),
        ("raidz1-0", "raidz", Kind.RAIDZ1),
        ("raidz2-10", "raidz", Kind.RAIDZ2),
        ("raidz3-0", "raidz", Kind.RAIDZ3),
        ("6164552304403596461", "raidz", None),
        ("draid2:8d:42c:2s-1", ..., Kind.DRAID),
        ("replacing-1", ..., Kind.REPLACING),
        ("spare-1", ..., Kind.SPARE),
        ("something-0", ..., None),
        ("something-0", "something", None),
    ],
)
def test_kinds(name: str, type_: object, kind: Kind | None) -> None:
    def change(item: dict[str, Any]) -> None:
        vdevs = item["vdevs"]["full"]["vdevs"]
        mirror = vdevs.pop("mirror-0") | {"name": name, "vdev_type": type_}
        vdevs[name] = {k: v for k, v in mirror.items() if v is not ...}

    assert _changed(change).vdevs[0].kind is kind


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("indirect-3", Kind.INDIRECT),
        ("draid1-0-2", Kind.DISTRIBUTED_SPARE),
        ("/dev/gptid/a", Kind.DISK),
        ("/srv/a.img", Kind.FILE),
        ("mirror-0", Kind.DISK),
    ],
)
def test_kinds_of_what_is_made_of_nothing(name: str, kind: Kind) -> None:
    assert _disk(name=name, vdev_type=...).kind is kind


def test_what_is_no_vdev_is_all_unknown() -> None:
    def change(item: dict[str, Any]) -> None:
        item["vdevs"]["full"]["vdevs"] = {"x": 7}
        item["logs"] = [1]
        item["dedup"] = None

    pool = _changed(change)
    assert pool.vdevs[0] == Vdev(
        guid=None, name="x", kind=Kind.DISK, group=Group.NORMAL, state=None
    )
    assert [vdev.name for vdev in pool.vdevs] == ["x", "mirror-1", "vdj", "vdk"]


def test_a_tree_without_end_is_cut() -> None:
    def change(item: dict[str, Any]) -> None:
        deep: dict[str, Any] = {}
        for _ in range(200):
            deep = {"x": {"vdevs": deep}}
        item["vdevs"]["full"]["vdevs"] = deep

    pool = _changed(change)
    assert len([vdev for vdev in pool.walk() if vdev.name == "x"]) == 8


def test_a_pool_that_tells_nothing() -> None:
    assert parse_status_json(b'{"pools":{"x":{},"y":7}}') == (
        Pool(guid=None, name="x", state=None),
        Pool(guid=None, name="y", state=None),
    )


def test_a_flat_vdev_of_no_class() -> None:
    raw = b'{"pools":{"x":{"vdevs":{"x":{},"sda":{},"sdb":{"class":3}}}}}'
    (pool,) = parse_status_json(raw)
    assert [(v.name, v.group) for v in pool.vdevs] == [("sda", None), ("sdb", None)]


def test_what_the_tool_says_is_bounded() -> None:
    pool = _changed(lambda item: item.update(status="long " * 10_000, action=7))
    assert pool.status is not None
    assert len(pool.status) <= 1024
    assert pool.action is None


def test_no_pools() -> None:
    assert parse_status_json(capture("none", "status-j")) == ()


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"no pools available",
        b"[]",
        b"{}",
        b'{"pools":[]}',
        b'{"pools":{"x":{"name":"\xff"}}}',
        capture("degraded", "status-jint")[:-30],
        capture("degraded", "status-jint")[:1000],
        capture("degraded", "status"),
        b"[" * 100_000,
    ],
)
def test_what_is_no_answer(raw: bytes) -> None:
    with pytest.raises(BadAnswer) as error:
        parse_status_json(raw)
    assert error.value.reason == "bad_answer"


@pytest.mark.parametrize("minor", [0, 2, 99, "1"])
def test_newer_minor_versions_are_read(minor: object) -> None:
    document = orjson.loads(capture("single-disk", "status-json-int"))
    document["output_version"]["vers_minor"] = minor
    document["news"] = {"pools": 1}
    assert parse_status_json(orjson.dumps(document)) == expected_pools("single-disk")


@pytest.mark.parametrize("major", [1, 2, "1", None, "x"])
def test_another_major_version_is_not_read(major: object) -> None:
    document = orjson.loads(capture("single-disk", "status-json-int"))
    document["output_version"]["vers_major"] = major
    with pytest.raises(BadAnswer) as error:
        parse_status_json(orjson.dumps(document))
    assert error.value.reason == "zfs_unknown_version"
