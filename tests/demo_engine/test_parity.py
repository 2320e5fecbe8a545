"""The same calls to a real engine and to a simulated one: equal statuses, equal events."""

import asyncio
from collections.abc import Callable, Sequence
import json
import time
from typing import Any

from aiohttp import ClientSession, UnixConnector
import pytest

from demo.engine import Container, Flavour, Health, Machine, SimulatedEngine

from tests.fakes.real_engine import IDLE, WILLING, RealEngine

pytestmark = pytest.mark.real("docker")

NAME = "parity"
TOLD = ("exitCode", "signal", "name", "oldName", "type", "driver")
DEADLINE = 20
# what is asked, one after the other, about a container that ends politely
LIFE = (
    *("POST start", "POST start", "POST stop", "POST stop"),
    *("POST kill", "POST pause", "POST unpause", "POST start", "POST restart?t=3"),
    *("POST pause", "POST pause", "POST stop?t=3", "POST start", "POST pause"),
    *("POST start", "POST kill?signal=USR1", "POST kill", "POST unpause"),
    *("POST start", "POST pause", "POST restart?t=3", "POST kill?signal=SIGHUP"),
    *("POST kill?signal=NOPE", "POST kill?signal=15", "POST restart?t=3"),
    *("POST kill?signal=KILL", "POST rename?name=other", "POST start"),
    *("DELETE ", "POST pause", "DELETE ", "DELETE ?force=1&v=1", "DELETE "),
)
NOBODY = (
    *(f"POST {what}" for what in ("start", "stop", "restart", "kill", "pause")),
    *("POST unpause", "DELETE ", "GET json", "GET stats", "GET logs"),
    *("GET logs?stdout=1", "GET nonsense", "PUT json"),
)
ELSEWHERE = (
    *("DELETE /volumes/nobody", "DELETE /networks/nobody", "DELETE /networks/host"),
    *("DELETE /images/nobody", "GET /images/nobody/json", "POST /nonsense"),
    *("GET /v1.99/info", "GET /v1.9/info", "GET /vx/info", "GET /v1.41/info"),
    *("GET /_ping", "HEAD /_ping", "GET /version", "GET /images/json", "GET /volumes"),
    *("GET /networks", "GET /networks/bridge", "GET /networks/nobody"),
    *("GET /system/df", "POST /containers/prune", "GET /info"),
    *("GET /containers/json?filters={%22status%22:[%22running%22]}",),
    *("GET /containers/json?filters={%22nonsense%22:[%22running%22]}",),
    *("POST /images/prune", "POST /volumes/prune", "POST /networks/prune"),
)


@pytest.fixture
def twin(real_engine: RealEngine, engine: SimulatedEngine) -> SimulatedEngine:
    """Return a simulated engine of the real one's version."""
    info = real_engine.ask("GET", "/info")
    engine.machine = Machine(
        api=real_engine.ask("GET", "/version")["ApiVersion"],
        oldest_api=real_engine.ask("GET", "/version")["MinAPIVersion"],
        flavour=Flavour(f"cgroup {info['CgroupVersion']}"),
    )
    return engine


def _told(events: Sequence[dict[str, Any]]) -> list[tuple[str, ...]]:
    """Return what two engines should tell alike."""
    return [
        (event["Type"], event["Action"], *_attributes(event["Actor"]["Attributes"]))
        for event in events
        if not event["Action"].startswith("exec_")
    ]


def _attributes(attributes: dict[str, str]) -> list[str]:
    return [f"{key}={attributes[key]}" for key in TOLD if key in attributes]


def _simulated(engine: SimulatedEngine) -> list[tuple[str, ...]]:
    return _told([json.loads(e.line(repeating=True)) for e in engine.chronicle.kept])


def _until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _settle(engine: RealEngine, since: float) -> list[tuple[str, ...]]:
    """Return what it tells once it tells nothing more."""
    told: list[tuple[str, ...]] = []
    quiet = 0
    while quiet < 5:
        time.sleep(0.05)
        now = _told(engine.events(since))
        quiet = quiet + 1 if now == told else 0
        told = now
    return told


async def _ask(
    client: ClientSession, real: RealEngine, wanted: str, path: str
) -> tuple[int, int]:
    """Ask both, and return both statuses; what they say in refusing is the same."""
    method = wanted.partition(" ")[0]
    async with client.request(method, path) as answer:
        simulated = await answer.read()
    status, said = await asyncio.to_thread(real.request, method, path)
    if status >= 400:
        # some versions say it in more words, or begin it in another way
        message = str(json.loads(simulated)["message"]).casefold()
        assert message in said.decode().replace('\\"', '"').casefold(), wanted
    return answer.status, status


async def test_a_life(
    real_engine: RealEngine, twin: SimulatedEngine, client: ClientSession
) -> None:
    since = time.time()
    ident = real_engine.run(NAME, WILLING, start=False)
    twin.containers.clear()
    container = twin.add(NAME)
    _give_id(twin, container, ident)
    for wanted in LIFE:
        ending = wanted.partition(" ")[2]
        slash = "/" if ending and not ending.startswith("?") else ""
        path = f"/v1.41/containers/{ident}{slash}{ending}"
        simulated, real = await _ask(client, real_engine, wanted, path)
        assert simulated == real, wanted
        told = await asyncio.to_thread(_settle, real_engine, since)
        assert _simulated(twin) == told, wanted
    assert len(told) > 50


def _give_id(engine: SimulatedEngine, container: Container, ident: str) -> None:
    """Let it be called as the real one is, so that messages can be compared."""
    del engine.containers[container.id]
    container.id = ident
    engine.containers[ident] = container


@pytest.mark.parametrize("wanted", NOBODY)
async def test_nobody(
    real_engine: RealEngine, twin: SimulatedEngine, client: ClientSession, wanted: str
) -> None:
    ending = wanted.partition(" ")[2]
    for name in ("nobody", "_homelab"):
        path = f"/containers/{name}{'/' if ending else ''}{ending}"
        simulated, real = await _ask(client, real_engine, wanted, path)
        assert simulated == real


@pytest.mark.parametrize("wanted", ELSEWHERE)
async def test_elsewhere(
    real_engine: RealEngine, twin: SimulatedEngine, client: ClientSession, wanted: str
) -> None:
    path = wanted.partition(" ")[2]
    simulated, real = await _ask(client, real_engine, wanted, path)
    assert simulated == real


async def test_one_that_does_not_listen(
    real_engine: RealEngine, twin: SimulatedEngine
) -> None:
    since = time.time()
    real_engine.run(NAME, IDLE)
    assert await asyncio.to_thread(real_engine.act, NAME, "stop?t=1") == 204
    twin.run(NAME, lingers=60)
    await twin.stop(NAME, 0.05)
    assert _simulated(twin) == _settle(real_engine, since)


async def test_one_that_crashes(real_engine: RealEngine, twin: SimulatedEngine) -> None:
    since = time.time()
    policy = {"RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 2}}
    real_engine.run(NAME, ("sh", "-c", "sleep 0.1; exit 7"), host=policy)
    _until(lambda: real_engine.inspect(NAME)["State"]["Status"] == "exited")
    twin.restart_pause = 0.01
    twin.run(NAME, restart="on-failure", retries=2)
    for _ in range(3):
        twin.die(NAME, 7)
        await asyncio.sleep(0.1)
    assert _simulated(twin) == _settle(real_engine, since)
    assert real_engine.inspect(NAME)["RestartCount"] == twin.find(NAME).restart_count


async def test_one_that_is_stopped_before_it_is_started_again(
    real_engine: RealEngine, twin: SimulatedEngine
) -> None:
    policy = {"RestartPolicy": {"Name": "always"}}
    real_engine.run(NAME, ("sh", "-c", "exit 1"), host=policy)
    _until(
        lambda: (
            real_engine.inspect(NAME)["RestartCount"] > 4
            and real_engine.inspect(NAME)["State"]["Restarting"]
        )
    )
    since = time.time()
    assert real_engine.act(NAME, "stop") == 204
    twin.restart_pause = 10
    twin.run(NAME, restart="always")
    twin.die(NAME, 1)
    told = len(_simulated(twin))
    await twin.stop(NAME)
    assert _simulated(twin)[told:] == _settle(real_engine, since)
    assert twin.find(NAME).state == real_engine.inspect(NAME)["State"]["Status"]


async def test_one_that_removes_itself(
    real_engine: RealEngine, twin: SimulatedEngine
) -> None:
    since = time.time()
    real_engine.run(NAME, WILLING, host={"AutoRemove": True})
    real_engine.act(NAME, "stop")
    twin.run(NAME, auto_remove=True)
    await twin.stop(NAME)
    assert _simulated(twin) == _settle(real_engine, since)


async def test_one_without_memory(
    real_engine: RealEngine, twin: SimulatedEngine
) -> None:
    since = time.time()
    greedy = ("sh", "-c", "x=a; while :; do x=$x$x; done")
    real_engine.run(NAME, greedy, host={"Memory": 20_000_000})
    _until(lambda: real_engine.inspect(NAME)["State"]["Status"] == "exited")
    twin.run(NAME)
    twin.oom(NAME)
    assert _simulated(twin) == _settle(real_engine, since)


async def test_one_that_is_checked(
    real_engine: RealEngine, twin: SimulatedEngine
) -> None:
    since = time.time()
    check = {
        "Test": ["CMD-SHELL", "test -e /tmp/well"],
        "Interval": 50_000_000,
        "Retries": 1,
    }
    real_engine.run(NAME, WILLING, Healthcheck=check)

    def health() -> str:
        return str(real_engine.inspect(NAME)["State"]["Health"]["Status"])

    _until(lambda: health() == "unhealthy")
    real_engine.cli("exec", NAME, "touch", "/tmp/well")  # noqa: S108
    _until(lambda: health() == "healthy")
    real_engine.act(NAME, "stop")
    twin.run(NAME, health=Health.STARTING)
    twin.set_health(NAME, Health.UNHEALTHY)
    twin.set_health(NAME, Health.HEALTHY)
    await twin.stop(NAME)
    assert _simulated(twin) == _settle(real_engine, since)
    assert twin.find(NAME).health == health()


@pytest.mark.parametrize("mode", ["host", "none", "bridge"])
async def test_networks(
    real_engine: RealEngine, twin: SimulatedEngine, mode: str
) -> None:
    since = time.time()
    real_engine.run(NAME, WILLING, host={"NetworkMode": mode})
    real_engine.act(NAME, "stop")
    twin.run(NAME, network_mode=mode)
    await twin.stop(NAME)
    assert _simulated(twin) == _settle(real_engine, since)


@pytest.mark.parametrize("gently", [True, False])
async def test_an_engine_that_goes_and_comes(
    real_engine: RealEngine, twin: SimulatedEngine, *, gently: bool
) -> None:
    for policy in ("no", "always", "unless-stopped"):
        real_engine.run(policy, WILLING, host={"RestartPolicy": {"Name": policy}})
        twin.run(policy, restart=policy)
    real_engine.run("ended", WILLING, host={"RestartPolicy": {"Name": "always"}})
    real_engine.act("ended", "stop")
    twin.run("ended", restart="always")
    await twin.stop("ended")
    if gently:
        real_engine.end()
    else:
        real_engine.kill()
    await twin.go_down(gently=gently)
    real_engine.start()
    await twin.come_up()
    _until(lambda: real_engine.inspect("always")["State"]["Running"])
    _until(lambda: real_engine.inspect("ended")["State"]["Running"])
    # several at once: each in its own order
    for name in ("no", "always", "unless-stopped", "ended"):
        theirs = [each for each in _settle(real_engine, 0) if f"name={name}" in each]
        ours = [each for each in _simulated(twin) if f"name={name}" in each]
        assert ours == theirs
        assert twin.find(name).state == real_engine.inspect(name)["State"]["Status"]


async def test_what_is_told_of_a_container(
    real_engine: RealEngine, twin: SimulatedEngine
) -> None:
    connector = UnixConnector(twin.url.removeprefix("unix://"))
    labels = {"com.docker.compose.project": "p"}
    # what has written nothing has no size
    real_engine.run(NAME, ("sh", "-c", "echo > /tmp/x; sleep 100"), Labels=labels)
    twin.run(NAME, labels=labels)
    async with ClientSession("http://engine", connector=connector) as client:
        for path in (
            "/v1.41/containers/json",
            f"/v1.41/containers/{NAME}/json",
            f"/v1.41/containers/{NAME}/stats?stream=0&one-shot=1",
            f"/v1.41/containers/{NAME}/stats?stream=0",
            "/v1.41/version",
            "/v1.41/info",
            "/v1.41/images/json",
            "/v1.41/networks",
            "/v1.41/system/df",
        ):
            real = await asyncio.to_thread(real_engine.ask, "GET", path)
            async with client.get(path) as answer:
                assert _strange(await answer.json(), real) == [], path


def _strange(ours: Any, theirs: Any, at: str = "") -> list[str]:
    """Return where a simulated answer has something that a real one has not so."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return [
            found
            for key, value in ours.items()
            for found in (
                _strange(value, theirs[key], f"{at}.{key}")
                if key in theirs
                else [f"{at}.{key} is unknown"]
            )
        ]
    if isinstance(ours, list) and isinstance(theirs, list):
        return _strange(ours[0], theirs[0], f"{at}[]") if ours and theirs else []
    if ours is None or theirs is None or isinstance(ours, type(theirs)):
        return []
    return [f"{at} is {ours!r} and not {theirs!r}"]
