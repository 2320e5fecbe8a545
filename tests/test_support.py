"""What helps when something is wrong: diagnostics, health, repairs; and no secret in it."""

import json
import logging
from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
    get_system_health_info,
)
from pytest_homeassistant_custom_component.components.diagnostics import (
    get_diagnostics_for_config_entry,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import MATCH_ALL
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component

from .common import CANARY, entity_id, make_entry, pass_time, set_up
from .fakes.rack import Box, FarEnd, Rack
from custom_components.homelab.const import DOMAIN
from custom_components.homelab.source import (
    AuthenticationFailed,
    BadAnswer,
    CannotConnect,
)


async def test_diagnostics(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    far_end: FarEnd,
    hass_client: ClientSessionGenerator,
) -> None:
    assert await async_setup_component(hass, "diagnostics", {})
    far_end.rack = Rack(boxes={"a": Box(name="Alpha"), "b": Box(name="Beta")})
    await set_up(hass, entry)
    found: dict[str, Any] = await get_diagnostics_for_config_entry(
        hass, hass_client, entry
    )
    assert found["connected"] is True
    assert found["resources"] == {"host": 1, "box": 2}
    assert found["data"]["token"] == "**REDACTED**"
    assert found["feeds"]["boxes"]["working"] is True
    assert found["feeds"]["boxes"]["resources"] == 3
    assert "Alpha" not in json.dumps(found)


async def test_system_health(
    hass: HomeAssistant, entry: MockConfigEntry, far_end: FarEnd
) -> None:
    assert await async_setup_component(hass, "system_health", {})
    await set_up(hass, entry)
    make_entry(hass, identity="rack-2")
    found = await get_system_health_info(hass, DOMAIN)
    assert found["hosts"] == 2
    assert found["hosts_connected"] == 1
    assert found["resources"] == 1
    assert found["operations_running"] == 0
    assert found["states_written"] >= 0


@pytest.mark.parametrize("mended", [True, False])
async def test_wrong_identity_is_repaired_by_looking_again(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    far_end: FarEnd,
    hass_client: ClientSessionGenerator,
    issue_registry: ir.IssueRegistry,
    mended: bool,
) -> None:
    assert await async_setup_component(hass, "repairs", {})
    far_end.identity = "impostor"
    await set_up(hass, entry)
    assert entry.state is ConfigEntryState.SETUP_ERROR
    issue_id = f"wrong_identity_{entry.entry_id}"
    assert issue_registry.async_get_issue(DOMAIN, issue_id)
    if mended:
        far_end.identity = "rack-1"

    client = await hass_client()
    response = await client.post(
        "/api/repairs/issues/fix", json={"handler": DOMAIN, "issue_id": issue_id}
    )
    form = await response.json()
    assert form["step_id"] == "confirm"
    assert form["description_placeholders"]["found"] == "impostor"
    response = await client.post(f"/api/repairs/issues/fix/{form['flow_id']}", json={})
    result = await response.json()
    assert result["type"] == ("create_entry" if mended else "abort")
    await hass.async_block_till_done()
    assert (entry.state is ConfigEntryState.LOADED) is mended
    assert bool(issue_registry.async_get_issue(DOMAIN, issue_id)) is not mended


async def test_removing_an_entry_leaves_nothing_behind(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    far_end: FarEnd,
    issue_registry: ir.IssueRegistry,
    hass_storage: dict[str, Any],
) -> None:
    far_end.rack = Rack(boxes={"a": Box(name="Alpha")})
    await set_up(hass, entry)
    far_end.send(Rack())
    await hass.async_block_till_done()
    far_end.identity = "impostor"
    await hass.config_entries.async_reload(entry.entry_id)
    assert issue_registry.issues
    assert any(key.startswith(DOMAIN) for key in hass_storage)
    await hass.config_entries.async_remove(entry.entry_id)
    assert not issue_registry.issues
    assert not any(key.startswith(DOMAIN) for key in hass_storage)
    assert entity_id(hass, "host", "boxes") is None


async def test_no_secret_leaks(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    far_end: FarEnd,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
    hass_client: ClientSessionGenerator,
    issue_registry: ir.IssueRegistry,
    hass_storage: dict[str, Any],
    admin: Context,
) -> None:
    """Every error carries the secret in its text; nothing that leaves us does."""
    caplog.set_level(logging.DEBUG)
    assert await async_setup_component(hass, "diagnostics", {})
    events = async_capture_events(hass, MATCH_ALL)
    words = f"refused for {CANARY}"
    far_end.rack = Rack(boxes={"a": Box(name="Alpha")})
    await set_up(hass, entry)
    target = {"entity_id": entity_id(hass, "box_a", "shake")}
    for error in (
        BadAnswer(words),
        CannotConnect(words),
        AuthenticationFailed(words),
    ):
        far_end.errors["shake"] = error
        with pytest.raises(HomeAssistantError) as raised:
            await hass.services.async_call(
                "button", "press", target, blocking=True, context=admin
            )
        assert CANARY not in str(raised.value)
        assert CANARY not in repr(raised.value.translation_placeholders)
        for question in ("identity", "boxes", "stats", "stream"):
            far_end.errors[question] = error
        far_end.send(error)
        for _ in range(4):
            await pass_time(hass, freezer, 31)
        found = await get_diagnostics_for_config_entry(hass, hass_client, entry)
        assert CANARY not in json.dumps(found)
        far_end.errors.clear()
        await hass.config_entries.async_reload(entry.entry_id)
    far_end.identity = f"impostor {CANARY}"
    await hass.config_entries.async_reload(entry.entry_id)

    assert "Reading boxes of Rack failed: refused for **" in caplog.text
    # Home Assistant logs what its own storage gets, in tests only
    lines = [
        x for x in caplog.text.splitlines() if "Writing data to core.conf" not in x
    ]
    assert not [line for line in lines if CANARY in line]
    assert CANARY not in repr([event.as_dict() for event in events])
    assert CANARY not in repr(issue_registry.issues)
    assert CANARY not in repr(hass.states.async_all())
    stored = {k: v for k, v in hass_storage.items() if k != "core.config_entries"}
    assert CANARY not in repr(stored)
