"""The engine, proven on made-up sources through Home Assistant's public surface."""

import asyncio
from dataclasses import replace
import itertools
import logging

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
)
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import EVENT_STATE_CHANGED, STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.helpers import (
    device_registry as dr,
    entity_registry as er,
    issue_registry as ir,
)
from homeassistant.setup import async_setup_component

from .common import (
    CANARY,
    device,
    entity_id,
    make_entry,
    pass_time,
    set_up,
    state,
    until,
)
from .fakes.beacon import BEACONS, Beacon
from .fakes.rack import FAR_ENDS, Box, FarEnd, Rack, Stats
from custom_components.homelab.const import DOMAIN
from custom_components.homelab.source import (
    AuthenticationFailed,
    BadAnswer,
    CannotConnect,
)

ALPHA = Box(name="Alpha", shelf="top")
BETA = Box(name="Beta")


# --- feeds -------------------------------------------------------------------------


async def test_feeds_have_their_own_pace(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    far_end: FarEnd,
    freezer: FrozenDateTimeFactory,
) -> None:
    far_end.rack = Rack(boxes={"a": ALPHA}, shelves=("top",))
    far_end.snapshots["stats"] = {"a": Stats(load=10)}
    await set_up(hass, entry)
    assert far_end.fetches == {"boxes": 1, "stats": 1, "disk": 1}
    for _ in range(4):
        await pass_time(hass, freezer, 15.6)
    assert far_end.fetches == {"boxes": 3, "stats": 5, "disk": 1}
    assert state(hass, "box_a", "load") == "10.0"


async def test_options_set_the_pace(
    hass: HomeAssistant, far_end: FarEnd, freezer: FrozenDateTimeFactory
) -> None:
    entry = make_entry(hass, options={"polling": {"stats_interval": 5}})
    await set_up(hass, entry)
    for _ in range(4):
        await pass_time(hass, freezer, 5.6)
    assert far_end.fetches["boxes"] == 5


async def test_a_followed_snapshot_is_shown_at_once(
    hass: HomeAssistant, entry: MockConfigEntry, far_end: FarEnd
) -> None:
    far_end.rack = Rack(boxes={"a": ALPHA})
    await set_up(hass, entry)
    far_end.send(far_end.rack.having(a=replace(ALPHA, running=False)))
    await hass.async_block_till_done()
    assert state(hass, "box_a", "up") == "off"
    assert far_end.fetches["boxes"] == 1


async def test_an_equal_push_is_not_published(
    hass: HomeAssistant, entry: MockConfigEntry, far_end: FarEnd
) -> None:
    far_end.rack = Rack(boxes={"a": ALPHA})
    await set_up(hass, entry)
    written = async_capture_events(hass, EVENT_STATE_CHANGED)
    for _ in range(20):
        far_end.send(Rack(boxes={"a": replace(ALPHA)}))
    await hass.async_block_till_done()
    assert not written


async def test_pushes_never_postpone_the_poll(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    far_end: FarEnd,
    freezer: FrozenDateTimeFactory,
) -> None:
    """One push a second for five intervals still sees at least four polls."""
    far_end.rack = Rack(boxes={"a": ALPHA})
    await set_up(hass, entry)
    polls = far_end.fetches["boxes"]
    for second in range(5 * 30):
        far_end.send(far_end.rack.having(a=replace(ALPHA, version=str(second))))
        await pass_time(hass, freezer, 1)
    assert far_end.fetches["boxes"] - polls >= 4


async def test_a_dead_stream_leaves_the_poll_working_and_is_opened_again(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    far_end: FarEnd,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    far_end.rack = Rack(boxes={"a": ALPHA})
    await set_up(hass, entry)
    far_end.errors["stream"] = CannotConnect("no stream today")
    far_end.send(None)
    await hass.async_block_till_done()
    far_end.rack = far_end.rack.having(a=replace(ALPHA, running=False))
    await pass_time(hass, freezer, 31)
    assert state(hass, "box_a", "up") == "off"
    assert "failed" not in caplog.text

    del far_end.errors["stream"]
    for _ in range(3):
        await pass_time(hass, freezer, 80)
    assert far_end.streams_opened == 2
    far_end.send(far_end.rack.having(a=ALPHA))
    await hass.async_block_till_done()
    assert state(hass, "box_a", "up") == "on"


async def test_what_was_pushed_during_a_poll_is_not_overwritten_by_it(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    far_end: FarEnd,
    freezer: FrozenDateTimeFactory,
) -> None:
    far_end.rack = Rack(boxes={"a": ALPHA})
    await set_up(hass, entry)
    far_end.gates["boxes"] = asyncio.Event()
    await pass_time(hass, freezer, 31)
    far_end.send(far_end.rack.having(a=replace(ALPHA, running=False)))
    await hass.async_block_till_done()
    far_end.gates.pop("boxes").set()
    await hass.async_block_till_done()
    assert state(hass, "box_a", "up") == "off"


async def test_a_pushed_source_needs_no_answer_at_set_up(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    beacon = BEACONS["far"] = Beacon()
    entry = make_entry(hass, source="beacon")
    await set_up(hass, entry)
    assert entry.state is ConfigEntryState.LOADED
    assert state(hass, "host", "brightness") is None

    beacon.reports.put_nowait(7)
    await hass.async_block_till_done()
    assert state(hass, "host", "brightness") == "7"
    assert state(hass, "host", "connected") == "on"


async def test_silence_past_the_deadline_is_unavailable(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    beacon = BEACONS["far"] = Beacon()
    await set_up(hass, make_entry(hass, source="beacon"))
    for _ in range(5):
        beacon.reports.put_nowait(7)
        await hass.async_block_till_done()
        await pass_time(hass, freezer, 20)
        assert state(hass, "host", "brightness") == "7"
    await pass_time(hass, freezer, 26)
    assert state(hass, "host", "brightness") == STATE_UNAVAILABLE
    assert state(hass, "host", "connected") == "off"
    assert caplog.text.count("silent for too long") == 1

    for _ in range(5):
        await pass_time(hass, freezer, 26)
    beacon.reports.put_nowait(8)
    await hass.async_block_till_done()
    await pass_time(hass, freezer, 0)
    assert state(hass, "host", "brightness") == "8"
    assert caplog.text.count("silent for too long") == 1
    assert caplog.text.count("works again") == 1
    BEACONS.clear()


async def test_a_slow_feed_delays_no_other(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    far_end: FarEnd,
    freezer: FrozenDateTimeFactory,
) -> None:
    far_end.rack = Rack(boxes={"a": ALPHA})
    far_end.hangs.add("stats")
    await set_up(hass, entry)
    assert entry.state is ConfigEntryState.LOADED
    far_end.rack = far_end.rack.having(a=replace(ALPHA, running=False))
    await pass_time(hass, freezer, 31)
    assert state(hass, "box_a", "up") == "off"
    assert state(hass, "box_a", "load") == STATE_UNAVAILABLE
    assert far_end.fetches["stats"] < 4


# --- resources ---------------------------------------------------------------------


async def test_resources_appear_change_vanish_and_return(
    hass: HomeAssistant, entry: MockConfigEntry, far_end: FarEnd
) -> None:
    await set_up(hass, entry)
    assert state(hass, "host", "boxes") == "0"

    far_end.send(Rack(boxes={"a": ALPHA}, shelves=("top",)))
    await hass.async_block_till_done()
    assert state(hass, "box_a", "version") == "1.0"
    first = entity_id(hass, "box_a", "version")

    far_end.send(far_end.rack.having(a=replace(ALPHA, version="2.0")))
    await hass.async_block_till_done()
    assert state(hass, "box_a", "version") == "2.0"
    assert (box := device(hass, "box_a"))
    assert box.sw_version == "2.0"

    far_end.send(far_end.rack.having(a=None))
    await hass.async_block_till_done()
    assert state(hass, "box_a", "version") == STATE_UNAVAILABLE
    assert state(hass, "host", "boxes") == "0"

    far_end.send(far_end.rack.having(a=ALPHA))
    await hass.async_block_till_done()
    assert state(hass, "box_a", "version") == "1.0"
    assert entity_id(hass, "box_a", "version") == first
    assert device(hass, "box_a") == replace_device(hass, box.id)


def replace_device(hass: HomeAssistant, device_id: str) -> dr.DeviceEntry | None:
    found = dr.async_get(hass).async_get(device_id)
    assert found is None or isinstance(found, dr.DeviceEntry)
    return found


async def test_an_entity_whose_fact_appears_later_is_added_then(
    hass: HomeAssistant, entry: MockConfigEntry, far_end: FarEnd
) -> None:
    far_end.rack = Rack(boxes={"a": ALPHA})
    await set_up(hass, entry)
    assert entity_id(hass, "box_a", "temperature") is None
    far_end.send(far_end.rack.having(a=replace(ALPHA, temperature=20.04)))
    await hass.async_block_till_done()
    assert state(hass, "box_a", "temperature") == "20.0"


async def test_parents_are_registered_before_children(
    hass: HomeAssistant, entry: MockConfigEntry, far_end: FarEnd
) -> None:
    created = async_capture_events(hass, dr.EVENT_DEVICE_REGISTRY_UPDATED)
    far_end.rack = Rack(boxes={"a": ALPHA, "b": BETA}, shelves=("top",))
    await set_up(hass, entry)
    registry = dr.async_get(hass)
    names = [
        found.name
        for event in created
        if event.data["action"] == "create"
        and (found := registry.async_get(event.data["device_id"]))
    ]
    assert names == ["Rack", "Shelf top", "Alpha", "Beta"]
    host, shelf = device(hass), device(hass, "shelf_top")
    assert host and shelf
    # a machine is listed among the devices, not below all of them
    assert host.entry_type is None and host.via_device_id is None
    assert shelf.via_device_id == host.id
    assert (alpha := device(hass, "box_a")) and alpha.via_device_id == shelf.id
    assert (beta := device(hass, "box_b")) and beta.via_device_id == host.id


async def test_a_box_on_an_unknown_shelf_hangs_under_the_host(
    hass: HomeAssistant, entry: MockConfigEntry, far_end: FarEnd
) -> None:
    far_end.rack = Rack(boxes={"a": ALPHA})
    await set_up(hass, entry)
    assert (box := device(hass, "box_a")) and (host := device(hass))
    assert box.via_device_id == host.id


async def test_lost_contact_makes_everything_unavailable_and_removes_nothing(
    hass: HomeAssistant,
    far_end: FarEnd,
    freezer: FrozenDateTimeFactory,
) -> None:
    entry = make_entry(hass, options={"removal": {"removal_delay": 0}})
    far_end.rack = Rack(boxes={"a": ALPHA, "b": BETA}, shelves=("top",))
    await set_up(hass, entry)
    before = {s.entity_id for s in hass.states.async_all()}
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    far_end.break_off()
    for _ in range(10):
        await pass_time(hass, freezer, 61)
    states = {s.entity_id: s.state for s in hass.states.async_all()}
    # what is known without asking the host stays known
    own = {
        str(entity_id(hass, "host", key))
        for key in ("connected", "operation", "pending_approvals")
    }
    assert state(hass, "host", "connected") == "off"
    assert {states[name] for name in before - own} == {STATE_UNAVAILABLE}
    assert set(states) == before
    assert devices == dr.async_entries_for_config_entry(
        dr.async_get(hass), entry.entry_id
    )

    far_end.errors.clear()
    await pass_time(hass, freezer, 80)
    assert state(hass, "box_a", "up") == "on"
    assert state(hass, "host", "connected") == "on"


# --- removal -----------------------------------------------------------------------


async def test_what_stays_gone_is_removed_after_the_delay(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    far_end: FarEnd,
    freezer: FrozenDateTimeFactory,
) -> None:
    far_end.rack = Rack(boxes={"a": ALPHA, "b": BETA})
    await set_up(hass, entry)
    far_end.rack = far_end.rack.having(a=None)
    for _ in range(23):
        await pass_time(hass, freezer, 3600)
    assert device(hass, "box_a")
    for _ in range(2):
        await pass_time(hass, freezer, 3600)
    assert device(hass, "box_a") is None
    assert entity_id(hass, "box_a", "version") is None
    assert device(hass, "box_b")

    far_end.send(far_end.rack.having(a=ALPHA))
    await hass.async_block_till_done()
    assert state(hass, "box_a", "version") == "1.0"


async def test_what_returns_in_time_costs_nothing(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    far_end: FarEnd,
    freezer: FrozenDateTimeFactory,
) -> None:
    """A nightly absence of eight hours for a week leaves the registries alone."""
    far_end.rack = Rack(boxes={"a": ALPHA})
    await set_up(hass, entry)
    changes = async_capture_events(hass, dr.EVENT_DEVICE_REGISTRY_UPDATED)
    changes += async_capture_events(hass, er.EVENT_ENTITY_REGISTRY_UPDATED)
    for _ in range(7):
        far_end.rack = far_end.rack.having(a=None)
        for _ in range(8):
            await pass_time(hass, freezer, 3600)
        far_end.rack = far_end.rack.having(a=ALPHA)
        for _ in range(16):
            await pass_time(hass, freezer, 3600)
    assert not changes
    assert state(hass, "box_a", "up") == "on"


async def test_the_delay_counts_over_a_restart(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    far_end: FarEnd,
    freezer: FrozenDateTimeFactory,
) -> None:
    far_end.rack = Rack(boxes={"a": ALPHA})
    await set_up(hass, entry)
    far_end.rack = Rack()
    await pass_time(hass, freezer, 3600)
    await hass.config_entries.async_unload(entry.entry_id)
    freezer.tick(22 * 3600)
    await set_up(hass, entry)
    assert device(hass, "box_a")
    for _ in range(4):
        await pass_time(hass, freezer, 1800)
    assert device(hass, "box_a") is None


async def test_without_a_delay_three_reads_in_a_row_decide(
    hass: HomeAssistant, far_end: FarEnd, freezer: FrozenDateTimeFactory
) -> None:
    entry = make_entry(hass, options={"removal": {"removal_delay": 0}})
    far_end.rack = Rack(boxes={"a": ALPHA})
    await set_up(hass, entry)
    for seen in (False, False, True, False, False):
        far_end.rack = Rack(boxes={"a": ALPHA}) if seen else Rack()
        await pass_time(hass, freezer, 31)
        assert device(hass, "box_a")
    await pass_time(hass, freezer, 31)
    assert device(hass, "box_a") is None


async def test_without_a_delay_a_removal_event_is_enough(
    hass: HomeAssistant, far_end: FarEnd
) -> None:
    entry = make_entry(hass, options={"removal": {"removal_delay": 0}})
    far_end.rack = Rack(boxes={"a": ALPHA})
    await set_up(hass, entry)
    far_end.send(Rack())
    await hass.async_block_till_done()
    assert device(hass, "box_a") is None


async def test_a_user_removes_only_what_is_absent(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    far_end: FarEnd,
    hass_ws_client: WebSocketGenerator,
) -> None:
    assert await async_setup_component(hass, "config", {})
    far_end.rack = Rack(boxes={"a": ALPHA, "b": BETA})
    await set_up(hass, entry)
    client = await hass_ws_client(hass)

    async def remove(resource: str) -> bool:
        assert (found := device(hass, resource))
        await client.send_json_auto_id(
            {
                "type": "config/device_registry/remove_config_entry",
                "config_entry_id": entry.entry_id,
                "device_id": found.id,
            }
        )
        answer = await client.receive_json()
        return bool(answer["success"])

    far_end.send(far_end.rack.having(a=None))
    await hass.async_block_till_done()
    assert not await remove("box_b")
    assert not await remove("")
    assert await remove("box_a")
    far_end.send(far_end.rack.having(a=ALPHA))
    await hass.async_block_till_done()
    assert state(hass, "box_a", "up") == "on"

    await hass.config_entries.async_unload(entry.entry_id)
    assert not await remove("box_a")


# --- errors ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (CannotConnect("nobody there"), ConfigEntryState.SETUP_RETRY),
        (BadAnswer("gibberish"), ConfigEntryState.SETUP_RETRY),
        (AuthenticationFailed("no"), ConfigEntryState.SETUP_ERROR),
    ],
)
async def test_errors_at_set_up(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    far_end: FarEnd,
    error: Exception,
    expected: ConfigEntryState,
) -> None:
    far_end.errors["boxes"] = error
    await set_up(hass, entry)
    assert entry.state is expected
    assert entry.error_reason_translation_key == getattr(error, "reason", None)
    assert far_end.open_sources == 0
    flows = hass.config_entries.flow.async_progress()
    assert bool(flows) == isinstance(error, AuthenticationFailed)

    far_end.errors.clear()
    await hass.config_entries.async_reload(entry.entry_id)
    assert entry.state is ConfigEntryState.LOADED


async def test_a_hanging_far_end_at_set_up(
    hass: HomeAssistant, far_end: FarEnd, freezer: FrozenDateTimeFactory
) -> None:
    entry = make_entry(hass)
    far_end.hangs.add("identity")
    work = hass.async_create_task(hass.config_entries.async_setup(entry.entry_id))
    await until(lambda: far_end.identifications > 0)
    await pass_time(hass, freezer, 21)
    await work
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert entry.error_reason_translation_key == "too_slow"
    assert far_end.open_sources == 0


async def test_lost_contact_is_logged_once_and_tried_again_with_growing_pauses(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    far_end: FarEnd,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await set_up(hass, entry)
    far_end.break_off()
    await hass.async_block_till_done()
    begin = far_end.fetches["boxes"]
    attempts = []
    for second in range(600):
        before = far_end.identifications
        await pass_time(hass, freezer, 1)
        if far_end.identifications > before:
            attempts.append(second)
    assert far_end.fetches["boxes"] == begin
    pauses = [b - a for a, b in itertools.pairwise(attempts)]
    assert attempts[0] <= 3
    assert pauses[0] < 10 < 20 < pauses[-1] < 45
    assert len(attempts) < 35

    far_end.errors.clear()
    await pass_time(hass, freezer, 45)
    assert state(hass, "host", "connected") == "on"
    lines = [r for r in caplog.records if r.name == "custom_components.homelab"]
    assert [r.levelno for r in lines if r.levelno >= logging.INFO] == [
        logging.WARNING,
        logging.INFO,
    ]


async def test_refused_credentials_later_start_a_reauth_flow_and_no_storm(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    far_end: FarEnd,
    freezer: FrozenDateTimeFactory,
) -> None:
    far_end.rack = Rack(boxes={"a": ALPHA})
    await set_up(hass, entry)
    for question in ("identity", "boxes", "stats", "disk", "stream"):
        far_end.errors[question] = AuthenticationFailed(f"bad token {CANARY}")
    far_end.send(AuthenticationFailed("bad token"))
    await hass.async_block_till_done()
    asked = far_end.fetches.total() + far_end.identifications
    for _ in range(60):
        await pass_time(hass, freezer, 61)
    assert far_end.fetches.total() + far_end.identifications - asked <= 3
    flows = hass.config_entries.flow.async_progress()
    assert [flow["context"]["source"] for flow in flows] == ["reauth"]
    assert state(hass, "box_a", "up") == STATE_UNAVAILABLE


async def test_another_machine_is_never_read_and_reported_once(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    far_end: FarEnd,
    freezer: FrozenDateTimeFactory,
    issue_registry: ir.IssueRegistry,
) -> None:
    far_end.rack = Rack(boxes={"a": ALPHA})
    await set_up(hass, entry)
    far_end.break_off()
    await pass_time(hass, freezer, 31)
    far_end.errors.clear()
    far_end.identity = "impostor"
    far_end.rack = Rack(boxes={"x": BETA})
    reads = far_end.fetches["boxes"]
    for _ in range(20):
        await pass_time(hass, freezer, 61)
    assert entry.state is ConfigEntryState.SETUP_ERROR
    assert far_end.fetches["boxes"] == reads
    assert far_end.identifications < 12
    assert device(hass, "box_x") is None
    assert state(hass, "box_a", "up") == STATE_UNAVAILABLE
    (issue,) = issue_registry.issues.values()
    assert issue.translation_key == "wrong_identity"
    assert issue.translation_placeholders == {
        "name": "Rack",
        "expected": "rack-1",
        "found": "impostor",
    }

    far_end.identity = "rack-1"
    await hass.config_entries.async_reload(entry.entry_id)
    assert entry.state is ConfigEntryState.LOADED
    assert not issue_registry.issues


async def test_a_bad_answer_fails_only_its_feed(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    far_end: FarEnd,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    far_end.rack = Rack(boxes={"a": ALPHA})
    far_end.snapshots["stats"] = {"a": Stats(load=10)}
    await set_up(hass, entry)
    far_end.errors["stats"] = BadAnswer("half a line")
    for _ in range(5):
        await pass_time(hass, freezer, 16)
    assert state(hass, "box_a", "load") == STATE_UNAVAILABLE
    assert state(hass, "box_a", "up") == "on"
    assert state(hass, "host", "connected") == "on"
    far_end.errors.clear()
    await pass_time(hass, freezer, 16)
    assert state(hass, "box_a", "load") == "10.0"
    assert caplog.text.count("Reading stats of Rack failed: half a line") == 1
    assert caplog.text.count("Reading stats of Rack works again") == 1


async def test_an_unexpected_exception_fails_only_its_feed(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    far_end: FarEnd,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    far_end.rack = Rack(boxes={"a": ALPHA})
    await set_up(hass, entry)
    far_end.errors["stats"] = RuntimeError("a bug")
    await pass_time(hass, freezer, 16)
    assert state(hass, "box_a", "load") == STATE_UNAVAILABLE
    assert state(hass, "box_a", "up") == "on"
    assert "Unexpected error while reading stats of Rack" in caplog.text


async def test_a_missing_fact_is_unknown_not_unavailable(
    hass: HomeAssistant, entry: MockConfigEntry, far_end: FarEnd
) -> None:
    far_end.rack = Rack(boxes={"a": ALPHA, "b": BETA})
    far_end.snapshots["stats"] = {"a": Stats(load=None)}
    await set_up(hass, entry)
    assert state(hass, "box_a", "load") == STATE_UNKNOWN
    assert state(hass, "box_b", "load") == STATE_UNKNOWN


async def test_two_hosts_do_not_touch_each_other(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    far_end: FarEnd,
    freezer: FrozenDateTimeFactory,
) -> None:
    far_end.rack = Rack(boxes={"a": ALPHA})
    other = FAR_ENDS["other"] = FarEnd()
    other.identity = "rack-2"
    await set_up(hass, entry)
    await set_up(hass, make_entry(hass, address="other", identity="rack-2"))
    other.break_off()
    await pass_time(hass, freezer, 61)
    assert state(hass, "box_a", "up") == "on"
    assert DOMAIN in hass.config.components
