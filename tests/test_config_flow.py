"""The way through the forms: every page, error, recovery and abort."""

from unittest.mock import patch

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from homeassistant.config_entries import (
    SOURCE_RECONFIGURE,
    SOURCE_USER,
    ConfigEntryState,
    ConfigFlowResult,
)
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, UnknownStep

from .common import CANARY, make_entry, set_up
from .fakes.rack import FarEnd
from custom_components.homelab import sources
from custom_components.homelab.const import DOMAIN
from custom_components.homelab.source import (
    AuthenticationFailed,
    BadAnswer,
    CannotConnect,
    SourceError,
)

ANSWERS = {"address": "far", "token": CANARY}


async def _open(hass: HomeAssistant) -> ConfigFlowResult:
    result = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_USER}
    )
    assert result["type"] is FlowResultType.MENU
    assert result["menu_options"] == ["rack", "beacon"]
    result = await hass.config_entries.flow.async_configure(
        result["flow_id"], {"next_step_id": "rack"}
    )
    assert result["type"] is FlowResultType.FORM
    assert result["step_id"] == "rack"
    return result


async def test_from_the_menu_to_an_entry(hass: HomeAssistant, far_end: FarEnd) -> None:
    result = await _open(hass)
    result = await hass.config_entries.flow.async_configure(result["flow_id"], ANSWERS)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["title"] == "Rack"
    assert result["data"] == {**ANSWERS, "source": "rack"}
    entry = result["result"]
    assert entry.unique_id == "rack-1"
    assert entry.state is ConfigEntryState.LOADED


@pytest.mark.parametrize(
    ("error", "errors"),
    [
        (CannotConnect("no route"), {"base": "cannot_connect"}),
        (AuthenticationFailed("no"), {"base": "invalid_auth"}),
        (BadAnswer("what?", reason="not_docker"), {"base": "not_docker"}),
        (
            CannotConnect(reason="invalid_url", field="address"),
            {"address": "invalid_url"},
        ),
    ],
)
async def test_an_error_is_shown_and_can_be_mended(
    hass: HomeAssistant, far_end: FarEnd, error: SourceError, errors: dict[str, str]
) -> None:
    result = await _open(hass)
    far_end.errors["identity"] = error
    result = await hass.config_entries.flow.async_configure(result["flow_id"], ANSWERS)
    assert result["type"] is FlowResultType.FORM
    assert result["errors"] == errors
    assert far_end.open_sources == 0
    fields = result["data_schema"].schema if result["data_schema"] else {}
    suggested = {str(key): key.description for key in fields}
    assert suggested["address"] == {"suggested_value": "far"}
    assert suggested["token"] is None

    far_end.errors.clear()
    result = await hass.config_entries.flow.async_configure(result["flow_id"], ANSWERS)
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_a_second_page(hass: HomeAssistant, far_end: FarEnd) -> None:
    far_end.errors["asks"] = CannotConnect()
    result = await _open(hass)
    result = await hass.config_entries.flow.async_configure(result["flow_id"], ANSWERS)
    assert result["step_id"] == "label"
    assert result["description_placeholders"] == {"address": "far", "detail": ""}
    result = await hass.config_entries.flow.async_configure(
        result["flow_id"], {"label": "Cellar"}
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["title"] == "Cellar"


async def test_one_machine_is_one_entry(
    hass: HomeAssistant, entry: MockConfigEntry, far_end: FarEnd
) -> None:
    result = await _open(hass)
    result = await hass.config_entries.flow.async_configure(result["flow_id"], ANSWERS)
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"


async def test_a_page_that_no_source_has(hass: HomeAssistant) -> None:
    result = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_USER}
    )
    with pytest.raises(UnknownStep):
        await hass.config_entries.flow.async_init(DOMAIN, context={"source": "nowhere"})
    assert result["type"] is FlowResultType.MENU


async def test_without_any_source(hass: HomeAssistant) -> None:
    with patch.object(sources, "SOURCE_TYPES", ()):
        result = await hass.config_entries.flow.async_init(
            DOMAIN, context={"source": SOURCE_USER}
        )
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "no_sources"


async def test_new_credentials(
    hass: HomeAssistant, entry: MockConfigEntry, far_end: FarEnd
) -> None:
    await set_up(hass, entry)
    result = await entry.start_reauth_flow(hass)
    assert result["step_id"] == "reauth_confirm"
    far_end.errors["identity"] = AuthenticationFailed("still wrong")
    result = await hass.config_entries.flow.async_configure(
        result["flow_id"], {"token": "worse"}
    )
    assert result["errors"] == {"base": "invalid_auth"}
    far_end.errors.clear()
    result = await hass.config_entries.flow.async_configure(
        result["flow_id"], {"token": "better"}
    )
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "reauth_successful"
    await hass.async_block_till_done()
    assert entry.data == {"source": "rack", "address": "far", "token": "better"}
    assert entry.state is ConfigEntryState.LOADED


async def test_another_address(
    hass: HomeAssistant, entry: MockConfigEntry, far_end: FarEnd
) -> None:
    await set_up(hass, entry)
    result = await entry.start_reconfigure_flow(hass)
    assert result["step_id"] == "rack"
    result = await hass.config_entries.flow.async_configure(
        result["flow_id"], {"address": "far", "token": "new"}
    )
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()
    assert entry.data["token"] == "new"
    assert entry.state is ConfigEntryState.LOADED


async def test_another_machine_is_refused(
    hass: HomeAssistant, entry: MockConfigEntry, far_end: FarEnd
) -> None:
    far_end.identity = "rack-2"
    result = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_RECONFIGURE, "entry_id": entry.entry_id}
    )
    result = await hass.config_entries.flow.async_configure(result["flow_id"], ANSWERS)
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "wrong_identity"
    assert entry.unique_id == "rack-1"


async def test_options_have_sections_and_take_effect(
    hass: HomeAssistant, entry: MockConfigEntry, far_end: FarEnd
) -> None:
    await set_up(hass, entry)
    result = await hass.config_entries.options.async_init(entry.entry_id)
    assert result["type"] is FlowResultType.FORM
    assert result["data_schema"]
    assert [str(key) for key in result["data_schema"].schema] == [
        "polling",
        "policy",
        "removal",
    ]
    answers = {
        "polling": {
            "stats_interval": 60.0,
            "iostat_interval": 20.0,
            "disk_usage_interval": 7200.0,
            "publish_interval": 120.0,
        },
        "policy": {
            "automate_routine": True,
            "routine": "ask",
            "disruptive": "always_ask",
            "destructive": "deny",
            "protect": ["vault*"],
            "pending_expiry": 30.0,
            "rate": 5.0,
        },
        "removal": {"removal_delay": 0.0},
    }
    result = await hass.config_entries.options.async_configure(
        result["flow_id"], answers
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    assert entry.options == answers
    assert isinstance(entry.options["polling"]["stats_interval"], int)
    assert entry.runtime_data.publication.interval == 120

    result = await hass.config_entries.options.async_init(entry.entry_id)
    assert result["data_schema"]
    section = result["data_schema"].schema["polling"].schema.schema
    assert {str(key): key.description for key in section}["stats_interval"] == {
        "suggested_value": 60
    }


async def test_an_entry_of_another_source_uses_that_sources_pages(
    hass: HomeAssistant,
) -> None:
    entry = make_entry(hass, source="beacon", address="none")
    result = await entry.start_reconfigure_flow(hass)
    assert result["step_id"] == "beacon"
