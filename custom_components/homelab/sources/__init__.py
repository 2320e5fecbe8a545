"""The sources: the architecture is this list."""

from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ConfigEntryError
from homeassistant.helpers.importlib import async_import_module

from ..const import CONF_SOURCE, DOMAIN
from ..kind import SourceType

# Each is a module that holds a `SOURCE`. It is imported when its first entry is loaded
# or its form is opened, not before: some of them bring heavy libraries.
SOURCE_TYPES: tuple[str, ...] = (f"{__name__}.docker", f"{__name__}.zfs")


def source_keys() -> list[str]:
    """Return the sources' keys: the last parts of their modules' names."""
    return [name.rpartition(".")[2] for name in SOURCE_TYPES]


async def async_import_source_type(hass: HomeAssistant, key: str) -> SourceType[Any]:
    """Import a source and return what it is."""
    name = SOURCE_TYPES[source_keys().index(key)]
    source_type: SourceType[Any] = (await async_import_module(hass, name)).SOURCE
    return source_type


async def async_get_source_type(
    hass: HomeAssistant, entry: ConfigEntry
) -> SourceType[Any]:
    """Return an entry's source; an entry of another integration of our name has none."""
    key = entry.data.get(CONF_SOURCE)
    if key not in source_keys():
        raise ConfigEntryError(
            translation_domain=DOMAIN,
            translation_key="unknown_source",
            translation_placeholders={"name": entry.title},
        )
    return await async_import_source_type(hass, str(key))
