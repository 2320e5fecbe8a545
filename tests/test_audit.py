"""The audit trail: bounded, crash-proof, and never the reason of a failed start."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
import errno
import json
import os
from pathlib import Path
import stat
from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
)

from homeassistant.core import Context, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util

from .common import entity_id, make_entry, pass_time, set_up, until
from .fakes.rack import Box, FarEnd, Rack
from custom_components.homelab.audit import keep
from custom_components.homelab.const import DOMAIN, OPERATIONS
from custom_components.homelab.operation import Asker, AskerKind, Operation, State

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _no_complaints() -> None:
    """Let these tests read the file; test_operations.py sees to it that we do not."""


@pytest.fixture
def trail(tmp_path: Path) -> Path:
    """Return where the audit trail is."""
    return tmp_path / ".storage" / "homelab.operations.jsonl"


def record(number: int, state: State, at: datetime = NOW, **changes: Any) -> Operation:
    """Return an operation that has come as far as its state says."""
    ran = state not in (State.PENDING, State.DENIED, State.REJECTED, State.EXPIRED)
    return Operation(
        id=f"op{number:05}",
        entry_id="entry",
        host="Rack",
        kind="box",
        resource_id="a",
        resource="Alpha",
        device_id=None,
        action="shake",
        risk="destructive",
        asked_by=Asker(kind=AskerKind.SYSTEM),
        requested_at=at,
        state=state,
        started_at=at if ran else None,
        **changes,
    )


def write(path: Path, *operations: Operation, end: str = "") -> None:
    """Write a trail as an earlier run left it."""
    lines = [json.dumps(operation.as_dict()) for operation in operations]
    path.write_text("\n".join([*lines, end]))


async def start(hass: HomeAssistant) -> dict[str, Operation]:
    """Start the integration without any entry."""
    assert await async_setup_component(hass, DOMAIN, {})
    await hass.async_block_till_done()
    return hass.data[OPERATIONS].ledger.records


async def test_each_transition_is_on_disk_before_it_is_announced(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    far_end: FarEnd,
    admin: Context,
    trail: Path,
) -> None:
    far_end.rack = Rack(boxes={"a": Box(name="Alpha")})
    await set_up(hass, entry)
    on_disk: list[Any] = []

    @callback
    def look(event: Any) -> None:
        lines = trail.read_text().splitlines()
        on_disk.append([json.loads(line)["state"] for line in lines])

    unsubscribe = hass.bus.async_listen("homelab_operation", look)
    target = {"entity_id": entity_id(hass, "box_a", "shake")}
    await hass.services.async_call("button", "press", target, True, admin)
    await hass.async_block_till_done()
    unsubscribe()
    assert on_disk == [["running"], ["running", "succeeded"]]
    assert stat.S_IMODE(trail.stat().st_mode) == 0o600


async def test_each_line_is_flushed_to_the_disk(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    far_end: FarEnd,
    admin: Context,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    far_end.rack = Rack(boxes={"a": Box(name="Alpha")})
    await set_up(hass, entry)
    flushed: list[int] = []
    monkeypatch.setattr("os.fsync", flushed.append)
    target = {"entity_id": entity_id(hass, "box_a", "shake")}
    await hass.services.async_call("button", "press", target, True, admin)
    assert len(flushed) == 2


async def test_a_restart_ends_what_cannot_go_on(
    hass: HomeAssistant, trail: Path, freezer: FrozenDateTimeFactory
) -> None:
    freezer.move_to(NOW)
    hour = timedelta(hours=1)
    write(
        trail,
        record(1, State.RUNNING),
        record(2, State.PENDING, decided_at=NOW, decided_by="policy"),
        record(3, State.PENDING, expires_at=NOW - hour),
        record(4, State.PENDING, expires_at=NOW + hour),
        record(5, State.SUCCEEDED),
    )
    events = async_capture_events(hass, "homelab_operation")
    records = await start(hass)
    assert [str(operation.state) for operation in records.values()] == [
        "unknown",
        "cancelled",
        "expired",
        "pending",
        "succeeded",
    ]
    assert [event.data["state"] for event in events] == [
        "unknown",
        "cancelled",
        "expired",
    ]
    issues = ir.async_get(hass).issues
    assert [key for _, key in issues] == ["operation_pending_op00004"]
    await pass_time(hass, freezer, 3601)
    await until(lambda: len(events) == 4)
    assert events[-1].data["state"] == "expired"
    assert not issues


async def test_what_nobody_can_do_any_more_is_not_approved(
    hass: HomeAssistant,
    far_end: FarEnd,
    trail: Path,
    admin: Context,
) -> None:
    """A request of an earlier version, whose action there is no more."""
    far_end.rack = Rack(boxes={"a": Box(name="Alpha")})
    entry = make_entry(hass, entry_id="entry")
    waiting = record(1, State.PENDING, dt_util.utcnow())
    write(trail, replace(waiting, action="paint"))
    await set_up(hass, entry)
    with pytest.raises(ServiceValidationError) as raised:
        await hass.services.async_call(
            DOMAIN, "approve", {"operation_id": "op00001"}, True, admin
        )
    assert raised.value.translation_key == "resource_unknown"
    assert hass.data[OPERATIONS].ledger.records["op00001"].awaits_decision


async def test_an_incomplete_last_line_is_dropped(
    hass: HomeAssistant, trail: Path, freezer: FrozenDateTimeFactory
) -> None:
    freezer.move_to(NOW)
    write(trail, record(1, State.SUCCEEDED), end='{"id": "op00002", "sta')
    records = await start(hass)
    assert list(records) == ["op00001"]
    assert not ir.async_get(hass).issues
    assert trail.read_text().count("\n") == 1


@pytest.mark.parametrize(
    "line",
    [
        "this is no JSON",
        "[]",
        "{}",
        '"text"',
        '{"id": "x", "state": "dancing"}',
        "\x00\x00\x00",
    ],
)
async def test_a_damaged_file_is_set_aside(
    hass: HomeAssistant, trail: Path, freezer: FrozenDateTimeFactory, line: str
) -> None:
    freezer.move_to(NOW)
    good = [json.dumps(record(n, State.SUCCEEDED).as_dict()) for n in (1, 2)]
    trail.write_text(f"{good[0]}\n{line}\n{good[1]}\n")
    records = await start(hass)
    assert list(records) == ["op00001", "op00002"]
    (issue,) = ir.async_get(hass).issues.values()
    assert issue.translation_key == "audit_damaged"
    assert issue.translation_placeholders
    aside = trail.with_name(issue.translation_placeholders["file"])
    assert line in aside.read_text()
    assert line not in trail.read_text().splitlines()


async def test_a_file_that_cannot_be_read_is_kept(
    hass: HomeAssistant,
    trail: Path,
    freezer: FrozenDateTimeFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    freezer.move_to(NOW)
    write(trail, record(1, State.SUCCEEDED))
    before = trail.read_text()

    def fail(_: Path) -> bytes:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as broken:
        broken.setattr(Path, "read_bytes", fail)
        assert await start(hass) == {}
    (issue,) = ir.async_get(hass).issues.values()
    assert issue.translation_key == "audit_damaged"
    assert issue.translation_placeholders
    await pass_time(hass, freezer, 86_500)
    aside = trail.with_name(issue.translation_placeholders["file"])
    assert aside.read_text() == before


async def test_the_damage_can_be_dismissed(
    hass: HomeAssistant,
    trail: Path,
    hass_client: Any,
) -> None:
    assert await async_setup_component(hass, "repairs", {})
    trail.write_text("nonsense\n")
    await start(hass)
    client = await hass_client()
    fix = {"handler": DOMAIN, "issue_id": "audit_damaged"}
    response = await client.post("/api/repairs/issues/fix", json=fix)
    form = await response.json()
    assert form["step_id"] == "confirm"
    await client.post(f"/api/repairs/issues/fix/{form['flow_id']}", json={})
    assert not ir.async_get(hass).issues


async def test_what_really_happened_is_never_pushed_out(
    hass: HomeAssistant, trail: Path, freezer: FrozenDateTimeFactory
) -> None:
    """5,000 operations: 2,000 that ran are kept, and 500 that did not."""
    freezer.move_to(NOW)
    ran = [record(n, State.SUCCEEDED) for n in range(2100)]
    refused = [record(n, State.DENIED) for n in range(2100, 5000)]
    old = record(9000, State.SUCCEEDED, NOW - timedelta(days=91))
    waiting = record(9001, State.PENDING, NOW - timedelta(days=91))
    write(trail, old, waiting, *ran, *refused)
    records = await start(hass)
    states = [operation.state for operation in records.values()]
    assert states.count(State.SUCCEEDED) == 2000
    assert states.count(State.DENIED) == 500
    assert states.count(State.PENDING) == 1
    assert "op00100" in records
    assert "op00099" not in records
    assert "op04999" in records
    assert trail.read_text().count("\n") == 2501


async def test_a_flood_of_refused_requests_stays_bounded(
    hass: HomeAssistant, far_end: FarEnd, admin: Context, trail: Path
) -> None:
    entry = make_entry(
        hass, options={"policy": {"disruptive": "deny", "destructive": "allow"}}
    )
    far_end.rack = Rack(boxes={"a": Box(name="Alpha")})
    await set_up(hass, entry)
    shake = {"entity_id": entity_id(hass, "box_a", "shake")}
    stop = {"entity_id": entity_id(hass, "box_a", "running")}
    await hass.services.async_call("button", "press", shake, True, admin)
    for _ in range(600):
        with pytest.raises(ServiceValidationError):
            await hass.services.async_call("switch", "turn_off", stop, True, admin)
    records = hass.data[OPERATIONS].ledger.records
    assert len(records) == 501
    assert next(iter(records.values())).state is State.SUCCEEDED


async def test_once_a_day_the_file_is_written_anew(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    far_end: FarEnd,
    admin: Context,
    trail: Path,
    freezer: FrozenDateTimeFactory,
) -> None:
    far_end.rack = Rack(boxes={"a": Box(name="Alpha")})
    await set_up(hass, entry)
    target = {"entity_id": entity_id(hass, "box_a", "shake")}
    for _ in range(3):
        await hass.services.async_call("button", "press", target, True, admin)
    assert trail.read_text().count("\n") == 6
    await pass_time(hass, freezer, 86_401)
    await until(lambda: trail.read_text().count("\n") == 3)
    assert stat.S_IMODE(trail.stat().st_mode) == 0o600


async def test_half_a_line_is_taken_back(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    far_end: FarEnd,
    admin: Context,
    trail: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A disk that fills up in the middle of a line does not spoil the next one."""
    import os

    far_end.rack = Rack(boxes={"a": Box(name="Alpha")})
    await set_up(hass, entry)
    target = {"entity_id": entity_id(hass, "box_a", "shake")}
    write_all = os.write
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", lambda fd, data: write_all(fd, data[:10]))
        with pytest.raises(HomeAssistantError):
            await hass.services.async_call("button", "press", target, True, admin)
    await hass.services.async_call("button", "press", target, True, admin)
    lines = trail.read_text().splitlines()
    assert [json.loads(line)["state"] for line in lines] == ["running", "succeeded"]


def test_keeping_is_by_what_ran() -> None:
    unknown = record(1, State.UNKNOWN)
    expired = record(2, State.EXPIRED)
    found = keep([unknown, expired], NOW + timedelta(days=89))
    assert list(found) == ["op00001", "op00002"]
    assert keep([unknown, expired], NOW + timedelta(days=91)) == {}
