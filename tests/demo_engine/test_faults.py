"""What can be wrong with the simulated engine, and with the way to it."""

import asyncio
import json
from pathlib import Path
import time

from aiohttp import (
    ClientConnectorCertificateError,
    ClientError,
    ClientOSError,
    ClientPayloadError,
    ClientResponse,
    ClientSession,
    ServerDisconnectedError,
    TCPConnector,
    UnixConnector,
)
import pytest

from demo.engine import Machine, OneShot, Proxy, SimulatedEngine

from tests.fakes.authority import Authority

SOON = 0.2
STATS = "/containers/web/stats"
# TLS 1.3 refuses a client's certificate only after the handshake
LATE = (ClientOSError, ServerDisconnectedError)


@pytest.fixture(autouse=True)
def _web(engine: SimulatedEngine) -> None:
    """Have a container."""
    engine.run("web")


async def _read(stream: ClientResponse) -> None:
    """Read on and on: what was under way may still arrive."""
    while await stream.content.readline():
        pass


async def test_silence(client: ClientSession, engine: SimulatedEngine) -> None:
    async with client.get(STATS) as stats, client.get("/events") as events:
        await stats.content.readline()
        engine.faults.silent = True
        engine.kill("web", "USR1")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(SOON), client.get("/_ping"):
                pass
        for stream in (stats, events):
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(_read(stream), SOON)
        assert engine.faults.silent
        engine.faults.silent = False
        assert b"kill" in await events.content.readline()
        async with client.get("/_ping") as answer:
            assert answer.status == 200


async def test_an_answer_long_after_the_deed(
    client: ClientSession, engine: SimulatedEngine
) -> None:
    engine.faults.late["POST /containers/{id}/kill"] = SOON
    begin = time.monotonic()
    asked = asyncio.create_task(client.post("/containers/web/kill"))
    await asyncio.sleep(SOON / 2)
    assert not engine.find("web").is_up and not asked.done()
    async with await asked:
        assert time.monotonic() - begin >= SOON


async def test_every_answer_late(
    client: ClientSession, engine: SimulatedEngine
) -> None:
    engine.faults.delay = SOON
    begin = time.monotonic()
    async with client.get("/_ping"):
        assert time.monotonic() - begin >= SOON


@pytest.mark.parametrize("name", ["GET /containers/{id}/stats", f"GET {STATS}"])
async def test_an_end_in_mid_frame(
    client: ClientSession, engine: SimulatedEngine, name: str
) -> None:
    async with client.get(STATS) as answer:
        await answer.content.readline()
        engine.faults.cut.add(name)
        with pytest.raises(ClientPayloadError):
            await _read(answer)
    assert not engine.faults.cut
    async with client.get(STATS) as answer:
        assert json.loads(await answer.content.readline())["name"] == "/web"


async def test_an_end_in_mid_answer(
    client: ClientSession, engine: SimulatedEngine
) -> None:
    engine.faults.cut.add("GET /containers/json")
    async with client.get("/v1.41/containers/json") as answer:
        with pytest.raises(ClientPayloadError):
            await answer.read()


async def test_a_clean_end_of_events(
    client: ClientSession, engine: SimulatedEngine
) -> None:
    async with client.get("/events") as answer:
        engine.kill("web", "USR1")
        await answer.content.readline()
        engine.chronicle.end_streams()
        assert await answer.content.readline() == b""


async def test_a_line_without_end(
    client: ClientSession, engine: SimulatedEngine
) -> None:
    engine.faults.flood["GET /events"] = 1_000_000
    async with client.get("/events") as answer:
        engine.kill("web", "USR1")
        assert b"\n" not in await answer.content.readexactly(1_000_002)
        engine.kill("web", "USR1")
        assert b'"kill"' in await answer.content.readline()


async def test_a_storm(client: ClientSession, engine: SimulatedEngine) -> None:
    async with client.get("/events") as answer:
        begin = time.monotonic()
        storm = asyncio.create_task(engine.storm(10_000, 0.5))
        lines = [await answer.content.readline() for _ in range(5_000)]
        await storm
    assert 0.4 < time.monotonic() - begin < 5
    actions = [json.loads(line)["Action"] for line in lines[:2]]
    assert actions == ["health_status: healthy", "health_status: unhealthy"]


async def test_other_answers(client: ClientSession, engine: SimulatedEngine) -> None:
    engine.run("other")
    engine.faults.answers[f"GET {STATS}"] = (500, "no such cgroup")
    engine.faults.answers["POST /containers/{id}/stop"] = (409, "no")
    async with client.get(f"/v1.41{STATS}") as answer:
        assert answer.status == 500
        assert await answer.json() == {"message": "no such cgroup"}
    async with client.get("/containers/other/stats?stream=0&one-shot=1") as answer:
        assert answer.status == 200
    async with client.post("/containers/other/stop") as answer:
        assert answer.status == 409
    assert engine.find("other").is_up


async def test_an_answer_that_is_lost(
    client: ClientSession, engine: SimulatedEngine
) -> None:
    engine.faults.lost.add("POST /containers/{id}/kill")
    with pytest.raises(ServerDisconnectedError):
        await client.post("/containers/web/kill")
    assert not engine.find("web").is_up


async def test_what_is_said_can_be_edited(
    client: ClientSession, engine: SimulatedEngine
) -> None:
    engine.faults.edit = lambda request, said: (
        {**said, "memory_stats": None} if "stats" in request else said
    )
    async with client.get(f"{STATS}?stream=0&one-shot=1") as answer:
        assert (await answer.json())["memory_stats"] is None
    async with client.get(STATS) as answer:
        assert json.loads(await answer.content.readline())["memory_stats"] is None
    async with client.get("/containers/json") as answer:
        assert len(await answer.json()) == 1


@pytest.mark.parametrize("mode", [*OneShot])
async def test_one_shot(
    client: ClientSession, engine: SimulatedEngine, mode: OneShot
) -> None:
    engine.faults.one_shot = mode
    async with client.get(f"{STATS}?stream=0&one-shot=1") as answer:
        said = await answer.json()
    blank = said["preread"].startswith("0001")
    assert blank is (mode is not OneShot.IGNORED)


async def test_nobody_listens(client: ClientSession, engine: SimulatedEngine) -> None:
    path = Path(engine.url.removeprefix("unix://"))
    await engine.go_down()
    assert not path.exists()
    with pytest.raises(ClientError):
        await client.get("/_ping")
    await engine.come_up()
    async with client.get("/_ping") as answer:
        assert answer.status == 200


async def test_a_killed_engine_leaves_its_socket(
    client: ClientSession, engine: SimulatedEngine
) -> None:
    path = Path(engine.url.removeprefix("unix://"))
    async with client.get("/events") as answer:
        await engine.go_down(gently=False)
        with pytest.raises(ClientPayloadError):
            await answer.content.readline()
    assert path.exists()
    assert engine.find("web").is_up
    with pytest.raises(ClientError):
        await client.get("/_ping")
    await engine.come_up()
    assert not engine.find("web").is_up
    assert engine.connections == 0


async def test_connections_can_be_broken(
    client: ClientSession, engine: SimulatedEngine
) -> None:
    async with client.get("/events") as answer:
        assert engine.connections == 1
        engine.hang_up()
        with pytest.raises(ClientPayloadError):
            await answer.content.readline()


async def test_more_than_one_address(engine: SimulatedEngine, sockets: Path) -> None:
    url = await engine.listen(sockets / "other.sock")
    connector = UnixConnector(url.removeprefix("unix://"))
    async with (
        ClientSession("http://engine", connector=connector) as client,
        client.get("/_ping") as answer,
    ):
        assert answer.status == 200


@pytest.mark.usefixtures("socket_enabled", "sockets")
async def test_a_port(engine: SimulatedEngine) -> None:
    url = await engine.listen()
    async with ClientSession(url.replace("tcp", "http")) as client:
        async with client.get("/_ping") as answer:
            assert answer.status == 200
        await engine.go_down(gently=False)
        with pytest.raises(ClientError):
            await client.get("/_ping")
        await engine.come_up()
        async with client.get("/_ping") as answer:
            assert answer.status == 200


@pytest.mark.usefixtures("socket_enabled", "sockets")
async def test_tls(engine: SimulatedEngine) -> None:
    authority, stranger = Authority(), Authority()
    url = await engine.listen(tls=authority.server_context())
    assert url.startswith("https://127.0.0.1:")
    good = authority.client_context(authority.client())
    cases = {
        "good": (good, None),
        "no certificate": (authority.client_context(), LATE),
        "a stranger's": (authority.client_context(stranger.client()), LATE),
        "expired": (authority.client_context(authority.client(expired=True)), LATE),
        "wrong authority": (
            stranger.client_context(stranger.client()),
            ClientConnectorCertificateError,
        ),
    }
    for name, (context, error) in cases.items():
        connector = TCPConnector(ssl=context)
        async with ClientSession(url, connector=connector) as client:
            if error is None:
                async with client.get("/_ping") as answer:
                    assert answer.status == 200, name
            else:
                with pytest.raises(error):
                    await client.get("/_ping")


@pytest.mark.usefixtures("socket_enabled", "sockets")
async def test_an_expired_server(engine: SimulatedEngine) -> None:
    authority = Authority()
    expired = authority.server_context(authority.server(expired=True), clients=False)
    url = await engine.listen(tls=expired)
    connector = TCPConnector(ssl=authority.client_context())
    async with ClientSession(url, connector=connector) as client:
        with pytest.raises(ClientConnectorCertificateError, match="expired"):
            await client.get("/_ping")


async def test_a_proxy(client: ClientSession, engine: SimulatedEngine) -> None:
    engine.machine = Machine(api="1.41")
    engine.faults.proxy = Proxy(["CONTAINERS"])
    async with client.get("/v1.41/containers/json") as answer:
        assert answer.status == 200
    async with client.post("/containers/web/stop") as answer:
        assert answer.status == 403
        assert answer.content_type == "text/html"
        assert "403 Forbidden" in await answer.text()
        assert "Api-Version" not in answer.headers
    assert engine.find("web").is_up
