"""A few numbers for Home Assistant's page on its own health."""

from typing import Any

from homeassistant.components.system_health import SystemHealthRegistration
from homeassistant.core import HomeAssistant, callback

from .const import DOMAIN, OPERATIONS
from .host import HomelabConfigEntry


@callback
def async_register(hass: HomeAssistant, register: SystemHealthRegistration) -> None:
    """Offer the numbers."""
    register.async_register_info(_async_system_health)


async def _async_system_health(hass: HomeAssistant) -> dict[str, Any]:
    entries: list[HomelabConfigEntry] = hass.config_entries.async_entries(DOMAIN)
    hosts = [
        entry.runtime_data for entry in hass.config_entries.async_loaded_entries(DOMAIN)
    ]
    return {
        "hosts": len(entries),
        "hosts_connected": sum(host.contact.is_set() for host in hosts),
        "resources": sum(len(host.present()) for host in hosts),
        "operations_running": hass.data[OPERATIONS].running,
        "states_written": sum(host.publication.states_written for host in hosts),
    }
