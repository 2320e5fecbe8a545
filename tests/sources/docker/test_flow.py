"""From an address to an entry without secrets: sockets, ports, proxies, and what is none."""

import asyncio
from datetime import timedelta
from pathlib import Path

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)
import pytest_socket

from demo.engine import Flavour, Machine, SimulatedEngine
from homeassistant.config_entries import ConfigEntryState, ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.util import dt as dt_util

from .host import device, open_form, set_up, submit, suggested
from custom_components.homelab.const import DOMAIN
from tests.common import pass_time, until

ANYWHERE = "0.0.0.0"  # noqa: S104


async def answer(hass: HomeAssistant, url: str) -> ConfigFlowResult:
    """Send an address."""
    return await submit(hass, await open_form(hass), name="NAS", url=url)


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


@pytest.mark.parametrize(
    ("name", "title"), [("", "Docker"), (" \t", "Docker"), (" The NAS ", "The NAS")]
)
async def test_a_name_that_nobody_could_read(
    hass: HomeAssistant, engine: SimulatedEngine, name: str, title: str
) -> None:
    result = await submit(hass, await open_form(hass), name=name, url=engine.url)
    assert (result["title"], result["data"]["name"]) == (title, title)
    found = device(hass)
    assert found and found.name == title


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
        assert len(result["result"].unique_id or "") == 32
        again = await answer(hass, await engine.listen())
        assert again["reason"] == "already_configured"
        await hass.config_entries.async_unload(result["result"].entry_id)


async def test_one_engine_is_one_entry(
    hass: HomeAssistant, engine: SimulatedEngine, entry: MockConfigEntry
) -> None:
    result = await answer(hass, await engine.listen())
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"
    assert hass.config_entries.async_entries(DOMAIN) == [entry]


async def test_two_people_add_the_same_engine(
    hass: HomeAssistant, engine: SimulatedEngine
) -> None:
    pages = [await open_form(hass), await open_form(hass)]
    results = await asyncio.gather(
        *(submit(hass, page, name="NAS", url=engine.url) for page in pages)
    )
    kinds = sorted(result["type"] for result in results)
    assert kinds == [FlowResultType.ABORT, FlowResultType.CREATE_ENTRY]
    assert [r.get("reason") for r in results if r.get("reason")] == [
        "already_configured"
    ]
    assert len(hass.config_entries.async_entries(DOMAIN)) == 1


async def test_reconfigured(
    hass: HomeAssistant, engine: SimulatedEngine, entry: MockConfigEntry
) -> None:
    await set_up(hass, entry)
    # a question about credentials that nobody has answered does not stand in the way
    await entry.start_reauth_flow(hass)
    page = await entry.start_reconfigure_flow(hass)
    assert suggested(page) == {"name": "NAS", "url": engine.url}
    url = await engine.listen()
    result = await submit(hass, page, name="Cellar", url=url)
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()
    assert entry.data == {"source": "docker", "name": "Cellar", "url": url}
    assert entry.title == "Cellar"
    assert entry.state is ConfigEntryState.LOADED


async def test_another_engine_is_refused(
    hass: HomeAssistant, engine: SimulatedEngine, entry: MockConfigEntry, tmp_path: Path
) -> None:
    machine = Machine(identity="another")
    before = dict(entry.data)
    async with SimulatedEngine(machine, socket_path=tmp_path / "o.sock") as other:
        page = await entry.start_reconfigure_flow(hass)
        result = await submit(hass, page, name="NAS", url=other.url)
    assert result["reason"] == "wrong_identity"
    assert entry.data == before


@pytest.mark.parametrize("path", ["docker.sock", "podman/podman.sock"])
async def test_a_socket_that_answers_is_suggested(
    hass: HomeAssistant,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    freezer: FrozenDateTimeFactory,
    path: str,
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "podman").mkdir()
    async with SimulatedEngine(socket_path=tmp_path / path) as engine:
        page = await open_form(hass)
        assert suggested(page) == {"url": engine.url}
        page = await submit(hass, page, name="NAS", url="nonsense")
        await pass_time(hass, freezer, 86400)
        # looked at once, and never again
        assert engine.requests == {"GET /version": 1}
        assert not engine.connections
        result = await submit(hass, page, name="NAS", url=engine.url)
        assert result["type"] is FlowResultType.CREATE_ENTRY
        await hass.config_entries.async_unload(result["result"].entry_id)


async def test_a_socket_that_does_not_answer_is_not_waited_for(
    hass: HomeAssistant,
    engine: SimulatedEngine,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    engine.faults.silent = True
    opening = asyncio.ensure_future(open_form(hass))
    await until(lambda: bool(engine.asked))
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=3))
    page = await opening
    assert engine.url not in suggested(page).values()
