"""Short ways to do what most tests do: set up, let time pass, look at a state."""

import asyncio
from collections.abc import Callable
import os
import secrets
import time
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er

from custom_components.homelab.const import CONF_SOURCE, DOMAIN

# a secret that no code can know
CANARY = f"canary-{secrets.token_hex(8)}"
# seconds
PATIENCE = 20
PLATFORMS = ("binary_sensor", "button", "event", "sensor", "switch", "update")


def make_entry(
    hass: HomeAssistant,
    *,
    source: str = "rack",
    address: str = "far",
    identity: str = "rack-1",
    **kwargs: Any,
) -> MockConfigEntry:
    """Add an entry for a made-up source."""
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="Rack",
        unique_id=identity,
        data={CONF_SOURCE: source, "address": address, "token": CANARY},
        **kwargs,
    )
    entry.add_to_hass(hass)
    return entry


async def set_up(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Set an entry up, and wait for what follows."""
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()


async def pass_time(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    seconds: float,
    *,
    wait: bool = True,
) -> None:
    """Let time pass, with everything that was due meanwhile.

    Without `wait` actions that are under way may go on.
    """
    freezer.tick(seconds)
    async_fire_time_changed(hass)
    await turns()
    if wait:
        await hass.async_block_till_done()


def entity_id(hass: HomeAssistant, resource: str, key: str) -> str | None:
    """Return the entity of a resource, such as `box_a`, or of the `host`."""
    registry = er.async_get(hass)
    found = (
        registry.async_get_entity_id(platform, DOMAIN, f"rack-1_{resource}_{key}")
        for platform in PLATFORMS
    )
    return next(filter(None, found), None)


def state(hass: HomeAssistant, resource: str, key: str) -> str | None:
    """Return an entity's state; None when there is none."""
    name = entity_id(hass, resource, key)
    found = hass.states.get(name) if name else None
    return found.state if found else None


def device(hass: HomeAssistant, resource: str = "") -> dr.DeviceEntry | None:
    """Return the device of a resource, or the host's."""
    entry = hass.config_entries.async_entries(DOMAIN)[0]
    identifier = f"rack-1_{resource}" if resource else "rack-1"
    registry = dr.async_get(hass)
    return registry.async_get_device_by_identifier((DOMAIN, identifier), entry.entry_id)


async def turns() -> None:
    """Let the loop turn: background work, which nothing waits for, takes a few."""
    for _ in range(10):
        await asyncio.sleep(0)


async def until(happened: Callable[[], bool]) -> None:
    """Let the loop turn until something has happened, for some seconds at most.

    Clocks may be frozen: what the process has been up to is told by another one.
    """
    begin = os.times().elapsed
    loop = asyncio.get_running_loop()
    while not happened():
        assert os.times().elapsed - begin < PATIENCE, "it never happened"
        for _ in range(20):
            await asyncio.sleep(0)
        # let the executor's threads work, too: the audit trail is written there
        await loop.run_in_executor(None, time.sleep, 0.0005)
