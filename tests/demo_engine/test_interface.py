"""What the simulated engine answers."""

import asyncio
import json
from typing import Any

from aiohttp import ClientSession
import pytest

from demo.engine import Flavour, Health, Machine, SimulatedEngine, State, compose
from demo.engine.moment import SECOND


async def names(client: ClientSession, query: str = "all=1") -> list[str]:
    """Return the names of the containers that are listed."""
    async with client.get(f"/containers/json?{query}") as answer:
        return [each["Names"][0] for each in await answer.json()]


def exactly(at: int) -> str:
    """Write a time so that nothing of it is lost."""
    return f"{at // SECOND}.{at % SECOND:09}"


async def frames(client: ClientSession, path: str, count: int) -> list[dict[str, Any]]:
    """Return the first lines of a stream."""
    async with client.get(path) as answer:
        return [json.loads(await answer.content.readline()) for _ in range(count)]


@pytest.mark.parametrize("prefix", ["", "/v1.24", "/v1.41", "/v1.51"])
async def test_paths_with_and_without_a_version(
    client: ClientSession, prefix: str
) -> None:
    async with client.get(f"{prefix}/_ping") as answer:
        assert await answer.text() == "OK"
        assert answer.headers["Api-Version"] == "1.51"
        assert answer.headers["Server"].startswith("Docker/28")
        assert answer.headers["Ostype"] == "linux"
    async with client.head(f"{prefix}/_ping") as answer:
        assert answer.status == 200


async def test_who_it_is(client: ClientSession, engine: SimulatedEngine) -> None:
    engine.run("web")
    engine.run("paused")
    engine.pause("paused")
    engine.add("new")
    async with client.get("/info") as answer:
        info = await answer.json()
    assert info["ID"] == engine.machine.identity
    kinds = ("", "Running", "Paused", "Stopped")
    assert [info[f"Containers{kind}"] for kind in kinds] == [3, 1, 1, 1]
    engine.machine = Machine(flavour=Flavour.PODMAN, api="1.41")
    async with client.get("/version") as answer:
        assert (await answer.json())["Components"][0]["Name"] == "Podman Engine"
        assert answer.headers["Server"].startswith("Libpod")


async def test_the_list(client: ClientSession, engine: SimulatedEngine) -> None:
    engine.run("web", labels=compose("shop", "web"), volumes=("data",))
    engine.run("db", health=Health.STARTING, image="postgres:17")
    engine.add("new", labels={"a": "b"})
    assert await names(client, "") == ["/db", "/web"]
    assert await names(client) == ["/new", "/db", "/web"]
    assert await names(client, "limit=1") == ["/new"]
    web = engine.find("web").id
    for filters, found in (
        ({"status": ["created"]}, ["/new"]),
        ({"status": {"created": True, "running": False}}, ["/new"]),
        ({"label": ["a=b"]}, ["/new"]),
        ({"label": ["com.docker.compose.project", "a"]}, []),
        ({"name": ["^/we"]}, ["/web"]),
        ({"id": [web[:9]]}, ["/web"]),
        ({"health": ["starting"]}, ["/db"]),
        ({"health": ["none"]}, ["/new", "/web"]),
        ({"ancestor": ["postgres:17"]}, ["/db"]),
        ({"volume": ["data"]}, ["/web"]),
    ):
        assert await names(client, f"all=1&filters={json.dumps(filters)}") == found
    for nonsense in ('{"nonsense":["x"]}', "{"):
        async with client.get(f"/containers/json?filters={nonsense}") as answer:
            assert answer.status == 400


async def test_health_is_in_the_list_since_52(
    client: ClientSession, engine: SimulatedEngine
) -> None:
    engine.machine = Machine(api="1.52")
    engine.run("web", health=Health.STARTING)
    for path, has_it in (("/v1.51", False), ("/v1.52", True), ("", True)):
        async with client.get(f"{path}/containers/json") as answer:
            (row,) = await answer.json()
            assert ("Health" in row) is has_it


async def test_what_a_container_does_is_told_in_words(
    client: ClientSession, engine: SimulatedEngine
) -> None:
    engine.add("new")
    engine.run("web", ports=(80,))
    engine.run("well", health=Health.STARTING)
    engine.run("paused")
    engine.pause("paused")
    engine.run("ended")
    engine.die("ended", 4)
    engine.run("crashing", restart="always")
    engine.die("crashing", 5)
    engine.find("new").state = State.DEAD
    async with client.get("/containers/json?all=1") as answer:
        rows = {each["Names"][0]: each for each in await answer.json()}
    assert {name: row["Status"] for name, row in rows.items()} == {
        "/new": "Dead",
        "/web": "Up Less than a second",
        "/well": "Up Less than a second (health: starting)",
        "/paused": "Up Less than a second (Paused)",
        "/ended": "Exited (4) Less than a second ago",
        "/crashing": "Restarting (5) Less than a second ago",
    }
    assert rows["/web"]["Ports"][0]["PublicPort"] == 80
    assert rows["/ended"]["Ports"] == []
    engine.forget_timers()


async def test_inspecting(client: ClientSession, engine: SimulatedEngine) -> None:
    engine.run(
        "web",
        health=Health.STARTING,
        stop_signal="SIGINT",
        stop_timeout=3,
        network_mode=f"container:{engine.run('db').id}",
        restart="always",
    )
    engine.set_health("web", Health.HEALTHY)
    async with client.get("/containers/web/json") as answer:
        said = await answer.json()
    assert said["State"]["Health"]["Status"] == "healthy"
    assert said["State"]["Running"] and said["State"]["Pid"]
    assert said["Config"]["StopSignal"] == "SIGINT"
    assert said["Config"]["StopTimeout"] == 3
    assert said["HostConfig"]["RestartPolicy"]["Name"] == "always"
    assert said["NetworkSettings"]["Networks"] == {}
    async with client.get("/containers/db/json") as answer:
        said = await answer.json()
    assert "Health" not in said["State"]
    assert "bridge" in said["NetworkSettings"]["Networks"]


async def test_stats_stream(client: ClientSession, engine: SimulatedEngine) -> None:
    engine.run("web")
    engine.add("new")
    first, second = await frames(client, "/containers/web/stats", 2)
    assert first["preread"].startswith("0001")
    assert second["preread"] == first["read"] < second["read"]
    assert second["precpu_stats"] == first["cpu_stats"]
    empty = await frames(client, "/containers/new/stats?stream=true", 2)
    assert [each["memory_stats"] for each in empty] == [{}, {}]


async def test_a_stats_stream_ends_with_the_container(
    client: ClientSession, engine: SimulatedEngine
) -> None:
    engine.run("web")
    async with client.get("/containers/web/stats") as answer:
        await answer.content.readline()
        engine.die("web")
        assert json.loads(await answer.content.readline())["memory_stats"] == {}
        engine.remove("web")
        async with asyncio.timeout(3):
            await answer.read()


async def test_one_shot(client: ClientSession, engine: SimulatedEngine) -> None:
    engine.period = 0.2
    engine.run("web")
    loop = asyncio.get_running_loop()
    begin = loop.time()
    async with client.get("/containers/web/stats?stream=0&one-shot=1") as answer:
        assert (await answer.json())["preread"].startswith("0001")
    assert loop.time() - begin < 0.2
    async with client.get("/containers/web/stats?stream=false") as answer:
        assert not (await answer.json())["preread"].startswith("0001")
    assert loop.time() - begin > 0.2


async def test_podman_shoots_at_once(
    client: ClientSession, engine: SimulatedEngine
) -> None:
    engine.machine = Machine(flavour=Flavour.PODMAN, api="1.41")
    engine.run("web")
    async with client.get("/containers/web/stats?stream=0") as answer:
        said = await answer.json()
    assert said["preread"].startswith("0001") and said["name"] == "web"


def unpack(raw: bytes) -> list[tuple[int, bytes]]:
    """Return the frames of a multiplexed stream."""
    found = []
    while raw:
        size = int.from_bytes(raw[4:8], "big")
        found.append((raw[0], raw[8 : 8 + size]))
        raw = raw[8 + size :]
    return found


async def test_logs(client: ClientSession, engine: SimulatedEngine) -> None:
    engine.run("web")
    for number in range(4):
        engine.say("web", f"line {number}", ("stdout", "stderr")[number % 2])
    async with client.get("/containers/web/logs?stdout=1&stderr=1") as answer:
        assert answer.content_type == "application/vnd.docker.multiplexed-stream"
        assert unpack(await answer.read()) == [
            *((1 + number % 2, b"line %d\n" % number) for number in range(4))
        ]
    async with client.get("/v1.41/containers/web/logs?stderr=1&tail=1") as answer:
        assert answer.content_type == "application/octet-stream"
        assert unpack(await answer.read()) == [(2, b"line 3\n")]
    path = "/containers/web/logs?stdout=1&tail=9&timestamps=1"
    async with client.get(path) as answer:
        (_, first), (_, second) = unpack(await answer.read())
    stamp, _, text = second.partition(b" ")
    assert text == b"line 2\n" and first < second
    path = f"/containers/web/logs?stdout=1&stderr=1&since={stamp.decode()}"
    async with client.get(path) as answer:
        assert [text for _, text in unpack(await answer.read())][-1] == b"line 3\n"
    async with client.get(f"{path}&until=1") as answer:
        assert await answer.read() == b""


async def test_logs_of_a_terminal(
    client: ClientSession, engine: SimulatedEngine
) -> None:
    engine.run("shell", tty=True)
    engine.say("shell", b"\x1b[1mhello")
    async with client.get("/containers/shell/logs?stdout=1") as answer:
        assert answer.content_type == "application/vnd.docker.raw-stream"
        assert await answer.read() == b"\x1b[1mhello\r\n"


async def test_long_lines_are_sent_in_parts(
    client: ClientSession, engine: SimulatedEngine
) -> None:
    engine.run("web")
    engine.say("web", "x" * 40_000)
    engine.say("web", "")
    async with client.get("/containers/web/logs?stdout=1") as answer:
        parts = [text for _, text in unpack(await answer.read())]
    assert [len(part) for part in parts] == [16_384, 16_384, 7_233, 1]


async def test_following_logs(client: ClientSession, engine: SimulatedEngine) -> None:
    engine.run("web")
    engine.say("web", "old")
    path = "/containers/web/logs?stdout=1&follow=1&tail=0"
    async with client.get(path) as answer:
        engine.say("web", "new")
        engine.say("web", "wrong", "stderr")
        assert await answer.content.readexactly(12) == b"\1\0\0\0\0\0\0\4new\n"
        engine.say("web", "newer")
        engine.die("web")
        assert await answer.content.read() == b"\1\0\0\0\0\0\0\6newer\n"


async def test_events(client: ClientSession, engine: SimulatedEngine) -> None:
    async with client.get("/v1.41/events") as answer:
        engine.run("web")
        said = [json.loads(await answer.content.readline()) for _ in range(3)]
    assert [each["Action"] for each in said] == ["create", "connect", "start"]
    assert said[0]["status"] == "create" and said[0]["from"] == "busybox:latest"
    assert said[0]["Actor"]["Attributes"]["name"] == "web"
    assert said[0]["timeNano"] // SECOND == said[0]["time"]


async def test_events_of_a_time(client: ClientSession, engine: SimulatedEngine) -> None:
    engine.machine = Machine(api="1.52")
    engine.run("web")
    last = engine.chronicle.kept[-1]
    engine.die("web")
    now = engine.now()
    query = f"since={exactly(last.at)}&until={exactly(now)}"
    async with client.get(f"/events?{query}") as answer:
        said = [json.loads(line) for line in (await answer.read()).splitlines()]
    assert [each["Action"] for each in said] == ["start", "disconnect", "die"]
    assert "status" not in said[0]


async def test_events_until_later(
    client: ClientSession, engine: SimulatedEngine
) -> None:
    until = (engine.now() + SECOND // 10) / SECOND
    async with client.get(f"/events?until={until:.3f}") as answer:
        engine.run("web")
        assert len((await answer.read()).splitlines()) == 3


async def test_no_more_than_256_events_are_kept(
    client: ClientSession, engine: SimulatedEngine
) -> None:
    engine.run("web")
    for _ in range(300):
        engine.kill("web", "USR1")
    until = exactly(engine.now())
    async with client.get(f"/events?since=0&until={until}") as answer:
        assert len((await answer.read()).splitlines()) == 256


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ({"type": ["container"]}, 4),
        ({"type": ["network"], "event": ["connect"]}, 1),
        ({"event": ["health_status"]}, 1),
        ({"container": ["web"]}, 4),
        ({"container": ["other"]}, 0),
        ({"label": ["a=b"]}, 4),
        ({"image": ["busybox:latest"]}, 4),
        ({"network": ["nonsense"]}, 0),
    ],
)
async def test_events_that_were_asked_for(
    client: ClientSession, engine: SimulatedEngine, filters: Any, count: int
) -> None:
    engine.run("web", labels={"a": "b"})
    engine.tell_of(engine.find("web"), "health_status: healthy")
    engine.tell_of(engine.find("web"), "die")
    until = exactly(engine.now())
    path = f"/events?since=0&until={until}&filters={json.dumps(filters)}"
    async with asyncio.timeout(3), client.get(path) as answer:
        lines = (await answer.read()).splitlines()
    assert len(lines) == count


@pytest.mark.parametrize(
    ("action", "statuses", "is_up"),
    [
        ("start", (304,), True),
        ("stop?t=0", (204, 304), False),
        ("restart?t=0&signal=INT", (204, 204), True),
        ("kill", (204, 409), False),
        ("kill?signal=HUP", (204, 204), True),
        ("pause", (204, 409), True),
        ("unpause", (500,), True),
        ("rename?name=web2", (204, 404), True),
    ],
)
async def test_actions(
    client: ClientSession,
    engine: SimulatedEngine,
    action: str,
    statuses: tuple[int, ...],
    *,
    is_up: bool,
) -> None:
    container = engine.run("web")
    for status in statuses:
        async with client.post(f"/v1.41/containers/web/{action}") as answer:
            assert answer.status == status
            raw = await answer.read()
            assert bool(raw) is (status > 400)
    assert container.is_up is is_up


async def test_what_is_paused(client: ClientSession, engine: SimulatedEngine) -> None:
    engine.run("web")
    for method, path, status in (
        ("POST", "/pause", 204),
        ("POST", "/start", 409),
        ("DELETE", "", 409),
        ("POST", "/unpause", 204),
        ("DELETE", "", 409),
        ("DELETE", "?force=1", 204),
        ("DELETE", "?force=1", 404),
        ("POST", "/kill", 404),
    ):
        async with client.request(method, f"/containers/web{path}") as answer:
            assert answer.status == status, path
    engine.add("new")
    async with client.delete("/containers/new") as answer:
        assert answer.status == 204
    async with client.post("/containers/new/start") as answer:
        assert (await answer.json())["message"] == "No such container: new"


async def test_nonsense_is_refused(
    client: ClientSession, engine: SimulatedEngine
) -> None:
    engine.run("web")
    for path in ("/containers/web/stop?t=soon", "/containers/web/kill?signal=X"):
        async with client.post(path) as answer:
            assert answer.status == 400
    async with client.get("/containers/web/logs") as answer:
        assert answer.status == 400
    async with client.get("/events?since=yesterday") as answer:
        assert answer.status == 400
    async with client.get("/system/df?type=nonsense") as answer:
        assert answer.status == 400


async def test_podman_refuses_in_its_own_form(
    client: ClientSession, engine: SimulatedEngine
) -> None:
    engine.machine = Machine(flavour=Flavour.PODMAN, api="1.41")
    engine.add("new")
    for action in ("pause", "kill"):
        async with client.post(f"/v1.99/containers/new/{action}") as answer:
            assert answer.status == 500
            assert {*await answer.json()} == {"cause", "message", "response"}


@pytest.mark.parametrize(
    ("version", "words"), [("1.23", "is too old. Minimum"), ("1.52", "is too new")]
)
async def test_other_versions_are_refused(
    client: ClientSession, version: str, words: str
) -> None:
    async with client.get(f"/v{version}/containers/json") as answer:
        assert answer.status == 400
        assert words in (await answer.json())["message"]


async def test_requests_are_counted(
    client: ClientSession, engine: SimulatedEngine
) -> None:
    engine.run("web")
    for name in ("web", "nobody"):
        async with client.get(f"/v1.41/containers/{name}/json"):
            pass
    async with client.get("/nonsense?x=1"):
        pass
    assert engine.requests == {
        "GET /containers/{id}/json": 2,
        "GET (unknown)": 1,
    }
    assert engine.asked[-1] == "GET /nonsense?x=1"
    await asyncio.gather(*(frames(client, "/containers/web/stats", 1) for _ in "123"))
    assert engine.peaks["GET /containers/{id}/stats"] == 3
    assert engine.in_flight["GET /containers/{id}/json"] == 0
