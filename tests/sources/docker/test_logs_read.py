"""What containers print: read once by an action, or followed live."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockUser
from pytest_homeassistant_custom_component.typing import (
    MockHAClientWebSocket,
    WebSocketGenerator,
)

from demo.engine import Proxy, SimulatedEngine
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers.json import json_bytes
from homeassistant.util import dt as dt_util

from .bench import WEB, Bench
from .host import device, docker_entry
from custom_components.homelab.const import DOMAIN
from tests.common import CANARY

LOGS = "GET /containers/{id}/logs"
RED = "\x1b[31m"


@pytest.fixture
def bench(
    hass: HomeAssistant, engine: SimulatedEngine, freezer: FrozenDateTimeFactory
) -> Bench:
    """Return a bench for an engine without containers."""
    return Bench(hass=hass, engine=engine, freezer=freezer)


def device_id(hass: HomeAssistant, resource: str = WEB) -> str:
    """Return the id of a resource's device."""
    found = device(hass, resource)
    assert found
    return found.id


async def get_logs(
    bench: Bench, *, context: Context | None = None, **fields: Any
) -> dict[str, Any]:
    """Call the action; without a context it is an automation that asks."""
    fields.setdefault("device_id", device_id(bench.hass))
    answer = await bench.hass.services.async_call(
        DOMAIN,
        "get_logs",
        fields,
        blocking=True,
        return_response=True,
        context=context,
    )
    assert answer is not None
    return answer


def texts(answer: dict[str, Any]) -> list[str]:
    """Return what the lines of an answer say."""
    return [line["text"] for line in answer["lines"]]


def say(bench: Bench, *lines: str, stream: str = "stdout") -> None:
    """Let the container print, a second apart."""
    for line in lines:
        bench.freezer.tick(1)
        bench.engine.say("web", line, stream)


async def test_lines_with_time_and_stream(bench: Bench, admin: Context) -> None:
    bench.engine.run("web")
    await bench.begin()
    say(bench, "one", "two")
    now = dt_util.utcnow()
    say(bench, "three", stream="stderr")
    answer = await get_logs(bench, context=admin)
    assert texts(answer) == ["one", "two", "three"]
    assert [line["stream"] for line in answer["lines"]] == ["stdout"] * 2 + ["stderr"]
    assert answer["dropped"] == 0
    at = datetime.fromisoformat(answer["lines"][2]["at"])
    assert abs(at - dt_util.utcnow()) < timedelta(milliseconds=1)
    assert texts(await get_logs(bench, lines=2)) == ["two", "three"]
    assert texts(await get_logs(bench, lines=0)) == []
    since = now + timedelta(milliseconds=500)
    assert texts(await get_logs(bench, since=since.isoformat())) == ["three"]
    # a time without a zone is Home Assistant's own
    local = dt_util.as_local(since).replace(tzinfo=None)
    assert texts(await get_logs(bench, since=local.isoformat())) == ["three"]
    # nothing of it stays open
    assert bench.engine.in_flight[LOGS] == 0


async def test_a_terminal(bench: Bench) -> None:
    bench.engine.run("web", tty=True)
    await bench.begin()
    say(bench, "10 %\r100 %", f"{RED}red\x1b[0m")
    say(bench, "oops", stream="stderr")
    answer = await get_logs(bench)
    # a terminal does not tell its streams apart
    assert {line["stream"] for line in answer["lines"]} == {"stdout"}
    assert texts(answer) == ["100 %", f"{RED}red\x1b[0m", "oops"]


async def test_an_answer_takes_what_it_may_take_with_all_that_is_in_it(
    bench: Bench,
) -> None:
    bench.engine.run("web")
    await bench.begin()
    # short lines have longer times; and what a colour is written with takes more
    for number in range(6000):
        bench.engine.say("web", f"{number}")
    for _ in range(4000):
        bench.engine.say("web", RED * 20)
    answer = await get_logs(bench, lines=10_000)
    taken = len(json_bytes(answer))
    assert 1024 * 1024 - 4096 < taken <= 1024 * 1024
    assert len(answer["lines"]) + answer["dropped"] == 10_000


async def test_a_line_without_an_end(bench: Bench) -> None:
    bench.engine.run("web", tty=True)
    await bench.begin()
    say(bench, "a prompt")
    # a frame without its end stands for it
    bench.engine.faults.flood[LOGS] = 3
    answer = await get_logs(bench)
    assert texts(answer) == ['{"xxx']
    assert answer["lines"][0]["at"] is None


async def test_a_container_that_goes_just_now(bench: Bench, admin: Context) -> None:
    bench.engine.run("web")
    entry = await bench.begin()
    web = device_id(bench.hass)
    roster = entry.runtime_data.source.observer.roster
    # what happens right after something else is shown a moment later
    bench.engine.run("other")
    await bench.until(lambda: roster.owner("name:other") is not None)
    bench.engine.remove("web", force=True)
    while roster.owner("name:web"):
        await bench.breathe()
    with pytest.raises(HomeAssistantError) as failed:
        await get_logs(bench, device_id=web, context=admin)
    assert "no such container any more" in str(failed.value)


async def test_what_is_cut_and_taken_out(bench: Bench) -> None:
    bench.engine.run("web")
    await bench.begin()
    say(bench, "x" * 40_000, f"a\x00b\x07{RED}c\x1b[2Jd\x1b]0;title\x07e")
    answer = await get_logs(bench)
    assert texts(answer) == ["x" * 16_384, f"ab{RED}cde"]


async def test_no_more_than_one_answer_holds(bench: Bench) -> None:
    bench.engine.run("web")
    await bench.begin()
    for number in range(150):
        bench.engine.say("web", f"{number:03}" + "y" * 9_997)
    answer = await get_logs(bench, lines=10_000)
    kept = texts(answer)
    assert sum(map(len, kept)) <= 1024 * 1024
    assert answer["dropped"] == 150 - len(kept) == 150 - 104
    assert kept[-1].startswith("149")
    for number in range(10_050):
        bench.engine.say("web", str(number))
    kept = texts(await get_logs(bench, lines=10_000))
    assert kept == [str(number) for number in range(50, 10_050)]
    with pytest.raises(Exception, match="at most 10000"):
        await get_logs(bench, lines=10_001)


async def test_who_may_read(bench: Bench, hass_read_only_user: MockUser) -> None:
    bench.engine.run("web")
    await bench.begin()
    asked = bench.engine.requests[LOGS]
    with pytest.raises(ServiceValidationError) as refused:
        await get_logs(bench, context=Context(user_id=hass_read_only_user.id))
    assert refused.value.translation_key == "administrators_only"
    with pytest.raises(ServiceValidationError) as refused:
        await get_logs(bench, context=Context(user_id="nobody"))
    assert refused.value.translation_key == "administrators_only"
    assert bench.engine.requests[LOGS] == asked


async def test_what_has_no_log(bench: Bench, admin: Context) -> None:
    bench.engine.run("web")
    entry = await bench.begin()
    web = device_id(bench.hass)
    for wrong in ("nobody", device_id(bench.hass, "")):
        with pytest.raises(ServiceValidationError) as refused:
            await get_logs(bench, device_id=wrong, context=admin)
        assert refused.value.translation_key == "resource_unknown"
    bench.engine.remove("web", force=True)
    await bench.until(
        lambda: (
            not bench.entry.runtime_data.is_available(("container", "name:web"), None)
        )
    )
    with pytest.raises(ServiceValidationError) as refused:
        await get_logs(bench, device_id=web)
    assert refused.value.translation_key == "resource_unknown"
    assert await bench.hass.config_entries.async_unload(entry.entry_id)
    with pytest.raises(ServiceValidationError) as refused:
        await get_logs(bench, device_id=web, context=admin)
    assert refused.value.translation_key == "entry_not_loaded"


async def test_what_the_engine_refuses_is_said_without_secrets(bench: Bench) -> None:
    engine = bench.engine
    engine.run("web")
    docker_entry(bench.hass, engine, options=bench.options, password=CANARY)
    await bench.begin()
    engine.faults.answers[LOGS] = (501, f"no log of {CANARY} can be read")
    with pytest.raises(HomeAssistantError) as failed:
        await get_logs(bench)
    assert failed.value.translation_key == "reading_failed"
    assert "no log of ** can be read" in str(failed.value)
    assert CANARY not in str(failed.value)
    engine.faults.answers.clear()
    engine.faults.proxy = Proxy({"CONTAINERS", "INFO"}, granular=True)
    with pytest.raises(HomeAssistantError) as failed:
        await get_logs(bench)
    assert failed.value.translation_key == "proxy_forbids"
    assert "CONTAINERS=1, ALLOW_LOGS=1" in str(failed.value)
    engine.faults.proxy = None
    engine.faults.silent = True
    reading = asyncio.create_task(get_logs(bench))
    passed = await bench.pass_time(60, enough=reading.done)
    assert passed <= 32
    error = reading.exception()
    assert isinstance(error, HomeAssistantError)
    assert error.translation_key == "reading_failed"
    engine.faults.silent = False


class Follower:
    """Somebody who follows the log of a container."""

    def __init__(self, bench: Bench, client: MockHAClientWebSocket) -> None:
        self.bench = bench
        self.client = client
        self.number = 0
        self.lines: list[dict[str, Any]] = []
        self.dropped = 0
        self.end: dict[str, Any] | None = None

    async def begin(self, device_id: str, **fields: Any) -> dict[str, Any]:
        """Ask for it; return the answer."""
        await self.client.send_json_auto_id(
            {
                "type": "homelab/subscribe_logs",
                "device_id": device_id,
                **fields,
            }
        )
        answer: dict[str, Any] = await self.client.receive_json()
        self.number = answer["id"]
        return answer

    async def hear(self) -> dict[str, Any]:
        """Wait for the next message."""
        coming = asyncio.create_task(self.client.receive_json())
        await self.bench.until(coming.done, 400, step=0.25)
        event: dict[str, Any] = coming.result()["event"]
        self.lines += event["lines"]
        self.dropped += event["dropped"]
        if event.get("ended"):
            self.end = event
        return event

    @property
    def texts(self) -> list[str]:
        """Return what has been said."""
        return [line["text"] for line in self.lines]


@pytest.fixture
async def follower(bench: Bench, hass_ws_client: WebSocketGenerator) -> Follower:
    """Return an administrator at a host with one container."""
    bench.engine.run("web", lingers=0)
    await bench.begin()
    return Follower(bench, await hass_ws_client(bench.hass))


async def test_the_last_lines_then_what_comes(bench: Bench, follower: Follower) -> None:
    say(bench, "old", "one", "two")
    assert (await follower.begin(device_id(bench.hass), lines=2))["success"]
    await follower.hear()
    assert follower.texts == ["one", "two"]
    say(bench, "three")
    say(bench, "oops", stream="stderr")
    while len(follower.lines) < 4:
        await follower.hear()
    assert follower.texts[2:] == ["three", "oops"]
    assert [line["stream"] for line in follower.lines[2:]] == ["stdout", "stderr"]
    # nothing is said for long: that is no silence of the engine
    late = asyncio.create_task(follower.hear())
    await bench.pass_time(300, step=2)
    assert bench.engine.in_flight[LOGS] == 1
    say(bench, "late")
    await bench.until(late.done)
    assert follower.texts[-1] == "late"
    await bench.engine.stop("web")
    while follower.end is None:
        await follower.hear()
    assert follower.end["error"] is None
    assert bench.engine.in_flight[LOGS] == 0


async def test_as_many_lines_as_were_asked_for(
    bench: Bench, follower: Follower
) -> None:
    for number in range(8000):
        bench.engine.say("web", f"line {number}")
    await follower.begin(device_id(bench.hass), lines=5000)
    while len(follower.lines) + follower.dropped < 5000:
        await follower.hear()
    assert follower.dropped == 0
    assert (follower.texts[0], follower.texts[-1]) == ("line 3000", "line 7999")


async def test_whoever_cannot_keep_up_is_told(bench: Bench, follower: Follower) -> None:
    await follower.begin(device_id(bench.hass), lines=0)
    await bench.until(lambda: bench.engine.in_flight[LOGS] == 1)
    # at first there may be as many as can be asked for
    bench.engine.say("web", "first")
    await follower.hear()
    follower.lines.clear()
    for number in range(3000):
        bench.engine.say("web", f"line {number}")
    await bench.breathe()
    while len(follower.lines) + follower.dropped < 3000:
        event = await follower.hear()
        assert len(event["lines"]) <= 1000
    assert follower.dropped > 0
    assert follower.texts[-1] == "line 2999"
    follower.lines.clear()
    follower.dropped = 0
    for _ in range(100):
        bench.engine.say("web", "z" * 10_000)
    await bench.breathe()
    while len(follower.lines) + follower.dropped < 100:
        event = await follower.hear()
        assert sum(len(line["text"]) for line in event["lines"]) <= 256 * 1024


async def test_whoever_leaves_closes_the_stream(
    bench: Bench, follower: Follower
) -> None:
    await follower.begin(device_id(bench.hass))
    await bench.until(lambda: bench.engine.in_flight[LOGS] == 1)
    # one line is on its way
    bench.engine.say("web", "never seen")
    await bench.breathe()
    await follower.client.send_json_auto_id(
        {
            "type": "unsubscribe_events",
            "subscription": follower.number,
        }
    )
    assert (await follower.client.receive_json())["type"] == "result"
    await bench.until(lambda: bench.engine.in_flight[LOGS] == 0)
    await follower.client.send_json_auto_id({"type": "ping"})
    assert (await follower.client.receive_json())["type"] == "pong"


async def test_unload_while_somebody_follows(bench: Bench, follower: Follower) -> None:
    await follower.begin(device_id(bench.hass))
    await bench.until(lambda: bench.engine.in_flight[LOGS] == 1)
    bench.engine.say("web", "last words")
    await bench.breathe()
    assert await bench.hass.config_entries.async_unload(bench.entry.entry_id)
    while follower.end is None:
        await follower.hear()
    assert follower.texts == ["last words"]
    assert follower.end["error"]
    await bench.until(lambda: bench.engine.connections == 0)
    await follower.client.close()


async def test_an_engine_that_falls_silent_ends_it(
    bench: Bench, follower: Follower
) -> None:
    await follower.begin(device_id(bench.hass))
    await bench.until(lambda: bench.engine.in_flight[LOGS] == 1)
    bench.engine.faults.silent = True
    begin = bench.engine.seconds
    await follower.hear()
    assert follower.end and "in time" in follower.end["error"]
    assert bench.engine.seconds - begin <= 45
    bench.engine.faults.silent = False


@pytest.mark.parametrize("broken", ["nonsense", "refusal", "bug"])
async def test_a_log_that_cannot_be_read(
    bench: Bench, follower: Follower, broken: str, caplog: pytest.LogCaptureFixture
) -> None:
    engine, host = bench.engine, bench.entry.runtime_data
    source = host.source
    match broken:
        case "nonsense":
            # as if it were none of a terminal, whose log has frames
            engine.find("web").tty = True
            engine.say("web", "\x09 no frame at all")
        case "refusal":
            engine.faults.answers[LOGS] = (409, "can not get logs from it")
        case "bug":
            host.source = None
    answer = await follower.begin(device_id(bench.hass))
    assert answer["success"]
    while follower.end is None:
        await follower.hear()
    host.source = source
    words = {
        "nonsense": "not a log frame",
        "refusal": "can not get logs from it",
        "bug": "unexpected error",
    }
    assert words[broken] in follower.end["error"]
    assert ("Following the log of web failed" in caplog.text) == (broken == "bug")


async def test_who_may_follow(
    bench: Bench,
    hass_ws_client: WebSocketGenerator,
    hass_read_only_access_token: str,
) -> None:
    bench.engine.run("web")
    await bench.begin()
    guest = Follower(
        bench, await hass_ws_client(bench.hass, hass_read_only_access_token)
    )
    answer = await guest.begin(device_id(bench.hass))
    assert answer["error"]["code"] == "unauthorized"
    admin = Follower(bench, await hass_ws_client(bench.hass))
    answer = await admin.begin("nobody")
    assert answer["error"]["code"] == "resource_unknown"
    assert "Look at its device" in answer["error"]["message"]
    assert bench.engine.requests[LOGS] == 0
