"""The engine's events drive what is shown, and say why something happened."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, override

import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
)
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from demo.engine import Flavour, Health, Machine, SimulatedEngine, compose
from demo.engine.events import KEPT, Event as Told
from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import Event, HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er

from .host import device, docker_entry, entity_id, set_up, shown, state, until

# no poll helps
HOURLY = {"polling": {"state_interval": 3600}}
WEB = compose("shop", "web")


def happened(hass: HomeAssistant, events: list[Event]) -> list[tuple[str, Any]]:
    """Return what the host's event has told: types with their causes."""
    name = entity_id(hass, "host", "container")
    told = [e.data["new_state"] for e in events if e.data["entity_id"] == name]
    return [
        (s.attributes["event_type"], s.attributes["cause"])
        for s in told
        if s and s.attributes.get("event_type")
    ]


async def begin(
    hass: HomeAssistant, engine: SimulatedEngine
) -> tuple[MockConfigEntry, list[Event]]:
    """Set a host up that is polled hourly; capture what changes."""
    entry = docker_entry(hass, engine, options=HOURLY)
    await set_up(hass, entry)
    await until(lambda: engine.in_flight["GET /events"] == 1)
    await until(lambda: engine.requests["GET /containers/json"] >= 2)
    return entry, async_capture_events(hass, EVENT_STATE_CHANGED)


async def test_who_watches_changes_nothing_of_what_is_told(
    hass: HomeAssistant, engine: SimulatedEngine, hass_ws_client: WebSocketGenerator
) -> None:
    engine.run("plex")
    slow = engine.run("slow")
    entry, events = await begin(hass, engine)
    await until(lambda: engine.in_flight == Counter({"GET /events": 1}))
    engine.faults.late[f"GET /containers/{slow.id}/json"] = 0.4
    switch = entity_id(hass, "container_name:plex", "running")

    def has_ended(times: int) -> bool:
        told = [e.data["new_state"] for e in events if e.data["entity_id"] == switch]
        return [each.state for each in told].count("off") == times

    question = {"type": "homelab/subscribe_containers", "entry_id": entry.entry_id}
    for count in (1, 2):
        client = await hass_ws_client(hass)
        # the engine's seconds tell one run from the next
        await asyncio.sleep(1.1)
        for name in ("plex", "slow"):
            engine.die(name)
            engine.start(name)
        # the end is not shown yet when somebody begins to look
        await asyncio.sleep(0.1)
        await client.send_json_auto_id(question)
        assert (await client.receive_json())["success"]
        assert (await client.receive_json())["event"]["containers"]
        await client.close()
        await until(partial(has_ended, count))
        await until(lambda: state(hass, "container_name:plex", "running") == "on")


async def test_a_line_of_ten_megabytes_is_left_out(
    hass: HomeAssistant, engine: SimulatedEngine
) -> None:
    engine.run("plex")
    _, events = await begin(hass, engine)
    said = b'{"' + b"x" * 10_000_000
    engine.chronicle.tell(Odd(kind="", action="", actor="", at=engine.now(), said=said))
    # contact is there again, and the line does not come again
    await until(lambda: engine.requests["GET /events"] == 2)
    await until(lambda: engine.in_flight["GET /events"] == 1)
    await asyncio.sleep(0.2)
    await engine.stop("plex")
    await until(lambda: happened(hass, events) == [("stopped", "signal")])
    assert engine.requests["GET /events"] == 2


async def test_state_follows_the_engine(
    hass: HomeAssistant, engine: SimulatedEngine
) -> None:
    engine.run("plex")
    engine.run("other")
    _, events = await begin(hass, engine)
    plex = "container_name:plex"
    await engine.stop("plex")
    await until(lambda: state(hass, plex, "running") == "off")
    assert state(hass, "host", "containers_running") == "1"
    engine.start("plex")
    await until(lambda: state(hass, plex, "running") == "on")
    engine.pause("plex")
    await until(lambda: state(hass, plex, "state") == "paused")
    engine.unpause("plex")
    await until(lambda: state(hass, plex, "state") == "running")
    engine.die("plex", 3)
    await until(lambda: state(hass, plex, "running") == "off")
    await until(lambda: len(happened(hass, events)) == 5)
    assert happened(hass, events) == [
        ("stopped", "signal"),
        ("started", None),
        ("paused", None),
        ("unpaused", None),
        ("exited", "itself"),
    ]
    told = shown(hass, "host", "container")
    plex_device = device(hass, plex)
    assert told and plex_device
    assert told.attributes["device_id"] == plex_device.id
    assert told.attributes["resource"] == "name:plex"
    assert told.attributes["exit_code"] == 3


async def test_who_is_out_of_memory_and_who_is_started_again(
    hass: HomeAssistant, engine: SimulatedEngine
) -> None:
    engine.run("greedy")
    engine.run("clumsy", restart="always")
    engine.run("other")
    _, events = await begin(hass, engine)
    engine.oom("greedy")
    await until(lambda: state(hass, "container_name:greedy", "running") == "off")
    engine.die("clumsy", 1)
    await until(lambda: len(happened(hass, events)) == 2)
    assert happened(hass, events) == [
        ("oom_killed", "oom"),
        ("restarted_by_policy", "policy"),
    ]
    # it never stopped for whoever looks at the switch
    assert state(hass, "container_name:clumsy", "running") == "on"


async def test_who_has_stopped_a_container_of_podman(
    hass: HomeAssistant, tmp_path: Path
) -> None:
    machine = Machine(flavour=Flavour.PODMAN)
    async with SimulatedEngine(machine, socket_path=tmp_path / "podman.sock") as engine:
        engine.run("asked")
        engine.run("clumsy")
        engine.run("other")
        entry, events = await begin(hass, engine)
        # none of its events says that somebody asked for it
        await engine.stop("asked")
        await until(lambda: len(happened(hass, events)) == 1)
        engine.die("clumsy", 3)
        await until(lambda: len(happened(hass, events)) == 2)
        types = [type_ for type_, _ in happened(hass, events)]
        assert types == ["stopped", "exited"]
        await hass.config_entries.async_unload(entry.entry_id)
        engine.hang_up()


async def test_health(hass: HomeAssistant, engine: SimulatedEngine) -> None:
    engine.run("checked", health=Health.STARTING)
    _, events = await begin(hass, engine)
    checked = "container_name:checked"
    assert state(hass, checked, "health") == "starting"
    engine.set_health("checked", Health.HEALTHY)
    await until(lambda: state(hass, checked, "health") == "healthy")
    engine.set_health("checked", Health.UNHEALTHY)
    await until(lambda: state(hass, checked, "health") == "unhealthy")
    assert state(hass, "host", "containers_unhealthy") == "1"
    assert [type_ for type_, _ in happened(hass, events)] == ["healthy", "unhealthy"]


async def test_twenty_recreations_leave_the_registries_alone(
    hass: HomeAssistant, engine: SimulatedEngine
) -> None:
    engine.run("shop-web-1", labels=WEB)
    engine.run("other")
    _, events = await begin(hass, engine)
    devices = async_capture_events(hass, dr.EVENT_DEVICE_REGISTRY_UPDATED)
    entities = async_capture_events(hass, er.EVENT_ENTITY_REGISTRY_UPDATED)
    switch = entity_id(hass, "container_shop/web/1", "running")
    assert switch

    def seen() -> list[str]:
        return [
            e.data["new_state"].state for e in events if e.data["entity_id"] == switch
        ]

    for round_ in range(20):
        await engine.recreate("shop-web-1")
        await until(lambda n=round_: seen().count("on") == n + 1)  # type: ignore[misc]
    assert seen() == ["off", "on"] * 20
    assert not devices and not entities
    types = [type_ for type_, _ in happened(hass, events)]
    assert types == ["stopped", "recreated"] * 20


async def test_what_the_loser_does_changes_nothing(
    hass: HomeAssistant, engine: SimulatedEngine
) -> None:
    engine.run("shop-web-1", labels=WEB)
    engine.run("other")
    _, events = await begin(hass, engine)
    twin = engine.add("copy", labels=WEB)
    await until(lambda: engine.requests["GET /containers/{id}/json"] >= 3)
    assert state(hass, "container_shop/web/1", "state") == "running"
    engine.remove(twin.id)
    engine.set_health("shop-web-1", Health.HEALTHY)
    await until(lambda: ("healthy", None) in happened(hass, events))
    assert state(hass, "container_shop/web/1", "state") == "running"
    assert "removed" not in [type_ for type_, _ in happened(hass, events)]


async def test_what_is_new_and_what_is_gone(
    hass: HomeAssistant, engine: SimulatedEngine
) -> None:
    engine.run("other")
    _, events = await begin(hass, engine)
    engine.run("new")
    await until(lambda: state(hass, "container_name:new", "running") == "on")
    await until(lambda: happened(hass, events) == [("started", None)])
    new = device(hass, "container_name:new")
    told = shown(hass, "host", "container")
    assert new and told and told.attributes["device_id"] == new.id
    engine.remove("new", force=True)
    await until(lambda: state(hass, "container_name:new", "running") == "unavailable")
    await until(lambda: len(happened(hass, events)) == 3)
    assert happened(hass, events)[1:] == [("stopped", "removal"), ("removed", None)]
    # it may come back: its device stays for now
    assert device(hass, "container_name:new")
    engine.run("new")
    await until(lambda: state(hass, "container_name:new", "running") == "on")


async def test_nothing_is_missed_in_a_gap(
    hass: HomeAssistant, engine: SimulatedEngine
) -> None:
    engine.run("plex")
    engine.run("web")
    engine.run("other")
    _, events = await begin(hass, engine)
    engine.die("web", 7)
    await until(lambda: ("exited", "itself") in happened(hass, events))
    asked = len(engine.asked)
    engine.chronicle.end_streams()
    await until(lambda: engine.in_flight["GET /events"] == 0)
    await engine.stop("plex")
    engine.start("plex")
    engine.start("web")
    await until(lambda: engine.in_flight["GET /events"] == 1)
    await until(lambda: len(happened(hass, events)) == 4)
    assert [type_ for type_, _ in happened(hass, events)] == [
        "exited",
        "stopped",
        "started",
        "started",
    ]
    again = [each for each in engine.asked[asked:] if "/events" in each]
    assert "since=" in again[0]
    assert state(hass, "container_name:web", "running") == "on"


async def test_the_engine_goes_down_and_comes_back(
    hass: HomeAssistant, engine: SimulatedEngine
) -> None:
    engine.run("plex", restart="always")
    engine.run("once")
    _, events = await begin(hass, engine)
    await engine.go_down()
    await until(lambda: state(hass, "host", "connected") == "off")
    assert state(hass, "container_name:plex", "running") == "unavailable"
    await engine.come_up()
    await until(lambda: state(hass, "host", "connected") == "on", 20)
    await until(lambda: state(hass, "container_name:plex", "running") == "on")
    assert state(hass, "container_name:once", "running") == "off"
    await until(lambda: len(happened(hass, events)) >= 3)
    types = [type_ for type_, _ in happened(hass, events)]
    assert sorted(types[:2]) == ["engine_stopped", "engine_stopped"]
    assert types[2:] == ["started"]


async def test_a_storm_is_coalesced(
    hass: HomeAssistant, engine: SimulatedEngine
) -> None:
    for number in range(20):
        engine.run(f"c{number}", health=Health.STARTING)
    _, events = await begin(hass, engine)
    before = engine.requests["GET /containers/{id}/json"]
    await engine.storm(2000, 1.0)
    engine.die("c0", 9)
    await until(lambda: state(hass, "container_name:c0", "running") == "off")
    # each is asked about a few times, not once for each of its hundred events
    assert engine.requests["GET /containers/{id}/json"] - before < 600
    assert len(events) < 1000
    await asyncio.sleep(0)


@pytest.mark.parametrize("knows", [True, False])
async def test_all_are_stopped_by_hand_while_checks_fill_the_engines_memory(
    hass: HomeAssistant, engine: SimulatedEngine, knows: bool
) -> None:
    if not knows:
        engine.faults.answers["GET /networks/{id}"] = (403, "<html>forbidden</html>")
    engine.run("web", health=Health.STARTING)
    engine.run("db")
    _, events = await begin(hass, engine)
    engine.set_health("web", Health.HEALTHY)
    await until(lambda: happened(hass, events) == [("healthy", None)])
    events.clear()
    # each run of a check tells of three things that nobody here listens to
    for _ in range(KEPT // 3 + 1):
        engine.set_health("web", Health.HEALTHY)
    engine.chronicle.end_streams()
    await until(lambda: engine.in_flight["GET /events"] == 0)
    await engine.stop("web")
    await engine.stop("db")
    await until(lambda: len(happened(hass, events)) == 2, 30)
    told = ("stopped", "signal") if knows else ("engine_stopped", "engine")
    assert happened(hass, events) == [told, told]


@dataclass(frozen=True, kw_only=True, slots=True)
class Odd(Told):
    """An event in words that no engine uses."""

    said: bytes

    @override
    def line(self, *, repeating: bool) -> bytes:
        return self.said + b"\n"

    @override
    def passes(self, filters: Mapping[str, Sequence[str]]) -> bool:
        return True


async def test_a_line_that_makes_no_sense_is_skipped(
    hass: HomeAssistant, engine: SimulatedEngine
) -> None:
    engine.run("plex")
    engine.run("other")
    entry, events = await begin(hass, engine)
    client, opened = entry.runtime_data.source, engine.requests["GET /events"]
    for odd in (
        b"<html>",
        b"[]",
        b'{"Type":["container"],"Action":"die"}',
        b'{"Type":"container","Action":"die","Actor":{"ID":"x"},"time":[]}',
        b'{"Type":"container","Action":"die","Actor":{"ID":"x"},"time":"soon"}',
        b'{"Type":"container","Action":"die","Actor":{"ID":"x"},"time":"inf"}',
        b'{"Type":"container","Action":"die","Actor":{"ID":"x"},"timeNano":1e300}',
        b'{"Type":"container","Action":"die","Actor":{"ID":"x"},"time":17179869184}',
        b'{"Type":"container","Action":"die","Actor":{"ID":"x"}}',
    ):
        engine.chronicle.tell(Odd(kind="", action="", actor="", at=0, said=odd))
    await until(lambda: client.dropped == 9)
    await engine.stop("plex")
    await until(lambda: happened(hass, events) == [("stopped", "signal")])
    assert engine.requests["GET /events"] == opened
    assert client.dropped == 9
