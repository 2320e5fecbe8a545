"""Homelab: Docker hosts, ZFS hosts and Linux servers in Home Assistant."""

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv, device_registry as dr
from homeassistant.helpers.typing import ConfigType

from .const import DOMAIN, OPERATIONS
from .devices import device_store
from .host import HomelabConfigEntry, Host
from .issues import clear_identity
from .operations import Operations
from .phone import async_listen_to_phones
from .recovery import look_once
from .services import async_register_services
from .sources import async_get_source_type
from .websocket_api import async_register_commands, async_register_live

PLATFORMS = (
    Platform.BINARY_SENSOR,
    Platform.BUTTON,
    Platform.EVENT,
    Platform.SENSOR,
    Platform.SWITCH,
    Platform.UPDATE,
)


CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Read the audit trail, and offer what does not depend on an entry."""
    operations = hass.data[OPERATIONS] = Operations(hass)
    await operations.ledger.load()
    async_register_services(hass)
    async_register_commands(hass)
    async_listen_to_phones(hass)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: HomelabConfigEntry) -> bool:
    """Open the source, register its devices, then watch it."""
    source_type = await async_get_source_type(hass, entry)
    async_register_live(hass, source_type)
    source = await source_type.open(hass, entry.data, entry.options)
    host = entry.runtime_data = Host(hass, entry, source_type, source)
    await host.open()
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    host.start()
    host.run(look_once(host), "look at what was interrupted")
    return True


async def async_unload_entry(hass: HomeAssistant, entry: HomelabConfigEntry) -> bool:
    """Hang up, then take the entities away."""
    await entry.runtime_data.close()
    return await hass.config_entries.async_unload_platforms(entry, PLATFORMS)


async def async_remove_entry(hass: HomeAssistant, entry: HomelabConfigEntry) -> None:
    """Leave nothing behind but the audit trail."""
    if operations := hass.data.get(OPERATIONS):
        # an entry that was disabled since the start may never have needed them
        await operations.ledger.forget(entry.entry_id)
    await device_store(hass, entry.entry_id).async_remove()
    clear_identity(hass, entry)


async def async_remove_config_entry_device(
    hass: HomeAssistant, entry: HomelabConfigEntry, device: dr.AnyDeviceEntry
) -> bool:
    """Let a user remove exactly what the latest snapshot lacks."""
    loaded = entry.state is ConfigEntryState.LOADED
    return loaded and entry.runtime_data.devices.release(device)
