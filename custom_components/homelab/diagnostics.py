"""What may be shown of an entry when somebody asks for help: no secret, no names."""

from collections import Counter
from typing import Any

from homeassistant.components.diagnostics import async_redact_data
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant

from .host import HomelabConfigEntry
from .own import own_facts
from .sources import async_get_source_type


async def async_get_config_entry_diagnostics(
    hass: HomeAssistant, entry: HomelabConfigEntry
) -> dict[str, Any]:
    """Tell how it is configured, what each feed does and how much there is."""
    source_type = await async_get_source_type(hass, entry)
    found = {
        "data": async_redact_data(entry.data, source_type.secrets),
        "options": dict(entry.options),
        "state": entry.state.value,
    }
    if entry.state is not ConfigEntryState.LOADED:
        return found
    host = entry.runtime_data
    return found | {
        "connected": host.contact.is_set(),
        "states_written": host.publication.states_written,
        "values_dropped": own_facts(host).values_dropped,
        "reconnects": host.reconnects,
        "resources": dict(Counter(kind for kind, _ in host.present())),
        "feeds": {
            key: {
                "working": feed.last_update_success,
                "answered": feed.answered,
                "error": host.redact(str(feed.last_exception or "")),
                "duration": feed.duration,
                "resources": len(feed.facts),
            }
            for key, feed in host.feeds.items()
        },
    }
