"""A real engine as an entry of Home Assistant, made through the form."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from homeassistant.config_entries import (
    SOURCE_USER,
    ConfigEntry,
    ConfigEntryState,
    ConfigFlowResult,
)
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType

from custom_components.homelab.const import DOMAIN

type Pages = tuple[tuple[str, Mapping[str, Any]], ...]


async def walk(hass: HomeAssistant, pages: Pages) -> ConfigFlowResult:
    """Fill in the pages of the form, each of which has to be the one that comes."""
    result = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_USER}
    )
    flow = result["flow_id"]
    result = await hass.config_entries.flow.async_configure(
        flow, {"next_step_id": "docker"}
    )
    for page, answers in pages:
        assert result["type"] is FlowResultType.FORM
        assert (result["step_id"], result["errors"]) == (page, {})
        result = await hass.config_entries.flow.async_configure(flow, dict(answers))
    return result


@asynccontextmanager
async def watched(
    hass: HomeAssistant, *pages: tuple[str, Mapping[str, Any]]
) -> AsyncGenerator[ConfigEntry]:
    """Connect an engine, and hang up before it goes."""
    result = await walk(hass, pages)
    assert result["type"] is FlowResultType.CREATE_ENTRY, result
    await hass.async_block_till_done()
    entry: ConfigEntry = result["result"]
    assert entry.state is ConfigEntryState.LOADED
    try:
        yield entry
    finally:
        await hass.config_entries.async_unload(entry.entry_id)
