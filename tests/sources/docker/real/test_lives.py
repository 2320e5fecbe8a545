"""The lives of containers of a real engine, as Home Assistant sees them."""

import asyncio
from collections.abc import Callable
import os
from pathlib import Path
import subprocess
import time
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import async_capture_events

from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import Context, Event, HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er

from .test_connections import at
from .watched import watched
from tests.fakes.real_engine import IDLE, WILLING, RealEngine
from tests.sources.docker.host import entity_id, state, until

HOURLY = {"polling": {"state_interval": 3600}}
STOPS = 200
# seconds from the engine's event to the switch, for 99 of 100
SOON = 1.0
COMPOSE = """\
version: "2.4"
services:
  db:
    image: busybox
    network_mode: none
    command: ["sleep", "100000"]
    stop_signal: SIGKILL
  web:
    image: busybox
    network_mode: none
    depends_on: [db]
    command: ["sleep", "100000"]
    stop_signal: SIGKILL
"""


async def hourly(hass: HomeAssistant, entry: Any) -> None:
    """Poll once an hour: whatever is seen was said by the engine."""
    hass.config_entries.async_update_entry(entry, options=HOURLY)
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()


async def apart[T](work: Callable[..., T], *arguments: Any) -> T:
    """Do something to an engine while Home Assistant's loop goes on."""
    return await asyncio.to_thread(work, *arguments)


def types(hass: HomeAssistant, events: list[Event], resource: str) -> list[str]:
    """Return what the host's event has told of a resource."""
    name = entity_id(hass, "host", "container")
    told = [e.data["new_state"] for e in events if e.data["entity_id"] == name]
    return [
        s.attributes["event_type"]
        for s in told
        if s and s.attributes.get("resource") == resource
    ]


@pytest.mark.real("docker")
@pytest.mark.timeout(300)
async def test_a_stop_is_seen_within_a_second(
    hass: HomeAssistant, real_engine: RealEngine
) -> None:
    names = [f"c{n}" for n in range(10)]
    real_engine.run_many(names, WILLING)
    async with watched(hass, at(real_engine.url)) as entry:
        await hourly(hass, entry)
        switches = {entity_id(hass, f"container_name:{n}", "running"): n for n in names}
        events = async_capture_events(hass, EVENT_STATE_CHANGED)
        deaths: dict[str, list[float]] = {name: [] for name in names}
        for _ in range(STOPS // len(names)):
            begin = time.time()
            for action, word in (("stop", "off"), ("start", "on")):
                await asyncio.gather(
                    *(apart(real_engine.act, name, action) for name in names)
                )
                await until(
                    lambda word=word: all(  # type: ignore[misc]
                        hass.states.get(each).state == word  # type: ignore[union-attr,arg-type]
                        for each in switches
                    )
                )
            # the engine itself remembers only some hundred events
            for said in await apart(real_engine.events, begin):
                if said["Type"] == "container" and said["Action"] == "die":
                    name = said["Actor"]["Attributes"]["name"]
                    deaths[name].append(said["timeNano"] / 1e9)
    delays = []
    for switch, name in switches.items():
        seen = [
            e.data["new_state"].last_changed.timestamp()
            for e in events
            if e.data["entity_id"] == switch and e.data["new_state"].state == "off"
        ]
        assert len(seen) == len(deaths[name])
        delays += [at - died for at, died in zip(seen, deaths[name], strict=True)]
    assert len(delays) == STOPS
    delays.sort()
    print(f"median {delays[STOPS // 2]:.3f} s, p99 {delays[STOPS * 99 // 100]:.3f} s")
    assert delays[STOPS * 99 // 100] < SOON


@pytest.mark.real("docker")
@pytest.mark.timeout(200)
async def test_compose_recreates_what_it_has_made(
    hass: HomeAssistant, real_engine: RealEngine, tmp_path: Path
) -> None:
    (tmp_path / "docker-compose.yml").write_text(COMPOSE)

    def compose(*words: str) -> None:
        subprocess.run(
            ["docker-compose", "-p", "shop", *words],
            cwd=tmp_path,
            env={**os.environ, "DOCKER_HOST": real_engine.url},
            capture_output=True,
            timeout=60,
            check=True,
        )

    await apart(compose, "up", "-d")
    async with watched(hass, at(real_engine.url)) as entry:
        await hourly(hass, entry)
        web = "container_shop/web/1"
        assert state(hass, web, "running") == "on"
        switch = entity_id(hass, web, "running")
        devices = async_capture_events(hass, dr.EVENT_DEVICE_REGISTRY_UPDATED)
        entities = async_capture_events(hass, er.EVENT_ENTITY_REGISTRY_UPDATED)
        events = async_capture_events(hass, EVENT_STATE_CHANGED)
        for _ in range(20):
            await apart(compose, "up", "-d", "--force-recreate", "--no-deps", "web")
        await until(lambda: types(hass, events, "shop/web/1").count("recreated") == 20)
        seen = [
            e.data["new_state"].state for e in events if e.data["entity_id"] == switch
        ]
        assert seen == ["off", "on"] * 20
        assert not devices and not entities
        assert types(hass, events, "shop/web/1") == ["stopped", "recreated"] * 20
        assert types(hass, events, "shop/db/1") == []
        await apart(compose, "down")
        await until(lambda: state(hass, web, "running") == "unavailable")
        await apart(compose, "up", "-d")
        await until(lambda: state(hass, web, "running") == "on")


@pytest.mark.real("docker")
@pytest.mark.timeout(200)
async def test_causes(hass: HomeAssistant, real_engine: RealEngine) -> None:
    crash = ("sh", "-c", "sleep 1; exit 3")
    real_engine.run("stopped")
    real_engine.run("other")
    async with watched(hass, at(real_engine.url)):
        events = async_capture_events(hass, EVENT_STATE_CHANGED)
        await apart(real_engine.act, "stopped", "stop")
        await apart(real_engine.run, "ends", crash)
        again = {"RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 1}}
        await apart(lambda: real_engine.run("again", crash, host=again))
        await apart(real_engine.act, "other", "restart")
        await until(lambda: types(hass, events, "name:again")[-1:] == ["exited"], 30)
        assert types(hass, events, "name:stopped") == ["stopped"]
        assert types(hass, events, "name:ends") == ["started", "exited"]
        assert types(hass, events, "name:other") == ["stopped", "started"]
        assert types(hass, events, "name:again") == [
            *("started", "restarted_by_policy", "exited"),
        ]


@pytest.mark.real("docker")
@pytest.mark.timeout(200)
async def test_the_engine_is_killed_and_comes_back(
    hass: HomeAssistant, real_engine: RealEngine
) -> None:
    real_engine.run("stays", IDLE, host={"RestartPolicy": {"Name": "always"}})
    real_engine.run("once", IDLE)
    async with watched(hass, at(real_engine.url)):
        before = len(er.async_get(hass).entities)
        await apart(real_engine.kill)
        await until(lambda: state(hass, "host", "connected") == "off", 20)
        assert state(hass, "container_name:stays", "running") == "unavailable"
        # not in a thread of its own: the engine ends with the one that started it
        real_engine.start()
        await until(lambda: state(hass, "host", "connected") == "on", 60)
        await until(lambda: state(hass, "container_name:stays", "running") == "on", 30)
        assert state(hass, "container_name:once", "running") in {"on", "off"}
        assert len(er.async_get(hass).entities) == before


@pytest.mark.real("docker")
@pytest.mark.timeout(300)
@pytest.mark.parametrize("number", [100, 250])
async def test_many(
    hass: HomeAssistant, real_engine: RealEngine, admin: Context, number: int
) -> None:
    names = [f"c{n}" for n in range(number)]
    real_engine.run_many(names)
    async with watched(hass, at(real_engine.url)) as entry:
        begin = time.monotonic()
        await hass.config_entries.async_reload(entry.entry_id)
        await hass.async_block_till_done()
        print(f"{number} containers are set up in {time.monotonic() - begin:.1f} s")
        assert state(hass, "host", "containers_running") == str(number)
        last = f"container_name:c{number - 1}"
        await until(lambda: state(hass, last, "memory") != "unknown", 60)
        for each in names[:5]:
            await apart(real_engine.act, each, "kill")
        await until(
            lambda: state(hass, "host", "containers_running") == str(number - 5)
        )


@pytest.mark.real("docker")
async def test_numbers_are_those_of_the_docker_command(
    hass: HomeAssistant, real_engine: RealEngine
) -> None:
    filled = ("sh", "-c", "head -c 20000000 /dev/zero > /tmp/x; sleep 100000")
    real_engine.run("filled", filled)
    await asyncio.sleep(1)
    async with watched(hass, at(real_engine.url)):
        await until(lambda: state(hass, "container_name:filled", "memory") != "unknown")
        said = await apart(
            real_engine.cli,
            *("stats", "--no-stream", "--format", "{{.MemUsage}}", "filled"),
        )
        mebibytes = float(said.partition("MiB")[0])
        shown = float(state(hass, "container_name:filled", "memory") or 0)
        assert shown == pytest.approx(mebibytes, rel=0.2, abs=0.3)


@pytest.mark.real("docker")
@pytest.mark.timeout(200)
def test_each_run_of_the_engine_is_told_from_the_last(real_engine: RealEngine) -> None:
    def bridge() -> str:
        said: dict[str, str] = real_engine.ask("GET", "/networks/bridge?scope=local")
        return said["Id"]

    # one that is in use, when the engine is killed
    real_engine.run("stays", IDLE)
    seen = [bridge()]
    real_engine.kill()
    real_engine.start()
    seen.append(bridge())
    real_engine.stop()
    real_engine.start()
    seen.append(bridge())
    assert len({*seen}) == 3
    real_engine.run("other", IDLE)
    assert bridge() == seen[-1]
