"""What is known of containers when the engine answers badly, late or not at all."""

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from demo.engine import SimulatedEngine
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant

from .host import docker_entry, set_up, state, until
from custom_components.homelab.sources.docker.observer import MOST_REMEMBERED

HOURLY = {"polling": {"state_interval": 3600}}
OFTEN = {"polling": {"state_interval": 10}}
INSPECT = "GET /containers/{id}/json"


async def listening(engine: SimulatedEngine) -> None:
    """Wait until the events are listened to, and all containers were listed again."""
    await until(lambda: engine.in_flight["GET /events"] == 1)
    await until(lambda: engine.requests["GET /containers/json"] >= 2)


async def test_one_that_cannot_be_asked_about_hides_no_other(
    hass: HomeAssistant, engine: SimulatedEngine, entry: MockConfigEntry
) -> None:
    broken = engine.run("broken")
    engine.run("plex")
    engine.faults.answers[f"GET /containers/{broken.id}/json"] = (500, "no such layer")
    await set_up(hass, entry)
    assert state(hass, "container_name:plex", "running") == "on"
    assert state(hass, "container_name:broken", "running") is None
    engine.faults.answers.clear()
    await entry.runtime_data.main.async_refresh()
    await until(lambda: state(hass, "container_name:broken", "running") == "on")


async def test_one_that_goes_while_it_is_asked_about(
    hass: HomeAssistant, engine: SimulatedEngine, entry: MockConfigEntry
) -> None:
    gone = engine.run("gone")
    engine.run("plex")
    engine.faults.answers[f"GET /containers/{gone.id}/json"] = (
        404,
        "no such container",
    )
    await set_up(hass, entry)
    assert state(hass, "container_name:plex", "running") == "on"
    assert state(hass, "container_name:gone", "running") is None


@pytest.mark.thorough
async def test_a_proxy_that_forbids_what_is_needed_later(
    hass: HomeAssistant, engine: SimulatedEngine
) -> None:
    engine.run("plex")
    await set_up(hass, docker_entry(hass, engine, options=OFTEN))
    await listening(engine)
    engine.faults.answers[INSPECT] = (403, "<html>forbidden</html>")
    engine.chronicle.end_streams()
    await until(lambda: state(hass, "container_name:plex", "running") == "unavailable")
    # it answers: contact is there
    assert state(hass, "host", "connected") == "on"
    engine.faults.answers.clear()
    await until(lambda: state(hass, "container_name:plex", "running") == "on")


async def test_an_engine_that_may_not_tell_its_volumes_and_then_fails(
    hass: HomeAssistant, engine: SimulatedEngine, entry: MockConfigEntry
) -> None:
    engine.faults.answers["GET /volumes"] = (500, "the disk is full")
    await set_up(hass, entry)
    assert entry.state is ConfigEntryState.SETUP_RETRY


async def test_what_changed_in_a_gap_is_asked_about(
    hass: HomeAssistant, engine: SimulatedEngine
) -> None:
    plex = engine.run("plex")
    await set_up(hass, docker_entry(hass, engine, options=HOURLY))
    await listening(engine)
    assert state(hass, "container_name:plex", "restart_count") == "0"
    # nothing that the list says of it has changed, and no event tells of it
    plex.restart_count = 7
    engine.chronicle.end_streams()
    await until(lambda: state(hass, "container_name:plex", "restart_count") == "7")


async def test_a_slow_answer_does_not_hold_back_what_an_event_says(
    hass: HomeAssistant, engine: SimulatedEngine
) -> None:
    engine.run("plex")
    engine.run("other")
    await set_up(hass, docker_entry(hass, engine, options=HOURLY))
    await listening(engine)
    engine.faults.delay = 3
    engine.die("plex", 9)
    await until(lambda: state(hass, "container_name:plex", "running") == "off", 2.5)
    engine.faults.delay = 0
    await until(lambda: engine.in_flight[INSPECT] == 0)


async def test_strangers_are_forgotten(
    hass: HomeAssistant, engine: SimulatedEngine
) -> None:
    entry = docker_entry(hass, engine, options=HOURLY)
    engine.run("plex")
    await set_up(hass, entry)
    await listening(engine)
    observer = entry.runtime_data.source.observer
    # so many have come and gone
    gone = {f"name:job{number}": frozenset[str]() for number in range(MOST_REMEMBERED)}
    observer.volumes_of.update(gone)
    engine.run("new")
    await until(lambda: state(hass, "container_name:new", "running") == "on")
    assert observer.volumes_of.keys() == {"name:plex", "name:new"}
