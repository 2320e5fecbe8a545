"""Operations: every state, verdict, asker and way of deciding, through Home Assistant."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    MockUser,
    async_capture_events,
)
from pytest_homeassistant_custom_component.typing import (
    ClientSessionGenerator,
    WebSocketGenerator,
)

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import Context, Event, HomeAssistant
from homeassistant.exceptions import (
    HomeAssistantError,
    ServiceValidationError,
    Unauthorized,
)
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component

from .common import (
    CANARY,
    entity_id,
    make_entry,
    pass_time,
    set_up,
    state,
    turns,
    until,
)
from .fakes.rack import EMPTY, FAR_ENDS, Box, FarEnd, Rack
from custom_components.homelab.const import DOMAIN, OPERATIONS
from custom_components.homelab.logbook import async_describe_events
from custom_components.homelab.operation import AskerKind, State
from custom_components.homelab.policy import Guard
from custom_components.homelab.source import BadAnswer, CannotConnect

ALPHA = Box(name="Alpha")
BETA = Box(name="Beta")

type Press = Callable[..., Coroutine[Any, Any, None]]
type Operations = list[dict[str, Any]]


@pytest.fixture
def events(hass: HomeAssistant) -> list[Event]:
    """Return what the bus tells of operations."""
    found: list[Event] = async_capture_events(hass, "homelab_operation")
    return found


@pytest.fixture
def options() -> dict[str, Any]:
    """Return the entry's policy."""
    return {}


@pytest.fixture(autouse=True)
async def loaded(
    hass: HomeAssistant, far_end: FarEnd, options: dict[str, Any]
) -> MockConfigEntry:
    """Put two boxes on the rack."""
    entry = make_entry(hass, options={"policy": options})
    far_end.rack = Rack(boxes={"a": ALPHA, "b": BETA}, shelves=("top",))
    await set_up(hass, entry)
    return entry


@pytest.fixture
def press(hass: HomeAssistant) -> Press:
    """Return a function that uses an entity of a box as somebody."""

    async def press(
        key: str, context: Context | None = None, box: str = "a", on: bool = False
    ) -> None:
        domain, service = {
            "shake": ("button", "press"),
            "running": ("switch", "turn_on" if on else "turn_off"),
            "image": ("update", "install"),
        }[key]
        target = {"entity_id": entity_id(hass, f"box_{box}", key)}
        await hass.services.async_call(
            domain, service, target, blocking=True, context=context
        )

    return press


@pytest.fixture
def user(hass_read_only_user: MockUser) -> Context:
    """Return the context of somebody who is no administrator, but may press things."""
    hass_read_only_user.mock_policy({"entities": True})
    return Context(user_id=hass_read_only_user.id)


def moves(events: list[Event]) -> list[str]:
    """Return the states that were announced, in order."""
    return [event.data["state"] for event in events]


def issues(registry: ir.IssueRegistry) -> list[str]:
    """Return the questions that people see."""
    return [
        str(issue.translation_key)
        for issue in registry.issues.values()
        if issue.domain == DOMAIN
    ]


async def listed(
    hass: HomeAssistant, context: Context | None = None, **filters: Any
) -> Operations:
    """Return what the action lists."""
    answer = await hass.services.async_call(
        DOMAIN, "list_operations", filters, True, context, None, True
    )
    assert answer
    found: Any = answer["operations"]
    return list(found)


async def decide(
    hass: HomeAssistant, what: str, operation_id: str, context: Context | None
) -> Any:
    """Approve or reject through the action."""
    data = {"operation_id": operation_id}
    return await hass.services.async_call(DOMAIN, what, data, True, context, None, True)


async def settled(hass: HomeAssistant) -> None:
    """Wait until nothing runs any more, and everything is announced."""
    operations = hass.data[OPERATIONS]
    await until(lambda: not operations.running)
    await hass.async_block_till_done()


# --- states: each is reached here ----------------------------------------------------


async def test_succeeded(
    press: Press, admin: Context, far_end: FarEnd, events: list[Event]
) -> None:
    await press("shake", admin)
    assert far_end.calls == [("shake", "a")]
    assert moves(events) == ["running", "succeeded"]
    last = events[-1].data
    assert last["previous_state"] == "running"
    assert last["action"] == "shake"
    assert last["risk"] == "destructive"
    assert last["resource"] == "Alpha"
    assert last["device_id"]
    assert last["asked_by"]["kind"] == "person"
    assert last["requested_at"] <= last["started_at"] <= last["ended_at"]


async def test_failed(
    press: Press, admin: Context, far_end: FarEnd, events: list[Event]
) -> None:
    far_end.errors["shake"] = CannotConnect(f"bolted down, says {CANARY} " + "x" * 5000)
    with pytest.raises(HomeAssistantError) as raised:
        await press("shake", admin)
    assert raised.value.translation_key == "operation_failed"
    assert moves(events) == ["running", "failed"]
    error = events[-1].data["error"]
    assert error.startswith("bolted down, says ** xxx")
    assert error.endswith("x…")
    assert 4090 < len(error.encode()) <= 4096


async def test_a_bug_of_ours_is_a_failure_too(
    press: Press,
    admin: Context,
    far_end: FarEnd,
    events: list[Event],
    caplog: pytest.LogCaptureFixture,
) -> None:
    far_end.errors["shake"] = RuntimeError("a bug")
    with pytest.raises(HomeAssistantError):
        await press("shake", admin)
    assert moves(events) == ["running", "failed"]
    assert "Shake of Alpha on Rack failed unexpectedly" in caplog.text


async def test_timed_out(
    hass: HomeAssistant,
    press: Press,
    admin: Context,
    far_end: FarEnd,
    events: list[Event],
    freezer: FrozenDateTimeFactory,
) -> None:
    far_end.hangs.add("shake")
    pressing = asyncio.create_task(press("shake", admin))
    await until(lambda: "shake" in far_end.asked)
    await pass_time(hass, freezer, 6)
    with pytest.raises(HomeAssistantError) as raised:
        await pressing
    assert raised.value.translation_key == "operation_failed"
    assert moves(events) == ["running", "timed_out"]


async def test_the_deadline_follows_the_things_own_grace(
    hass: HomeAssistant,
    press: Press,
    admin: Context,
    far_end: FarEnd,
    freezer: FrozenDateTimeFactory,
) -> None:
    far_end.send(far_end.rack.having(a=replace(ALPHA, grace=100)))
    await hass.async_block_till_done()
    far_end.gates["stop"] = asyncio.Event()
    pressing = asyncio.create_task(press("running", admin))
    await until(lambda: "stop" in far_end.asked)
    await pass_time(hass, freezer, 125, wait=False)
    assert not pressing.done()
    far_end.gates.pop("stop").set()
    await pressing
    assert far_end.calls == [("stop", "a")]


async def test_unknown_when_the_answer_is_lost(
    press: Press, admin: Context, far_end: FarEnd, events: list[Event]
) -> None:
    far_end.errors["shake"] = CannotConnect("connection reset", sent=True)
    with pytest.raises(HomeAssistantError):
        await press("shake", admin)
    assert moves(events) == ["running", "unknown"]


@pytest.mark.parametrize(("running", "end"), [(False, "succeeded"), (True, "unknown")])
async def test_unknown_at_unload_and_looked_at_once_at_the_next_load(
    hass: HomeAssistant,
    press: Press,
    admin: Context,
    far_end: FarEnd,
    events: list[Event],
    loaded: MockConfigEntry,
    running: bool,
    end: str,
) -> None:
    far_end.hangs.add("stop")
    pressing = asyncio.create_task(press("running", admin))
    await until(lambda: "stop" in far_end.asked)
    await hass.config_entries.async_unload(loaded.entry_id)
    with pytest.raises(HomeAssistantError):
        await pressing
    assert moves(events) == ["running", "unknown"]
    far_end.hangs.clear()
    far_end.rack = far_end.rack.having(a=replace(ALPHA, running=running))
    for _ in range(2):
        await set_up(hass, loaded)
        record = next(iter(hass.data[OPERATIONS].ledger.records))
        await until(lambda: hass.data[OPERATIONS].ledger.records[record].looked)
        await settled(hass)
        await hass.config_entries.async_unload(loaded.entry_id)
    expected = ["running", "unknown", "succeeded"]
    assert moves(events) == (expected if end == "succeeded" else expected[:2])
    assert far_end.calls == []


async def test_rejected(
    hass: HomeAssistant,
    press: Press,
    admin: Context,
    far_end: FarEnd,
    events: list[Event],
) -> None:
    await press("shake")
    answer = await decide(hass, "reject", events[0].data["operation_id"], admin)
    assert answer["state"] == "rejected"
    assert moves(events) == ["pending", "rejected"]
    assert events[-1].data["decided_by"]
    assert far_end.calls == []


async def test_expired(
    hass: HomeAssistant,
    press: Press,
    far_end: FarEnd,
    events: list[Event],
    freezer: FrozenDateTimeFactory,
    issue_registry: ir.IssueRegistry,
) -> None:
    await press("shake")
    await pass_time(hass, freezer, 59 * 60)
    assert moves(events) == ["pending"]
    await pass_time(hass, freezer, 61)
    await until(lambda: len(events) == 2)
    assert moves(events) == ["pending", "expired"]
    assert issues(issue_registry) == []


@pytest.mark.parametrize("options", [{"destructive": "deny"}])
async def test_denied(
    hass: HomeAssistant,
    press: Press,
    admin: Context,
    far_end: FarEnd,
    events: list[Event],
) -> None:
    for context in (admin, None):
        with pytest.raises(ServiceValidationError) as raised:
            await press("shake", context)
        assert raised.value.translation_key == "operation_denied"
    assert moves(events) == ["denied", "denied"]
    assert far_end.calls == []


@pytest.mark.parametrize("options", [{"destructive": "allow", "rate": 1}])
async def test_cancelled_while_waiting_its_turn(
    hass: HomeAssistant,
    press: Press,
    far_end: FarEnd,
    events: list[Event],
    loaded: MockConfigEntry,
) -> None:
    await press("shake")
    waiting = asyncio.create_task(press("shake", box="b"))
    await until(lambda: len(events) == 3)
    await hass.config_entries.async_unload(loaded.entry_id)
    with pytest.raises(HomeAssistantError):
        await waiting
    assert moves(events) == ["running", "succeeded", "pending", "cancelled"]
    assert far_end.calls == [("shake", "a")]


async def test_cancelled_when_the_entry_is_removed(
    hass: HomeAssistant,
    press: Press,
    events: list[Event],
    loaded: MockConfigEntry,
    issue_registry: ir.IssueRegistry,
) -> None:
    await press("shake")
    await hass.config_entries.async_remove(loaded.entry_id)
    assert moves(events) == ["pending", "cancelled"]
    assert issues(issue_registry) == []


REACHED = {
    State.PENDING: test_rejected,
    State.RUNNING: test_succeeded,
    State.SUCCEEDED: test_succeeded,
    State.FAILED: test_failed,
    State.TIMED_OUT: test_timed_out,
    State.CANCELLED: test_cancelled_while_waiting_its_turn,
    State.UNKNOWN: test_unknown_when_the_answer_is_lost,
    State.REJECTED: test_rejected,
    State.EXPIRED: test_expired,
    State.DENIED: test_denied,
}


def test_every_state_is_reached() -> None:
    """The table of the states, and the test that reaches each of them."""
    assert REACHED.keys() == set(State)


# --- verdicts ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "risk", "who", "verdict"),
    [
        # by default a person's press is the approval, and everything else asks
        ({}, "routine", "admin", "done"),
        ({}, "routine", "user", "done"),
        ({}, "routine", "nobody", "held"),
        ({}, "disruptive", "admin", "done"),
        ({}, "disruptive", "user", "held"),
        ({}, "disruptive", "nobody", "held"),
        ({}, "destructive", "admin", "done"),
        ({}, "destructive", "user", "held"),
        ({}, "destructive", "nobody", "held"),
        # the plain switch
        ({"automate_routine": True}, "routine", "nobody", "done"),
        ({"automate_routine": True}, "disruptive", "nobody", "held"),
        # the other rules
        ({"disruptive": "allow"}, "disruptive", "nobody", "done"),
        ({"disruptive": "allow"}, "disruptive", "user", "held"),
        ({"disruptive": "always_ask"}, "disruptive", "admin", "held"),
        ({"disruptive": "always_ask"}, "disruptive", "nobody", "held"),
        (
            {"routine": "always_ask", "automate_routine": True},
            "routine",
            "nobody",
            "held",
        ),
        ({"routine": "deny"}, "routine", "admin", "denied"),
        ({"routine": "deny", "automate_routine": True}, "routine", "nobody", "denied"),
    ],
)
async def test_verdicts(
    hass: HomeAssistant,
    press: Press,
    admin: Context,
    user: Context,
    far_end: FarEnd,
    events: list[Event],
    risk: str,
    who: str,
    verdict: str,
) -> None:
    far_end.send(far_end.rack.having(a=replace(ALPHA, running=False)))
    await hass.async_block_till_done()
    context = {"admin": admin, "user": user, "nobody": None}[who]
    key, on = {
        "routine": ("running", True),
        "disruptive": ("running", False),
        "destructive": ("shake", False),
    }[risk]
    if verdict == "denied":
        with pytest.raises(ServiceValidationError):
            await press(key, context, on=on)
    else:
        await press(key, context, on=on)
    expected = {
        "done": ["running", "succeeded"],
        "held": ["pending"],
        "denied": ["denied"],
    }
    assert moves(events) == expected[verdict]
    assert bool(far_end.calls) == (verdict == "done")


async def test_a_held_switch_keeps_its_real_state(
    hass: HomeAssistant,
    press: Press,
    far_end: FarEnd,
    issue_registry: ir.IssueRegistry,
) -> None:
    await press("running")
    await hass.async_block_till_done()
    assert state(hass, "box_a", "running") == "on"
    assert state(hass, "host", "pending_approvals") == "1"
    assert issues(issue_registry) == ["operation_pending"]


@pytest.mark.parametrize("options", [{"protect": ["VAULT*"], "disruptive": "allow"}])
@pytest.mark.parametrize("way", ["name", "id", "service", "marked", "ours"])
async def test_what_is_protected_nobody_threatens(
    hass: HomeAssistant,
    press: Press,
    admin: Context,
    far_end: FarEnd,
    events: list[Event],
    way: str,
) -> None:
    box = {
        "name": Box(name="Vault 7"),
        "id": Box(name="Plain"),
        "service": Box(name="Plain", service="vault-db"),
        "marked": Box(name="Plain", guard=Guard.MARKED),
        "ours": Box(name="Plain", guard=Guard.OURS),
    }[way]
    name = "vault-id" if way == "id" else "c"
    far_end.send(far_end.rack.having(**{name: box}))
    await hass.async_block_till_done()
    for key in ("running", "shake", "image"):
        if key == "image":
            far_end.send(far_end.rack.having(**{name: replace(box, latest="9")}))
            await hass.async_block_till_done()
        for context in (admin, None):
            with pytest.raises(ServiceValidationError) as raised:
                await press(key, context, box=name)
            assert raised.value.translation_key == "operation_denied"
    assert far_end.calls == []
    # starting it threatens nothing
    await press("running", admin, box=name, on=True)
    assert far_end.calls == [("start", name)]


@pytest.mark.parametrize("options", [{"protect": ["vault"]}])
async def test_a_rename_does_not_escape_the_protect_list(
    hass: HomeAssistant,
    press: Press,
    admin: Context,
    far_end: FarEnd,
    loaded: MockConfigEntry,
) -> None:
    far_end.send(far_end.rack.having(a=Box(name="Vault")))
    await hass.async_block_till_done()
    far_end.send(far_end.rack.having(a=Box(name="Harmless")))
    await hass.async_block_till_done()
    with pytest.raises(ServiceValidationError):
        await press("shake", admin)
    # nor after a restart
    await hass.config_entries.async_reload(loaded.entry_id)
    await hass.async_block_till_done()
    with pytest.raises(ServiceValidationError):
        await press("shake", admin)
    assert far_end.calls == []
    # until the user takes the pattern away
    hass.config_entries.async_update_entry(loaded, options={})
    await press("shake", admin)
    assert far_end.calls == [("shake", "a")]


async def test_a_protection_that_comes_later_beats_an_approval(
    hass: HomeAssistant,
    press: Press,
    admin: Context,
    far_end: FarEnd,
    events: list[Event],
    loaded: MockConfigEntry,
) -> None:
    await press("shake")
    hass.config_entries.async_update_entry(
        loaded, options={"policy": {"protect": ["alpha"]}}
    )
    await decide(hass, "approve", events[0].data["operation_id"], admin)
    await settled(hass)
    assert moves(events) == ["pending", "denied"]
    assert far_end.calls == []


async def test_who_may_only_look_presses_nothing(
    press: Press,
    hass_read_only_user: MockUser,
    far_end: FarEnd,
    events: list[Event],
) -> None:
    with pytest.raises(Unauthorized):
        await press("running", Context(user_id=hass_read_only_user.id), on=True)
    assert far_end.calls == []
    assert moves(events) == []


# --- who asked -----------------------------------------------------------------------


async def test_an_automation_has_a_name(
    hass: HomeAssistant, far_end: FarEnd, events: list[Event]
) -> None:
    assert await async_setup_component(
        hass,
        "automation",
        {
            "automation": {
                "alias": "Nightly repair",
                "triggers": {"trigger": "event", "event_type": "night"},
                "actions": {
                    "action": "button.press",
                    "target": {"entity_id": entity_id(hass, "box_a", "shake")},
                },
            }
        },
    )
    hass.bus.async_fire("night", context=Context(user_id="somebody"))
    await until(lambda: bool(events))
    asked = events[0].data["asked_by"]
    assert (asked["kind"], asked["name"]) == ("automation", "Nightly repair")
    assert moves(events) == ["pending"]


async def test_a_script_is_a_script_even_when_a_person_starts_it(
    hass: HomeAssistant, admin: Context, far_end: FarEnd, events: list[Event]
) -> None:
    assert await async_setup_component(
        hass,
        "script",
        {
            "script": {
                "tidy": {
                    "alias": "Tidy up",
                    "sequence": {
                        "action": "button.press",
                        "target": {"entity_id": entity_id(hass, "box_a", "shake")},
                    },
                }
            }
        },
    )
    await hass.services.async_call("script", "tidy", {}, True, admin)
    await until(lambda: bool(events))
    asked = events[0].data["asked_by"]
    assert (asked["kind"], asked["name"]) == ("script", "Tidy up")
    assert moves(events) == ["pending"]


@pytest.mark.parametrize("options", [{"automate_routine": True}])
async def test_what_a_machine_says_reaches_nobody_through_a_script(
    hass: HomeAssistant, user: Context, admin: Context, far_end: FarEnd
) -> None:
    name = entity_id(hass, "box_a", "running")
    turn_on = {"action": "switch.turn_on", "target": {"entity_id": name}}
    script = {"script": {"wake": {"sequence": turn_on}}}
    assert await async_setup_component(hass, "script", script)
    far_end.errors["start"] = BadAnswer("the key of the safe is under the mat")
    for context, is_told in ((user, False), (admin, True)):
        with pytest.raises(HomeAssistantError) as raised:
            await hass.services.async_call("script", "wake", {}, True, context)
        detail = (raised.value.translation_placeholders or {})["detail"]
        assert ("mat" in detail) is is_told


async def test_an_assistant_is_no_person_whoever_talks_to_it(
    hass: HomeAssistant, press: Press, admin: Context, events: list[Event]
) -> None:
    askers = hass.data[OPERATIONS].askers
    askers.remember(admin, AskerKind.ASSISTANT, "Kitchen")
    await press("shake", admin)
    asked = events[0].data["asked_by"]
    assert (asked["kind"], asked["name"]) == ("assistant", "Kitchen")
    assert moves(events) == ["pending"]
    with pytest.raises(ServiceValidationError):
        await decide(hass, "approve", events[0].data["operation_id"], admin)


async def test_an_administrator_who_was_deactivated_decides_nothing(
    hass: HomeAssistant,
    press: Press,
    admin: Context,
    events: list[Event],
    hass_admin_user: MockUser,
) -> None:
    await press("shake")
    hass_admin_user.is_active = False
    with pytest.raises(ServiceValidationError) as raised:
        await decide(hass, "approve", events[0].data["operation_id"], admin)
    assert raised.value.translation_key == "not_allowed"


async def test_whatever_else_is_the_system(
    press: Press, hass_admin_user: MockUser, events: list[Event]
) -> None:
    parent = Context(user_id=hass_admin_user.id, parent_id="something")
    await press("shake", parent)
    assert events[0].data["asked_by"]["kind"] == "system"


async def test_only_the_last_contexts_are_kept(
    hass: HomeAssistant, events: list[Event], press: Press
) -> None:
    first = Context()
    hass.bus.async_fire("automation_triggered", {"name": "Old"}, context=first)
    for number in range(500):
        hass.bus.async_fire("automation_triggered", {"name": f"New {number}"})
    await press("shake", first)
    assert events[0].data["asked_by"]["kind"] == "system"


# --- ways of deciding ----------------------------------------------------------------


async def test_approved_by_the_action(
    hass: HomeAssistant,
    press: Press,
    admin: Context,
    far_end: FarEnd,
    events: list[Event],
    issue_registry: ir.IssueRegistry,
) -> None:
    await press("shake")
    answer = await decide(hass, "approve", events[0].data["operation_id"], admin)
    assert answer["operation_id"] == events[0].data["operation_id"]
    await settled(hass)
    assert far_end.calls == [("shake", "a")]
    assert moves(events) == ["pending", "running", "succeeded"]
    assert issues(issue_registry) == []
    assert state(hass, "host", "pending_approvals") == "0"
    with pytest.raises(ServiceValidationError) as raised:
        await decide(hass, "approve", events[0].data["operation_id"], admin)
    assert raised.value.translation_key == "operation_decided"


@pytest.mark.parametrize("choice", ["approve", "reject"])
async def test_decided_in_the_repairs(
    hass: HomeAssistant,
    press: Press,
    far_end: FarEnd,
    events: list[Event],
    hass_client: ClientSessionGenerator,
    issue_registry: ir.IssueRegistry,
    choice: str,
) -> None:
    await press("shake")
    client = await hass_client()
    issue_id = f"operation_pending_{events[0].data['operation_id']}"
    response = await client.post(
        "/api/repairs/issues/fix", json={"handler": DOMAIN, "issue_id": issue_id}
    )
    menu = await response.json()
    assert menu["type"] == "menu"
    assert menu["menu_options"] == ["approve", "reject"]
    assert menu["description_placeholders"]["operation"] == "Shake of Alpha on Rack"
    response = await client.post(
        f"/api/repairs/issues/fix/{menu['flow_id']}", json={"next_step_id": choice}
    )
    assert (await response.json())["type"] == "create_entry"
    await settled(hass)
    assert bool(far_end.calls) == (choice == "approve")
    assert events[-1].data["decided_by"]
    assert issues(issue_registry) == []


async def test_too_late_in_the_repairs(
    hass: HomeAssistant,
    press: Press,
    admin: Context,
    events: list[Event],
    hass_client: ClientSessionGenerator,
) -> None:
    await press("shake")
    client = await hass_client()
    operation_id = events[0].data["operation_id"]
    response = await client.post(
        "/api/repairs/issues/fix",
        json={"handler": DOMAIN, "issue_id": f"operation_pending_{operation_id}"},
    )
    menu = await response.json()
    await decide(hass, "reject", operation_id, admin)
    response = await client.post(
        f"/api/repairs/issues/fix/{menu['flow_id']}", json={"next_step_id": "approve"}
    )
    result = await response.json()
    assert (result["type"], result["reason"]) == ("abort", "operation_decided")


@pytest.mark.parametrize(
    ("button", "expected"), [("APPROVE", "succeeded"), ("REJECT", "rejected")]
)
async def test_decided_on_a_phone(
    hass: HomeAssistant,
    press: Press,
    admin: Context,
    events: list[Event],
    button: str,
    expected: str,
) -> None:
    await press("shake")
    action = f"HOMELAB_{button}_{events[0].data['operation_id']}"
    hass.bus.async_fire(
        "mobile_app_notification_action", {"action": "OTHER"}, context=admin
    )
    hass.bus.async_fire(
        "mobile_app_notification_action", {"action": action}, context=admin
    )
    await until(lambda: len(events) >= 2)
    await settled(hass)
    assert moves(events)[-1] == expected


async def test_nobody_else_decides(
    hass: HomeAssistant,
    press: Press,
    admin: Context,
    user: Context,
    events: list[Event],
    caplog: pytest.LogCaptureFixture,
) -> None:
    await press("shake")
    operation_id = events[0].data["operation_id"]
    started = Context(user_id=admin.user_id)
    hass.bus.async_fire("script_started", {"name": "Sneaky"}, context=started)
    for context in (None, user, started, Context(user_id=admin.user_id, parent_id="x")):
        for what in ("approve", "reject"):
            with pytest.raises(ServiceValidationError) as raised:
                await decide(hass, what, operation_id, context)
            assert raised.value.translation_key == "not_allowed"
    for context in (None, user):
        action = {"action": f"HOMELAB_APPROVE_{operation_id}"}
        hass.bus.async_fire("mobile_app_notification_action", action, context=context)
        await hass.async_block_till_done()
    assert caplog.text.count("A phone's decision was refused") == 2
    with pytest.raises(ServiceValidationError) as raised:
        await decide(hass, "approve", "no such thing", admin)
    assert raised.value.translation_key == "operation_unknown"
    assert moves(events) == ["pending"]


async def test_an_administrators_own_press_approves_what_waits(
    press: Press, admin: Context, far_end: FarEnd, events: list[Event]
) -> None:
    await press("shake")
    await press("shake", admin)
    assert moves(events) == ["pending", "running", "succeeded"]
    assert len({event.data["operation_id"] for event in events}) == 1
    assert far_end.calls == [("shake", "a")]


async def test_an_identical_request_joins_the_one_that_waits(
    hass: HomeAssistant, press: Press, events: list[Event]
) -> None:
    for _ in range(3):
        await press("shake")
    await press("shake", box="b")
    assert moves(events) == ["pending", "pending"]
    assert state(hass, "host", "pending_approvals") == "2"


@pytest.mark.parametrize("what", ["gone", "as wished", "lost"])
async def test_at_approval_it_is_looked_at_again(
    hass: HomeAssistant,
    press: Press,
    admin: Context,
    far_end: FarEnd,
    events: list[Event],
    what: str,
) -> None:
    await press("running")
    if what == "lost":
        far_end.break_off()
    else:
        box = None if what == "gone" else replace(ALPHA, running=False)
        far_end.rack = far_end.rack.having(a=box)
    await decide(hass, "approve", events[0].data["operation_id"], admin)
    await settled(hass)
    expected = "succeeded" if what == "as wished" else "failed"
    assert moves(events) == ["pending", expected]
    assert far_end.calls == []


async def test_approval_needs_a_loaded_entry(
    hass: HomeAssistant,
    press: Press,
    admin: Context,
    events: list[Event],
    loaded: MockConfigEntry,
) -> None:
    await press("shake")
    operation_id = events[0].data["operation_id"]
    await hass.config_entries.async_unload(loaded.entry_id)
    with pytest.raises(ServiceValidationError) as raised:
        await decide(hass, "approve", operation_id, admin)
    assert raised.value.translation_key == "entry_not_loaded"
    assert moves(events) == ["pending"]


# --- execution -----------------------------------------------------------------------


async def test_two_presses_at_once(
    hass: HomeAssistant,
    press: Press,
    admin: Context,
    far_end: FarEnd,
    events: list[Event],
) -> None:
    far_end.gates["shake"] = asyncio.Event()
    first = asyncio.create_task(press("shake", admin))
    await until(lambda: "shake" in far_end.asked)
    for key in ("shake", "running"):
        with pytest.raises(ServiceValidationError) as raised:
            await press(key, Context(user_id=admin.user_id))
        assert raised.value.translation_key == "operation_busy"
        placeholders = raised.value.translation_placeholders
        assert placeholders
        assert placeholders["first"] == "Shake of Alpha on Rack"
    # another resource is not held up
    far_end.gates.pop("shake").set()
    await press("shake", Context(user_id=admin.user_id), box="b")
    await first
    assert sorted(far_end.calls) == [("shake", "a"), ("shake", "b")]


async def test_a_press_that_is_cancelled_does_not_cancel_what_was_begun(
    hass: HomeAssistant,
    press: Press,
    admin: Context,
    far_end: FarEnd,
    events: list[Event],
) -> None:
    far_end.gates["shake"] = asyncio.Event()
    pressing = asyncio.create_task(press("shake", admin))
    await until(lambda: "shake" in far_end.asked)
    pressing.cancel()
    await hass.async_block_till_done()
    far_end.gates.pop("shake").set()
    await settled(hass)
    assert moves(events) == ["running", "succeeded"]


async def test_an_update_shows_its_progress_and_gives_up_without_any(
    hass: HomeAssistant,
    press: Press,
    admin: Context,
    far_end: FarEnd,
    events: list[Event],
    freezer: FrozenDateTimeFactory,
) -> None:
    far_end.send(far_end.rack.having(a=replace(ALPHA, latest="2")))
    await hass.async_block_till_done()
    name = entity_id(hass, "box_a", "image")
    assert name
    far_end.steps = [10, 20, 30]
    for hangs in (False, True):
        far_end.asked.clear()
        far_end.gates["step"] = asyncio.Event()
        installing = asyncio.create_task(press("image", admin))
        await until(lambda: far_end.asked.count("step") == 1)
        found = hass.states.get(name)
        assert found
        assert found.attributes["in_progress"] is True
        assert found.attributes["update_percentage"] == 10
        # within its patience
        await pass_time(hass, freezer, 100, wait=False)
        if hangs:
            await pass_time(hass, freezer, 30)
            with pytest.raises(HomeAssistantError):
                await installing
        else:
            far_end.gates.pop("step").set()
            await installing
        await hass.async_block_till_done()
        found = hass.states.get(name)
        assert found
        assert found.attributes["in_progress"] is False
    assert moves(events) == ["running", "succeeded", "running", "timed_out"]
    assert events[1].data["result"] == "a is up to date"


async def test_what_is_only_followed_is_never_ended(
    hass: HomeAssistant,
    far_end: FarEnd,
    events: list[Event],
    freezer: FrozenDateTimeFactory,
    admin: Context,
    loaded: MockConfigEntry,
) -> None:
    """The caller waits for 300 s; the operation goes on for as long as it takes."""
    far_end.gates["empty"] = asyncio.Event()
    far_end.words = f"said {CANARY}"
    operations = hass.data[OPERATIONS]
    asking = asyncio.create_task(
        operations.request(loaded.runtime_data, ("host", ""), EMPTY, admin, shelf="top")
    )
    await until(lambda: "empty" in far_end.asked)
    await pass_time(hass, freezer, 299, wait=False)
    assert not asking.done()
    await pass_time(hass, freezer, 2)
    assert (await asking).state == "running"
    await pass_time(hass, freezer, 3600)
    far_end.gates.pop("empty").set()
    await settled(hass)
    assert moves(events) == ["running", "succeeded"]
    assert events[-1].data["result"] == "top is empty said **"


@pytest.mark.parametrize("options", [{"destructive": "allow"}])
async def test_requests_without_a_person_wait_their_turn(
    hass: HomeAssistant,
    press: Press,
    admin: Context,
    far_end: FarEnd,
    events: list[Event],
    freezer: FrozenDateTimeFactory,
) -> None:
    """Ten a minute, fifty more wait in order, the next one is refused."""
    boxes = {f"n{n:02}": Box(name=f"Box {n}") for n in range(62)}
    far_end.send(Rack(boxes=boxes))
    await hass.async_block_till_done()
    names = sorted(boxes)
    pressing = [asyncio.create_task(press("shake", box=name)) for name in names[:60]]
    await until(lambda: len(far_end.calls) == 10)
    await until(lambda: moves(events).count("pending") == 50)
    await turns()
    with pytest.raises(ServiceValidationError) as raised:
        await press("shake", box=names[60])
    assert raised.value.translation_key == "operation_rate_limited"
    # a person is not kept waiting
    await press("shake", admin, box=names[61])
    for minute in range(1, 6):
        # the loop itself fires what is due, in order
        freezer.tick(61)
        await until(lambda: len(far_end.calls) >= 10 * (minute + 1) + 1)
        assert len(far_end.calls) == 10 * (minute + 1) + 1
    await asyncio.gather(*pressing)
    automatic = [box for _, box in far_end.calls if box != names[61]]
    assert automatic == names[:60]


async def test_at_most_twenty_wait_for_approval(
    hass: HomeAssistant, press: Press, far_end: FarEnd
) -> None:
    boxes = {f"n{n:02}": Box(name=f"Box {n}") for n in range(21)}
    far_end.send(Rack(boxes=boxes))
    await hass.async_block_till_done()
    for name in sorted(boxes)[:20]:
        await press("shake", box=name)
    with pytest.raises(ServiceValidationError) as raised:
        await press("shake", box="n20")
    assert raised.value.translation_key == "too_many_pending"


async def test_nothing_is_done_that_cannot_be_written_down(
    hass: HomeAssistant,
    press: Press,
    admin: Context,
    far_end: FarEnd,
    events: list[Event],
    tmp_path: Any,
) -> None:
    path = tmp_path / ".storage" / "homelab.operations.jsonl"
    await hass.async_add_executor_job(path.unlink, True)
    await hass.async_add_executor_job(path.mkdir)
    for context in (admin, None):
        with pytest.raises(HomeAssistantError) as raised:
            await press("shake", context)
        assert raised.value.translation_key == "audit_unwritable"
    assert far_end.calls == []
    assert moves(events) == []
    await hass.async_add_executor_job(path.rmdir)
    await press("shake", admin)
    assert moves(events) == ["running", "succeeded"]


async def test_the_entry_is_not_needed_for_the_rest(
    hass: HomeAssistant, loaded: MockConfigEntry, far_end: FarEnd
) -> None:
    FAR_ENDS["far"] = far_end
    await hass.config_entries.async_unload(loaded.entry_id)
    assert loaded.state is ConfigEntryState.NOT_LOADED
    assert await listed(hass) == []


# --- what people see -----------------------------------------------------------------


async def test_the_event_entity_tells_every_state(
    hass: HomeAssistant, press: Press, admin: Context
) -> None:
    changes = async_capture_events(hass, "state_changed")
    name = entity_id(hass, "host", "operation")
    await press("shake", admin)
    await hass.async_block_till_done()
    told = [
        event.data["new_state"].attributes["event_type"]
        for event in changes
        if event.data["entity_id"] == name
    ]
    assert told == ["running", "succeeded"]
    found = hass.states.get(str(name))
    assert found
    assert "error" not in found.attributes
    assert found.attributes["resource"] == "Alpha"


async def test_the_list(
    hass: HomeAssistant,
    press: Press,
    admin: Context,
    user: Context,
    events: list[Event],
    far_end: FarEnd,
    freezer: FrozenDateTimeFactory,
    loaded: MockConfigEntry,
) -> None:
    await press("shake", admin)
    freezer.tick(timedelta(minutes=5))
    begin = hass.data[OPERATIONS].ledger.records[events[0].data["operation_id"]]
    far_end.errors["shake"] = CannotConnect("no")
    with pytest.raises(HomeAssistantError):
        await press("shake", admin, box="b")
    await press("running")

    rows = await listed(hass, admin)
    assert [row["state"] for row in rows] == ["pending", "failed", "succeeded"]
    assert rows[1]["error"] == "no"
    assert [row["error"] for row in await listed(hass, user)] == [None] * 3
    assert [row["error"] for row in await listed(hass)] == [None] * 3

    async def ids(**filters: Any) -> list[str]:
        return [row["action"] for row in await listed(hass, admin, **filters)]

    assert await ids(entry_id=loaded.entry_id) == ["stop", "shake", "shake"]
    assert await ids(entry_id="other") == []
    assert await ids(action="shake") == ["shake", "shake"]
    assert await ids(state="pending") == ["stop"]
    assert await ids(state=["failed", "pending"]) == ["stop", "shake"]
    assert await ids(device_id=rows[1]["device_id"]) == ["shake"]
    since = begin.requested_at + timedelta(minutes=1)
    assert await ids(since=since.isoformat()) == ["stop", "shake"]

    seen = []
    cursor: dict[str, str] = {}
    for _ in range(3):
        answer = await hass.services.async_call(
            DOMAIN, "list_operations", {"limit": 1, **cursor}, True, admin, None, True
        )
        assert answer
        page: Any = answer
        seen += [row["operation_id"] for row in page["operations"]]
        cursor = {"cursor": page["cursor"]} if page["cursor"] else {}
    assert seen == [row["operation_id"] for row in rows]
    assert not cursor
    with pytest.raises(ServiceValidationError) as raised:
        await listed(hass, admin, cursor="nowhere")
    assert raised.value.translation_key == "operation_unknown"


async def test_the_live_list(
    hass: HomeAssistant,
    press: Press,
    admin: Context,
    far_end: FarEnd,
    hass_ws_client: WebSocketGenerator,
    hass_read_only_access_token: str,
    loaded: MockConfigEntry,
) -> None:
    await press("running")
    far_end.errors["shake"] = CannotConnect("no")
    for token, error in ((None, "no"), (hass_read_only_access_token, None)):
        client = (
            await hass_ws_client(hass, token) if token else await hass_ws_client(hass)
        )
        await client.send_json_auto_id(
            {"type": "homelab/subscribe_operations", "entry_id": loaded.entry_id}
        )
        assert (await client.receive_json())["success"]
        first = (await client.receive_json())["event"]["operations"]
        assert [row["state"] for row in first] == ["pending"]
        with pytest.raises(HomeAssistantError):
            await press("shake", admin, box="b")
        rows = [
            (await client.receive_json())["event"]["operations"][0] for _ in range(2)
        ]
        assert [row["state"] for row in rows] == ["running", "failed"]
        assert rows[-1]["error"] == error
        assert first[0]["result"] is None


def logbook_line(hass: HomeAssistant, event: Event) -> str:
    """Return what the logbook makes of an event."""
    described: dict[str, Callable[[Any], dict[str, Any]]] = {}

    def describe(domain: str, event: str, how: Callable[[Any], dict[str, Any]]) -> None:
        described[event] = how

    async_describe_events(hass, describe)
    found = described["homelab_operation"](Partial(event))
    return f"{found['name']} {found['message']}"


async def test_the_logbook_reads_well(
    hass: HomeAssistant,
    press: Press,
    admin: Context,
    events: list[Event],
    hass_admin_user: MockUser,
    far_end: FarEnd,
    freezer: FrozenDateTimeFactory,
) -> None:
    far_end.gates["shake"] = asyncio.Event()
    pressing = asyncio.create_task(press("shake", admin))
    await until(lambda: "shake" in far_end.asked)
    freezer.tick(3.1)
    far_end.gates.pop("shake").set()
    await pressing
    night = Context()
    hass.bus.async_fire(
        "automation_triggered", {"name": "Nightly repair"}, context=night
    )
    await press("running", night)
    await decide(hass, "reject", events[-1].data["operation_id"], admin)
    name = hass_admin_user.name
    assert [logbook_line(hass, event) for event in events] == [
        f"Shake of Alpha on Rack, asked by {name}: started",
        f"Shake of Alpha on Rack, asked by {name}: succeeded in 3.1 s",
        "Stop of Alpha on Rack, asked by automation Nightly repair: waits for approval",
        f"Stop of Alpha on Rack, asked by automation Nightly repair: rejected by {name}",
    ]


class Partial:
    """What the logbook hands over of an event."""

    def __init__(self, event: Event) -> None:
        self.data = event.data
        self.context_id = event.context.id
