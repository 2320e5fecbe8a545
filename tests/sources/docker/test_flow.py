"""From an address to an entry without secrets: sockets, ports, proxies, and what is none."""

import asyncio
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
import ctypes
import os
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer
from freezegun.api import FrozenDateTimeFactory
import pytest
import pytest_socket

from demo.engine import Flavour, Machine, SimulatedEngine
from homeassistant.config_entries import ConfigEntryState, ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType

from .host import open_form, submit, until
from tests.common import pass_time

READABLE = ("CONTAINERS", "INFO", "VOLUMES")
ANYWHERE = "0.0.0.0"  # noqa: S104
NOBODY = 65534


async def answer(hass: HomeAssistant, url: str) -> ConfigFlowResult:
    """Send an address."""
    return await submit(hass, await open_form(hass), name="NAS", url=url)


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

    async with TestServer(web.Server(say), host="127.0.0.1") as server:
        yield f"tcp://127.0.0.1:{server.port}"


async def test_a_socket_of_this_machine(
    hass: HomeAssistant, engine: SimulatedEngine
) -> None:
    result = await answer(hass, engine.url)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["title"] == "NAS"
    assert result["data"] == {"source": "docker", "name": "NAS", "url": engine.url}
    assert result["result"].unique_id == engine.machine.identity
    assert result["result"].state is ConfigEntryState.LOADED
    assert result["description"] == "docker"
    notes = result["description_placeholders"]
    assert notes and notes["forbidden"] == "-"
    assert notes["allowed"].startswith("start, stop, restart, pause, unpause, kill, ")
    assert notes["allowed"].endswith("remove container, remove image, remove volume")
    # nothing that was asked to find out did anything, or is there at all
    changing = [each for each in engine.asked if not each.startswith("GET ")]
    assert changing and all("homelab-nobody" in e or "000000" in e for e in changing)


@pytest.mark.parametrize("scheme", ["tcp", "http"])
async def test_a_port_of_this_machine_needs_no_confirmation(
    hass: HomeAssistant, engine: SimulatedEngine, scheme: str
) -> None:
    url = (await engine.listen()).replace("tcp", scheme)
    result = await answer(hass, url)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["data"]["url"] == url


async def test_a_port_of_another_machine_is_confirmed_first(
    hass: HomeAssistant, engine: SimulatedEngine
) -> None:
    pytest_socket.socket_allow_hosts(["127.0.0.1", ANYWHERE], allow_unix_socket=True)
    url = (await engine.listen()).replace("127.0.0.1", ANYWHERE)
    page = await answer(hass, url)
    assert page["step_id"] == "docker_plain"
    placeholders = page["description_placeholders"]
    assert placeholders and placeholders["url"] == url

    page = await submit(hass, page, confirm_plain=False)
    assert page["step_id"] == "docker_plain"
    assert page["errors"] == {"confirm_plain": "plain_not_confirmed"}
    assert not engine.asked and not engine.connections

    await engine.go_down()
    page = await submit(hass, page, confirm_plain=True)
    assert page["step_id"] == "docker_plain"
    assert page["errors"] == {"base": "connection_refused"}

    await engine.come_up()
    result = await submit(hass, page, confirm_plain=True)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["data"] == {"source": "docker", "name": "NAS", "url": url}


@pytest.mark.parametrize("url", ["", "nas:2375", "ftp://nas", "ssh://me:word@nas"])
async def test_what_is_no_address(hass: HomeAssistant, url: str) -> None:
    page = await answer(hass, url)
    assert page["step_id"] == "docker"
    assert page["errors"] == {"url": "invalid_url"}
    placeholders = page["description_placeholders"]
    assert placeholders and "ssh://user@host" in placeholders["ways"]


async def test_nobody_is_there(hass: HomeAssistant, tmp_path: Path) -> None:
    page = await answer(hass, f"unix://{tmp_path}/none.sock")
    assert (page["step_id"], page["errors"]) == ("docker", {"base": "cannot_connect"})


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
    placeholders = page["description_placeholders"]
    assert placeholders and path in placeholders["detail"]


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
    ("status", "error"), [(401, "invalid_auth"), (503, "cannot_connect")]
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
    placeholders = page["description_placeholders"]
    assert placeholders and "1.39" in placeholders["detail"]


async def test_an_engine_that_refuses_our_version(
    hass: HomeAssistant, engine: SimulatedEngine
) -> None:
    words = "client version 1.51 is too new. Maximum supported API version is 1.50"
    engine.faults.answers["GET /info"] = 400, words
    page = await answer(hass, engine.url)
    assert page["errors"] == {"base": "api_too_old"}
    placeholders = page["description_placeholders"]
    assert placeholders and placeholders["detail"] == words


@pytest.mark.parametrize("api", ["1.40", "1.52"])
async def test_the_oldest_and_the_newest(
    hass: HomeAssistant, tmp_path: Path, api: str
) -> None:
    machine = Machine(api=api, oldest_api=api)
    async with SimulatedEngine(machine, socket_path=tmp_path / "d.sock") as engine:
        result = await answer(hass, engine.url)
        assert result["type"] is FlowResultType.CREATE_ENTRY
        await hass.config_entries.async_unload(result["result"].entry_id)


async def test_podman(hass: HomeAssistant, tmp_path: Path) -> None:
    machine = Machine(flavour=Flavour.PODMAN, api="1.41")
    async with SimulatedEngine(machine, socket_path=tmp_path / "p.sock") as engine:
        result = await answer(hass, engine.url)
        assert result["type"] is FlowResultType.CREATE_ENTRY
        # it draws another id for each answer
        result = await answer(hass, await engine.listen())
        assert result["reason"] == "already_configured"
        await hass.config_entries.async_unload(
            hass.config_entries.async_entries()[0].entry_id
        )
