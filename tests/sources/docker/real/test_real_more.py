"""A killed engine, a live view, what is pruned and what is printed, on a real engine."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import async_capture_events
from pytest_homeassistant_custom_component.typing import (
    MockHAClientWebSocket,
    WebSocketGenerator,
)

from demo.busybox import IMAGE, archive
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import Context, HomeAssistant

from .test_connections import at
from .test_lives import apart, types
from .watched import watched
from custom_components.homelab.const import DOMAIN
from tests.fakes.real_engine import IDLE, RealEngine
from tests.sources.docker.host import PATIENCE, device, state, until

ALWAYS = {"RestartPolicy": {"Name": "always"}}
# longer than it takes until a cause is certain
CERTAIN = 12.0
FILLED = 20_000_000
LIMIT = 200_003_584
BUSY = f"x=$(head -c {FILLED} /dev/zero | tr '\\0' a); while :; do :; done"
# prints, and prints on once it may
TALKER = r"""
printf '10 %%\r100 %%\n'; printf '\033[31mred\033[0m\n' >&2
while [ ! -e /go ]; do sleep 0.1; done
echo more; echo worse >&2
"""
SAID = ["100 %", "\x1b[31mred\x1b[0m", "more", "worse"]


def device_id(hass: HomeAssistant, resource: str = "") -> str:
    """Return the id of a resource's device, or of the host's."""
    found = device(hass, resource)
    assert found
    return found.id


async def ask(hass: HomeAssistant, service: str, by: Context, **fields: Any) -> Any:
    """Return what an action answers."""
    return await hass.services.async_call(
        DOMAIN, service, fields, blocking=True, return_response=True, context=by
    )


async def subscribe(client: MockHAClientWebSocket, what: str, **fields: Any) -> None:
    """Begin to watch something."""
    await client.send_json_auto_id({"type": f"{DOMAIN}/subscribe_{what}", **fields})
    answer = await client.receive_json()
    assert answer["success"], answer


async def hear(
    client: MockHAClientWebSocket, take: Callable[[dict[str, Any]], bool]
) -> None:
    """Hand over what comes until it was enough."""
    async with asyncio.timeout(PATIENCE):
        while not take((await client.receive_json())["event"]):
            pass


async def kill_and_start(
    hass: HomeAssistant, engine: RealEngine, entry: ConfigEntry
) -> None:
    """End an engine to which somebody listens without a word, and let it come back."""
    chronicle = entry.runtime_data.source.observer.chronicle
    await until(lambda: chronicle.since is not None)
    await apart(engine.kill)
    await until(lambda: state(hass, "host", "connected") == "off", 20)
    # not in a thread of its own: the engine ends with the one that started it
    engine.start()
    await until(lambda: state(hass, "host", "connected") == "on", 60)


@pytest.mark.real("docker")
@pytest.mark.timeout(120)
async def test_whom_a_killed_engine_takes_along(
    hass: HomeAssistant, real_engine: RealEngine
) -> None:
    """It ends those that outlived it when it comes back, and starts some anew."""
    real_engine.run("stays", IDLE, host=ALWAYS)
    real_engine.run("once", IDLE)
    real_engine.run("ended", ("true",))
    real_engine.run("idle", start=False)
    await until(lambda: not real_engine.inspect("ended")["State"]["Running"])
    async with watched(hass, at(real_engine.url)) as entry:
        events = async_capture_events(hass, EVENT_STATE_CHANGED)
        await kill_and_start(hass, real_engine, entry)
        for name, word in (("stays", "on"), ("once", "off")):
            resource = f"container_name:{name}"
            await until(lambda r=resource, w=word: state(hass, r, "running") == w)  # type: ignore[misc]
        await until(lambda: types(hass, events, "name:stays")[-1:] == ["started"])
        await until(lambda: types(hass, events, "name:once") != [])
        # nothing else comes after that
        await asyncio.sleep(CERTAIN)
        told = {
            "stays": ["engine_stopped", "started"],
            "once": ["engine_stopped"],
            "ended": [],
            "idle": [],
        }
        for name, expected in told.items():
            assert types(hass, events, f"name:{name}") == expected, name
            is_so = real_engine.inspect(name)["State"]["Status"]
            assert state(hass, f"container_name:{name}", "state") == is_so
        assert state(hass, "host", "containers_running") == "1"


@pytest.mark.real("docker")
@pytest.mark.timeout(120)
async def test_whoever_outlives_a_killed_engine_has_not_stopped(
    hass: HomeAssistant, plain_engine: RealEngine
) -> None:
    plain_engine.end()
    plain_engine._options += ("--live-restore",)
    plain_engine.start()
    plain_engine.run("stays", IDLE, host=ALWAYS)
    plain_engine.run("once", IDLE)
    async with watched(hass, at(plain_engine.url)) as entry:
        events = async_capture_events(hass, EVENT_STATE_CHANGED)
        await kill_and_start(hass, plain_engine, entry)
        await asyncio.sleep(CERTAIN)
        for name in ("stays", "once"):
            assert plain_engine.inspect(name)["State"]["Running"]
            assert state(hass, f"container_name:{name}", "running") == "on"
            assert types(hass, events, f"name:{name}") == []
        await apart(plain_engine.act, "once", "kill")
        await until(lambda: types(hass, events, "name:once") == ["stopped"])
        assert state(hass, "container_name:once", "running") == "off"


@pytest.mark.real("docker")
async def test_a_live_view_of_one_that_is_busy(
    hass: HomeAssistant, real_engine: RealEngine, hass_ws_client: WebSocketGenerator
) -> None:
    real_engine.run("busy", ("sh", "-c", BUSY), host={"Memory": LIMIT})
    real_engine.run("idle", start=False)
    async with watched(hass, at(real_engine.url)) as entry:
        client = await hass_ws_client(hass)
        await subscribe(client, "containers", entry_id=entry.entry_id)
        rows: dict[str, dict[str, Any]] = {}

        def see(event: dict[str, Any]) -> dict[str, Any]:
            assert event["connected"] and not event["removed"]
            rows.update((row["id"], row) for row in event["containers"])
            return rows["name:busy"]

        def is_busy(event: dict[str, Any]) -> bool:
            row = see(event)
            return (row["cpu"] or 0) > 5 and (row["memory"] or 0) > FILLED

        await hear(client, is_busy)
        busy, idle = rows["name:busy"], rows["name:idle"]
        assert (busy["name"], busy["state"]) == ("busy", "running")
        assert busy["device_id"] == device_id(hass, "container_name:busy")
        # one core of the machine's at most, and what is counted a bit late
        assert busy["cpu"] <= 1.3 * 100 / real_engine.ask("GET", "/info")["NCPU"]
        assert busy["memory"] < busy["memory_limit"] == LIMIT
        assert busy["receive_rate"] is not None and busy["send_rate"] is not None
        assert idle["state"] == "created"
        assert idle["cpu"] is idle["memory"] is idle["receive_rate"] is None
        await apart(real_engine.act, "busy", "kill")
        await hear(client, lambda event: see(event)["state"] == "exited")
        assert rows["name:busy"]["cpu"] is rows["name:busy"]["memory"] is None
        await client.close()


@pytest.mark.real("docker")
async def test_prune_of_an_image_and_a_network(
    hass: HomeAssistant, real_engine: RealEngine, admin: Context
) -> None:
    unused = "unused:latest"
    for name in ("loose", "own"):
        real_engine.ask("POST", "/networks/create", {"Name": name})
    real_engine.run("idle", start=False, host={"NetworkMode": "own"})
    real_engine.import_image("unused", archive() + bytes(1024))

    def there() -> tuple[set[str], set[str]]:
        images = real_engine.ask("GET", "/images/json")
        networks = real_engine.ask("GET", "/networks")
        tags = {tag for each in images for tag in each["RepoTags"] or ()}
        return tags, {each["Name"] for each in networks}

    async with watched(hass, at(real_engine.url)):
        wish = {"device_id": device_id(hass), "what": ["images", "networks"]}
        before = there()
        said = await ask(hass, "prune", admin, **wish)
        items = {(each["what"], each["name"]): each["bytes"] for each in said["items"]}
        # an image with a name only goes when that is asked for
        assert ("networks", "loose") in items and ("images", unused) not in items
        assert ("networks", "own") not in items
        said = await ask(hass, "prune", admin, **wish, all_images=True)
        items = {(each["what"], each["name"]): each["bytes"] for each in said["items"]}
        assert ("networks", "loose") in items
        size = real_engine.ask("GET", "/images/unused/json")["Size"]
        assert items["images", unused] == size
        assert ("images", f"{IMAGE}:latest") not in items
        assert said["count"] == len(items) and said["bytes"] >= size
        assert there() == before
        said = await ask(hass, "prune", admin, **wish, all_images=True, preview=False)
        assert said["state"] == "succeeded"
        images, networks = there()
        assert images == {f"{IMAGE}:latest"}
        assert networks == {"bridge", "host", "none", "own"}


@pytest.mark.real("docker")
@pytest.mark.parametrize("tty", [False, True])
async def test_a_log_read_and_followed(
    hass: HomeAssistant,
    real_engine: RealEngine,
    admin: Context,
    hass_ws_client: WebSocketGenerator,
    tty: bool,
) -> None:
    real_engine.run("talker", ("sh", "-c", TALKER), Tty=tty)
    heard: list[dict[str, Any]] = []

    def take(event: dict[str, Any]) -> bool:
        heard.extend(event["lines"])
        assert event["dropped"] == 0
        if event.get("ended"):
            assert event["error"] is None
        return len(heard) == 2 or event.get("ended", False)

    async with watched(hass, at(real_engine.url)):
        talker = device_id(hass, "container_name:talker")
        client = await hass_ws_client(hass)
        await subscribe(client, "logs", device_id=talker, lines=10)
        await hear(client, take)
        assert len(heard) == 2
        await apart(real_engine.cli, "exec", "talker", "touch", "/go")
        await hear(client, take)
        streams = ["stdout", "stdout" if tty else "stderr"] * 2
        expected = list(zip(streams, SAID, strict=True))
        said = [(line["stream"], line["text"]) for line in heard]
        if tty:
            assert said == expected
        else:
            # which of the two streams the engine reads first is its own choice
            assert sorted(said) == sorted(expected)
        whole = await ask(hass, "get_logs", admin, device_id=talker)
        assert whole == {"lines": heard, "dropped": 0}
        last = await ask(hass, "get_logs", admin, device_id=talker, lines=1)
        assert last == {"lines": heard[-1:], "dropped": 0}
        await client.close()
