"""What an action is about: the resource behind a device."""

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr

from .const import DOMAIN
from .host import Host
from .kind import ResourceKey
from .refusals import refuse


def find_target(
    hass: HomeAssistant, device_id: str, wish: str
) -> tuple[Host, ResourceKey]:
    """Return the host and the resource of a device, or refuse the wish."""
    entries = hass.config_entries.async_entries(DOMAIN)
    for entry in entries:
        if entry.state is ConfigEntryState.LOADED:
            host: Host = entry.runtime_data
            if key := host.devices.key(device_id):
                return host, key
    registry = dr.async_get(hass)
    known = any(
        device.id == device_id
        for entry in entries
        for device in dr.async_entries_for_config_entry(registry, entry.entry_id)
    )
    refuse("entry_not_loaded" if known else "resource_unknown", None, operation=wish)
