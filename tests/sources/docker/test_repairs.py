"""What a person has to look at: changed host keys, engines that warn; and no secret in it."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
import json
import logging
from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
)
from pytest_homeassistant_custom_component.components.diagnostics import (
    get_diagnostics_for_config_entry,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from demo.engine import Flavour, Machine, SimulatedEngine
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import MATCH_ALL
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import issue_registry as ir

from .host import docker_entry, open_form, set_up, submit
from custom_components.homelab.const import DOMAIN
from tests.common import CANARY, pass_time, until
from tests.fakes.ssh_server import PASSWORD, SshServer, line, new_key

FIX = "/api/repairs/issues/fix"
WARNING = (
    "WARNING: API is accessible on http://0.0.0.0:2375 without encryption.\n"
    "         Access to the remote API is equivalent to root access on the host."
)


@pytest.fixture
def entry(
    hass: HomeAssistant, engine: SimulatedEngine, ssh: SshServer
) -> MockConfigEntry:
    """Return an entry for the engine behind SSH, not set up yet."""
    return docker_entry(
        hass,
        engine,
        url=f"ssh://homelab@127.0.0.1:{ssh.port}{engine.url.removeprefix('unix://')}",
        host_key=line(ssh.host_keys[0]),
        password=PASSWORD,
    )


def changed(hass: HomeAssistant, entry: MockConfigEntry) -> ir.IssueEntry | None:
    """Return the issue about the host key."""
    issue_id = f"host_key_changed_{entry.entry_id}"
    return ir.async_get(hass).async_get_issue(DOMAIN, issue_id)


@asynccontextmanager
async def impostor(ssh: SshServer) -> AsyncGenerator[SshServer]:
    """Let another key be shown at the server's address."""
    async with SshServer(port=ssh.port).serving() as other:
        yield other


@pytest.fixture
async def ssh() -> SshServer:
    """Return a server that has its port, and serves as long as the test says."""
    server = SshServer()
    async with server.serving():
        pass
    return server


async def restart(engine: SimulatedEngine) -> None:
    """Restart an engine that somebody listens to."""
    await until(lambda: bool(engine.chronicle.subscribers))
    await engine.go_down(gently=False)
    await engine.come_up()


async def begin(client: Any, issue: ir.IssueEntry) -> dict[str, Any]:
    """Open the flow that mends an issue."""
    answer = await client.post(
        FIX, json={"handler": DOMAIN, "issue_id": issue.issue_id}
    )
    form: dict[str, Any] = await answer.json()
    assert form["step_id"] == "confirm"
    return form


async def finish(client: Any, form: dict[str, Any]) -> dict[str, Any]:
    """Submit it."""
    answer = await client.post(f"{FIX}/{form['flow_id']}", json={})
    result: dict[str, Any] = await answer.json()
    return result


async def test_a_changed_host_key_is_only_taken_by_a_person(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    ssh: SshServer,
    hass_client: ClientSessionGenerator,
    freezer: FrozenDateTimeFactory,
) -> None:
    async with ssh.serving():
        await set_up(hass, entry)
        assert entry.state is ConfigEntryState.LOADED
    async with impostor(ssh) as other:
        # contact was lost; who comes back is somebody else
        await pass_time(hass, freezer, 61, wait=False)
        await until(lambda: entry.state is ConfigEntryState.SETUP_ERROR)
        issue = changed(hass, entry)
        assert issue and issue.is_fixable
        before, after = ssh.host_keys[0], other.host_keys[0]
        assert issue.translation_placeholders == {
            "name": "NAS",
            "expected": before.get_fingerprint(),
            "found": after.get_fingerprint(),
        }
        await pass_time(hass, freezer, 1200)
        client = await hass_client()
        form = await begin(client, issue)
        assert form["description_placeholders"] == issue.translation_placeholders
        assert entry.data["host_key"] == line(before)
        assert (entry.state, other.attempts) == (ConfigEntryState.SETUP_ERROR, 0)

        assert (await finish(client, form))["type"] == "create_entry"
        await hass.async_block_till_done()
        assert entry.data["host_key"] == line(after)
        assert entry.state is ConfigEntryState.LOADED
        assert changed(hass, entry) is None
        await hass.config_entries.async_unload(entry.entry_id)


async def test_the_key_that_was_shown_is_the_one_that_is_stored(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    ssh: SshServer,
    hass_client: ClientSessionGenerator,
) -> None:
    async with impostor(ssh):
        await set_up(hass, entry)
        client = await hass_client()
        issue = changed(hass, entry)
        assert issue
        form = await begin(client, issue)
    async with impostor(ssh) as other:
        await hass.config_entries.async_reload(entry.entry_id)
        key = other.host_keys[0]
        # the page is loaded again, and shows whose key it is now
        answer = await client.get(f"{FIX}/{form['flow_id']}")
        placeholders = (await answer.json())["description_placeholders"]
        assert placeholders["found"] == key.get_fingerprint()
        assert (await finish(client, form))["type"] == "create_entry"
        assert entry.data["host_key"] == line(key)
        await hass.config_entries.async_unload(entry.entry_id)


async def test_a_machine_that_still_cannot_be_used(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    ssh: SshServer,
    hass_client: ClientSessionGenerator,
) -> None:
    async with impostor(ssh) as other:
        key = other.host_keys[0]
        await set_up(hass, entry)
        client = await hass_client()
        issue = changed(hass, entry)
        assert issue
        form = await begin(client, issue)
    async with impostor(ssh) as other:
        result = await finish(client, form)
        assert (result["type"], result["reason"]) == ("abort", "still_wrong")
        assert entry.data["host_key"] == line(key)
        again = changed(hass, entry)
        assert again and again.translation_placeholders
        found = other.host_keys[0].get_fingerprint()
        assert again.translation_placeholders["found"] == found
        assert other.attempts == 0


async def test_an_entry_that_is_removed_meanwhile(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    ssh: SshServer,
    hass_client: ClientSessionGenerator,
) -> None:
    async with impostor(ssh):
        await set_up(hass, entry)
    client = await hass_client()
    issue = changed(hass, entry)
    assert issue
    form = await begin(client, issue)
    await hass.config_entries.async_remove(entry.entry_id)
    assert changed(hass, entry) is None
    assert (await finish(client, form))["type"] == "create_entry"


async def test_what_engines_warn_of(
    hass: HomeAssistant, engine: SimulatedEngine, issue_registry: ir.IssueRegistry
) -> None:
    def open_port(request: str, said: Any) -> Any:
        return said | {"Warnings": [WARNING]} if request == "GET /info" else said

    healthy, engine.machine = engine.machine, Machine(flavour=Flavour.NO_MEMORY)
    entry = docker_entry(hass, engine)
    await set_up(hass, entry)
    found = {key: issue for (_, key), issue in issue_registry.issues.items()}
    [memory] = found.values()
    assert memory.translation_key == "memory_controller_off"
    assert memory.translation_placeholders
    assert memory.translation_placeholders["name"] == "NAS"

    engine.machine, engine.faults.edit = healthy, open_port
    await restart(engine)
    await until(lambda: [*issue_registry.issues] != [(DOMAIN, memory.issue_id)])
    [port] = issue_registry.issues.values()
    assert port.translation_key == "plain_docker_port"
    assert port.translation_placeholders
    assert port.translation_placeholders["address"] == "http://0.0.0.0:2375"
    assert port.severity is ir.IssueSeverity.WARNING and not port.is_fixable

    # nobody looks: nothing is known to be wrong
    assert await hass.config_entries.async_unload(entry.entry_id)
    assert not issue_registry.issues
    assert await hass.config_entries.async_setup(entry.entry_id)
    await until(lambda: bool(issue_registry.issues))

    engine.faults.edit = None
    await restart(engine)
    await until(lambda: not issue_registry.issues)
    assert entry.state is ConfigEntryState.LOADED


async def test_memory_that_is_not_counted_without_root(
    hass: HomeAssistant, engine: SimulatedEngine, issue_registry: ir.IssueRegistry
) -> None:
    """The kernel may be well: it is the user who has no controller."""

    def rootless(request: str, said: Any) -> Any:
        if request == "GET /info":
            said |= {"MemoryLimit": False, "CgroupDriver": "none"}
            said["SecurityOptions"] = ["name=seccomp,profile=builtin", "name=rootless"]
        return said

    engine.faults.edit = rootless
    await set_up(hass, docker_entry(hass, engine))
    [memory] = issue_registry.issues.values()
    assert memory.translation_key == "memory_not_delegated"


async def test_no_secret_leaks(
    hass: HomeAssistant,
    engine: SimulatedEngine,
    ssh: SshServer,
    caplog: pytest.LogCaptureFixture,
    hass_client: ClientSessionGenerator,
    issue_registry: ir.IssueRegistry,
) -> None:
    """What goes wrong is told without what was used."""
    caplog.set_level(logging.DEBUG)
    events = async_capture_events(hass, MATCH_ALL)
    key = new_key()
    ssh.user_keys = [key.convert_to_public()]
    secret = key.export_private_key("pkcs8-pem", CANARY).decode()
    open_text = key.export_private_key("openssh").decode()
    secrets = [CANARY, *secret.splitlines()[1:-1], *open_text.splitlines()[1:-1]]
    seen: list[Any] = []

    async def send(page: Any, **answers: Any) -> Any:
        page = await submit(hass, page, **answers)
        schema = page.get("data_schema")
        seen.append({k: v for k, v in page.items() if k not in {"data", "result"}})
        seen.append([f.description for f in schema.schema] if schema else None)
        return page

    path = engine.url.removeprefix("unix://")
    async with ssh.serving():
        page = await send(
            await open_form(hass),
            name="NAS",
            url=f"ssh://homelab@127.0.0.1:{ssh.port}{path}",
        )
        page = await send(page, password=CANARY)
        page = await send(page, confirm_fingerprint=True)
        assert page["errors"] == {"password": "invalid_auth"}
        page = await send(page, private_key=secret, passphrase=f"{CANARY}-wrong")
        assert page["errors"] == {"passphrase": "invalid_key"}
        page = await send(page, private_key=open_text[: len(open_text) // 2])
        assert page["errors"] == {"private_key": "invalid_key"}
        page = await send(page, private_key=secret, passphrase=CANARY)
        assert page["type"] is FlowResultType.CREATE_ENTRY
        entry = page["result"]
        await hass.async_block_till_done()
        assert entry.state is ConfigEntryState.LOADED
        shown = [await get_diagnostics_for_config_entry(hass, hass_client, entry)]
        ssh.user_keys = []
        await hass.config_entries.async_reload(entry.entry_id)
        assert entry.state is ConfigEntryState.SETUP_ERROR
    async with impostor(ssh):
        await hass.config_entries.async_reload(entry.entry_id)
        assert issue_registry.issues
        shown.append(await get_diagnostics_for_config_entry(hass, hass_client, entry))

    # Home Assistant logs what its own storage gets, in tests only
    lines = [
        x for x in caplog.text.splitlines() if "Writing data to core.conf" not in x
    ]
    told = [
        *("\n".join(lines), repr(seen), json.dumps(shown)),
        *(repr(issue_registry.issues), repr([event.as_dict() for event in events])),
    ]
    assert len(secrets) > 4
    assert not [s for s in secrets for text in told if s in text]
