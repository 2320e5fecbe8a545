"""What is known of containers when the engine answers badly, late or not at all."""

import asyncio
from pathlib import Path
from time import monotonic

import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
)

from demo.engine import Flavour, Machine, SimulatedEngine
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import HomeAssistant

from .host import docker_entry, entity_id, set_up, state, until
from custom_components.homelab.source import BadAnswer
from custom_components.homelab.sources.docker.access import PROBES, learn
from custom_components.homelab.sources.docker.client import DockerClient
from custom_components.homelab.sources.docker.connection import open_api
from custom_components.homelab.sources.docker.observer import MOST_REMEMBERED

HOURLY = {"polling": {"state_interval": 3600}}
OFTEN = {"polling": {"state_interval": 10}}
MANY = 130
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
    # the list alone says what it does
    assert state(hass, "container_name:broken", "running") == "on"
    assert state(hass, "container_name:broken", "restart_count") == "unknown"


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


@pytest.mark.parametrize("hangs", [False, True])
async def test_a_volume_driver_that_fails_costs_only_the_number_of_volumes(
    hass: HomeAssistant, engine: SimulatedEngine, hangs: bool
) -> None:
    engine.run("plex", volumes=("media",))
    engine.run("other")
    entry = docker_entry(hass, engine, options=HOURLY)

    if hangs:
        engine.faults.late["GET /volumes"] = 3600
    else:
        engine.faults.answers["GET /volumes"] = (500, "no such driver")
    begin = monotonic()
    await set_up(hass, entry)
    assert entry.state is ConfigEntryState.LOADED
    assert monotonic() - begin < 3
    await listening(engine)
    assert state(hass, "container_name:plex", "running") == "on"
    # nobody knows it: such a sensor has nothing to show yet
    assert entity_id(hass, "host", "volumes") is None
    # an image tells of itself, and the engine is met again; then a container dies
    engine.tell("image", "pull", "busybox:latest", name="busybox")
    engine.die("plex", 3)
    await until(lambda: state(hass, "container_name:plex", "running") == "off", 2)
    # contact is lost for a moment: it is back as soon as ever
    engine.hang_up()
    asked = engine.requests["GET /containers/json"]
    await until(lambda: engine.requests["GET /containers/json"] > asked, 5)
    await until(lambda: engine.in_flight["GET /events"] == 1)
    assert state(hass, "host", "connected") == "on"


async def test_the_number_of_volumes_stays_while_nobody_counts_them(
    hass: HomeAssistant, engine: SimulatedEngine
) -> None:
    engine.run("plex", volumes=("media",))
    await set_up(hass, docker_entry(hass, engine, options=HOURLY))
    await listening(engine)
    assert state(hass, "host", "volumes") == "1"
    engine.faults.answers["GET /volumes"] = (500, "no such driver")
    engine.add_volume("more")
    asked = engine.requests["GET /volumes"]
    engine.tell("volume", "create", "more")
    await until(lambda: engine.requests["GET /volumes"] > asked)
    await engine.stop("plex")
    await until(lambda: state(hass, "container_name:plex", "running") == "off")
    assert state(hass, "host", "volumes") == "1"
    engine.faults.answers.clear()
    engine.tell("image", "pull", "busybox:latest", name="busybox")
    await until(lambda: state(hass, "host", "volumes") == "2")
    # a proxy may be told to forbid it
    engine.faults.answers["GET /volumes"] = (403, "<html>forbidden</html>")
    engine.tell("image", "pull", "busybox:latest", name="busybox")
    await until(lambda: state(hass, "host", "volumes") in {"unknown", "unavailable"})


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
    engine.faults.delay = 4
    engine.die("plex", 9)
    await until(lambda: state(hass, "container_name:plex", "running") == "off")
    assert engine.in_flight[INSPECT]
    engine.faults.delay = 0
    await until(lambda: engine.in_flight[INSPECT] == 0)


async def test_an_answer_that_is_older_than_a_removal_brings_nothing_back(
    hass: HomeAssistant, engine: SimulatedEngine
) -> None:
    plex = engine.run("plex", auto_remove=True)
    engine.run("other")
    await set_up(hass, docker_entry(hass, engine, options=HOURLY))
    await listening(engine)
    # it is asked about because it ended, and is gone before the answer comes
    engine.faults.late[f"GET /containers/{plex.id}/json"] = 1
    asked = engine.requests[INSPECT]
    engine.pause("plex")
    await until(lambda: engine.requests[INSPECT] > asked)
    engine.remove("plex", force=True)
    await until(lambda: state(hass, "container_name:plex", "state") == "unavailable")
    await until(lambda: engine.in_flight[INSPECT] == 0)
    engine.tell("image", "pull", "busybox:latest", name="busybox")
    await asyncio.sleep(0.5)
    assert state(hass, "container_name:plex", "state") == "unavailable"
    assert state(hass, "host", "containers_running") == "1"


async def test_what_is_made_while_the_list_is_on_its_way_is_not_gone(
    hass: HomeAssistant, engine: SimulatedEngine
) -> None:
    engine.run("other")
    entry = docker_entry(hass, engine, options=HOURLY)
    await set_up(hass, entry)
    await listening(engine)
    engine.faults.late["GET /containers/json"] = 0.5
    engine.faults.late[INSPECT] = 2
    asked = engine.requests["GET /containers/json"]
    looking = hass.async_create_task(entry.runtime_data.main.async_refresh())
    await until(lambda: engine.requests["GET /containers/json"] > asked)
    engine.run("new")
    await looking
    assert state(hass, "container_name:new", "state") in {"created", "running"}


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


async def test_stops_of_very_many_are_all_told(
    hass: HomeAssistant, engine: SimulatedEngine
) -> None:
    for number in range(MANY):
        engine.run(f"c{number}")
    await set_up(hass, docker_entry(hass, engine, options=HOURLY))
    await listening(engine)
    name = entity_id(hass, "host", "container")
    told = async_capture_events(hass, EVENT_STATE_CHANGED)
    for number in range(MANY):
        await engine.stop(f"c{number}")
    await until(
        lambda: sum(e.data["entity_id"] == name for e in told) == MANY, patience=30
    )


async def test_a_stream_that_always_breaks_is_opened_ever_more_rarely(
    hass: HomeAssistant, engine: SimulatedEngine
) -> None:
    engine.run("plex")
    await set_up(hass, docker_entry(hass, engine, options=HOURLY))
    begin = monotonic()
    while monotonic() < begin + 6:
        engine.chronicle.end_streams()
        await asyncio.sleep(0.1)
    # half a second, then one, two, four
    assert engine.requests["GET /events"] <= 5


async def test_numbers_that_cannot_be_had_hold_no_event_back(
    hass: HomeAssistant, engine: SimulatedEngine
) -> None:
    engine.run("plex")
    engine.run("other")
    engine.faults.answers["GET /containers/{id}/stats"] = (503, "no engine here")
    options = {"polling": {"state_interval": 3600, "stats_interval": 5}}
    await set_up(hass, docker_entry(hass, engine, options=options))
    await listening(engine)
    await until(lambda: engine.requests["GET /containers/{id}/stats"] > 2)
    await engine.stop("plex")
    await until(lambda: state(hass, "container_name:plex", "running") == "off", 3)


async def test_a_label_that_is_nonsense_harms_nothing(
    hass: HomeAssistant, engine: SimulatedEngine, entry: MockConfigEntry
) -> None:
    engine.run("odd", labels={"homelab.url": "http://[oops"})
    engine.run("plex")
    await set_up(hass, entry)
    assert entry.state is ConfigEntryState.LOADED
    assert state(hass, "container_name:odd", "running") == "on"


@pytest.mark.parametrize("action", ["restart", "pause", "unpause", "kill"])
async def test_each_action_is_learned_by_itself(
    hass: HomeAssistant, engine: SimulatedEngine, entry: MockConfigEntry, action: str
) -> None:
    engine.run("plex")
    forbidden = f"POST /containers/-homelab-nobody/{action}"
    engine.faults.answers[forbidden] = (403, "forbidden")
    await set_up(hass, entry)
    for key in ("restart", "pause", "unpause", "kill"):
        there = entity_id(hass, "container_name:plex", key) is not None
        assert there is (key != action)
    assert entity_id(hass, "container_name:plex", "running")


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
async def test_a_probe_that_nobody_could_answer_forbids_nothing(
    engine: SimulatedEngine, status: int
) -> None:
    data = {"name": "NAS", "url": engine.url}
    client = DockerClient(await open_api(data), data)
    await client.identify()
    probes = {action: f"{verb} /{path}" for action, (verb, path) in PROBES.items()}
    engine.faults.answers = dict.fromkeys(probes.values(), (status, "not now"))
    for code, action in ((401, "start"), (403, "stop"), (405, "kill")):
        engine.faults.answers[probes[action]] = (code, "forbidden")
    engine.faults.answers.pop(probes["pause"])
    api, before = client.observer.api, frozenset(PROBES) - {"restart", "pause"}
    forbidden = {"start", "stop", "kill", "restart"}
    assert await learn(api, before) == (PROBES.keys() - forbidden, False)
    engine.faults.answers.clear()
    assert await learn(api, before) == (PROBES.keys(), True)
    await client.close()


async def test_what_could_not_be_learned_is_learned_at_the_next_poll(
    hass: HomeAssistant, engine: SimulatedEngine, entry: MockConfigEntry
) -> None:
    engine.run("plex")
    restart = "POST /containers/{id}/restart"
    engine.faults.answers["POST /containers/-homelab-nobody/restart"] = (503, "not now")
    await set_up(hass, entry)
    await listening(engine)
    assert entity_id(hass, "container_name:plex", "restart") is None
    engine.faults.answers.clear()
    await entry.runtime_data.main.async_refresh()
    await until(lambda: entity_id(hass, "container_name:plex", "restart") is not None)
    # now it is known for a while
    asked = engine.requests[restart]
    await entry.runtime_data.main.async_refresh()
    assert engine.requests[restart] == asked


async def test_a_podman_that_does_not_tell_who_stopped_it(
    hass: HomeAssistant, tmp_path: Path
) -> None:
    machine = Machine(flavour=Flavour.PODMAN)
    async with SimulatedEngine(machine, socket_path=tmp_path / "podman.sock") as engine:
        engine.faults.answers["GET /libpod/containers/{id}/json"] = (500, "no")
        engine.run("asked")
        engine.run("other")
        entry = docker_entry(hass, engine, options=HOURLY)
        await set_up(hass, entry)
        await listening(engine)
        await engine.stop("asked")
        await until(lambda: state(hass, "container_name:asked", "running") == "off")
        await hass.config_entries.async_unload(entry.entry_id)
        engine.hang_up()


async def test_nobody_is_met_before_somebody_asks(engine: SimulatedEngine) -> None:
    data = {"name": "NAS", "url": engine.url}
    client = DockerClient(await open_api(data), data)
    with pytest.raises(BadAnswer):
        _ = client.observer.engine
    await client.close()
