"""Engines behind SSH: the host key first, then passwords and keys, then the socket."""

import asyncio
from collections.abc import AsyncGenerator
import os
from pathlib import Path
import pwd
from typing import Any

import asyncssh
import pytest

from demo.engine import SimulatedEngine
from homeassistant.config_entries import (
    SOURCE_REAUTH,
    SOURCE_RECONFIGURE,
    ConfigEntryState,
    ConfigFlowResult,
)
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType

from .host import docker_entry, open_form, set_up, submit, suggested, until
from custom_components.homelab.const import DOMAIN
from custom_components.homelab.transports.fingerprint import fingerprint
from tests.fakes.openssh import OpenSsh
from tests.fakes.ssh_server import PASSWORD, SshServer, line, new_key

PASSPHRASE = "open sesame"


def written(key: asyncssh.SSHKey, passphrase: str | None = None) -> str:
    """Write a private key as a person pastes it; this format is read quickly."""
    return key.export_private_key("pkcs8-pem", passphrase).decode()


def allow(ssh: SshServer) -> asyncssh.SSHKey:
    """Let one key in from now on, and return it."""
    key = new_key()
    ssh.user_keys = [key.convert_to_public()]
    return key


def through(ssh: SshServer, engine: SimulatedEngine) -> str:
    """Return the address of an engine behind a server."""
    return f"ssh://homelab@127.0.0.1:{ssh.port}{engine.url.removeprefix('unix://')}"


async def login(hass: HomeAssistant, url: str) -> ConfigFlowResult:
    """Return the page that asks how to log in."""
    page = await submit(hass, await open_form(hass), name="NAS", url=url)
    assert page["step_id"] == "docker_ssh"
    return page


async def confirmed(hass: HomeAssistant, page: ConfigFlowResult) -> ConfigFlowResult:
    """Say that the fingerprint is right."""
    assert page["step_id"] == "host_key", page
    return await submit(hass, page, confirm_fingerprint=True)


async def test_the_host_key_comes_before_the_password(
    hass: HomeAssistant, engine: SimulatedEngine, ssh: SshServer
) -> None:
    url, host_key = through(ssh, engine), line(ssh.host_keys[0])
    page = await submit(hass, await login(hass, url), password=PASSWORD)
    assert page["step_id"] == "host_key"
    placeholders = page["description_placeholders"]
    assert placeholders and placeholders["fingerprint"] == fingerprint(host_key)
    assert placeholders["fingerprint"] == ssh.host_keys[0].get_fingerprint()

    page = await submit(hass, page, confirm_fingerprint=False)
    assert page["step_id"] == "host_key"
    assert page["errors"] == {"confirm_fingerprint": "host_key_rejected"}
    assert (ssh.attempts, ssh.sockets, engine.asked) == (0, 0, [])

    result = await confirmed(hass, page)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["data"] == {
        "source": "docker",
        "name": "NAS",
        "url": url,
        "host_key": host_key,
        "password": PASSWORD,
    }
    assert result["result"].state is ConfigEntryState.LOADED


@pytest.mark.parametrize("passphrase", [None, PASSPHRASE])
async def test_a_key(
    hass: HomeAssistant,
    engine: SimulatedEngine,
    ssh: SshServer,
    passphrase: str | None,
) -> None:
    key = allow(ssh)
    answers = {"private_key": written(key, passphrase)}
    answers |= {"passphrase": passphrase} if passphrase else {}
    page = await submit(hass, await login(hass, through(ssh, engine)), **answers)
    result = await confirmed(hass, page)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert {k: v for k, v in result["data"].items() if k in answers} == answers


async def test_a_key_that_cannot_be_read(
    hass: HomeAssistant, engine: SimulatedEngine, ssh: SshServer
) -> None:
    key = allow(ssh)
    locked = written(key, PASSPHRASE)
    page = await login(hass, through(ssh, engine))
    for answers, field in (
        ({"private_key": locked}, "passphrase"),
        ({"private_key": locked, "passphrase": "wrong"}, "passphrase"),
        ({"private_key": "nonsense"}, "private_key"),
        ({"private_key": line(key)}, "private_key"),
    ):
        page = await submit(hass, page, **answers)
        assert page["step_id"] == "docker_ssh"
        assert page["errors"] == {field: "invalid_key"}
        assert not suggested(page)
        assert ssh.attempts == 0
    page = await submit(hass, page, private_key=locked, passphrase=PASSPHRASE)
    assert page["step_id"] == "host_key"


async def test_a_password_that_is_refused(
    hass: HomeAssistant, engine: SimulatedEngine, ssh: SshServer
) -> None:
    page = await login(hass, through(ssh, engine))
    page = await confirmed(hass, await submit(hass, page, password="wrong"))
    assert page["step_id"] == "docker_ssh"
    assert page["errors"] == {"password": "invalid_auth"}
    page = await submit(hass, page, password="worse")
    assert (page["step_id"], page["errors"]) == ("docker_ssh", {"base": "invalid_auth"})
    assert not suggested(page)
    # the key was confirmed, and is not asked for again
    result = await submit(hass, page, password=PASSWORD)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["data"]["host_key"] == line(ssh.host_keys[0])


async def test_a_key_that_is_refused(
    hass: HomeAssistant, engine: SimulatedEngine, ssh: SshServer
) -> None:
    page = await login(hass, through(ssh, engine))
    page = await submit(hass, page, private_key=written(new_key()))
    page = await confirmed(hass, page)
    assert page["step_id"] == "docker_ssh"
    assert page["errors"] == {"private_key": "invalid_auth"}


async def test_nobody_serves_ssh_there(
    hass: HomeAssistant, engine: SimulatedEngine
) -> None:
    page = await login(hass, "ssh://homelab@127.0.0.1:1")
    page = await submit(hass, page, password=PASSWORD)
    assert page["step_id"] == "docker_ssh"
    assert page["errors"] == {"base": "connection_refused"}
    page = await login(hass, (await engine.listen()).replace("tcp://", "ssh://me@"))
    page = await submit(hass, page, password=PASSWORD)
    assert page["errors"] == {"base": "cannot_connect"}


@pytest.mark.parametrize("path", ["/forbidden", "/nowhere/docker.sock"])
async def test_a_socket_that_is_not_forwarded(
    hass: HomeAssistant, ssh: SshServer, path: str
) -> None:
    page = await login(hass, f"ssh://homelab@127.0.0.1:{ssh.port}{path}")
    page = await confirmed(hass, await submit(hass, page, password=PASSWORD))
    assert page["errors"] == {"base": "socket_refused"}
    placeholders = page["description_placeholders"]
    assert placeholders and placeholders["detail"]
    assert ssh.attempts == 1


async def test_what_an_engine_says_is_shown_without_secrets(
    hass: HomeAssistant, engine: SimulatedEngine, ssh: SshServer
) -> None:
    engine.faults.answers["GET /info"] = 500, f"it was {PASSWORD}"
    page = await login(hass, through(ssh, engine))
    # one secret may be the beginning of another
    page = await submit(hass, page, password=PASSWORD, passphrase=PASSWORD[:9])
    page = await confirmed(hass, page)
    placeholders = page["description_placeholders"]
    assert placeholders and placeholders["detail"] == "it was ** (500)"


async def test_reconfigured(
    hass: HomeAssistant, engine: SimulatedEngine, ssh: SshServer
) -> None:
    url = through(ssh, engine)
    data: dict[str, Any] = {"host_key": line(ssh.host_keys[0]), "password": PASSWORD}
    entry = docker_entry(hass, engine, url=url, **data)
    await set_up(hass, entry)
    assert entry.state is ConfigEntryState.LOADED
    page = await entry.start_reconfigure_flow(hass)
    assert suggested(page) == {"name": "NAS", "url": url}
    page = await submit(hass, page, name="Cellar", url=url)
    assert not suggested(page)
    # blank: the password stays; the key is known
    result = await submit(hass, page, password="", private_key="")
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()
    assert entry.data == {"source": "docker", "name": "Cellar", "url": url, **data}
    assert entry.state is ConfigEntryState.LOADED

    # to a machine with another key: it is shown before anything is sent
    async with SshServer().serving() as other:
        page = await entry.start_reconfigure_flow(hass)
        page = await submit(hass, page, name="NAS", url=through(other, engine))
        page = await submit(hass, page)
        placeholders = page["description_placeholders"]
        shown = fingerprint(line(other.host_keys[0]))
        assert placeholders and placeholders["fingerprint"] == shown
        assert other.attempts == 0
        result = await confirmed(hass, page)
        assert result["reason"] == "reconfigure_successful"
        await hass.async_block_till_done()
        assert entry.data["host_key"] == line(other.host_keys[0])
        assert await hass.config_entries.async_unload(entry.entry_id)

    # and away from SSH: nothing of it stays
    page = await entry.start_reconfigure_flow(hass)
    result = await submit(hass, page, name="NAS", url=engine.url)
    assert result["reason"] == "reconfigure_successful"
    assert entry.data == {"source": "docker", "name": "NAS", "url": engine.url}


async def test_new_credentials(
    hass: HomeAssistant, engine: SimulatedEngine, ssh: SshServer
) -> None:
    key = allow(ssh)
    entry = docker_entry(
        hass,
        engine,
        url=through(ssh, engine),
        host_key=line(ssh.host_keys[0]),
        private_key=written(key),
    )
    await set_up(hass, entry)
    assert entry.state is ConfigEntryState.LOADED
    key = allow(ssh)
    ssh.hang_up()
    flows = hass.config_entries.flow.async_progress_by_handler
    await until(lambda: bool(flows(DOMAIN)))
    [flow] = flows(DOMAIN)
    assert flow["context"]["source"] == SOURCE_REAUTH
    page = await hass.config_entries.flow.async_configure(flow["flow_id"])
    assert page["step_id"] == "reauth_confirm"
    assert page["data_schema"]
    fields = [str(field) for field in page["data_schema"].schema]
    assert fields == ["password", "private_key", "passphrase"]
    assert not suggested(page)
    page = await submit(hass, page, password="wrong")
    assert (page["step_id"], page["errors"]) == (
        *("reauth_confirm", {"base": "invalid_auth"}),
    )
    locked = written(key, PASSPHRASE)
    page = await submit(hass, page, private_key=locked)
    assert page["errors"] == {"passphrase": "invalid_key"}
    result = await submit(hass, page, passphrase=PASSPHRASE)
    assert result["reason"] == "reauth_successful"
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    assert entry.data["private_key"] == locked


@pytest.fixture
async def openssh(tmp_path: Path) -> AsyncGenerator[OpenSsh]:
    """Run OpenSSH."""
    folder = tmp_path / "sshd"
    folder.mkdir()
    async with OpenSsh(folder).serving() as serving:
        yield serving


@pytest.mark.real("openssh")
async def test_openssh(
    hass: HomeAssistant, engine: SimulatedEngine, openssh: OpenSsh
) -> None:
    user, path = pwd.getpwuid(os.getuid()).pw_name, engine.url.removeprefix("unix://")
    base = f"ssh://{user}@127.0.0.1:{openssh.port}"
    engine.run("plex")
    page = await login(hass, base + path)
    key: dict[str, Any] = {"private_key": written(new_key())}
    page = await confirmed(hass, await submit(hass, page, **key))
    assert page["errors"] == {"private_key": "invalid_auth"}
    assert await asyncio.to_thread(lambda: openssh.logins) == 0
    address = openssh.address(PASSPHRASE)
    key = {"private_key": address.private_key, "passphrase": PASSPHRASE}
    result = await submit(hass, page, **key)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    entry = result["result"]
    assert entry.state is ConfigEntryState.LOADED
    assert entry.data["host_key"] == line(openssh.host_key)
    await hass.async_block_till_done()
    found = [s.state for s in hass.states.async_all("switch") if "plex" in s.entity_id]
    assert found == ["on"]
    page = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_RECONFIGURE, "entry_id": entry.entry_id}
    )
    page = await submit(hass, page, name="NAS", url=base + "/nowhere")
    page = await submit(hass, page)
    assert page["errors"] == {"base": "socket_refused"}
    assert await hass.config_entries.async_unload(entry.entry_id)
