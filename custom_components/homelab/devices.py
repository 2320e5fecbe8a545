"""Devices: registered before their children, removed only when surely gone."""

from collections import Counter
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.device_registry import DeviceEntryType
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util

from .const import CONF_REMOVAL_DELAY, DOMAIN, SECTION_REMOVAL
from .kind import HOST_KEY, Device, ResourceKey

if TYPE_CHECKING:
    from .coordinator import FeedCoordinator
    from .host import Host

REMOVAL_DELAY = 24
READS = 3
SAVE_DELAY = 10


def absence_store(hass: HomeAssistant, entry_id: str) -> Store[dict[str, str]]:
    """Return where an entry keeps since when which of its devices are gone."""
    return Store(hass, 1, f"{DOMAIN}.absent.{entry_id}")


class Devices:
    """The devices of one entry, and since when the gone ones are gone."""

    def __init__(self, host: Host) -> None:
        """Nothing is registered yet."""
        self._host = host
        self._registry = dr.async_get(host.hass)
        self._store = absence_store(host.hass, host.entry.entry_id)
        hours = host.option(SECTION_REMOVAL, CONF_REMOVAL_DELAY, REMOVAL_DELAY)
        self._delay = timedelta(hours=hours)
        self._ids: dict[ResourceKey, str] = {}
        self._shown: dict[ResourceKey, Device] = {}
        self._absent: dict[ResourceKey, datetime] = {}
        self._reads: Counter[ResourceKey] = Counter()

    async def load(self) -> None:
        """Take over what earlier runs registered, and since when some of it is gone."""
        stored = await self._store.async_load() or {}
        entry = self._host.entry
        for device in dr.async_entries_for_config_entry(self._registry, entry.entry_id):
            for domain, identifier in device.identifiers:
                key = self.key_of(identifier)
                if domain != DOMAIN or key[0] not in self._host.kinds:
                    continue
                self._ids[key] = device.id
                if since := dt_util.parse_datetime(stored.get(identifier, "")):
                    self._absent[key] = since

    async def save(self) -> None:
        """Write down what is gone."""
        await self._store.async_save(self._to_store())

    def _to_store(self) -> dict[str, str]:
        return {
            self.identifier(key): since.isoformat()
            for key, since in self._absent.items()
        }

    def identifier(self, key: ResourceKey) -> str:
        """Return the device's identifier: the host's is the entry's own."""
        unique_id = str(self._host.entry.unique_id)
        return unique_id if key == HOST_KEY else f"{unique_id}_{key[0]}_{key[1]}"

    def key_of(self, identifier: str) -> ResourceKey:
        """Return the resource of an identifier; no kind has an underscore in it."""
        rest = identifier.removeprefix(str(self._host.entry.unique_id))
        kind, _, resource_id = rest.removeprefix("_").partition("_")
        return (kind, resource_id) if rest else HOST_KEY

    @callback
    def register(self, key: ResourceKey) -> str:
        """Register a device or what changed of it, its parents first; return its id."""
        kind = self._host.kinds[key[0]]
        facts = self._host.facts(key, None)
        if facts is None:
            return self._ids.get(key) or self._ids[HOST_KEY]
        device = kind.device(facts)
        if self._shown.get(key) != device:
            details: dict[str, Any] = {}
            if key == HOST_KEY:
                details["entry_type"] = DeviceEntryType.SERVICE
            else:
                details["via_device_id"] = self.register(kind.parent(facts))
            self._shown[key] = device
            self._ids[key] = self._registry.async_get_or_create(
                config_entry_id=self._host.entry.entry_id,
                identifiers={(DOMAIN, self.identifier(key))},
                **asdict(device),
                **details,
            ).id
        return self._ids[key]

    @callback
    def release(self, device: dr.AnyDeviceEntry) -> bool:
        """Let go of a device that a user removes; one that is there stays."""
        keys = [
            self.key_of(name) for domain, name in device.identifiers if domain == DOMAIN
        ]
        if not all(self.is_absent(key) for key in keys):
            return False
        for key in keys:
            self.forget(key)
        return True

    def is_absent(self, key: ResourceKey) -> bool:
        """Whether the latest snapshot of a feed that has answered lacks the resource."""
        if key[0] not in self._host.kinds:
            return True
        home = self._host.home(key)
        return key != HOST_KEY and home.answered and key not in home.facts

    @callback
    def count_reads(self, feed: FeedCoordinator, *, removes: bool = False) -> None:
        """Count one healthy read: who is missing again, and who is missing no more."""
        known = len(self._absent)
        for key in [key for key in self._ids if self._host.home(key) is feed]:
            if not self.is_absent(key):
                if self._absent.pop(key, None):
                    del self._reads[key]
                continue
            self._reads[key] += READS if removes else 1
            since = self._absent.setdefault(key, dt_util.utcnow())
            if self._reads[key] >= READS and dt_util.utcnow() - since >= self._delay:
                device_id = self._ids[key]
                self.forget(key)
                self._registry.async_remove_device(device_id)
        if known != len(self._absent):
            self._store.async_delay_save(self._to_store, SAVE_DELAY)

    @callback
    def forget(self, key: ResourceKey) -> None:
        """Drop everything about a resource whose device is removed."""
        self._host.entities.pop(key, None)
        for known in (self._ids, self._shown, self._absent, self._reads):
            known.pop(key, None)
