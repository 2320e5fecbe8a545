"""What answers instead of an engine, or lets only some of it through: a sentence for each."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Generator, Iterable
from contextlib import asynccontextmanager, contextmanager, suppress
import ctypes
from datetime import timedelta
import os
from pathlib import Path
import socket
import ssl
import struct
import threading
from typing import Any, override

from aiodocker import DockerError
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.test_utils import RawTestServer
from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from demo.engine import Proxy, SimulatedEngine
from homeassistant.config_entries import ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.util import dt as dt_util

from .host import entity_id, open_form, state, submit
from custom_components.homelab.source import (
    AuthenticationFailed,
    BadAnswer,
    CannotConnect,
    SourceError,
)
from custom_components.homelab.sources.docker.connection import open_api
from custom_components.homelab.sources.docker.errors import Missing, translated
from tests.common import pass_time, until
from tests.fakes.authority import Authority, Pair

type Talk = Callable[[socket.socket], None]

READABLE = ("CONTAINERS", "INFO", "VOLUMES")
NOBODY = 65534


async def answer(hass: HomeAssistant, url: str) -> ConfigFlowResult:
    """Send an address."""
    return await submit(hass, await open_form(hass), name="NAS", url=url)


def detail(page: ConfigFlowResult) -> str:
    """Return what a page quotes."""
    placeholders = page["description_placeholders"]
    assert placeholders
    return placeholders["detail"]


@contextmanager
def as_nobody(path: Path) -> Generator[None]:
    """Take from this thread the right to open a socket."""
    path.chmod(0)
    libc = ctypes.CDLL(None)
    libc.setfsuid(NOBODY)
    try:
        yield
    finally:
        libc.setfsuid(os.geteuid())


@asynccontextmanager
async def somebody(body: bytes, kind: str, status: int) -> AsyncGenerator[str]:
    """Answer everything in one way; yield the address."""

    async def say(_: web.BaseRequest) -> web.Response:
        return web.Response(body=body, content_type=kind, status=status)

    async with RawTestServer(say, host="127.0.0.1") as server:
        yield f"tcp://127.0.0.1:{server.port}"


@pytest.mark.parametrize("path", ["none.sock", "file/none.sock"])
async def test_no_socket_is_there(
    hass: HomeAssistant, tmp_path: Path, path: str
) -> None:
    (tmp_path / "file").touch()
    page = await answer(hass, f"unix://{tmp_path}/{path}")
    assert (page["step_id"], page["errors"]) == ("docker", {"base": "no_socket"})
    assert path in detail(page)


class NoName(AbstractResolver):
    """A name service that knows nobody."""

    def __init__(self, **_: Any) -> None:
        """Take whatever the library's own takes."""

    @override
    async def resolve(self, *_: Any, **__: Any) -> list[ResolveResult]:
        raise OSError(None, "Domain name not found")

    @override
    async def close(self) -> None:
        """There is nothing to let go of."""


async def test_a_machine_that_no_one_knows(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look_up(*_: Any, **__: Any) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setattr("aiohttp.connector.DefaultResolver", NoName)
    page = await answer(hass, "tcp://nas.example:2375")
    page = await submit(hass, page, confirm_plain=True)
    assert page["errors"] == {"base": "unknown_host"}
    assert "Domain name not found" in detail(page)


async def test_a_socket_behind_which_nobody_listens(
    hass: HomeAssistant, engine: SimulatedEngine
) -> None:
    url = engine.url
    await engine.go_down(gently=False)
    page = await answer(hass, url)
    assert page["errors"] == {"base": "connection_refused"}
    await engine.come_up()
    result = await submit(hass, page, name="NAS", url=url)
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_a_socket_that_may_not_be_opened(
    hass: HomeAssistant, engine: SimulatedEngine
) -> None:
    path = engine.url.removeprefix("unix://")
    page = await open_form(hass)
    with as_nobody(Path(path)):
        page = await submit(hass, page, name="NAS", url=engine.url)
    assert page["errors"] == {"base": "socket_forbidden"}
    assert path in detail(page)


async def test_somebody_who_never_answers(
    hass: HomeAssistant, engine: SimulatedEngine, freezer: FrozenDateTimeFactory
) -> None:
    engine.faults.silent = True
    waiting = asyncio.ensure_future(answer(hass, engine.url))
    await until(lambda: bool(engine.asked))
    await pass_time(hass, freezer, 11, wait=False)
    page = await waiting
    assert page["errors"] == {"base": "too_slow"}


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"<html>Welcome</html>", "text/html", 200),
        (b"<html>Not found</html>", "text/html", 404),
        (b"{}", "application/json", 200),
        (b"[1, 2]", "application/json", 200),
        (b'{"ApiVersion": 7}', "application/json", 200),
        (b'{"version": "2026.11"}', "application/json", 200),
        (b'{"error": "no"}', "application/json", 400),
        (b"[]", "application/json", 500),
        (b"\xff", "text/plain", 500),
    ],
)
async def test_no_engine(
    hass: HomeAssistant, body: bytes, kind: str, status: int
) -> None:
    async with somebody(body, kind, status) as url:
        page = await answer(hass, url)
    assert page["errors"] == {"base": "not_docker"}


async def test_something_else_that_has_a_version(
    hass: HomeAssistant, engine: SimulatedEngine
) -> None:
    engine.faults.edit = lambda request, said: {"version": "2026.11"}
    engine.faults.answers["GET /info"] = 404, "page not found"
    page = await answer(hass, engine.url)
    assert page["errors"] == {"base": "not_docker"}


async def test_something_that_does_not_speak_http(hass: HomeAssistant) -> None:
    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0-OpenSSH_10.0\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        page = await answer(hass, f"tcp://127.0.0.1:{port}")
    assert page["errors"] == {"base": "not_docker"}


@pytest.mark.parametrize(
    ("status", "error"), [(401, "invalid_auth"), (503, "no_engine")]
)
async def test_a_proxy_that_wants_a_password_or_whose_engine_is_gone(
    hass: HomeAssistant, status: int, error: str
) -> None:
    async with somebody(b"<html>Sorry</html>", "text/html", status) as url:
        page = await answer(hass, url)
    assert page["errors"] == {"base": error}


async def test_an_engine_that_is_too_old(
    hass: HomeAssistant, engine: SimulatedEngine
) -> None:
    def old(request: str, said: Any) -> Any:
        changes = {"ApiVersion": "1.39", "MinAPIVersion": "1.12"}
        return said | changes if request == "GET /version" else said

    engine.faults.edit = old
    page = await answer(hass, engine.url)
    assert page["errors"] == {"base": "api_too_old"}
    assert "1.39" in detail(page)


async def test_an_engine_that_refuses_our_version(
    hass: HomeAssistant, engine: SimulatedEngine
) -> None:
    words = "client version 1.51 is too new. Maximum supported API version is 1.50"
    engine.faults.answers["GET /info"] = 400, words
    page = await answer(hass, engine.url)
    assert page["errors"] == {"base": "api_too_old"}
    assert detail(page) == words


@pytest.mark.parametrize(
    ("variables", "closed", "forbidden"),
    [
        (READABLE, ["VERSION"], "GET /version: VERSION=1"),
        (["CONTAINERS"], [], "GET /info: INFO=1"),
        (["INFO"], [], "GET /containers/json: CONTAINERS=1"),
        (READABLE, ["EVENTS"], "GET /events: EVENTS=1"),
    ],
)
async def test_a_proxy_that_forbids_what_is_needed(
    hass: HomeAssistant,
    engine: SimulatedEngine,
    variables: Iterable[str],
    closed: Iterable[str],
    forbidden: str,
) -> None:
    engine.faults.proxy = Proxy(variables, closed=closed)
    page = await answer(hass, engine.url)
    assert page["errors"] == {"base": "proxy_forbids"}
    assert detail(page) == forbidden
    engine.faults.proxy = Proxy(READABLE)
    result = await submit(hass, page, name="NAS", url=engine.url)
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_a_proxy_that_hides_the_volumes(
    hass: HomeAssistant, engine: SimulatedEngine
) -> None:
    engine.faults.proxy = Proxy(["CONTAINERS", "INFO"])
    result = await answer(hass, engine.url)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    assert entity_id(hass, "host", "images")
    assert entity_id(hass, "host", "volumes") is None


def controls(hass: HomeAssistant) -> list[str]:
    """Return whatever can be pressed or turned on a container."""
    ids = hass.states.async_entity_ids(("switch", "button"))
    return [each for each in ids if "plex" in each]


async def test_what_is_allowed_later_appears_within_the_hour(
    hass: HomeAssistant, engine: SimulatedEngine, freezer: FrozenDateTimeFactory
) -> None:
    engine.run("plex")
    engine.faults.proxy = Proxy(READABLE)
    result = await answer(hass, engine.url)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    notes = result["description_placeholders"]
    assert notes and notes["allowed"] == "-"
    assert notes["forbidden"].startswith("start, stop, restart, pause, unpause, kill")
    await hass.async_block_till_done()
    assert state(hass, "container_name:plex", "state") == "running"
    assert not controls(hass)

    engine.faults.proxy = Proxy([*READABLE, "POST"])
    await pass_time(hass, freezer, 3500, wait=False)
    await until(lambda: state(hass, "container_name:plex", "running") == "on")
    assert controls(hass)


async def test_a_proxy_with_rules_of_its_own(
    hass: HomeAssistant, engine: SimulatedEngine
) -> None:
    variables = [*READABLE, "POST", "ALLOW_KILL"]
    engine.faults.proxy = Proxy(variables, granular=True)
    result = await answer(hass, engine.url)
    notes = result["description_placeholders"]
    assert notes and notes["allowed"] == "start, stop, restart, pause, unpause, kill"
    assert notes["forbidden"] == "remove container, remove image, remove volume"


def strictly(context: ssl.SSLContext) -> Talk:
    """Answer whoever shows the right certificate; OpenSSL and Go say why they refuse."""

    def talk(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as tls:
            tls.recv(4096)
            tls.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    return talk


def rudely(context: ssl.SSLContext) -> Talk:
    """Reset the connection as soon as somebody says something; aiohttp tries twice."""

    def talk(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as tls:
            if tls.recv(1):
                tls.setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
                )

    return talk


@asynccontextmanager
async def talking(*talks: Talk) -> AsyncGenerator[str]:
    """Talk to one client after the other, in a thread of its own; yield the address."""
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]

    def serve() -> None:
        for talk in talks:
            connection, _ = listening.accept()
            with connection, suppress(OSError):
                talk(connection)
        listening.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"https://127.0.0.1:{port}"
    finally:
        await asyncio.to_thread(thread.join)


async def asked(url: str, authority: Authority, pair: Pair | None = None) -> object:
    """Ask once."""
    shown = {"certificate": pair.certificate, "key": pair.key} if pair else {}
    api = await open_api({"url": url, "ca": authority.certificate, **shown})
    try:
        return await api.read("version", versioned=False)
    finally:
        await api.close()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_a_refusal_of_our_certificate(version: ssl.TLSVersion) -> None:
    ours = Authority()
    strict = await asyncio.to_thread(ours.server_context)
    lax = await asyncio.to_thread(ours.server_context, clients=False)
    strict.minimum_version = strict.maximum_version = version
    refused: tuple[tuple[Pair | None, str], ...] = (
        (None, "certificate required|handshake failure"),
        (Authority().client(), "decrypt error|unknown ca"),
        (ours.client(expired=True), "certificate expired"),
    )
    for pair, words in refused:
        # after a reset somebody who only listens hears what was lost with it
        async with talking(rudely(lax), rudely(lax), strictly(strict)) as url:
            with pytest.raises(AuthenticationFailed, match=words) as caught:
                await asked(url, ours, pair)
        assert caught.value.reason == "invalid_auth"
    async with talking(strictly(strict)) as url:
        assert await asked(url, ours, ours.client()) == {}


async def test_a_server_that_hangs_up_for_another_reason(hass: HomeAssistant) -> None:
    ours = Authority()
    lax = await asyncio.to_thread(ours.server_context, clients=False)
    async with talking(rudely(lax), rudely(lax)) as url:
        with pytest.raises(CannotConnect) as caught:
            await asked(url, ours)
    assert caught.value.reason == "connection_refused"
    listened = threading.Event()

    def wait(connection: socket.socket) -> None:
        with lax.wrap_socket(connection, server_side=True) as tls:
            listened.set()
            tls.recv(1)

    async with talking(rudely(lax), rudely(lax), wait) as url:
        asking = asyncio.ensure_future(asked(url, ours))
        await until(listened.is_set)
        async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=3))
        with pytest.raises(CannotConnect) as caught:
            await asking
    assert caught.value.reason == "cannot_connect"


async def test_an_answer_without_end(
    hass: HomeAssistant, engine: SimulatedEngine
) -> None:
    engine.faults.flood["GET /info"] = 17 * 1024 * 1024
    page = await answer(hass, engine.url)
    assert page["errors"] == {"base": "cannot_connect"}
    assert "16 MiB" in detail(page)


@pytest.mark.parametrize(
    ("raised", "kind", "sent"),
    [
        (DockerError(403, "<html>Forbidden</html>"), BadAnswer, False),
        (DockerError(404, "<html>Not found</html>"), Missing, False),
        (DockerError(409, "in use"), BadAnswer, False),
        (DockerError(500, "<html>Error</html>"), BadAnswer, False),
        (DockerError(504, "<html>Time-out</html>"), CannotConnect, True),
        (ValueError("nonsense"), BadAnswer, True),
        (TimeoutError(), CannotConnect, True),
        (CannotConnect("as it is"), CannotConnect, False),
    ],
)
def test_an_action_that_went_wrong(
    raised: Exception, kind: type[SourceError], sent: bool
) -> None:
    """What may have been done has to be told apart from what was refused."""
    with pytest.raises(kind) as caught, translated("containers/x/stop", acts=True):
        raise raised
    assert caught.value.sent is sent
    assert "<" not in str(caught.value)
