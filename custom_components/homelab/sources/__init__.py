"""The sources: the architecture is this list."""

from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers.importlib import async_import_module

from ..kind import SourceType

# Each is a module that holds a `SOURCE`. It is imported when its first entry is loaded
# or its form is opened, not before: some of them bring heavy libraries.
SOURCE_TYPES: tuple[str, ...] = ()


def source_keys() -> list[str]:
    """Return the sources' keys: the last parts of their modules' names."""
    return [name.rpartition(".")[2] for name in SOURCE_TYPES]


async def async_get_source_type(hass: HomeAssistant, key: str) -> SourceType[Any]:
    """Import a source and return what it is."""
    name = SOURCE_TYPES[source_keys().index(key)]
    source_type: SourceType[Any] = (await async_import_module(hass, name)).SOURCE
    return source_type
