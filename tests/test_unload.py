"""Unloading at random moments leaves nothing behind: counted before and after."""

import asyncio
import gc
import os
import random
from unittest.mock import patch

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import EVENT_HOMEASSISTANT_FINAL_WRITE
from homeassistant.core import HomeAssistant
from homeassistant.util.async_ import get_scheduled_timer_handles

from .fakes import wire
from custom_components.homelab import sources
from custom_components.homelab.const import CONF_SOURCE, DOMAIN


async def _possessions(hass: HomeAssistant, server: wire.Server) -> dict[str, int]:
    """Count what a leak would add to, once the server's side is out of the way."""
    await hass.async_block_till_done()
    await server.hang_up()
    for _ in range(20):
        await asyncio.sleep(0.001)
    gc.collect()
    descriptors = await hass.async_add_executor_job(os.listdir, "/proc/self/fd")
    return {
        "tasks": len(asyncio.all_tasks()),
        "descriptors": len(descriptors),
        # Home Assistant's registries listen for the last write while one is due
        **{
            str(event): count
            for event, count in hass.bus.async_listeners().items()
            if event != EVENT_HOMEASSISTANT_FINAL_WRITE
        },
        "timers": sum(
            not timer.cancelled() and "homelab" in repr(timer)
            for timer in get_scheduled_timer_handles(hass.loop)
        ),
    }


async def _unload_somewhere(
    hass: HomeAssistant, entry: MockConfigEntry, dice: random.Random
) -> None:
    setting_up = hass.async_create_task(
        hass.config_entries.async_setup(entry.entry_id)
        if entry.state is ConfigEntryState.NOT_LOADED
        else hass.config_entries.async_reload(entry.entry_id)
    )
    await asyncio.sleep(dice.uniform(0, 0.05))
    if not entry.state.recoverable:
        await setting_up
        await asyncio.sleep(dice.uniform(0, 0.02))
    await hass.config_entries.async_unload(entry.entry_id)
    await setting_up


@pytest.mark.parametrize(
    "times", [50, pytest.param(200, marks=pytest.mark.thorough)], ids=str
)
async def test_unload_at_random_moments(
    hass: HomeAssistant, socket_enabled: None, seed: int, times: int
) -> None:
    dice = random.Random(seed)
    server = wire.Server(dice)
    outcomes = set()
    with patch.object(sources, "SOURCE_TYPES", (wire.__name__,)):
        async with server.serving():
            entry = MockConfigEntry(
                domain=DOMAIN,
                title="Wire",
                unique_id="wire-1",
                data={CONF_SOURCE: "wire", "port": server.port},
            )
            entry.add_to_hass(hass)
            # loaded once without faults: what Home Assistant keeps for ever is there
            server.faults = 0
            await hass.config_entries.async_setup(entry.entry_id)
            assert entry.state is ConfigEntryState.LOADED
            await hass.config_entries.async_unload(entry.entry_id)
            server.faults = 0.3
            before = await _possessions(hass, server)
            for _ in range(times):
                await _unload_somewhere(hass, entry, dice)
                outcomes.add(entry.state)
            after = await _possessions(hass, server)
    assert outcomes == {ConfigEntryState.NOT_LOADED}
    assert after == before, f"something grew with seed {seed}"
