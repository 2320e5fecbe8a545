"""What the entities are, and what they do when somebody uses them."""

import asyncio
from dataclasses import replace

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
)

from homeassistant.components.update import UpdateEntityFeature
from homeassistant.const import EVENT_STATE_CHANGED, STATE_UNKNOWN, EntityCategory
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er

from .common import device, entity_id, pass_time, set_up, state, until
from .fakes.rack import Box, FarEnd, Rack
from custom_components.homelab.const import DOMAIN
from custom_components.homelab.kind import Release
from custom_components.homelab.source import CannotConnect

ALPHA = Box(name="Alpha")


@pytest.fixture(autouse=True)
async def alpha(hass: HomeAssistant, entry: MockConfigEntry, far_end: FarEnd) -> None:
    """Put one box on the rack."""
    far_end.rack = Rack(boxes={"a": ALPHA})
    await set_up(hass, entry)


async def test_names_and_identities(
    hass: HomeAssistant, entity_registry: er.EntityRegistry
) -> None:
    name = entity_id(hass, "box_a", "running")
    assert name
    found = entity_registry.async_get(name)
    box = device(hass, "box_a")
    assert found
    assert box
    assert found.unique_id == "rack-1_box_a_running"
    assert found.translation_key == "running"
    assert found.has_entity_name
    assert found.device_id == box.id
    assert box.identifiers == {(DOMAIN, "rack-1_box_a")}
    host = device(hass)
    assert host
    assert host.identifiers == {(DOMAIN, "rack-1")}
    assert entity_id(hass, "host", "boxes") is not None


async def test_a_name_with_a_placeholder(
    hass: HomeAssistant, entity_registry: er.EntityRegistry
) -> None:
    name = entity_id(hass, "box_a", "slot_1")
    assert name
    found = entity_registry.async_get(name)
    assert found
    assert found.translation_key == "slot"
    component = hass.data["entity_components"]["sensor"]
    assert component.get_entity(name).translation_placeholders == {"number": "1"}


async def test_what_acts_is_configuration_and_what_is_noisy_is_disabled(
    hass: HomeAssistant, entity_registry: er.EntityRegistry
) -> None:
    for key in ("running", "shake", "image"):
        name = entity_id(hass, "box_a", key)
        assert name
        found = entity_registry.async_get(name)
        assert found
        assert found.entity_category is EntityCategory.CONFIG
    noisy = entity_id(hass, "box_a", "rate")
    assert noisy
    disabled = entity_registry.async_get(noisy)
    assert disabled
    assert disabled.disabled_by is er.RegistryEntryDisabler.INTEGRATION


async def test_a_switch_acts_and_shows_what_is(
    hass: HomeAssistant, far_end: FarEnd, admin: Context, freezer: FrozenDateTimeFactory
) -> None:
    target = {"entity_id": entity_id(hass, "box_a", "running")}
    await hass.services.async_call(
        "switch", "turn_off", target, blocking=True, context=admin
    )
    await hass.async_block_till_done()
    assert far_end.calls == [("stop", "a")]
    assert state(hass, "box_a", "running") == "off"
    await hass.services.async_call(
        "switch", "turn_on", target, blocking=True, context=admin
    )
    await pass_time(hass, freezer, 1)
    assert far_end.calls == [("stop", "a"), ("start", "a")]
    assert state(hass, "box_a", "running") == "on"


async def test_a_button_acts(
    hass: HomeAssistant, far_end: FarEnd, admin: Context
) -> None:
    target = {"entity_id": entity_id(hass, "box_a", "shake")}
    await hass.services.async_call(
        "button", "press", target, blocking=True, context=admin
    )
    assert far_end.calls == [("shake", "a")]


async def test_an_update_offers_installs_and_shows_progress(
    hass: HomeAssistant, far_end: FarEnd, admin: Context
) -> None:
    far_end.send(far_end.rack.having(a=replace(ALPHA, latest="0.9")))
    await hass.async_block_till_done()
    assert state(hass, "box_a", "image") == "on"
    target = {"entity_id": entity_id(hass, "box_a", "image")}
    await hass.services.async_call(
        "update", "install", target, blocking=True, context=admin
    )
    assert far_end.calls == [("install", "a")]

    far_end.send(far_end.rack.having(a=replace(ALPHA, latest="0.9", installing=40)))
    await hass.async_block_till_done()
    found = hass.states.get(str(target["entity_id"]))
    assert found
    assert found.attributes["in_progress"] is True
    assert found.attributes["update_percentage"] == 40


async def test_an_update_without_an_action_only_tells(
    hass: HomeAssistant, far_end: FarEnd
) -> None:
    name = entity_id(hass, "host", "firmware")
    assert name
    assert state(hass, "host", "firmware") == STATE_UNKNOWN
    news = Release(installed="1", latest="2", title="Rack OS", summary="Quieter fans")
    far_end.send(replace(far_end.rack, firmware=news))
    await hass.async_block_till_done()
    found = hass.states.get(name)
    assert found
    assert found.state == "on"
    assert found.attributes["release_summary"] == "Quieter fans"
    assert not found.attributes["supported_features"] & UpdateEntityFeature.INSTALL
    with pytest.raises(HomeAssistantError):
        await hass.services.async_call(
            "update", "install", {"entity_id": name}, blocking=True
        )


async def test_an_event_tells_what_happened_also_during_an_outage(
    hass: HomeAssistant, far_end: FarEnd, freezer: FrozenDateTimeFactory
) -> None:
    name = entity_id(hass, "box_a", "moves")
    events = async_capture_events(hass, EVENT_STATE_CHANGED)

    def told() -> list[str]:
        return [
            event.data["new_state"].attributes["event_type"]
            for event in events
            if event.data["entity_id"] == name
            and event.data["new_state"].attributes.get("event_type")
        ]

    for running in (False, True):
        far_end.send(far_end.rack.having(a=replace(ALPHA, running=running)))
        await hass.async_block_till_done()
    assert told() == ["stopped", "started"]

    events.clear()
    far_end.break_off()
    await pass_time(hass, freezer, 61)
    far_end.errors.clear()
    far_end.rack = Rack(boxes={"a": replace(ALPHA, running=False)})
    await pass_time(hass, freezer, 61)
    assert "stopped" in told()


@pytest.mark.parametrize("how", ["refuses", "hangs"])
async def test_a_failed_action_says_so(
    hass: HomeAssistant,
    far_end: FarEnd,
    freezer: FrozenDateTimeFactory,
    admin: Context,
    how: str,
) -> None:
    if how == "refuses":
        far_end.errors["shake"] = CannotConnect("the rack is bolted down")
    else:
        far_end.hangs.add("shake")
    press = asyncio.create_task(
        hass.services.async_call(
            "button",
            "press",
            {"entity_id": entity_id(hass, "box_a", "shake")},
            blocking=True,
            context=admin,
        )
    )
    await until(lambda: "shake" in far_end.asked)
    await pass_time(hass, freezer, 6)
    with pytest.raises(HomeAssistantError) as raised:
        await press
    assert raised.value.translation_key == "operation_failed"
    assert raised.value.translation_domain == DOMAIN


async def test_an_entity_that_a_user_renames_stays_alive(
    hass: HomeAssistant, far_end: FarEnd, entity_registry: er.EntityRegistry
) -> None:
    name = entity_id(hass, "box_a", "version")
    assert name
    entity_registry.async_update_entity(name, new_entity_id="sensor.renamed")
    await hass.async_block_till_done()
    far_end.send(far_end.rack.having(a=replace(ALPHA, version="3")))
    await hass.async_block_till_done()
    found = hass.states.get("sensor.renamed")
    assert found
    assert found.state == "3"


async def test_an_entity_that_a_user_removes_is_added_again(
    hass: HomeAssistant, far_end: FarEnd, entity_registry: er.EntityRegistry
) -> None:
    name = entity_id(hass, "box_a", "version")
    assert name
    entity_registry.async_remove(name)
    await hass.async_block_till_done()
    far_end.send(far_end.rack.having(a=replace(ALPHA, version="3")))
    await hass.async_block_till_done()
    assert state(hass, "box_a", "version") == "3"
