"""Homelab: Docker hosts, ZFS hosts and Linux servers in Home Assistant."""

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr

from .const import CONF_SOURCE
from .devices import absence_store
from .host import HomelabConfigEntry, Host
from .repairs import clear_identity
from .sources import async_get_source_type

PLATFORMS = (
    Platform.BINARY_SENSOR,
    Platform.BUTTON,
    Platform.EVENT,
    Platform.SENSOR,
    Platform.SWITCH,
    Platform.UPDATE,
)


async def async_setup_entry(hass: HomeAssistant, entry: HomelabConfigEntry) -> bool:
    """Open the source, register its devices, then watch it."""
    source_type = await async_get_source_type(hass, entry.data[CONF_SOURCE])
    source = await source_type.open(hass, entry.data)
    host = entry.runtime_data = Host(hass, entry, source_type, source)
    await host.open()
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    host.start()
    return True


async def async_unload_entry(hass: HomeAssistant, entry: HomelabConfigEntry) -> bool:
    """Hang up, then take the entities away."""
    await entry.runtime_data.close()
    return await hass.config_entries.async_unload_platforms(entry, PLATFORMS)


async def async_remove_entry(hass: HomeAssistant, entry: HomelabConfigEntry) -> None:
    """Leave nothing behind."""
    await absence_store(hass, entry.entry_id).async_remove()
    clear_identity(hass, entry)


async def async_remove_config_entry_device(
    hass: HomeAssistant, entry: HomelabConfigEntry, device: dr.AnyDeviceEntry
) -> bool:
    """Let a user remove exactly what the latest snapshot lacks."""
    loaded = entry.state is ConfigEntryState.LOADED
    return loaded and entry.runtime_data.devices.release(device)
