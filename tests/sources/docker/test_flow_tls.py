"""Engines behind TLS: authorities, certificates, keys, and what is wrong with each."""

import asyncio
from functools import partial
from io import BytesIO
from typing import Any

import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from demo.engine import SimulatedEngine
from homeassistant.config_entries import (
    SOURCE_REAUTH,
    ConfigEntryState,
    ConfigFlowResult,
)
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.setup import async_setup_component

from .host import docker_entry, open_form, set_up, submit, suggested, until
from custom_components.homelab.const import DOMAIN
from tests.fakes.authority import Authority, Pair

PASSPHRASE = "sesame-sesame"
OURS = Authority()
CLIENT = OURS.client()
OTHER = OURS.client()


@pytest.fixture(autouse=True)
def _refused_handshakes(hass: HomeAssistant) -> None:
    """Leave to the engine, which lives in the same loop, what its clients do wrong."""
    complain = hass.loop.get_exception_handler()
    assert complain

    def listen(loop: Any, context: dict[str, Any]) -> None:
        if "incoming connection" not in context["message"]:
            complain(loop, context)

    hass.loop.set_exception_handler(listen)


def pasted(pair: Pair | None = CLIENT, **changes: Any) -> dict[str, Any]:
    """Return what a person pastes."""
    answers = {"ca": OURS.certificate, "verify_host": True}
    if pair:
        answers |= {"certificate": pair.certificate, "key": pair.key}
    return {k: v for k, v in (answers | changes).items() if v is not None}


async def serve(
    engine: SimulatedEngine,
    own: Pair | None = None,
    *,
    authority: Authority = OURS,
    clients: bool = True,
) -> str:
    """Let the engine listen with TLS, and return the address."""
    context = partial(authority.server_context, own, clients=clients)
    return await engine.listen(tls=await asyncio.to_thread(context))


async def change_authority(engine: SimulatedEngine, authority: Authority) -> None:
    """Restart the engine with certificates of another authority."""
    await engine.go_down(gently=False)
    engine._doors[-1].tls = await asyncio.to_thread(authority.server_context)
    await engine.come_up()


async def certificates(hass: HomeAssistant, url: str) -> ConfigFlowResult:
    """Return the page that asks for certificates."""
    page = await submit(hass, await open_form(hass), name="NAS", url=url)
    assert page["step_id"] == "docker_tls"
    return page


async def upload(client: Any, name: str, content: str | bytes) -> str:
    """Upload a file as the form does, and return its id."""
    response = await client.post(
        "/api/file_upload", data={"file": _file(name, content)}
    )
    assert response.status == 200
    return str((await response.json())["file_id"])


def _file(name: str, content: str | bytes) -> Any:
    raw = content.encode() if isinstance(content, str) else content
    file = BytesIO(raw)
    file.name = name
    return file


async def test_pasted(hass: HomeAssistant, engine: SimulatedEngine) -> None:
    url = await serve(engine)
    page = await certificates(hass, url)
    result = await submit(hass, page, **pasted())
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["data"] == {"source": "docker", "name": "NAS", "url": url, **pasted()}
    assert result["result"].state is ConfigEntryState.LOADED


async def test_uploaded(
    hass: HomeAssistant, engine: SimulatedEngine, hass_client: ClientSessionGenerator
) -> None:
    page = await certificates(hass, await serve(engine))
    assert await async_setup_component(hass, "file_upload", {})
    client = await hass_client()
    files = {
        "ca_file": await upload(client, "ca.pem", OURS.certificate),
        "certificate_file": await upload(client, "cert.pem", CLIENT.certificate),
        "key_file": await upload(client, "key.pem", CLIENT.key),
    }
    result = await submit(hass, page, verify_host=True, **files)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    kept = {k: v for k, v in result["data"].items() if k in pasted()}
    assert kept == pasted()
    assert not [name for name in result["data"] if name.endswith("_file")]


async def test_files_that_are_none(
    hass: HomeAssistant, engine: SimulatedEngine, hass_client: ClientSessionGenerator
) -> None:
    page = await certificates(hass, await serve(engine))
    assert await async_setup_component(hass, "file_upload", {})
    client = await hass_client()
    for content in (b"\xff\xfe", b"x" * 262145, b""):
        file_id = await upload(client, "key.pem", content) if content else "0" * 32
        page = await submit(hass, page, **pasted(key_file=file_id))
        assert page["step_id"] == "docker_tls"
        assert page["errors"] == {"key": "invalid_key"}
    assert not engine.asked
    # what was pasted is still there
    result = await submit(hass, page, **pasted(key=None))
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_an_engine_that_asks_for_no_certificate(
    hass: HomeAssistant, engine: SimulatedEngine
) -> None:
    page = await certificates(hass, await serve(engine, clients=False))
    result = await submit(hass, page, **pasted(None))
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert not {"certificate", "key"} & {*result["data"]}


WRONG: tuple[tuple[dict[str, Any], dict[str, str]], ...] = (
    ({"key": None}, {"key": "invalid_key"}),
    ({"certificate": None, "key": None}, {"base": "invalid_auth"}),
    # of no use alone, and not sent
    ({"certificate": None}, {"base": "invalid_auth"}),
    ({"ca": "nonsense"}, {"ca": "invalid_key"}),
    ({"ca": "\N{KEY}"}, {"ca": "invalid_key"}),
    ({"certificate": "nonsense"}, {"certificate": "invalid_key"}),
    ({"key": "nonsense"}, {"key": "invalid_key"}),
    ({"key": "\N{KEY}"}, {"key": "invalid_key"}),
    ({"key": OTHER.key}, {"key": "invalid_key"}),
    ({"key": OURS.client(passphrase=PASSPHRASE).key}, {"key": "invalid_key"}),
    ({"ca": Authority().certificate}, {"base": "tls_failed"}),
    # none that this machine trusts
    ({"ca": None}, {"base": "tls_failed"}),
)


async def test_what_is_wrong_with_what_was_pasted(
    hass: HomeAssistant, engine: SimulatedEngine
) -> None:
    page = await certificates(hass, await serve(engine))
    for changes, errors in WRONG:
        page = await submit(hass, page, **pasted(**changes))
        assert (page["step_id"], page["errors"]) == ("docker_tls", errors)
        assert not engine.asked
        assert "key" not in suggested(page)
    result = await submit(hass, page, **pasted())
    assert result["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.parametrize(
    ("pair", "detail"),
    [
        (OURS.server(expired=True), "certificate has expired"),
        (Authority().server(), "certificate signature failure"),
        (OURS.server("127.0.0.2"), "IP address mismatch"),
    ],
)
async def test_a_server_that_cannot_be_believed(
    hass: HomeAssistant, engine: SimulatedEngine, pair: Pair, detail: str
) -> None:
    page = await certificates(hass, await serve(engine, pair))
    page = await submit(hass, page, **pasted())
    assert (page["step_id"], page["errors"]) == ("docker_tls", {"base": "tls_failed"})
    placeholders = page["description_placeholders"]
    assert placeholders and detail in placeholders["detail"]
    # the name may be another one, the authority and the time may not
    page = await submit(hass, page, **pasted(verify_host=False))
    made = page["type"] is FlowResultType.CREATE_ENTRY
    assert made is ("IP address" in detail)


async def test_a_certificate_that_the_engine_does_not_take(
    hass: HomeAssistant, engine: SimulatedEngine
) -> None:
    page = await certificates(hass, await serve(engine))
    for pair in (Authority().client(), OURS.client(expired=True)):
        page = await submit(hass, page, **pasted(pair))
        assert page["errors"] == {"base": "invalid_auth"}


async def test_a_port_without_tls(hass: HomeAssistant, engine: SimulatedEngine) -> None:
    url = (await engine.listen()).replace("tcp", "https")
    page = await submit(hass, await certificates(hass, url), **pasted())
    assert page["errors"] == {"base": "tls_failed"}
    await engine.go_down(gently=False)
    page = await submit(hass, page, **pasted())
    assert page["errors"] == {"base": "connection_refused"}


async def test_reconfigured(hass: HomeAssistant, engine: SimulatedEngine) -> None:
    url = await serve(engine)
    entry = docker_entry(hass, engine, url=url, **pasted())
    await set_up(hass, entry)
    assert entry.state is ConfigEntryState.LOADED
    page = await entry.start_reconfigure_flow(hass)
    assert suggested(page) == {"name": "NAS", "url": url}
    open_url = await serve(engine, clients=False)
    page = await submit(hass, page, name="NAS", url=open_url)
    assert suggested(page) == pasted(key=None)
    # what is shown is sent again, the key is not shown and stays
    result = await submit(hass, page, **suggested(page))
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()
    assert entry.data == {"source": "docker", "name": "NAS", "url": open_url} | pasted()
    assert entry.state is ConfigEntryState.LOADED

    page = await entry.start_reconfigure_flow(hass)
    page = await submit(hass, page, **suggested(page))
    result = await submit(hass, page, **pasted(None))
    assert result["reason"] == "reconfigure_successful"
    # what was emptied is gone, with the key that belongs to it
    assert not {"certificate", "key"} & {*entry.data}


async def test_new_credentials(hass: HomeAssistant, engine: SimulatedEngine) -> None:
    entry = docker_entry(hass, engine, url=await serve(engine), **pasted(OTHER))
    await set_up(hass, entry)
    assert entry.state is ConfigEntryState.LOADED
    changed = Authority()
    await change_authority(engine, changed)
    flows = hass.config_entries.flow.async_progress_by_handler
    await until(lambda: bool(flows(DOMAIN)))
    [flow] = flows(DOMAIN)
    assert flow["context"]["source"] == SOURCE_REAUTH
    page = await hass.config_entries.flow.async_configure(flow["flow_id"])
    assert page["step_id"] == "reauth_confirm"
    assert suggested(page) == {"ca": OURS.certificate, "certificate": OTHER.certificate}
    pair = changed.client()
    page = await submit(hass, page, ca=changed.certificate)
    assert (page["step_id"], page["errors"]) == (
        *("reauth_confirm", {"base": "invalid_auth"}),
    )
    result = await submit(hass, page, certificate=pair.certificate, key=pair.key)
    assert result["reason"] == "reauth_successful"
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    assert entry.data["ca"] == changed.certificate
    assert entry.data["key"] == pair.key
