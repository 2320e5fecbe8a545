"""What a ZFS host shows, through Home Assistant."""

from copy import deepcopy

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from demo.zfs.capture import Capture
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er

from .common import (
    IDENTITY,
    LARGE,
    MIRROR,
    TANK,
    VDB,
    device,
    devices,
    entity_id,
    look,
    poll,
    start,
    value,
)
from tests.common import until
from tests.fakes.zfs_host import ZfsFarEnd

MEDIA = "dataset_4000000000000000002"
FULL = "pool_1868606108602943958"


async def test_devices_hang_under_each_other(
    hass: HomeAssistant, far: ZfsFarEnd, zfs_entry: MockConfigEntry
) -> None:
    await start(hass, far, zfs_entry)
    host, pool, vdev, disk = (device(hass, name) for name in ("", TANK, MIRROR, VDB))
    assert host and pool and vdev and disk
    assert (host.name, host.model, host.sw_version) == (
        "nas",
        "OpenZFS on Linux",
        "2.3.9",
    )
    assert (pool.via_device_id, vdev.via_device_id) == (host.id, pool.id)
    assert disk.via_device_id == vdev.id
    assert (disk.name, disk.model, disk.serial_number) == ("tank vdb", "Disk b", "Sb1")
    assert vdev.name == "tank mirror-0" and vdev.model == "Mirror"
    media = device(hass, MEDIA)
    assert media and (media.name, media.via_device_id) == ("tank/media", pool.id)
    # a single disk hangs right under its pool, and says what it serves as
    names = {d.name: d for d in devices(hass)}
    assert names["tank vde"].via_device_id == pool.id
    assert not [n for n in names if n and "spare" in n]


async def test_states_and_numbers_of_a_healthy_pool(
    hass: HomeAssistant, far: ZfsFarEnd, zfs_entry: MockConfigEntry
) -> None:
    far.machine.work["tank"] = (12, 3, 4096000, 1024000)
    await start(hass, far, zfs_entry)
    await until(lambda: bool(far.streams))
    far.emit()
    await until(lambda: value(hass, TANK, "read_operations") not in (None, "unknown"))
    shown = {
        key: value(hass, TANK, key)
        for key in (
            "problem",
            "health",
            "errors",
            "data_errors",
            "scan",
            "read_operations",
        )
    }
    assert shown == {
        "problem": "off",
        "health": "online",
        "errors": "0",
        "data_errors": "0",
        "scan": "idle",
        "read_operations": "12.0",
    }
    assert value(hass, TANK, "scan_progress") == "unknown"
    assert value(hass, TANK, "last_scrub") == "unknown"
    assert float(value(hass, TANK, "size") or 0) == pytest.approx(0.469, abs=0.01)
    assert float(value(hass, TANK, "read_rate") or 0) == pytest.approx(3.91, abs=0.1)
    assert value(hass, "host", "pools") == "1"
    assert value(hass, "host", "zfs_version") == "2.3.9"
    assert value(hass, VDB, "state") == "online"
    assert value(hass, VDB, "temperature") == "31.0"
    assert value(hass, VDB, "smart_problem") == "off"
    assert not [
        line for line in far.log if line.startswith(("zpool scrub", "sudo -n z"))
    ]


async def test_what_is_disabled_by_default(
    hass: HomeAssistant, far: ZfsFarEnd, zfs_entry: MockConfigEntry
) -> None:
    await start(hass, far, zfs_entry)
    registry = er.async_get(hass)
    for resource, key, disabled in (
        (TANK, "read_latency", True),
        (TANK, "dedup_ratio", True),
        (TANK, "trim", True),
        (TANK, "scrub_start", False),
        (TANK, "write_rate", False),
        (VDB, "write_rate", True),
        (VDB, "power_on_hours", True),
        (MIRROR, "size", True),
        (MIRROR, "errors", False),
    ):
        entry = registry.async_get(entity_id(hass, resource, key) or "")
        assert entry and (entry.disabled_by is not None) is disabled, key


@pytest.mark.parametrize(
    ("case", "health", "problem", "said"),
    [
        ("mirror-cksum", "online", "on", "unrecoverable error"),
        ("mirror-offline", "degraded", "on", "taken offline by the administrator"),
        ("mirror-scrubbed", "online", "off", ""),
        ("mirror-spare-inuse", "online", "off", ""),
    ],
)
async def test_what_is_wrong_is_said_in_the_tools_words(
    hass: HomeAssistant,
    far: ZfsFarEnd,
    zfs_entry: MockConfigEntry,
    case: str,
    health: str,
    problem: str,
    said: str,
) -> None:
    far.machine.show(case)
    await start(hass, far, zfs_entry)
    shown = look(hass, TANK, "problem")
    assert shown and (value(hass, TANK, "health"), shown.state) == (health, problem)
    assert said in (shown.attributes["status"] or "")
    assert len(shown.attributes["status"] or "") <= 1024
    assert bool(shown.attributes["action"]) is bool(said)


async def test_errors_have_their_parts_as_attributes(
    hass: HomeAssistant, far: ZfsFarEnd, zfs_entry: MockConfigEntry
) -> None:
    far.machine.show("mirror-cksum")
    await start(hass, far, zfs_entry)
    parts = far.machine.captures[0].parts()
    wrong = next(p for _, p in parts if p["checksum_errors"] and "path" in p)
    shown = look(hass, f"disk_{wrong['guid']}", "errors")
    assert shown and shown.state == str(wrong["checksum_errors"])
    wanted = {"read": 0, "write": 0, "checksum": wrong["checksum_errors"]}
    assert {key: shown.attributes[key] for key in wanted} == wanted


async def test_a_scrub_from_its_start_to_its_end(
    hass: HomeAssistant,
    far: ZfsFarEnd,
    zfs_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    far.machine.show("scrub-paused")
    capture = far.machine.captures[0]
    capture.finish_scan()
    await start(hass, far, zfs_entry)
    assert value(hass, LARGE, "scan") == "idle"
    far.machine.show("scrub-running")
    await poll(hass, far, freezer)
    assert value(hass, LARGE, "scan") == "scrub"
    assert float(value(hass, LARGE, "scan_progress") or 0) == pytest.approx(35, abs=1)
    event = look(hass, "host", "pool")
    assert event and event.attributes["event_type"] == "scrub_started"
    pool = device(hass, LARGE)
    assert pool and event.attributes["device_id"] == pool.id
    far.machine.captures[0].finish_scan()
    await poll(hass, far, freezer)
    event = look(hass, "host", "pool")
    assert event and event.attributes["event_type"] == "scrub_finished"
    assert (event.attributes["result"], event.attributes["errors"]) == ("finished", 0)
    assert value(hass, LARGE, "scan") == "idle"
    assert value(hass, LARGE, "scan_progress") == "unknown"
    assert (value(hass, LARGE, "last_scrub") or "").startswith("2026-11-20T")
    assert value(hass, LARGE, "last_scrub_errors") == "0"
    # the next one does not make the last one forgotten
    far.machine.show("scrub-running")
    await poll(hass, far, freezer)
    assert (value(hass, LARGE, "last_scrub") or "").startswith("2026-11-20T")


async def test_events_of_pools_and_disks(
    hass: HomeAssistant,
    far: ZfsFarEnd,
    zfs_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    await start(hass, far, zfs_entry)
    seen: list[tuple[str, str]] = []

    def note() -> None:
        event = look(hass, "host", "pool")
        assert event
        seen.append((event.attributes["event_type"], event.attributes["resource"]))

    far.machine.show("mirror-idle")
    part = next(p for _, p in far.machine.captures[0].parts() if p["name"] == "vdb")
    part["state"] = "FAULTED"
    await poll(hass, far, freezer)
    note()
    part["state"] = "ONLINE"
    await poll(hass, far, freezer)
    note()
    # what somebody takes offline is no fault
    part["state"] = "OFFLINE"
    await poll(hass, far, freezer)
    note()
    part["state"] = "ONLINE"
    await poll(hass, far, freezer)
    far.machine.kernel_states["tank"] = "DEGRADED"
    await poll(hass, far, freezer)
    note()
    far.machine.kernel_states.clear()
    await poll(hass, far, freezer)
    note()
    far.machine.show("mirror-idle", "all-classes")
    await poll(hass, far, freezer)
    note()
    assert device(hass, FULL)
    far.machine.show("mirror-idle")
    await poll(hass, far, freezer)
    note()
    assert seen == [
        ("disk_faulted", "vdb"),
        ("disk_returned", "vdb"),
        ("disk_returned", "vdb"),
        ("degraded", "tank"),
        ("recovered", "tank"),
        ("imported", "full"),
        ("exported", "full"),
    ]
    # gone is not removed: its device stays for the removal delay
    assert device(hass, FULL)
    assert value(hass, FULL, "health") == "unavailable"


async def test_an_older_openzfs_is_read_as_text(
    hass: HomeAssistant, far: ZfsFarEnd, zfs_entry: MockConfigEntry
) -> None:
    far.machine.release = "2.2.9"
    await start(hass, far, zfs_entry)
    assert value(hass, TANK, "health") == "online"
    assert value(hass, VDB, "state") == "online"
    assert not [line for line in far.log if line.startswith("zpool") and "json" in line]
    assert [line for line in far.log if line.startswith("zpool status")] == [
        "zpool status -ps",
        "zpool status -gp",
        "zpool status -pP",
    ]


async def test_freebsd_tells_the_same_by_sysctl(
    hass: HomeAssistant,
    far: ZfsFarEnd,
    zfs_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    far.machine.system = "FreeBSD"
    entry = zfs_entry
    hass.config_entries.async_update_entry(
        entry, unique_id="12345678-1234-1234-1234-123456789abc"
    )
    await start(hass, far, entry)
    assert entry.state is ConfigEntryState.LOADED, entry.reason
    registry = er.async_get(hass)
    stem = f"{entry.unique_id}_{TANK}_"
    health = registry.async_get_entity_id("sensor", "homelab", f"{stem}health")
    assert health
    far.machine.kernel_states["tank"] = "SUSPENDED"
    await poll(hass, far, freezer)
    state = hass.states.get(health)
    assert state and state.state == "suspended"
    assert any("kstat.zfs.tank.misc.state" in line for line in far.log)


async def test_the_cache_is_told_from_what_was_asked_of_it_lately(
    hass: HomeAssistant,
    far: ZfsFarEnd,
    zfs_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    await start(hass, far, zfs_entry)
    assert value(hass, "host", "arc_hit_rate") == "unknown"
    far.machine.hits += 500
    await poll(hass, far, freezer)
    assert value(hass, "host", "arc_hit_rate") == "100.0"
    # nobody asked anything of it: what is known stays
    await poll(hass, far, freezer)
    assert value(hass, "host", "arc_hit_rate") == "100.0"
    far.machine.hits = 7
    await poll(hass, far, freezer)
    assert value(hass, "host", "arc_hit_rate") == "unknown"


async def test_datasets_and_their_snapshots(
    hass: HomeAssistant,
    far: ZfsFarEnd,
    zfs_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    far.machine.snapshots = {
        "tank/media@a": 1795144160,
        "tank/media@b": 1795144999,
        "tank@a": 1795144160,
    }
    await start(hass, far, zfs_entry)
    assert value(hass, MEDIA, "snapshots") == "2"
    assert value(hass, MEDIA, "newest_snapshot") == "2026-11-20T03:23:19+00:00"
    assert value(hass, "dataset_4000000000000000003", "snapshots") == "0"
    # listed once an hour at most
    for _ in range(3):
        await poll(hass, far, freezer, seconds=301)
    listed = [line for line in far.log if line.startswith("zfs list")]
    assert sum("-t filesystem,volume" in line for line in listed) >= 4
    assert sum("-t snapshot" in line for line in listed) == 1


async def test_patterns_choose_datasets(
    hass: HomeAssistant, far: ZfsFarEnd, zfs_entry: MockConfigEntry
) -> None:
    far.machine.datasets = ["media", "media/tv", "vm", "vm/disk-1"]
    own = {"zfs": {"datasets": ["*/vm/*", "tank"]}}
    hass.config_entries.async_update_entry(zfs_entry, options=own)
    await start(hass, far, zfs_entry)
    names = {d.name for d in devices(hass)}
    assert "tank/vm/disk-1" in names
    assert not {"tank/media", "tank/vm", "tank/media/tv"} & names
    assert any(" -d 2 tank" in line for line in far.log)


async def test_every_identifier_is_a_guid(
    hass: HomeAssistant, far: ZfsFarEnd, zfs_entry: MockConfigEntry
) -> None:
    await start(hass, far, zfs_entry)
    for entry in er.async_get(hass).entities.values():
        rest = entry.unique_id.removeprefix(f"{IDENTITY}_")
        kind, _, more = rest.partition("_")
        assert kind == "host" or more.partition("_")[0].isdecimal(), entry.unique_id


@pytest.mark.parametrize("is_first", [True, False])
async def test_a_spare_of_two_pools_is_shown_where_it_works(
    hass: HomeAssistant, far: ZfsFarEnd, zfs_entry: MockConfigEntry, is_first: bool
) -> None:
    working, other = Capture("mirror-spare-inuse"), Capture("all-classes")
    other.pool["spares"] = deepcopy(working.pool["spares"])
    spare = working.pool["vdevs"]["tank"]["vdevs"]["mirror-1"]["vdevs"]["spare-1"]
    spare["vdevs"]["vdg"] |= {"state": "FAULTED", "write_errors": 300}
    far.machine.captures = [working, other] if is_first else [other, working]
    await start(hass, far, zfs_entry)
    assert value(hass, "disk_204160467589851314", "state") == "faulted"
    assert value(hass, "disk_204160467589851314", "errors") == "300"


async def test_damaged_files_are_a_problem_even_where_nobody_counts_them(
    hass: HomeAssistant, far: ZfsFarEnd, zfs_entry: MockConfigEntry
) -> None:
    pool = far.machine.captures[0].pool
    pool["msgid"] = "ZFS-8000-8A"
    del pool["error_count"]
    await start(hass, far, zfs_entry)
    assert value(hass, TANK, "data_errors") == "unknown"
    assert value(hass, TANK, "problem") == "on"
