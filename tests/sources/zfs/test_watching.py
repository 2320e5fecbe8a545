"""The stream: one for all, faster while somebody watches, begun anew when it has to be."""

import asyncio
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
    async_fire_time_changed,
)
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from demo.zfs.machine import Answer
from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import HomeAssistant

from .common import TANK, let_work, poll, settle, start, value
from tests.common import until
from tests.fakes.zfs_host import ZfsFarEnd

GUID = TANK.partition("_")[2]


async def watch(hass_ws_client: WebSocketGenerator, entry: MockConfigEntry) -> Any:
    """Begin to watch; return the connection."""
    client = await hass_ws_client()
    await client.send_json_auto_id(
        {"type": "homelab/subscribe_zfs", "entry_id": entry.entry_id}
    )
    assert (await client.receive_json())["success"]
    return client


async def message(client: Any) -> dict[str, Any]:
    """Return the next one that has rows."""
    while True:
        event: dict[str, Any] = (await client.receive_json())["event"]
        if event["pools"]:
            return event


async def test_rows_come_every_second_and_add_up_to_what_is_shown(
    hass: HomeAssistant,
    far: ZfsFarEnd,
    zfs_entry: MockConfigEntry,
    hass_ws_client: WebSocketGenerator,
) -> None:
    await start(hass, far, zfs_entry)
    await until(lambda: far.paces == [10])
    client = await watch(hass_ws_client, zfs_entry)
    first = (await message(client))["pools"][0]
    assert (first["guid"], first["name"], first["health"]) == (GUID, "tank", "online")
    assert (first["scan"], first["used_percent"]) == ("idle", 12.6)
    assert [row["name"] for row in first["rows"]] == [
        *("mirror-0", "vda", "vdb", "mirror-1", "vdc", "vdd", "vde", "vdf", "vdg"),
    ]
    row = first["rows"][1]
    assert row["parent"] == first["rows"][0]["guid"]
    assert (row["kind"], row["state"]) == ("disk", "online")
    assert (row["read_errors"], row["read_ops"]) == (0, None)

    await until(lambda: far.paces == [10, 1] and bool(far.streams))
    written = async_capture_events(hass, EVENT_STATE_CHANGED)
    for number in range(1, 10):
        far.machine.work["tank"] = (number, 0, number * 4096, 0)
        far.emit(1)
        rows = (await message(client))["pools"][0]["rows"]
        assert rows[1]["read_ops"] == number
    await hass.async_block_till_done()
    assert not [e for e in written if "operations" in e.data["entity_id"]]
    assert not written
    assert value(hass, TANK, "read_operations") == "unknown"
    far.machine.work["tank"] = (100, 0, 1, 0)
    far.emit(1)
    # 1 to 9 and 100, over ten seconds
    await until(lambda: value(hass, TANK, "read_operations") == "14.0")
    assert far.most_streams == 1


async def test_the_slow_stream_comes_back_when_nobody_watches(
    hass: HomeAssistant,
    far: ZfsFarEnd,
    zfs_entry: MockConfigEntry,
    hass_ws_client: WebSocketGenerator,
) -> None:
    await start(hass, far, zfs_entry)
    client = await watch(hass_ws_client, zfs_entry)
    await message(client)
    await until(lambda: far.paces[-1] == 1)
    await client.close()
    await let_work()
    async_fire_time_changed(hass, fire_all=True)
    await until(lambda: far.paces[-1] == 10 and bool(far.streams))
    assert far.most_streams == 1


async def test_a_stream_that_cannot_be_ended_is_waited_for(
    hass: HomeAssistant,
    far: ZfsFarEnd,
    zfs_entry: MockConfigEntry,
    hass_ws_client: WebSocketGenerator,
) -> None:
    """OpenSSH lets no signal through for root: it ends when it next prints something."""
    far.stubborn = True
    await start(hass, far, zfs_entry)
    await until(lambda: far.paces == [10])
    client = await watch(hass_ws_client, zfs_entry)
    await message(client)
    await let_work()
    assert far.paces == [10]


async def test_other_pools_begin_it_anew(
    hass: HomeAssistant,
    far: ZfsFarEnd,
    zfs_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    await start(hass, far, zfs_entry)
    await until(lambda: far.paces == [10])
    far.machine.show("mirror-idle", "all-classes")
    freezer.tick(20)
    far.emit()
    await poll(hass, far, freezer, seconds=41)
    await until(lambda: len(far.paces) >= 2 and bool(far.streams))
    far.machine.work["full"] = (7, 0, 70, 0)
    far.emit()
    await until(
        lambda: value(hass, "pool_1868606108602943958", "read_operations") == "7.0"
    )
    assert far.most_streams == 1


async def test_nothing_is_shown_across_a_change_of_the_tree(
    hass: HomeAssistant, far: ZfsFarEnd, zfs_entry: MockConfigEntry
) -> None:
    await start(hass, far, zfs_entry)
    await until(lambda: bool(far.streams))
    far.machine.work["tank"] = (5, 0, 50, 0)
    far.emit()
    await until(lambda: value(hass, TANK, "read_operations") == "5.0")
    # a disk more: this sample pairs disks by their places
    far.machine.show("mirror-spare-inuse")
    far.machine.work["tank"] = (99999, 0, 50, 0)
    far.emit()
    await until(lambda: value(hass, TANK, "read_operations") == "unknown")
    far.machine.work["tank"] = (6, 0, 50, 0)
    far.emit()
    await until(lambda: value(hass, TANK, "read_operations") == "6.0")


async def test_rows_that_make_no_sense_are_unknown(
    hass: HomeAssistant, far: ZfsFarEnd, zfs_entry: MockConfigEntry
) -> None:
    await start(hass, far, zfs_entry)
    await until(lambda: bool(far.streams))
    absurd = ["16.0E", "-", str(2**63), "1,5", *["-"] * 11, *["0"] * 16]
    far.send("1795147000\ntank\t" + "\t".join(absurd) + "\n1795147000\n")
    await let_work()
    far.send("tank\t1\t2\n\n\ntank\n1795147001\n")
    await let_work()
    assert value(hass, TANK, "read_operations") == "unknown"
    assert value(hass, TANK, "read_rate") == "unknown"


async def test_a_stream_that_ends_or_is_cut_is_begun_anew(
    hass: HomeAssistant,
    far: ZfsFarEnd,
    zfs_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    await start(hass, far, zfs_entry)
    await until(lambda: bool(far.streams))
    far.machine.work["tank"] = (5, 0, 50, 0)
    far.emit()
    await until(lambda: value(hass, TANK, "read_operations") == "5.0")
    # cut in the middle of a number
    far.send("1795147000\ntank\t63469568\t4398")
    far.send("")
    await until(lambda: not far.streams)
    await until(lambda: value(hass, TANK, "read_operations") == "unknown")
    for _ in range(3):
        freezer.tick(11)
        await let_work()
    await until(lambda: len(far.paces) == 2 and bool(far.streams))
    far.emit()
    await until(lambda: value(hass, TANK, "read_operations") == "5.0")
    assert value(hass, TANK, "health") == "online"


async def test_a_stream_that_shows_nothing_is_begun_anew(
    hass: HomeAssistant,
    far: ZfsFarEnd,
    zfs_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    await start(hass, far, zfs_entry)
    await until(lambda: bool(far.streams))
    for _ in range(6):
        # as after an export: stamps alone, for ever
        freezer.tick(10)
        far.machine.clock += 10
        far.send(f"{far.machine.clock}\n")
        await let_work()
    await until(lambda: len(far.paces) >= 2)
    assert far.most_streams == 1


async def test_a_stream_without_stamps_between_is_flushed(
    hass: HomeAssistant, far: ZfsFarEnd, zfs_entry: MockConfigEntry
) -> None:
    await start(hass, far, zfs_entry)
    await until(lambda: bool(far.streams))
    far.machine.work["tank"] = (8, 0, 50, 0)
    # the stamp that ends it would come only an interval later
    far.send(far.machine.sample())
    await asyncio.sleep(0.5)
    await until(lambda: value(hass, TANK, "read_operations") == "8.0")
    await settle(hass, far)


async def test_no_iostat_is_no_work_but_all_else(
    hass: HomeAssistant, far: ZfsFarEnd, zfs_entry: MockConfigEntry
) -> None:
    far.machine.instead["zpool iostat -Hpvyg -lq -T u 10"] = Answer(err="no", code=1)
    await start(hass, far, zfs_entry)
    await let_work()
    assert value(hass, TANK, "read_operations") == "unknown"
    assert value(hass, TANK, "health") == "online"
