"""Short ways to look at a Docker host in Home Assistant."""

import asyncio
from collections.abc import Callable
from hashlib import sha256
from time import monotonic
from typing import Any

from pytest_homeassistant_custom_component.common import MockConfigEntry

from demo.engine import Machine, SimulatedEngine
from homeassistant.config_entries import SOURCE_USER, ConfigFlowResult
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import device_registry as dr, entity_registry as er

from custom_components.homelab.const import CONF_SOURCE, DOMAIN
from tests.common import PLATFORMS

# real sockets answer when they answer: this is when a test gives up
PATIENCE = 15.0


def docker_entry(
    hass: HomeAssistant,
    engine: SimulatedEngine,
    *,
    url: str = "",
    options: dict[str, Any] | None = None,
    **data: Any,
) -> MockConfigEntry:
    """Add an entry for an engine, not set up yet."""
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="NAS",
        unique_id=_identity(engine.machine),
        data={CONF_SOURCE: "docker", "name": "NAS", "url": url or engine.url, **data},
        options=options or {},
    )
    entry.add_to_hass(hass)
    return entry


def _identity(machine: Machine) -> str:
    """Return who an engine is; Podman is told by its machine and its storage."""
    if not machine.is_podman:
        return machine.identity
    said = machine.info("")
    told = f"{said['Name']}\n{said['DockerRootDir']}"
    return sha256(told.encode()).hexdigest()[:32]


async def set_up(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Set an entry up, and wait for what follows."""
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()


def entity_id(hass: HomeAssistant, resource: str, key: str) -> str | None:
    """Return the entity of a resource, such as `container_name:plex`, or of the `host`."""
    registry = er.async_get(hass)
    entry = hass.config_entries.async_entries(DOMAIN)[0]
    found = (
        registry.async_get_entity_id(
            platform, DOMAIN, f"{entry.unique_id}_{resource}_{key}"
        )
        for platform in PLATFORMS
    )
    return next(filter(None, found), None)


def shown(hass: HomeAssistant, resource: str, key: str) -> State | None:
    """Return what an entity shows; None when there is none."""
    name = entity_id(hass, resource, key)
    return hass.states.get(name) if name else None


def state(hass: HomeAssistant, resource: str, key: str) -> str | None:
    """Return an entity's state; None when there is none."""
    found = shown(hass, resource, key)
    return found.state if found else None


def device(hass: HomeAssistant, resource: str = "") -> dr.DeviceEntry | None:
    """Return the device of a resource, or the host's."""
    entry = hass.config_entries.async_entries(DOMAIN)[0]
    identifier = "_".join(filter(None, (entry.unique_id, resource)))
    registry = dr.async_get(hass)
    return registry.async_get_device_by_identifier((DOMAIN, identifier), entry.entry_id)


async def open_form(hass: HomeAssistant) -> ConfigFlowResult:
    """Choose a Docker host in the menu, and return its first page."""
    result = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_USER}
    )
    return await submit(hass, result, next_step_id="docker")


async def submit(
    hass: HomeAssistant, result: ConfigFlowResult, **answers: Any
) -> ConfigFlowResult:
    """Send the answers of one page, and return the next."""
    return await hass.config_entries.flow.async_configure(result["flow_id"], answers)


def suggested(result: ConfigFlowResult) -> dict[str, Any]:
    """Return what a page shows in its fields before anybody types."""
    assert result["data_schema"]
    return {
        str(field): field.description["suggested_value"]
        for field in result["data_schema"].schema
        if field.description
    }


async def until(happened: Callable[[], bool], patience: float = PATIENCE) -> None:
    """Wait until something has happened, by a clock that no test turns."""
    give_up = monotonic() + patience
    while not happened():
        assert monotonic() < give_up, "it never happened"
        await asyncio.sleep(0.01)
