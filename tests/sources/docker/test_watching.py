"""The live subscription: what a person sees once a second, and what it costs."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
)
from pytest_homeassistant_custom_component.typing import (
    MockHAClientWebSocket,
    WebSocketGenerator,
)

from demo.engine import Health, SimulatedEngine, compose
from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import Context, HomeAssistant

from .bench import BUSY, STATS, Bench
from .host import device, entity_id, state
from .relay import Relay
from custom_components.homelab.source import BadAnswer

FIELDS = {
    *("device_id", "id", "name", "project", "state", "health", "cpu", "memory"),
    *("memory_limit", "receive_rate", "send_rate", "read_rate", "write_rate"),
    "operation",
}
NUMBERS = (
    *("cpu", "memory", "memory_limit"),
    *("receive_rate", "send_rate", "read_rate", "write_rate"),
)
# nothing is polled: whatever is written now is written because somebody watches
SELDOM = {"polling": {"state_interval": 3600, "stats_interval": 300}}


@dataclass(kw_only=True)
class Viewer:
    """Somebody who watches, and what he sees by now."""

    bench: Bench
    client: MockHAClientWebSocket
    number: int
    rows: dict[str, dict[str, Any]]

    async def frame(self, seconds: float = 3, *, step: float = 0.25) -> dict[str, Any]:
        """Wait for the next message, and take it in; step is how exactly."""
        coming = asyncio.create_task(self.client.receive_json())
        await self.bench.until(coming.done, seconds, step=step)
        return self.take(coming.result())

    async def at_once(self) -> dict[str, Any]:
        """Take the next message in, for which no time has to pass."""
        coming = asyncio.create_task(self.client.receive_json())
        await self.bench.breathe()
        assert coming.done(), "nothing came"
        return self.take(coming.result())

    def take(self, message: dict[str, Any]) -> dict[str, Any]:
        """Take a message in."""
        assert (message["id"], message["type"]) == (self.number, "event"), message
        event: dict[str, Any] = message["event"]
        assert event.keys() == {"at", "connected", "containers", "removed"}
        for id_ in event["removed"]:
            del self.rows[id_]
        for row in event["containers"]:
            assert row.keys() == FIELDS
            self.rows[row["id"]] = row
        return event

    async def see(self, seen: Callable[[], bool], seconds: float = 30) -> None:
        """Watch until something is seen."""
        for _ in range(int(seconds)):
            if seen():
                return
            await self.frame(seconds)
        raise AssertionError(f"it was never seen: {self.rows}")

    async def leave(self) -> None:
        """Watch no more."""
        await self.client.send_json_auto_id(
            {
                "type": "unsubscribe_events",
                "subscription": self.number,
            }
        )
        while (await self.client.receive_json())["type"] != "result":
            pass


type Watch = Callable[..., Awaitable[Viewer]]


@pytest.fixture
def bench(
    hass: HomeAssistant, engine: SimulatedEngine, freezer: FrozenDateTimeFactory
) -> Bench:
    """Return a bench on which nothing is polled."""
    return Bench(hass=hass, engine=engine, freezer=freezer, options=SELDOM)


@pytest.fixture
def watch(
    bench: Bench, hass_ws_client: WebSocketGenerator, hass_access_token: str
) -> Watch:
    """Return what lets somebody watch."""

    async def begin(token: str = hass_access_token) -> Viewer:
        client = await hass_ws_client(bench.hass, token)
        await client.send_json_auto_id(
            {
                "type": "homelab/subscribe_containers",
                "entry_id": bench.entry.entry_id,
            }
        )
        answer = await client.receive_json()
        assert answer["success"], answer
        return Viewer(bench=bench, client=client, number=answer["id"], rows={})

    return begin


def streams(bench: Bench) -> int:
    """Return how many containers are followed at the engine."""
    return bench.engine.in_flight[STATS]


async def test_everything_at_first_then_what_changes(
    bench: Bench, watch: Watch
) -> None:
    engine = bench.engine
    web = compose("shop", "web")
    engine.run("shop-web-1", labels=web, health=Health.HEALTHY, usage=BUSY)
    engine.add("idle")
    await bench.begin()
    viewer = await watch()
    first = await viewer.frame()
    assert first["connected"] is True
    assert first["removed"] == []
    container = device(bench.hass, "container_shop/web/1")
    assert container
    assert viewer.rows["shop/web/1"] == {
        "device_id": container.id,
        "id": "shop/web/1",
        "name": "web",
        "project": "shop",
        "state": "running",
        "health": "starting",
        "operation": None,
        **dict.fromkeys(NUMBERS),
    }
    assert viewer.rows["name:idle"]["state"] == "created"
    assert viewer.rows["name:idle"]["project"] is None
    await viewer.see(lambda: viewer.rows["shop/web/1"]["cpu"] is not None)
    second = await viewer.frame()
    # what has not changed is not sent again
    assert [row["id"] for row in second["containers"]] == ["shop/web/1"]
    row = viewer.rows["shop/web/1"]
    assert row["cpu"] == pytest.approx(1.3 / 4 * 100, rel=0.4)
    assert row["memory"] == pytest.approx(300_000_000, rel=0.1)
    assert row["memory_limit"] == 16_000_000_000
    assert row["receive_rate"] == pytest.approx(2000, rel=0.4)
    assert row["write_rate"] is not None
    assert [viewer.rows["name:idle"][key] for key in NUMBERS] == [None] * len(NUMBERS)


async def test_once_a_second_and_nothing_of_it_is_written(
    bench: Bench, watch: Watch
) -> None:
    engine = bench.engine
    for number in range(8):
        engine.run(f"c{number}", usage=BUSY)
    entry = await bench.begin()
    viewer = await watch()
    await viewer.see(lambda: viewer.rows.get("name:c0", {}).get("cpu") is not None)
    events = async_capture_events(bench.hass, EVENT_STATE_CHANGED)
    written = entry.runtime_data.publication.states_written
    asked = engine.requests.copy()
    seen, begin = set(), engine.seconds
    for number in range(10):
        engine.load("c0", cpu=number % 4)
        await viewer.frame(step=0.05)
        seen.add(viewer.rows["name:c0"]["cpu"])
    assert engine.seconds - begin == pytest.approx(10, abs=1)
    assert len(seen) > 5
    assert events == []
    assert entry.runtime_data.publication.states_written == written
    assert engine.requests == asked
    assert streams(bench) == 8


async def test_a_second_viewer_and_the_end(bench: Bench, watch: Watch) -> None:
    engine = bench.engine
    engine.run("web", usage=BUSY)
    engine.run("other", usage=BUSY)
    await bench.begin()
    at_rest = engine.connections
    first = await watch()
    await first.see(lambda: (first.rows.get("name:web") or {}).get("cpu") is not None)
    asked, now = engine.requests[STATS], engine.seconds
    second = await watch()
    event = await second.at_once()
    assert engine.seconds == now
    assert len(event["containers"]) == 2
    assert second.rows == first.rows
    await first.leave()
    await bench.pass_time(10)
    assert streams(bench) == 2
    await second.leave()
    await bench.pass_time(4.5)
    assert streams(bench) == 2
    # who comes back in time finds it running
    third = await watch()
    await third.at_once()
    await bench.pass_time(10)
    assert engine.requests[STATS] == asked
    # a viewer whose connection breaks has left, too
    await third.client.close()
    await bench.pass_time(4)
    assert streams(bench) == 2
    await bench.pass_time(2)
    assert streams(bench) == 0
    await bench.until(lambda: engine.connections <= at_rest)
    fourth = await watch()
    await fourth.see(lambda: (fourth.rows.get("name:web") or {}).get("cpu") is not None)
    assert engine.requests[STATS] == asked + 2


async def test_what_becomes_of_containers(bench: Bench, watch: Watch) -> None:
    engine = bench.engine
    engine.run("web", usage=BUSY)
    engine.run("other", usage=BUSY)
    await bench.begin()
    viewer = await watch()

    def web() -> dict[str, Any]:
        return viewer.rows.get("name:web", {})

    await viewer.see(lambda: web().get("cpu") is not None)
    await engine.stop("web")
    await viewer.see(lambda: web()["state"] == "exited")
    assert [web()[key] for key in NUMBERS] == [None] * len(NUMBERS)
    await bench.until(lambda: streams(bench) == 1)
    engine.start("web")
    await viewer.see(lambda: web()["state"] == "running" and web()["cpu"] is not None)
    engine.pause("web")
    await viewer.see(lambda: web()["state"] == "paused" and web()["cpu"] == 0)
    assert web()["memory"]
    engine.unpause("web")
    await engine.recreate("web", usage={"cores": 3.9})
    await viewer.see(lambda: (web()["cpu"] or 0) > 60)
    engine.run("new")
    await viewer.see(lambda: "name:new" in viewer.rows)
    await viewer.see(lambda: viewer.rows["name:new"]["device_id"] is not None)
    engine.remove("new", force=True)
    await viewer.see(lambda: "name:new" not in viewer.rows)
    assert web()["id"] == "name:web"
    await bench.until(lambda: streams(bench) == 2)


async def test_an_engine_that_is_lost_and_found(bench: Bench, watch: Watch) -> None:
    engine = bench.engine
    engine.run("web", usage=BUSY, restart="always")
    await bench.begin()
    viewer = await watch()
    await viewer.see(lambda: bool(viewer.rows))
    engine.faults.silent = True
    engine.hang_up()
    event = await viewer.frame(60)
    while event["connected"]:
        event = await viewer.frame(60)
    assert event["containers"] == []
    assert viewer.rows == {}
    # whoever comes now is told so at once
    late = await watch()
    told = await late.at_once()
    assert (told["connected"], told["containers"]) == (False, [])
    engine.faults.silent = False
    await late.see(lambda: bool(late.rows), 180)
    assert late.rows["name:web"]["state"] == "running"
    await late.see(lambda: late.rows["name:web"]["cpu"] is not None)


@pytest.mark.parametrize("error", [BadAnswer("odd"), ValueError("bug")])
async def test_a_stream_that_breaks_begins_again(
    bench: Bench, watch: Watch, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    bench.engine.run("web")
    entry = await bench.begin()
    source = entry.runtime_data.source

    def host() -> None:
        raise error

    broken = SimpleNamespace(observer=SimpleNamespace(api=None, host=host))
    entry.runtime_data.source = broken
    viewer = await watch()
    event = await viewer.frame()
    assert (event["connected"], event["containers"]) == (False, [])
    entry.runtime_data.source = source
    await viewer.see(lambda: "name:web" in viewer.rows)
    # an answer that cannot be right is its feed's to tell
    assert ("Watching NAS failed" in caplog.text) == isinstance(error, ValueError)


async def test_unload_and_reload_while_watched(bench: Bench, watch: Watch) -> None:
    engine = bench.engine
    engine.run("web", usage=BUSY)
    entry = await bench.begin()
    viewer = await watch()
    await viewer.see(lambda: bool(viewer.rows))
    idle = await watch()
    await idle.leave()
    assert await bench.hass.config_entries.async_unload(entry.entry_id)
    event = await viewer.frame()
    while event["connected"]:
        event = await viewer.frame()
    assert viewer.rows == {}
    await bench.until(lambda: engine.connections == 0)
    await viewer.leave()
    await viewer.client.send_json_auto_id(
        {
            "type": "homelab/subscribe_containers",
            "entry_id": entry.entry_id,
        }
    )
    assert (await viewer.client.receive_json())["error"]["code"] == "not_found"
    assert await bench.hass.config_entries.async_setup(entry.entry_id)
    viewer = await watch()
    await viewer.see(lambda: bool(viewer.rows))
    await viewer.leave()
    assert await bench.hass.config_entries.async_unload(entry.entry_id)
    await bench.until(lambda: engine.connections == 0)


async def test_whoever_is_logged_in_may_watch(
    bench: Bench, watch: Watch, hass_read_only_access_token: str
) -> None:
    bench.engine.run("web")
    await bench.begin()
    viewer = await watch(hass_read_only_access_token)
    await viewer.see(lambda: "name:web" in viewer.rows)


@pytest.mark.parametrize("which", ["unknown", "foreign"])
async def test_only_hosts_can_be_watched(
    bench: Bench, hass_ws_client: WebSocketGenerator, which: str
) -> None:
    await bench.begin()
    foreign = MockConfigEntry(domain="sun")
    foreign.add_to_hass(bench.hass)
    client = await hass_ws_client(bench.hass)
    await client.send_json_auto_id(
        {
            "type": "homelab/subscribe_containers",
            "entry_id": foreign.entry_id if which == "foreign" else "nobody",
        }
    )
    answer = await client.receive_json()
    assert answer["error"]["code"] == "not_found"


async def test_one_that_floods_or_falls_silent_does_not_stop_the_others(
    bench: Bench, watch: Watch, tmp_path: Path
) -> None:
    engine = bench.engine
    web, quiet = engine.run("web", usage=BUSY), engine.run("quiet", usage=BUSY)
    async with Relay(tmp_path / "relay.sock", tmp_path / "docker.sock") as relay:
        bench.url = relay.url
        entry = await bench.begin()
        viewer = await watch()

        def number(name: str) -> float | None:
            return viewer.rows.get(f"name:{name}", {}).get("cpu")

        await viewer.see(lambda: bool(number("web") and number("quiet")))
        before, asked = relay.passed, engine.requests[STATS]
        engine.faults.flood[f"GET /containers/{web.id}/stats"] = 10_000_000
        await viewer.see(lambda: number("web") is None)
        assert number("quiet")
        assert relay.passed - before < 3_000_000
        await viewer.see(lambda: number("web") is not None)
        assert engine.requests[STATS] == asked + 1
        relay.muted.add(f"/containers/{quiet.id}/stats".encode())
        begin = engine.seconds
        await viewer.see(lambda: number("quiet") is None)
        assert 14 <= engine.seconds - begin <= 17
        assert number("web")
        relay.muted.clear()
        await viewer.see(lambda: number("quiet") is not None)
        engine.faults.cut.add(f"GET /containers/{web.id}/stats")
        await viewer.see(lambda: number("web") is None)
        await viewer.see(lambda: number("web") is not None)
        await bench.hass.config_entries.async_unload(entry.entry_id)


async def test_what_runs_is_shown(bench: Bench, watch: Watch, admin: Context) -> None:
    bench.engine.run("web", lingers=4, stop_timeout=10)
    await bench.begin()
    viewer = await watch()
    await viewer.see(lambda: "name:web" in viewer.rows)
    stopping = bench.hass.async_create_task(
        bench.hass.services.async_call(
            "switch",
            "turn_off",
            {"entity_id": entity_id(bench.hass, "container_name:web", "running")},
            blocking=True,
            context=admin,
        )
    )
    await viewer.see(lambda: viewer.rows["name:web"]["operation"] == "stop")
    await viewer.see(lambda: viewer.rows["name:web"]["operation"] is None)
    await bench.until(stopping.done)
    assert state(bench.hass, "container_name:web", "running") == "off"


@pytest.mark.thorough
async def test_very_many_over_one_pool(bench: Bench, watch: Watch) -> None:
    engine = bench.engine
    for number in range(250):
        engine.run(f"c{number}", usage=BUSY)
    entry = await bench.begin()
    viewer = await watch()
    await viewer.see(
        lambda: (
            len(viewer.rows) == 250
            and all(row["cpu"] is not None for row in viewer.rows.values())
        )
    )
    assert streams(bench) == 250
    # whoever wants something else meanwhile is not kept waiting
    await entry.runtime_data.source.state()
    await viewer.leave()
    await bench.pass_time(6)
    assert streams(bench) == 0


async def test_the_traffic_of_a_network_is_shown_where_it_is(
    bench: Bench, watch: Watch
) -> None:
    bench.engine.run("vpn", usage=BUSY)
    bench.engine.run("app", network_mode="container:vpn", usage=BUSY)
    await bench.begin()
    viewer = await watch()
    await viewer.frame()

    def row(name: str) -> dict[str, Any]:
        return next(each for each in viewer.rows.values() if each["name"] == name)

    await viewer.see(lambda: row("vpn")["receive_rate"] and row("app")["cpu"])
    assert row("vpn")["send_rate"]
    assert row("app")["receive_rate"] is row("app")["send_rate"] is None
