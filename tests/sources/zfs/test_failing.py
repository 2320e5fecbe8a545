"""What fails beside what matters, and what is begun again at once."""

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from demo.zfs.machine import Answer
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component

from .common import LARGE, TANK, entity_id, let_work, look, poll, settle, start, value
from tests.common import until
from tests.fakes.zfs_host import ZfsFarEnd

STATUS = "zpool status -jp --json-int"


@pytest.mark.parametrize(
    "answer",
    [
        Answer(err="date: not allowed", code=77),
        Answer(out="soon\n"),
        Answer(out="9" * 9_000_000),
    ],
    ids=["refused", "nonsense", "flood"],
)
async def test_without_a_clock_only_the_end_of_a_scan_is_unknown(
    hass: HomeAssistant, far: ZfsFarEnd, zfs_entry: MockConfigEntry, answer: Answer
) -> None:
    far.machine.show("scrub-running")
    far.machine.instead["date"] = answer
    await start(hass, far, zfs_entry)
    assert value(hass, LARGE, "scan") == "scrub"
    assert value(hass, LARGE, "health") == "online"
    assert value(hass, LARGE, "scan_finish") == "unknown"


async def test_a_person_who_wants_to_know_ends_the_rest(
    hass: HomeAssistant,
    far: ZfsFarEnd,
    zfs_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    await async_setup_component(hass, "homeassistant", {})
    await start(hass, far, zfs_entry)
    far.is_deaf = False
    far.hanging = {"zpool status"}
    freezer.tick(61)
    async_fire_time_changed(hass)
    await until(lambda: bool(far.hung))
    await poll(hass, far, freezer, seconds=21)
    far.hanging.clear()
    asked = far.log.count(STATUS)
    await hass.services.async_call(
        "homeassistant",
        "update_entity",
        {"entity_id": entity_id(hass, TANK, "allocated")},
        blocking=True,
    )
    await settle(hass, far)
    assert far.log.count(STATUS) == asked + 1
    shown = look(hass, TANK, "health")
    assert shown and "as_of" not in shown.attributes


async def test_what_is_shown_stays_while_a_faster_stream_waits_for_the_slow_one(
    hass: HomeAssistant,
    far: ZfsFarEnd,
    zfs_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    hass_ws_client: WebSocketGenerator,
) -> None:
    far.stubborn = True
    await start(hass, far, zfs_entry)
    await until(lambda: far.paces == [10])
    far.machine.work["tank"] = (7, 0, 4096, 0)
    far.emit()
    await until(lambda: value(hass, TANK, "read_operations") == "7.0")
    client = await hass_ws_client()
    await client.send_json_auto_id(
        {"type": "homelab/subscribe_zfs", "entry_id": zfs_entry.entry_id}
    )
    assert (await client.receive_json())["success"]
    await let_work()
    assert far.paces == [10]
    assert value(hass, TANK, "read_operations") == "7.0"
    # for longer than it takes between two samples nothing is known any more
    for _ in range(12):
        freezer.tick(0.2)
        await let_work()
    assert value(hass, TANK, "read_operations") == "unknown"
