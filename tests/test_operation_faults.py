"""Ways in which an operation could get lost, stuck or round the rules: each once did."""

import asyncio
from dataclasses import replace
import json
from pathlib import Path
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
)

from homeassistant.core import Context, Event, HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import device_registry as dr, issue_registry as ir
from homeassistant.setup import async_setup_component

from .common import device, entity_id, pass_time, turns, until
from .fakes.rack import EMPTY, SHAKE, Box, FarEnd
from .test_operations import (
    ALPHA,
    Press,
    decide,
    events,
    issues,
    listed,
    loaded,
    logbook_line,
    moves,
    options,
    press,
    settled,
    user,
)
from custom_components.homelab.const import OPERATIONS
from custom_components.homelab.ledger import Ledger
from custom_components.homelab.source import CannotConnect

__all__ = ["events", "loaded", "options", "press", "user"]

TRAIL = "homelab.operations.jsonl"


@pytest.fixture(autouse=True)
def _no_complaints() -> None:
    """Let these tests read the file; test_operations.py sees to it that we do not."""


@pytest.fixture
def trail(tmp_path: Path) -> Path:
    """Return where the audit trail is."""
    return tmp_path / ".storage" / TRAIL


# --- verdicts ------------------------------------------------------------------------


async def test_a_script_does_not_approve_by_pretending_to_be_a_phone(
    hass: HomeAssistant, press: Press, admin: Context, events: list[Event]
) -> None:
    await press("shake")
    action = f"HOMELAB_APPROVE_{events[0].data['operation_id']}"
    step = {"event": "mobile_app_notification_action", "event_data": {"action": action}}
    script = {"script": {"sneaky": {"sequence": step}}}
    assert await async_setup_component(hass, "script", script)
    await hass.services.async_call("script", "sneaky", {}, True, admin)
    await hass.async_block_till_done()
    await settled(hass)
    assert moves(events) == ["pending"]


async def test_a_user_that_is_no_person_is_the_system(
    hass: HomeAssistant, press: Press, events: list[Event]
) -> None:
    """The Supervisor's user, in whose name add-ons call, is an administrator."""
    supervisor = await hass.auth.async_create_system_user(
        "Supervisor", group_ids=["system-admin"]
    )
    context = Context(user_id=supervisor.id)
    await press("running", context)
    assert events[0].data["asked_by"]["kind"] == "system"
    with pytest.raises(ServiceValidationError) as raised:
        await decide(hass, "approve", events[0].data["operation_id"], context)
    assert raised.value.translation_key == "not_allowed"
    assert moves(events) == ["pending"]


async def test_a_script_is_no_person_however_many_others_were_started_since(
    hass: HomeAssistant, press: Press, admin: Context, events: list[Event]
) -> None:
    started = Context(user_id=admin.user_id)
    hass.bus.async_fire("script_started", {"name": "Long"}, context=started)
    for number in range(500):
        hass.bus.async_fire("automation_triggered", {"name": f"New {number}"})
    await press("shake", started)
    assert events[0].data["asked_by"]["kind"] == "system"
    # whoever comes later is known again
    await press("shake", Context(user_id=admin.user_id))
    assert moves(events) == ["pending", "running", "succeeded"]


@pytest.mark.parametrize("options", [{"protect": [" alpha ", " "]}])
async def test_blanks_around_a_pattern_do_not_matter(
    press: Press, admin: Context, far_end: FarEnd
) -> None:
    with pytest.raises(ServiceValidationError):
        await press("shake", admin)
    await press("shake", admin, box="b")
    assert far_end.calls == [("shake", "b")]


async def test_the_name_of_now_counts_after_a_hundred_others(
    hass: HomeAssistant,
    press: Press,
    admin: Context,
    far_end: FarEnd,
    loaded: MockConfigEntry,
) -> None:
    for number in range(100):
        far_end.send(far_end.rack.having(a=Box(name=f"name {number}")))
        await hass.async_block_till_done()
    far_end.send(far_end.rack.having(a=Box(name="vault")))
    await hass.async_block_till_done()
    policy = {"policy": {"protect": ["vault"]}}
    hass.config_entries.async_update_entry(loaded, options=policy)
    with pytest.raises(ServiceValidationError):
        await press("shake", admin)


async def test_what_a_machine_says_is_for_administrators(
    hass: HomeAssistant, press: Press, user: Context, admin: Context, far_end: FarEnd
) -> None:
    far_end.send(far_end.rack.having(a=replace(ALPHA, running=False)))
    await hass.async_block_till_done()
    far_end.errors["start"] = CannotConnect("words of the machine")
    for context, told in ((user, False), (admin, True)):
        with pytest.raises(HomeAssistantError) as raised:
            await press("running", context, on=True)
        placeholders = raised.value.translation_placeholders or {}
        assert ("words of the machine" in placeholders["detail"]) is told


async def test_the_approver_sees_the_parameters(
    hass: HomeAssistant,
    admin: Context,
    loaded: MockConfigEntry,
    issue_registry: ir.IssueRegistry,
) -> None:
    operations = hass.data[OPERATIONS]
    host = loaded.runtime_data
    for shelf in ("top", "bottom"):
        await operations.request(host, ("host", ""), EMPTY, None, shelf=shelf)
    told = [
        issue.translation_placeholders["parameters"]
        for issue in issue_registry.issues.values()
        if issue.translation_placeholders
    ]
    assert told == ["shelf: top", "shelf: bottom"]
    assert [row["parameters"] for row in await listed(hass, admin)] == [
        {"shelf": "bottom"},
        {"shelf": "top"},
    ]


# --- transitions ---------------------------------------------------------------------


async def test_nothing_expires_once_it_is_approved(
    hass: HomeAssistant,
    press: Press,
    admin: Context,
    far_end: FarEnd,
    events: list[Event],
    freezer: FrozenDateTimeFactory,
) -> None:
    await press("shake")
    await pass_time(hass, freezer, 59 * 60 + 50)
    far_end.gates["boxes"] = asyncio.Event()
    far_end.asked.clear()
    await decide(hass, "approve", events[0].data["operation_id"], admin)
    await until(lambda: "boxes" in far_end.asked)
    await pass_time(hass, freezer, 11, wait=False)
    far_end.gates.pop("boxes").set()
    await settled(hass)
    assert moves(events) == ["pending", "running", "succeeded"]


@pytest.mark.parametrize("options", [{"disruptive": "allow", "rate": 1}])
async def test_what_goes_while_its_turn_is_waited_for(
    hass: HomeAssistant,
    press: Press,
    far_end: FarEnd,
    events: list[Event],
    freezer: FrozenDateTimeFactory,
) -> None:
    await press("running")
    waiting = asyncio.create_task(press("running", box="b"))
    await until(lambda: len(events) == 3)
    far_end.send(far_end.rack.having(b=None))
    await turns()
    freezer.tick(61)
    await until(waiting.done)
    with pytest.raises(HomeAssistantError):
        await waiting
    assert moves(events) == ["running", "succeeded", "pending", "failed"]


@pytest.mark.parametrize("options", [{"disruptive": "allow", "rate": 1}])
async def test_waiting_for_a_turn_is_not_waiting_for_approval(
    hass: HomeAssistant,
    press: Press,
    events: list[Event],
    freezer: FrozenDateTimeFactory,
    issue_registry: ir.IssueRegistry,
) -> None:
    await press("running")
    waiting = asyncio.create_task(press("running", box="b"))
    await until(lambda: len(events) == 3)
    assert logbook_line(hass, events[-1]).endswith(": waits its turn")
    assert issues(issue_registry) == []
    await turns()
    freezer.tick(61)
    await until(waiting.done)
    await waiting


async def test_a_bug_in_a_table_does_not_leave_it_stuck(
    hass: HomeAssistant,
    press: Press,
    admin: Context,
    far_end: FarEnd,
    events: list[Event],
) -> None:
    await press("shake")
    far_end.rack = far_end.rack.having(a=replace(ALPHA, guard="a bug"))
    await decide(hass, "approve", events[0].data["operation_id"], admin)
    await settled(hass)
    assert moves(events) == ["pending", "failed"]
    far_end.send(far_end.rack.having(a=ALPHA))
    await hass.async_block_till_done()
    await press("shake", admin)
    assert far_end.calls == [("shake", "a")]


async def test_an_end_that_is_being_written_at_unload_is_announced(
    hass: HomeAssistant,
    press: Press,
    admin: Context,
    events: list[Event],
    loaded: MockConfigEntry,
) -> None:
    ledger = hass.data[OPERATIONS].ledger
    pressing = asyncio.create_task(press("shake", admin))
    await until(
        lambda: [str(o.state) for o in ledger.records.values()] == ["succeeded"]
    )
    await hass.config_entries.async_unload(loaded.entry_id)
    await pressing
    assert moves(events) == ["running", "succeeded"]


async def test_whoever_hears_of_the_end_may_do_the_next_thing(
    hass: HomeAssistant, press: Press, admin: Context, events: list[Event]
) -> None:
    errors: list[Exception] = []

    async def start_again(event: Event) -> None:
        if (event.data["state"], event.data["action"]) == ("succeeded", "stop"):
            try:
                await press("running", Context(user_id=admin.user_id), on=True)
            except HomeAssistantError as error:
                errors.append(error)

    hass.bus.async_listen("homelab_operation", start_again)
    await press("running", admin)
    await settled(hass)
    assert errors == []
    assert moves(events) == ["running", "succeeded"] * 2


async def test_nothing_is_begun_while_the_connection_closes(
    hass: HomeAssistant,
    admin: Context,
    far_end: FarEnd,
    events: list[Event],
    loaded: MockConfigEntry,
) -> None:
    far_end.gates["close"] = asyncio.Event()
    host = loaded.runtime_data
    unloading = asyncio.create_task(hass.config_entries.async_unload(loaded.entry_id))
    await until(lambda: "close" in far_end.asked)
    with pytest.raises(ServiceValidationError) as raised:
        await hass.data[OPERATIONS].request(host, ("box", "a"), SHAKE, admin)
    assert raised.value.translation_key == "entry_not_loaded"
    far_end.gates.pop("close").set()
    assert await unloading
    assert far_end.calls == []


async def test_a_success_that_is_seen_later_carries_no_error_and_its_own_time(
    hass: HomeAssistant,
    press: Press,
    admin: Context,
    far_end: FarEnd,
    events: list[Event],
    loaded: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    far_end.hangs.add("stop")
    pressing = asyncio.create_task(press("running", admin))
    await until(lambda: "stop" in far_end.asked)
    await hass.config_entries.async_unload(loaded.entry_id)
    with pytest.raises(HomeAssistantError):
        await pressing
    far_end.hangs.clear()
    far_end.rack = far_end.rack.having(a=replace(ALPHA, running=False))
    freezer.tick(86_400)
    await hass.config_entries.async_setup(loaded.entry_id)
    await until(lambda: len(events) == 3)
    last = events[-1].data
    assert (last["state"], last["error"]) == ("succeeded", None)
    assert last["ended_at"] == events[1].data["ended_at"]


@pytest.mark.parametrize("works", [True, False])
async def test_a_lost_answer_is_looked_after_at_once_and_never_again(
    hass: HomeAssistant,
    press: Press,
    admin: Context,
    far_end: FarEnd,
    events: list[Event],
    loaded: MockConfigEntry,
    works: bool,
) -> None:
    """What somebody else does days later is not credited to it."""
    far_end.errors["stop"] = CannotConnect("reset", sent=True)
    if works:
        far_end.rack = far_end.rack.having(a=replace(ALPHA, running=False))
    if works:
        await press("running", admin)
    else:
        with pytest.raises(HomeAssistantError):
            await press("running", admin)
    await settled(hass)
    far_end.errors.clear()
    far_end.send(far_end.rack.having(a=replace(ALPHA, running=False)))
    await hass.async_block_till_done()
    await hass.config_entries.async_reload(loaded.entry_id)
    await turns()
    await settled(hass)
    assert moves(events) == ["running", "unknown", "succeeded"][: 3 if works else 2]


# --- the trail -----------------------------------------------------------------------


async def test_what_waited_long_is_not_pushed_out_when_it_ends(
    hass: HomeAssistant,
    press: Press,
    admin: Context,
    events: list[Event],
    loaded: MockConfigEntry,
) -> None:
    await press("shake")
    policy = {"policy": {"disruptive": "deny"}}
    hass.config_entries.async_update_entry(loaded, options=policy)
    for _ in range(501):
        with pytest.raises(ServiceValidationError):
            await press("running", admin, box="b")
    operation_id = events[0].data["operation_id"]
    answer = await decide(hass, "reject", operation_id, admin)
    assert answer["state"] == "rejected"
    assert operation_id in hass.data[OPERATIONS].ledger.records


async def test_an_approval_that_cannot_be_written_down_leaves_the_question(
    hass: HomeAssistant,
    press: Press,
    admin: Context,
    far_end: FarEnd,
    events: list[Event],
    trail: Path,
    issue_registry: ir.IssueRegistry,
) -> None:
    await press("shake")
    operation_id = events[0].data["operation_id"]
    trail.rename(trail.with_suffix(".away"))
    trail.mkdir()
    await decide(hass, "approve", operation_id, admin)
    await settled(hass)
    assert far_end.calls == []
    assert issues(issue_registry) == ["operation_pending"]
    trail.rmdir()
    await decide(hass, "approve", operation_id, admin)
    await settled(hass)
    assert far_end.calls == [("shake", "a")]
    assert moves(events) == ["pending", "running", "succeeded"]


async def test_a_trail_that_cannot_be_written_anew_stops_nothing(
    hass: HomeAssistant,
    press: Press,
    admin: Context,
    events: list[Event],
    trail: Path,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    trail.with_name(f"{TRAIL}.new").mkdir()
    await pass_time(hass, freezer, 86_401)
    await until(lambda: "cannot be written anew" in caplog.text)
    await press("shake", admin)
    assert moves(events) == ["running", "succeeded"]


async def test_a_trail_that_cannot_be_read_fails_no_start(
    hass: HomeAssistant, trail: Path, caplog: pytest.LogCaptureFixture
) -> None:
    trail.unlink(missing_ok=True)
    trail.mkdir()
    ledger = Ledger(hass)
    await ledger.load()
    assert ledger.records == {}
    assert "cannot be read" in caplog.text


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("requested_at", "2026-11-20T12:00:00"),
        ("requested_at", 7),
        ("ended_at", "yesterday"),
        ("id", 7),
        ("resource", None),
        ("action", None),
        ("parameters", []),
        ("asked_by", "me"),
        ("asked_by", {"kind": "person", "user_id": None, "name": 5}),
    ],
)
async def test_a_line_of_wrong_types_is_damage(
    hass: HomeAssistant,
    press: Press,
    admin: Context,
    trail: Path,
    issue_registry: ir.IssueRegistry,
    key: str,
    value: Any,
) -> None:
    await press("shake", admin)
    data = json.loads(trail.read_text().splitlines()[-1])
    trail.write_text(json.dumps({**data, key: value}) + "\n")
    ledger = Ledger(hass)
    await ledger.load()
    assert ledger.records == {}
    assert issues(issue_registry) == ["audit_damaged"]


@pytest.mark.parametrize("how", ["damaged", "long"])
async def test_a_folder_that_is_read_only_fails_no_start(
    hass: HomeAssistant,
    press: Press,
    admin: Context,
    trail: Path,
    how: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await press("shake", admin)
    if how == "damaged":
        trail.write_text(trail.read_text() + "nonsense\n")
    ledger = Ledger(hass)
    with patch.object(Path, "replace", side_effect=OSError(30, "read-only")):
        await ledger.load()
    assert [str(o.state) for o in ledger.records.values()] == ["succeeded"]
    assert "The audit trail cannot be" in caplog.text


async def test_a_cursor_stays_good_when_its_operation_moves_on(
    hass: HomeAssistant, press: Press, admin: Context
) -> None:
    for box in ("a", "b"):
        await press("shake", box=box)
    first, second = await listed(hass, admin, state="pending")
    await decide(hass, "reject", first["operation_id"], admin)
    rest = await listed(hass, admin, state="pending", cursor=first["operation_id"])
    assert [row["operation_id"] for row in rest] == [second["operation_id"]]


@pytest.mark.parametrize("error", [HomeAssistantError("x"), asyncio.CancelledError()])
async def test_whatever_a_client_raises_the_operation_ends(
    hass: HomeAssistant,
    press: Press,
    admin: Context,
    far_end: FarEnd,
    events: list[Event],
    error: Exception,
) -> None:
    far_end.errors["shake"] = error
    with pytest.raises(HomeAssistantError):
        await press("shake", admin)
    await settled(hass)
    await until(lambda: len(events) == 2)
    assert moves(events)[-1] in {"failed", "unknown"}
    assert await listed(hass, admin)


async def test_the_clock_on_the_wall_decides_though_the_timer_is_late(
    hass: HomeAssistant,
    press: Press,
    admin: Context,
    far_end: FarEnd,
    events: list[Event],
    freezer: FrozenDateTimeFactory,
) -> None:
    await press("shake")
    freezer.tick(7200)
    with pytest.raises(ServiceValidationError) as raised:
        await decide(hass, "approve", events[0].data["operation_id"], admin)
    assert raised.value.translation_key == "operation_decided"
    assert moves(events) == ["pending", "expired"]
    assert far_end.calls == []


async def test_a_match_is_kept_beyond_a_hundred_names(
    hass: HomeAssistant,
    press: Press,
    admin: Context,
    far_end: FarEnd,
    loaded: MockConfigEntry,
) -> None:
    policy = {"policy": {"protect": ["vault"]}}
    hass.config_entries.async_update_entry(loaded, options=policy)
    for name in (*(f"name {number}" for number in range(100)), "vault", "harmless"):
        far_end.send(far_end.rack.having(a=Box(name=name)))
        await hass.async_block_till_done()
    with pytest.raises(ServiceValidationError):
        await press("shake", admin)


async def test_the_name_that_a_user_gave_counts(
    hass: HomeAssistant,
    press: Press,
    admin: Context,
    loaded: MockConfigEntry,
    device_registry: dr.DeviceRegistry,
) -> None:
    box = device(hass, "box_a")
    assert box
    device_registry.async_update_device(box.id, name_by_user="Vault")
    policy = {"policy": {"protect": ["vault"]}}
    hass.config_entries.async_update_entry(loaded, options=policy)
    with pytest.raises(ServiceValidationError):
        await press("shake", admin)


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"protect": ["app[1]"]}, "app[1]"),
        ({"protect": ["caf\u00e9"]}, "Cafe\u0301"),
    ],
)
async def test_patterns_are_names_too(
    hass: HomeAssistant, press: Press, admin: Context, far_end: FarEnd, name: str
) -> None:
    far_end.send(far_end.rack.having(a=Box(name=name)))
    await hass.async_block_till_done()
    with pytest.raises(ServiceValidationError):
        await press("shake", admin)


async def test_an_end_that_could_not_be_written_is_written_later(
    hass: HomeAssistant,
    press: Press,
    admin: Context,
    far_end: FarEnd,
    events: list[Event],
    trail: Path,
) -> None:
    gate = far_end.gates["shake"] = asyncio.Event()
    pressing = asyncio.create_task(press("shake", admin))
    await until(lambda: "shake" in far_end.asked)
    away = trail.with_suffix(".away")
    trail.rename(away)
    trail.mkdir()
    far_end.gates.clear()
    gate.set()
    await pressing
    trail.rmdir()
    away.rename(trail)
    await press("shake", admin, box="b")
    states = [json.loads(line)["state"] for line in trail.read_text().splitlines()]
    assert states == ["running", "succeeded", "running", "succeeded"]


@pytest.mark.parametrize("options", [{"destructive": "allow", "rate": 1}])
async def test_what_waited_its_turn_ends_though_it_cannot_be_written_down(
    hass: HomeAssistant,
    press: Press,
    events: list[Event],
    trail: Path,
    freezer: FrozenDateTimeFactory,
) -> None:
    await press("shake")
    waiting = asyncio.create_task(press("shake", box="b"))
    await until(lambda: len(events) == 3)
    await turns()
    trail.rename(trail.with_suffix(".away"))
    trail.mkdir()
    freezer.tick(61)
    with pytest.raises(HomeAssistantError):
        await waiting
    assert moves(events) == ["running", "succeeded", "pending", "failed"]


@pytest.mark.parametrize("options", [{"destructive": "allow", "rate": 1}])
async def test_whoever_was_cancelled_takes_nobodys_turn(
    hass: HomeAssistant,
    press: Press,
    events: list[Event],
    loaded: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    await press("shake")
    waiting = asyncio.create_task(press("shake", box="b"))
    await until(lambda: len(events) == 3)
    await hass.config_entries.async_reload(loaded.entry_id)
    with pytest.raises(HomeAssistantError):
        await waiting
    await press("shake")
    assert moves(events)[-2:] == ["running", "succeeded"]


async def test_the_event_entity_tells_what_ends_at_unload(
    hass: HomeAssistant,
    press: Press,
    admin: Context,
    far_end: FarEnd,
    loaded: MockConfigEntry,
) -> None:
    changes = async_capture_events(hass, "state_changed")
    name = entity_id(hass, "host", "operation")
    far_end.hangs.add("shake")
    pressing = asyncio.create_task(press("shake", admin))
    await until(lambda: "shake" in far_end.asked)
    await hass.config_entries.async_unload(loaded.entry_id)
    with pytest.raises(HomeAssistantError):
        await pressing
    told = [
        event.data["new_state"].attributes.get("event_type")
        for event in changes
        if event.data["entity_id"] == name
    ]
    assert "unknown" in told


async def test_a_persons_own_routine_press_settles_what_waits(
    hass: HomeAssistant,
    press: Press,
    user: Context,
    far_end: FarEnd,
    events: list[Event],
) -> None:
    far_end.send(far_end.rack.having(a=replace(ALPHA, running=False)))
    await hass.async_block_till_done()
    await press("running", on=True)
    await press("running", user, on=True)
    assert moves(events) == ["pending", "running", "succeeded"]
    assert far_end.calls == [("start", "a")]


# --- things that another feed knows of -----------------------------------------------


@pytest.fixture
async def drive(hass: HomeAssistant, far_end: FarEnd, loaded: MockConfigEntry) -> str:
    """Put a drive in, which only the feed of the disks knows of."""
    far_end.snapshots["disk"] = 7
    await loaded.runtime_data.feeds["disk"].async_refresh()
    await hass.async_block_till_done()
    name = entity_id(hass, "drive_d", "spin")
    assert name
    return name


async def test_what_another_feed_knows_is_read_again_at_approval(
    hass: HomeAssistant,
    admin: Context,
    far_end: FarEnd,
    events: list[Event],
    drive: str,
) -> None:
    await hass.services.async_call("button", "press", {"entity_id": drive}, True)
    far_end.snapshots["disk"] = 1000
    await decide(hass, "approve", events[0].data["operation_id"], admin)
    await settled(hass)
    assert moves(events) == ["pending", "succeeded"]
    assert events[-1].data["result"] == "it was as wished already"
    assert far_end.calls == []


async def test_what_another_feed_has_not_read_yet_is_read_first(
    hass: HomeAssistant,
    admin: Context,
    far_end: FarEnd,
    events: list[Event],
    loaded: MockConfigEntry,
    drive: str,
) -> None:
    far_end.hangs.add("spin")
    pressing = asyncio.create_task(
        hass.services.async_call("button", "press", {"entity_id": drive}, True, admin)
    )
    await until(lambda: "spin" in far_end.asked)
    await hass.config_entries.async_unload(loaded.entry_id)
    with pytest.raises(HomeAssistantError):
        await pressing
    far_end.snapshots["disk"] = 1000
    gate = far_end.gates["disk"] = asyncio.Event()
    await hass.config_entries.async_setup(loaded.entry_id)
    await turns()
    assert moves(events) == ["running", "unknown"]
    gate.set()
    await until(lambda: len(events) == 3)
    assert moves(events) == ["running", "unknown", "succeeded"]
