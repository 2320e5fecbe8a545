"""HTTP to a socket at the far end of an SSH connection."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import override

import aiohttp
from aiohttp import ClientTimeout, HttpVersion10, web
import pytest

from .test_ssh_run import hello, until
from custom_components.homelab.source import CannotConnect, WrongIdentity
from custom_components.homelab.transports.ssh import SshConnection
from custom_components.homelab.transports.ssh_connector import SshConnector
from tests.fakes.ssh_server import SshServer, connected, line, new_key

URL = "http://engine"
NEVER = ClientTimeout(total=None)


@dataclass(slots=True)
class Engine:
    """A web application at a socket, like a container engine's."""

    path: str
    runner: web.AppRunner | None = None
    served: int = 0
    streams: int = 0
    written: int = 0
    tick: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def connections(self) -> int:
        """How many are connected."""
        assert self.runner and self.runner.server
        return len(self.runner.server.connections)

    def application(self) -> web.Application:
        """Return what it answers."""
        application = web.Application(client_max_size=1 << 24)
        application.router.add_get("/ping", self._ping)
        application.router.add_post("/size", self._size)
        application.router.add_get("/flood", self._flood)
        application.router.add_get("/endless", self._endless)
        return application

    async def _ping(self, request: web.Request) -> web.Response:
        self.served += 1
        return web.Response(text=request.query.get("n", "OK"))

    async def _size(self, request: web.Request) -> web.Response:
        return web.Response(text=str(len(await request.read())))

    async def _flood(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(1000):
            await response.write(b"x" * 16384)
            self.written += 16384
        return response

    async def _endless(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        self.streams += 1
        with suppress(ConnectionError):
            for n in range(3):
                await response.write(b"%d\n" % n)
                await self.tick.wait()
        self.streams -= 1
        return response


@asynccontextmanager
async def engine_at(path: Path) -> AsyncGenerator[Engine]:
    """Serve HTTP on a socket."""
    engine = Engine(str(path))
    runner = web.AppRunner(engine.application(), shutdown_timeout=0.1)
    engine.runner = runner
    await runner.setup()
    await web.UnixSite(runner, engine.path).start()
    try:
        yield engine
    finally:
        engine.tick.set()
        await runner.cleanup()


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncGenerator[Engine]:
    """Serve HTTP on a socket."""
    async with engine_at(tmp_path / "s") as serving:
        yield serving


@pytest.fixture
async def session(
    connection: SshConnection, engine: Engine
) -> AsyncGenerator[aiohttp.ClientSession]:
    """Return a session to the engine over SSH."""
    connector = SshConnector(connection, engine.path)
    async with aiohttp.ClientSession(URL, connector=connector, timeout=NEVER) as made:
        yield made


async def test_requests(
    server: SshServer, session: aiohttp.ClientSession, connection: SshConnection
) -> None:
    for n in range(10):
        async with session.get("/ping", params={"n": n}) as response:
            assert await response.text() == str(n)
    # a connection is used again, and none of it is a session at the server
    assert server.sockets == server.logins == connection.logins == 1
    assert not server.sessions


async def test_a_hundred_streams_and_requests(
    server: SshServer, session: aiohttp.ClientSession, engine: Engine
) -> None:
    responses = await asyncio.gather(*(session.get("/endless") for _ in range(120)))
    assert engine.streams == 120
    texts = await asyncio.gather(*(_ping(session, n) for n in range(60)))
    assert texts == [str(n) for n in range(60)]
    assert [await response.content.readline() for response in responses] == [
        b"0\n"
    ] * 120
    assert server.logins == 1
    for response in responses:
        response.close()
    engine.tick.set()
    await until(lambda: not engine.streams)


async def _ping(session: aiohttp.ClientSession, n: int) -> str:
    async with session.get("/ping", params={"n": n}) as response:
        return await response.text()


async def test_a_large_upload(session: aiohttp.ClientSession) -> None:
    async def pieces() -> AsyncGenerator[bytes]:
        for _ in range(100):
            yield b"x" * 65536

    async with session.post("/size", data=pieces()) as response:
        assert await response.text() == str(100 * 65536)
    async with session.post("/size", data=b"y" * 3_000_000) as response:
        assert await response.text() == "3000000"


async def test_who_does_not_read_holds_little(
    session: aiohttp.ClientSession, engine: Engine
) -> None:
    """The engine has to wait; meanwhile others are served."""
    async with session.get("/flood") as response:
        before = -1
        while engine.written != before:
            before = engine.written
            await asyncio.sleep(0.1)
        # aiohttp's own buffers, the window, those of the server and of two sockets
        assert engine.written < 3_000_000
        assert await _ping(session, 1) == "1"
        assert len(await response.read()) == 1000 * 16384


async def test_contact_is_lost(
    server: SshServer, session: aiohttp.ClientSession, engine: Engine
) -> None:
    """No response ends as if it were complete."""
    responses = [await session.get("/endless") for _ in range(10)]
    waiting = [asyncio.create_task(response.read()) for response in responses]
    await until(lambda: engine.streams == 10)
    server.hang_up()
    ends = await asyncio.wait_for(asyncio.gather(*waiting, return_exceptions=True), 5)
    assert all(isinstance(end, aiohttp.ClientError) for end in ends), ends
    assert await _ping(session, 5) == "5"
    assert server.logins == 2


async def test_contact_is_lost_before_the_answer(
    server: SshServer, session: aiohttp.ClientSession, engine: Engine
) -> None:
    async def never() -> AsyncGenerator[bytes]:
        yield b"x"
        await asyncio.Event().wait()

    asking = asyncio.create_task(session.post("/size", data=never()).__aenter__())
    await until(lambda: server.sockets == 1)
    await asyncio.sleep(0.02)
    server.hang_up()
    with pytest.raises(aiohttp.ClientError):
        await asyncio.wait_for(asking, 5)


async def test_a_silent_far_end_is_found(server: SshServer, engine: Engine) -> None:
    async with connected(server.address(), keepalive=0.03) as connection:
        connector = SshConnector(connection, engine.path)
        async with aiohttp.ClientSession(URL, connector=connector) as session:
            response = await session.get("/endless")
            server.freeze()
            with pytest.raises(aiohttp.ClientError):
                await asyncio.wait_for(response.read(), 5)


async def test_the_engine_hangs_up(
    session: aiohttp.ClientSession, engine: Engine
) -> None:
    """What it has sent until then is there."""
    async with aiohttp.ClientSession(
        URL, connector=session.connector, connector_owner=False, version=HttpVersion10
    ) as old:
        response = await old.get("/endless", headers={"Connection": "close"})
        assert "Content-Length" not in response.headers
        assert not response.headers.get("Transfer-Encoding")
        engine.tick.set()
        assert await response.read() == b"0\n1\n2\n"


@pytest.mark.parametrize("path", ["/nonexistent", "/forbidden"])
async def test_no_socket(connection: SshConnection, path: str) -> None:
    connector = SshConnector(connection, path)
    async with aiohttp.ClientSession(URL, connector=connector) as session:
        for _ in range(3):
            with pytest.raises(CannotConnect) as caught:
                await session.get("/ping")
            assert caught.value.reason == "socket_refused"
    assert connection.logins == 1


async def test_no_login(server: SshServer, engine: Engine) -> None:
    async with connected(server.address(host_key=line(new_key()))) as connection:
        connector = SshConnector(connection, engine.path)
        async with aiohttp.ClientSession(URL, connector=connector) as session:
            with pytest.raises(WrongIdentity):
                await session.get("/ping")


async def test_contact_is_lost_while_it_opens(
    server: SshServer, session: aiohttp.ClientSession
) -> None:
    server.may_open.clear()
    asking = asyncio.create_task(session.get("/ping").__aenter__())
    await until(lambda: server.logins == 1)
    await asyncio.sleep(0.02)
    server.hang_up()
    with pytest.raises(CannotConnect, match="contact was lost"):
        await asking


async def test_a_channel_that_does_not_open(server: SshServer, engine: Engine) -> None:
    server.scripts["hello"] = hello
    async with connected(server.address(), login_deadline=0.5) as connection:
        await connection.run("hello", deadline=5)
        server.may_open.clear()
        connector = SshConnector(connection, engine.path)
        async with aiohttp.ClientSession(URL, connector=connector) as session:
            with pytest.raises(CannotConnect, match="in time"):
                await session.get("/ping")
            with pytest.raises(aiohttp.ConnectionTimeoutError):
                await session.get("/ping", timeout=ClientTimeout(sock_connect=0.05))
            # the channel that comes after all is closed at once
            server.may_open.set()
            assert await _ping(session, 1) == "1"
            await until(lambda: server.sockets == 3)
            await until(lambda: engine.connections == 1)


async def test_cancelled_requests(
    server: SshServer, session: aiohttp.ClientSession, engine: Engine
) -> None:
    for n in range(60):
        task = asyncio.create_task(_read_all(session))
        await asyncio.sleep(n / 20_000)
        task.cancel()
        await asyncio.wait([task])
    assert await _ping(session, 1) == "1"
    engine.tick.set()
    await until(lambda: not engine.streams)


async def _read_all(session: aiohttp.ClientSession) -> None:
    async with session.get("/endless") as response:
        await response.read()


async def test_closing_with_open_responses(
    server: SshServer, connection: SshConnection, session: aiohttp.ClientSession
) -> None:
    """Who reads is told, if the login is closed before the session."""
    responses = [await session.get("/endless") for _ in range(5)]
    reading = [asyncio.create_task(response.read()) for response in responses]
    await asyncio.sleep(0)
    await connection.close()
    ends = await asyncio.wait_for(asyncio.gather(*reading, return_exceptions=True), 5)
    assert all(isinstance(end, aiohttp.ClientError) for end in ends)
    with pytest.raises(CannotConnect, match="closed"):
        await session.get("/ping")


async def test_closing_a_session_leaves_the_login(
    server: SshServer, connection: SshConnection, engine: Engine
) -> None:
    server.scripts["hello"] = hello
    connector = SshConnector(connection, engine.path)
    async with aiohttp.ClientSession(URL, connector=connector) as session:
        response = await session.get("/endless")
        assert await _ping(session, 1) == "1"
        response.close()
    engine.tick.set()
    await until(lambda: not engine.streams)
    assert (await connection.run("hello", deadline=5)).code == 0
    assert connection.logins == 1


class _Clumsy(asyncio.Protocol):
    """A protocol that stumbles over what it gets."""

    def __init__(self) -> None:
        self.lost: list[BaseException | None] = []

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.write(b"GET /ping HTTP/1.0\r\n\r\n")

    @override
    def data_received(self, data: bytes) -> None:
        raise ZeroDivisionError

    @override
    def connection_lost(self, exc: BaseException | None) -> None:
        self.lost.append(exc)


async def test_one_that_stumbles_takes_no_other_along(
    session: aiohttp.ClientSession, connection: SshConnection, engine: Engine
) -> None:
    response = await session.get("/endless")
    clumsy = _Clumsy()
    await connection.connect_socket(engine.path, clumsy)
    await until(lambda: bool(clumsy.lost))
    assert [type(error) for error in clumsy.lost] == [ZeroDivisionError]
    assert await response.content.readline() == b"0\n"
    response.close()
    assert connection.logins == 1


class _Kept(asyncio.StreamReaderProtocol):
    """A protocol whose transport can be had."""

    transport: asyncio.Transport

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        super().connection_made(transport)


async def test_streams_as_asyncio_has_them(
    connection: SshConnection, tmp_path: Path
) -> None:
    """Also without HTTP: half-closing, waiting for room, and the end."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        text = await reader.read()
        writer.write(text[::-1])
        writer.close()

    server = await asyncio.start_unix_server(echo, tmp_path / "e")
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    protocol = _Kept(reader)
    await connection.connect_socket(str(tmp_path / "e"), protocol)
    writer = asyncio.StreamWriter(protocol.transport, protocol, reader, loop)
    assert writer.get_extra_info("socket") is None
    for n in range(64):
        writer.write(bytes([n]) * 16384)
        await writer.drain()
    assert writer.can_write_eof()
    writer.write_eof()
    assert not writer.is_closing()
    text = await reader.read()
    assert text == b"".join(bytes([n]) * 16384 for n in range(64))[::-1]
    writer.close()
    writer.write(b"too late")
    assert writer.is_closing()
    await writer.wait_closed()
    server.close()


async def test_lost_contact_is_no_end(
    server: SshServer, connection: SshConnection, engine: Engine
) -> None:
    reader = asyncio.StreamReader()
    await connection.connect_socket(engine.path, _Kept(reader))
    reading = asyncio.create_task(reader.read())
    await asyncio.sleep(0)
    server.hang_up()
    with pytest.raises(ConnectionResetError):
        await reading


async def test_what_is_written_is_sent_after_closing(
    connection: SshConnection, tmp_path: Path
) -> None:
    received = asyncio.get_running_loop().create_future()

    async def sink(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.05)
        received.set_result(len(await reader.read()))
        writer.close()

    server = await asyncio.start_unix_server(sink, tmp_path / "e")
    protocol = _Kept(asyncio.StreamReader())
    await connection.connect_socket(str(tmp_path / "e"), protocol)
    # more than the window that asyncssh's server opens
    protocol.transport.write(b"x" * 6_000_000)
    protocol.transport.close()
    assert await asyncio.wait_for(received, 10) == 6_000_000
    protocol.transport.abort()
    server.close()
