"""What goes wrong in unlikely ways: each of these once did."""

import asyncio
from dataclasses import replace
import logging
from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)
from pytest_homeassistant_custom_component.components.diagnostics import (
    get_diagnostics_for_config_entry,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from homeassistant.config_entries import ConfigEntryDisabler, ConfigEntryState
from homeassistant.const import (
    EVENT_HOMEASSISTANT_STOP,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
)
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component

from .common import CANARY, device, make_entry, pass_time, set_up, state, turns, until
from .fakes.rack import Box, FarEnd, Rack, Stats
from custom_components.homelab.const import DOMAIN
from custom_components.homelab.source import AuthenticationFailed, CannotConnect

ALPHA = Box(name="Alpha")


@pytest.fixture(autouse=True)
def alpha(far_end: FarEnd) -> None:
    """Put one box on the rack."""
    far_end.rack = Rack(boxes={"a": ALPHA})


async def test_a_start_without_contact_keeps_since_when_what_is_gone(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    far_end: FarEnd,
    freezer: FrozenDateTimeFactory,
) -> None:
    await set_up(hass, entry)
    far_end.rack = Rack()
    await pass_time(hass, freezer, 31)
    await hass.config_entries.async_unload(entry.entry_id)
    far_end.errors["identity"] = CannotConnect("down")
    freezer.tick(12 * 3600)
    await set_up(hass, entry)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    far_end.errors.clear()
    freezer.tick(13 * 3600)
    await hass.config_entries.async_reload(entry.entry_id)
    for _ in range(3):
        await pass_time(hass, freezer, 31)
    assert device(hass, "box_a") is None


@pytest.mark.parametrize("how", ["raises", "hangs"])
async def test_a_connection_that_does_not_close_does_not_hold_the_entry(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    far_end: FarEnd,
    freezer: FrozenDateTimeFactory,
    how: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await set_up(hass, entry)
    if how == "raises":
        far_end.errors["close"] = RuntimeError("a bug")
    else:
        far_end.hangs.add("close")
    unloading = asyncio.create_task(hass.config_entries.async_unload(entry.entry_id))
    await until(lambda: "close" in far_end.asked)
    await pass_time(hass, freezer, 6, wait=False)
    assert await unloading
    assert entry.state is ConfigEntryState.NOT_LOADED
    assert "Rack was not closed properly" in caplog.text


async def test_a_bug_in_a_stream_is_logged_and_the_stream_opened_again(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    far_end: FarEnd,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await set_up(hass, entry)
    far_end.send(RuntimeError("a bug"))
    await hass.async_block_till_done()
    assert "boxes of Rack stopped unexpectedly" in caplog.text
    await pass_time(hass, freezer, 5)
    far_end.send(far_end.rack.having(a=replace(ALPHA, running=False)))
    await hass.async_block_till_done()
    assert state(hass, "box_a", "up") == "off"


async def test_a_bug_in_one_resource_does_not_silence_the_others(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    far_end: FarEnd,
    caplog: pytest.LogCaptureFixture,
) -> None:
    far_end.rack = far_end.rack.having(b=Box(name="Beta"))
    await set_up(hass, entry)
    broken: Any = "warm"
    far_end.send(
        far_end.rack.having(
            a=replace(ALPHA, temperature=broken), b=Box(name="Beta", running=False)
        )
    )
    await hass.async_block_till_done()
    far_end.send(far_end.rack.having(a=replace(ALPHA, temperature=broken, note="x")))
    await hass.async_block_till_done()
    assert state(hass, "box_b", "up") == "off"
    assert state(hass, "box_a", "version") is not None


async def test_identity_is_asked_again_after_a_stream_ended(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    far_end: FarEnd,
    freezer: FrozenDateTimeFactory,
) -> None:
    """A machine that takes the address between two good polls is not read as ours."""
    await set_up(hass, entry)
    far_end.identity = "impostor"
    far_end.rack = Rack(boxes={"x": Box(name="Xi")})
    far_end.send(None)
    await hass.async_block_till_done()
    await pass_time(hass, freezer, 1)
    assert entry.state is ConfigEntryState.SETUP_ERROR
    assert device(hass, "box_x") is None


async def test_a_stream_that_outlives_the_poll_does_not_make_the_log_flap(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    far_end: FarEnd,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await set_up(hass, entry)
    far_end.errors["boxes"] = CannotConnect("no route")
    for number in range(20):
        await pass_time(hass, freezer, 31)
        far_end.send(far_end.rack.having(a=replace(ALPHA, version=str(number))))
        await hass.async_block_till_done()
    assert caplog.text.count("Reading boxes of Rack failed") == 1
    assert "works again" not in caplog.text
    assert state(hass, "box_a", "version") == STATE_UNAVAILABLE
    far_end.errors.clear()
    await pass_time(hass, freezer, 80)
    assert state(hass, "box_a", "version") == "19"


async def test_another_feed_that_loses_contact_alone_says_so(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    far_end: FarEnd,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await set_up(hass, entry)
    far_end.errors["stats"] = CannotConnect("another port is closed")
    for _ in range(5):
        await pass_time(hass, freezer, 61)
    assert (
        caplog.text.count("Reading stats of Rack failed: another port is closed") == 1
    )
    assert state(hass, "box_a", "load") == STATE_UNAVAILABLE
    assert state(hass, "box_a", "up") == "on"


async def test_a_stream_that_is_refused_alone_is_tried_again(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    far_end: FarEnd,
    freezer: FrozenDateTimeFactory,
) -> None:
    await set_up(hass, entry)
    far_end.send(AuthenticationFailed("streams are not for you"))
    await hass.async_block_till_done()
    await pass_time(hass, freezer, 5)
    assert far_end.streams_opened == 2


async def test_a_secret_left_blank_stays_as_it_is(
    hass: HomeAssistant, entry: MockConfigEntry, far_end: FarEnd
) -> None:
    await set_up(hass, entry)
    before = entry.data["token"]
    result = await entry.start_reconfigure_flow(hass)
    await hass.config_entries.flow.async_configure(
        result["flow_id"], {"address": "far"}
    )
    await hass.async_block_till_done()
    assert entry.data["token"] == before


@pytest.mark.parametrize("data", [{}, {"source": "of another integration"}])
async def test_an_entry_of_another_integration_with_our_name(
    hass: HomeAssistant,
    data: dict[str, Any],
    hass_client: ClientSessionGenerator,
) -> None:
    entry = MockConfigEntry(domain=DOMAIN, title="Theirs", data=data)
    entry.add_to_hass(hass)
    await set_up(hass, entry)
    assert entry.state is ConfigEntryState.SETUP_ERROR
    assert entry.error_reason_translation_key == "unknown_source"
    result = await entry.start_reconfigure_flow(hass)
    assert (result["type"], result["reason"]) == ("abort", "unknown_source")
    assert await hass.config_entries.async_remove(entry.entry_id)


async def test_diagnostics_of_an_entry_that_is_not_loaded(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    far_end: FarEnd,
    hass_client: ClientSessionGenerator,
) -> None:
    assert await async_setup_component(hass, "diagnostics", {})
    far_end.errors["identity"] = CannotConnect("down")
    await set_up(hass, entry)
    found: Any = await get_diagnostics_for_config_entry(hass, hass_client, entry)
    assert found["state"] == "setup_retry"
    assert found["data"]["token"] == "**REDACTED**"


async def test_an_older_answer_never_replaces_what_was_pushed_meanwhile(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    far_end: FarEnd,
    freezer: FrozenDateTimeFactory,
) -> None:
    await set_up(hass, entry)
    far_end.push_during_fetch = 5
    await pass_time(hass, freezer, 31)
    await hass.async_block_till_done()
    assert state(hass, "box_a", "version") == "pushed"


async def test_without_removal_delay_a_reread_of_old_data_is_no_read(
    hass: HomeAssistant, far_end: FarEnd, freezer: FrozenDateTimeFactory
) -> None:
    entry = make_entry(
        hass, identity="rack-1", options={"removal": {"removal_delay": 0}}
    )
    await set_up(hass, entry)
    far_end.rack = Rack()
    await pass_time(hass, freezer, 31)
    far_end.errors["boxes"] = CannotConnect("no route")
    for _ in range(5):
        await pass_time(hass, freezer, 80)
    assert device(hass, "box_a")


async def test_a_poll_that_works_again_is_taken_though_the_stream_never_paused(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    far_end: FarEnd,
    freezer: FrozenDateTimeFactory,
) -> None:
    await set_up(hass, entry)
    far_end.errors["boxes"] = CannotConnect("no route")
    await pass_time(hass, freezer, 31)
    assert state(hass, "box_a", "up") == STATE_UNAVAILABLE
    far_end.errors.clear()
    far_end.push_during_fetch = 100
    await pass_time(hass, freezer, 80)
    assert state(hass, "box_a", "up") == "on"
    assert state(hass, "host", "connected") == "on"


async def test_what_vanishes_in_the_first_change_is_unavailable(
    hass: HomeAssistant, entry: MockConfigEntry, far_end: FarEnd
) -> None:
    far_end.rack = far_end.rack.having(b=Box(name="Beta"))
    await set_up(hass, entry)
    far_end.send(far_end.rack.having(a=None))
    await hass.async_block_till_done()
    assert state(hass, "box_a", "up") == STATE_UNAVAILABLE


async def test_a_poll_that_answers_as_before_a_push_is_shown(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    far_end: FarEnd,
    freezer: FrozenDateTimeFactory,
) -> None:
    await set_up(hass, entry)
    gate = far_end.gates["boxes"] = asyncio.Event()
    await pass_time(hass, freezer, 31)
    # pushed once, while the poll is under way, and taken back before it is read again
    for stream in far_end.streams:
        stream.put_nowait(far_end.rack.having(a=replace(ALPHA, running=False)))
    await turns()
    assert state(hass, "box_a", "up") == "off"
    far_end.gates.clear()
    gate.set()
    await turns()
    await pass_time(hass, freezer, 31)
    assert state(hass, "box_a", "up") == "on"


async def test_a_device_moves_with_its_parent(
    hass: HomeAssistant,
    far_end: FarEnd,
    freezer: FrozenDateTimeFactory,
) -> None:
    entry = make_entry(hass, options={"removal": {"removal_delay": 0}})
    far_end.rack = Rack(boxes={"a": replace(ALPHA, shelf="top")})
    await set_up(hass, entry)

    def hangs_under(resource: str) -> bool:
        box, parent = device(hass, "box_a"), device(hass, resource)
        return bool(box and parent and box.via_device_id == parent.id)

    assert hangs_under("")
    for shelves, shelf in ((("top",), "top"), (("top", "low"), "low")):
        rack = far_end.rack.having(a=replace(ALPHA, shelf=shelf))
        far_end.send(replace(rack, shelves=shelves))
        await hass.async_block_till_done()
        assert hangs_under(f"shelf_{shelf}")
    far_end.send(replace(far_end.rack, shelves=()))
    await hass.async_block_till_done()
    assert device(hass, "shelf_low") is None
    far_end.send(replace(far_end.rack, shelves=("low",)))
    await hass.async_block_till_done()
    assert hangs_under("shelf_low")


@pytest.mark.parametrize("version", [0, 2])
async def test_a_store_of_another_version_does_not_fail_the_entry(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    far_end: FarEnd,
    hass_storage: dict[str, Any],
    version: int,
) -> None:
    key = f"homelab.devices.{entry.entry_id}"
    stored = {"key": key, "version": version, "minor_version": 1, "data": {}}
    hass_storage[key] = stored
    await set_up(hass, entry)
    assert entry.state is ConfigEntryState.LOADED


async def test_an_absence_that_lies_in_the_future_counts_from_now(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    far_end: FarEnd,
    freezer: FrozenDateTimeFactory,
) -> None:
    await set_up(hass, entry)
    far_end.rack = Rack()
    await pass_time(hass, freezer, 31)
    await hass.config_entries.async_unload(entry.entry_id)
    freezer.tick(-10 * 86_400)
    await set_up(hass, entry)
    for _ in range(26):
        await pass_time(hass, freezer, 3600)
    assert device(hass, "box_a") is None


async def test_one_that_goes_while_another_returns_is_remembered(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    far_end: FarEnd,
    freezer: FrozenDateTimeFactory,
    hass_storage: dict[str, Any],
) -> None:
    far_end.rack = far_end.rack.having(b=Box(name="Beta"))
    await set_up(hass, entry)
    for gone in ("b", "a"):
        boxes = {"a": ALPHA, "b": Box(name="Beta")}
        del boxes[gone]
        far_end.send(Rack(boxes=boxes))
        await hass.async_block_till_done()
        await pass_time(hass, freezer, 11)
        stored = hass_storage[f"homelab.devices.{entry.entry_id}"]["data"]["absent"]
        assert list(stored) == [f"rack-1_box_{gone}"]


async def test_a_bug_in_one_entity_does_not_silence_its_neighbours(
    hass: HomeAssistant, entry: MockConfigEntry, far_end: FarEnd
) -> None:
    await set_up(hass, entry)
    broken: Any = 7
    far_end.send(far_end.rack.having(a=replace(ALPHA, latest=broken, shelf="new")))
    await hass.async_block_till_done()
    assert state(hass, "box_a", "slot_1") == "new"


@pytest.mark.parametrize("value", [True, "12", 10**400, float("nan")])
async def test_what_is_no_number_is_unknown(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    far_end: FarEnd,
    freezer: FrozenDateTimeFactory,
    value: Any,
) -> None:
    await set_up(hass, entry)
    far_end.snapshots["stats"] = {"a": Stats(load=value)}
    await pass_time(hass, freezer, 16)
    assert state(hass, "box_a", "load") == STATE_UNKNOWN
    assert entry.runtime_data.values_dropped > 0


async def test_home_assistant_stops_and_the_entry_is_unloaded(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    far_end: FarEnd,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await set_up(hass, entry)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
    await hass.async_block_till_done()
    assert far_end.open_sources == 0
    await hass.config_entries.async_unload(entry.entry_id)
    assert "Unable to remove" not in caplog.text


async def test_what_is_let_go_of_while_it_is_read_from_is_no_bug(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    far_end: FarEnd,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await set_up(hass, entry)
    caplog.clear()
    far_end.gates["stats"] = asyncio.Event()
    asked = far_end.fetches["stats"]
    freezer.tick(16)
    async_fire_time_changed(hass)
    await until(lambda: far_end.fetches["stats"] > asked)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
    await until(lambda: far_end.open_sources == 0)
    far_end.errors["stats"] = RuntimeError("Session is closed")
    far_end.gates["stats"].set()
    await hass.async_block_till_done(wait_background_tasks=True)
    ours = [record for record in caplog.records if "homelab" in record.name]
    assert not [record for record in ours if record.levelno > logging.INFO]


async def test_an_entry_that_was_disabled_from_the_start_is_removed(
    hass: HomeAssistant, far_end: FarEnd, caplog: pytest.LogCaptureFixture
) -> None:
    entry = make_entry(hass, disabled_by=ConfigEntryDisabler.USER)
    await hass.config_entries.async_remove(entry.entry_id)
    assert "Error" not in caplog.text


async def test_what_a_bug_says_is_logged_without_secrets(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    far_end: FarEnd,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await set_up(hass, entry)
    bug = ValueError(f"http://somebody:{CANARY}@far")
    far_end.errors["stats"] = bug
    far_end.send(bug)
    await pass_time(hass, freezer, 31)
    assert "http://somebody:**@far" in caplog.text
    assert not [
        x for x in caplog.text.splitlines() if CANARY in x and "Writing" not in x
    ]


async def test_other_feeds_ask_nobody_while_the_first_has_lost_contact(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    far_end: FarEnd,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Whoever answers then may be somebody else."""
    await set_up(hass, entry)
    far_end.break_off()
    await pass_time(hass, freezer, 1)
    for question in ("stats", "disk"):
        del far_end.errors[question]
    before = far_end.fetches["stats"]
    for _ in range(10):
        await pass_time(hass, freezer, 61)
    assert far_end.fetches["stats"] == before
    far_end.errors.clear()
    await pass_time(hass, freezer, 80)
    assert far_end.fetches["stats"] > before
    assert state(hass, "box_a", "load") == STATE_UNKNOWN
