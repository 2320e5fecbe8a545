"""An engine that accepts everything and says nothing is found out by the real clock."""

import asyncio
from time import monotonic

import pytest

from demo.engine import SimulatedEngine
from homeassistant.core import HomeAssistant

from .host import docker_entry, set_up, state, until

# seconds, as promised
STATE, NUMBERS = 45, 15
OPTIONS = {"polling": {"state_interval": 3600, "stats_interval": 5}}


@pytest.mark.thorough
@pytest.mark.timeout(150)
async def test_silence(hass: HomeAssistant, engine: SimulatedEngine) -> None:
    engine.run("plex")
    plex = "container_name:plex"
    await set_up(hass, docker_entry(hass, engine, options=OPTIONS))
    await until(lambda: state(hass, plex, "memory") != "unknown")
    begin = monotonic()
    engine.faults.silent = True
    await until(lambda: state(hass, plex, "memory") == "unavailable", 2 * NUMBERS)
    numbers = monotonic() - begin
    await until(lambda: state(hass, "host", "connected") == "off", 2 * STATE)
    lost = monotonic() - begin
    assert state(hass, plex, "running") == "unavailable"
    print(f"numbers were gone after {numbers:.1f} s, contact after {lost:.1f} s")
    # also where a round has just ended when the silence begins
    assert numbers < NUMBERS + 1
    assert lost < STATE
    engine.faults.silent = False
    await until(lambda: state(hass, "host", "connected") == "on", 90)
    await until(lambda: state(hass, plex, "running") == "on")
    await asyncio.sleep(0)


@pytest.mark.thorough
@pytest.mark.timeout(150)
async def test_silence_though_nobody_reads_numbers(
    hass: HomeAssistant, engine: SimulatedEngine
) -> None:
    # without any container no number is asked for: only a sign of life is
    await set_up(hass, docker_entry(hass, engine, options=OPTIONS))
    await until(lambda: engine.requests["GET /containers/json"] >= 2)
    begin = monotonic()
    engine.faults.silent = True
    await until(lambda: state(hass, "host", "connected") == "off", 2 * STATE)
    assert monotonic() - begin < STATE
    engine.faults.silent = False
