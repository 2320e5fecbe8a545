"""The way to an entry for a ZFS host."""

from typing import Any

import asyncssh
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from demo.zfs.machine import Answer
from homeassistant.config_entries import SOURCE_USER, ConfigEntryState, ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType

from .common import IDENTITY
from .conftest import HOST_KEY
from custom_components.homelab.const import DOMAIN
from custom_components.homelab.transports.fingerprint import fingerprint
from tests.fakes.ssh_server import PASSWORD, line, new_key
from tests.fakes.zfs_host import ZfsFarEnd


def login(far: ZfsFarEnd, **changes: Any) -> dict[str, Any]:
    """Return what a person enters first."""
    return {
        "host": "127.0.0.1",
        "port": float(far.server.port),
        "username": "homelab",
        "password": PASSWORD,
        **changes,
    }


async def begin(hass: HomeAssistant, answers: dict[str, Any]) -> ConfigFlowResult:
    """Choose the source, and enter where it is."""
    flow = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_USER}
    )
    flow = await hass.config_entries.flow.async_configure(
        flow["flow_id"], {"next_step_id": "zfs"}
    )
    assert flow["step_id"] == "zfs"
    return await go_on(hass, flow, answers)


async def go_on(
    hass: HomeAssistant, flow: ConfigFlowResult, answers: dict[str, Any]
) -> ConfigFlowResult:
    """Answer a page."""
    return await hass.config_entries.flow.async_configure(flow["flow_id"], answers)


async def finish(hass: HomeAssistant, flow: ConfigFlowResult) -> ConfigFlowResult:
    """Confirm the fingerprint."""
    assert flow["step_id"] == "host_key"
    return await go_on(hass, flow, {"confirm_fingerprint": True})


async def unload(hass: HomeAssistant) -> None:
    """Let go of all entries, before their far end goes."""
    await hass.async_block_till_done()
    for entry in hass.config_entries.async_entries(DOMAIN):
        if entry.state is ConfigEntryState.LOADED:
            await hass.config_entries.async_unload(entry.entry_id)


async def test_with_a_password(hass: HomeAssistant, far: ZfsFarEnd) -> None:
    flow = await begin(hass, login(far))
    assert (flow["description_placeholders"] or {})["fingerprint"] == fingerprint(
        line(HOST_KEY)
    )
    # nothing was asked of a machine that nobody has confirmed yet
    assert not far.log
    made = await finish(hass, flow)
    assert made["type"] is FlowResultType.CREATE_ENTRY
    assert made["title"] == "nas"
    entry = made["result"]
    assert entry.unique_id == IDENTITY
    assert entry.data["host_key"] == line(HOST_KEY)
    assert entry.data["port"] == far.server.port
    assert not {"offered_key", "fingerprint", "confirm_fingerprint"} & set(entry.data)
    notes = made["description_placeholders"] or {}
    assert notes["pools"] == "tank"
    assert "start scrubs" in notes["allowed"] and notes["forbidden"] == "none"
    await unload(hass)


async def test_with_a_key_and_little_permission(
    hass: HomeAssistant, far: ZfsFarEnd
) -> None:
    key = new_key()
    far.server.user_keys.append(key.convert_to_public())
    far.machine.user = "uid=1000(homelab) gid=1000(homelab)"
    text = key.export_private_key("openssh", "secret", rounds=10).decode()
    answers = login(far, private_key=text, passphrase="secret", password="")
    made = await finish(hass, await begin(hass, answers))
    assert made["type"] is FlowResultType.CREATE_ENTRY
    notes = made["description_placeholders"] or {}
    assert notes["allowed"] == "none" and "start scrubs" in notes["forbidden"]
    await unload(hass)


@pytest.mark.parametrize(
    ("changes", "errors"),
    [
        ({"port": 1}, {"base": "connection_refused"}),
        ({"private_key": "nonsense"}, {"private_key": "invalid_key"}),
        (
            {
                "private_key": asyncssh.generate_private_key("ssh-ed25519")
                .export_private_key("openssh", "secret", rounds=10)
                .decode()
            },
            {"passphrase": "invalid_key"},
        ),
    ],
    ids=["refused", "no key", "no passphrase"],
)
async def test_what_is_wrong_is_said_where_it_was_entered(
    hass: HomeAssistant,
    far: ZfsFarEnd,
    changes: dict[str, Any],
    errors: dict[str, str],
) -> None:
    flow = await begin(hass, login(far, **changes))
    assert (flow["step_id"], flow["errors"]) == ("zfs", errors)
    made = await finish(hass, await go_on(hass, flow, login(far, private_key="")))
    assert made["type"] is FlowResultType.CREATE_ENTRY
    await unload(hass)


async def test_a_fingerprint_that_is_not_confirmed(
    hass: HomeAssistant, far: ZfsFarEnd
) -> None:
    flow = await begin(hass, login(far))
    flow = await go_on(hass, flow, {"confirm_fingerprint": False})
    assert flow["errors"] == {"confirm_fingerprint": "host_key_rejected"}
    assert not far.server.logins
    made = await finish(hass, flow)
    assert made["type"] is FlowResultType.CREATE_ENTRY
    await unload(hass)


async def test_a_wrong_password_is_mended_on_the_page_before(
    hass: HomeAssistant, far: ZfsFarEnd
) -> None:
    flow = await finish(hass, await begin(hass, login(far, password="wrong")))
    assert (flow["step_id"], flow["errors"]) == ("zfs", {"password": "invalid_auth"})
    # the key was confirmed already
    made = await go_on(hass, flow, login(far))
    assert made["type"] is FlowResultType.CREATE_ENTRY
    await unload(hass)


@pytest.mark.parametrize(
    ("command", "answer", "reason"),
    [
        ("zpool version", Answer(code=127), "no_zpool"),
        ("zpool status", Answer(err="Permission denied", code=1), "zpool_forbidden"),
        ("zpool version", Answer(out="zfs-9999999.1\n"), "zfs_unknown_version"),
    ],
)
async def test_no_usable_zfs(
    hass: HomeAssistant, far: ZfsFarEnd, command: str, answer: Answer, reason: str
) -> None:
    far.machine.instead[command] = answer
    flow = await finish(hass, await begin(hass, login(far)))
    assert flow["errors"] == {"base": reason}
    assert not far.server.connections or not far.server.open_sessions


async def test_two_addresses_of_one_machine_are_one_entry(
    hass: HomeAssistant, far: ZfsFarEnd, zfs_entry: MockConfigEntry
) -> None:
    flow = await finish(hass, await begin(hass, login(far, host="localhost")))
    assert (flow["type"], flow["reason"]) == (
        FlowResultType.ABORT,
        "already_configured",
    )


async def test_new_credentials(
    hass: HomeAssistant, far: ZfsFarEnd, zfs_entry: MockConfigEntry
) -> None:
    data = {**zfs_entry.data, "password": "old"}
    hass.config_entries.async_update_entry(zfs_entry, data=data)
    flow = await zfs_entry.start_reauth_flow(hass)
    assert flow["step_id"] == "reauth_confirm"
    flow = await go_on(hass, flow, {"password": "wrong"})
    assert flow["errors"] == {"base": "invalid_auth"}
    flow = await go_on(hass, flow, {"private_key": "nonsense"})
    assert flow["errors"] == {"private_key": "invalid_key"}
    flow = await go_on(hass, flow, {"password": PASSWORD, "private_key": ""})
    assert flow["reason"] == "reauth_successful"
    assert zfs_entry.data["password"] == PASSWORD
    await unload(hass)


async def test_another_address(
    hass: HomeAssistant, far: ZfsFarEnd, zfs_entry: MockConfigEntry
) -> None:
    flow = await zfs_entry.start_reconfigure_flow(hass)
    assert flow["step_id"] == "zfs"
    # the same key answers there: nobody is asked about it again
    flow = await go_on(hass, flow, login(far, host="localhost"))
    assert flow["reason"] == "reconfigure_successful"
    assert zfs_entry.data["host"] == "localhost"
    await unload(hass)


async def test_another_machine_is_not_this_entry(
    hass: HomeAssistant, far: ZfsFarEnd, zfs_entry: MockConfigEntry
) -> None:
    far.machine.identity = "f" * 32
    flow = await zfs_entry.start_reconfigure_flow(hass)
    flow = await go_on(hass, flow, login(far))
    assert (flow["type"], flow["reason"]) == (FlowResultType.ABORT, "wrong_identity")


async def test_options(
    hass: HomeAssistant, far: ZfsFarEnd, zfs_entry: MockConfigEntry
) -> None:
    flow = await hass.config_entries.options.async_init(zfs_entry.entry_id)
    schema = flow["data_schema"]
    assert schema
    shown = schema({name: {} for name in map(str, schema.schema)})
    assert shown["zfs"] == {"datasets": ["*/*"], "sleep_aware": True}
    polling = shown["polling"]
    assert (polling["status_interval"], polling["iostat_interval"]) == (60, 10)
    assert (polling["dataset_interval"], polling["smart_interval"]) == (300, 3600)
