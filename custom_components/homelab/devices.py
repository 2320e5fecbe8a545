"""Devices: registered before their children, removed only when surely gone."""

from collections import Counter
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util

from .const import CONF_REMOVAL_DELAY, DOMAIN, LOGGER, SECTION_REMOVAL
from .kind import HOST_KEY, Device, ResourceKey

if TYPE_CHECKING:
    from .coordinator import FeedCoordinator
    from .host import Host

REMOVAL_DELAY = 24
READS = 3
SAVE_DELAY = 10
# of one resource; whoever changes its name more often is known by the first ones
MOST_NAMES = 100


def device_store(hass: HomeAssistant, entry_id: str) -> Store[dict[str, Any]]:
    """Return where an entry keeps what it knows of its devices beyond the registry."""
    return Store(hass, 1, f"{DOMAIN}.devices.{entry_id}")


class Devices:
    """The devices of one entry, all their names, and since when the gone are gone."""

    def __init__(self, host: Host) -> None:
        """Nothing is registered yet."""
        self._host = host
        self._registry = dr.async_get(host.hass)
        self._store = device_store(host.hass, host.entry.entry_id)
        hours = host.option(SECTION_REMOVAL, CONF_REMOVAL_DELAY, REMOVAL_DELAY)
        self._delay = timedelta(hours=hours)
        self._loaded = False
        self._ids: dict[ResourceKey, str] = {}
        self._shown: dict[ResourceKey, tuple[Device, str | None]] = {}
        self._names: dict[ResourceKey, list[str]] = {}
        self._absent: dict[ResourceKey, datetime] = {}
        self._reads: Counter[ResourceKey] = Counter()

    async def load(self) -> None:
        """Take over what earlier runs registered, and what they knew of it."""
        try:
            stored = await self._store.async_load() or {}
        except HomeAssistantError, NotImplementedError:
            # written by another version: it is begun anew rather than failing the entry
            title = self._host.entry.title
            LOGGER.warning("What was known of %s is unreadable, and forgotten", title)
            stored = {}
        absent, all_names = stored.get("absent", {}), stored.get("names", {})
        entry, now = self._host.entry, dt_util.utcnow()
        for device in dr.async_entries_for_config_entry(self._registry, entry.entry_id):
            for domain, identifier in device.identifiers:
                key = self.key_of(identifier)
                if domain != DOMAIN or key[0] not in self._host.kinds:
                    continue
                self._ids[key] = device.id
                if since := dt_util.parse_datetime(absent.get(identifier, "")):
                    # not later than now, should the clock have been set back
                    self._absent[key] = min(since, now)
        for identifier, names in all_names.items():
            self._names[self.key_of(identifier)] = names
        self._loaded = True

    async def save(self) -> None:
        """Write it down, unless it was never read: that would forget everything."""
        if self._loaded:
            await self._store.async_save(self._to_store())

    def _save_soon(self) -> None:
        self._store.async_delay_save(self._to_store, SAVE_DELAY)

    def _to_store(self) -> dict[str, Any]:
        absent = {self.identifier(k): v.isoformat() for k, v in self._absent.items()}
        names = {self.identifier(k): v for k, v in self._names.items()}
        return {"absent": absent, "names": names}

    def identifier(self, key: ResourceKey) -> str:
        """Return the device's identifier: the host's is the entry's own."""
        unique_id = str(self._host.entry.unique_id)
        return unique_id if key == HOST_KEY else f"{unique_id}_{key[0]}_{key[1]}"

    def key_of(self, identifier: str) -> ResourceKey:
        """Return the resource of an identifier; no kind has an underscore in it."""
        rest = identifier.removeprefix(str(self._host.entry.unique_id))
        kind, _, resource_id = rest.removeprefix("_").partition("_")
        return (kind, resource_id) if rest else HOST_KEY

    def key(self, device_id: str) -> ResourceKey | None:
        """Return the resource that a device of the registry stands for."""
        return next((k for k, id_ in self._ids.items() if id_ == device_id), None)

    def keys(self) -> list[ResourceKey]:
        """Return every resource that has a device, or had one and is still known by name."""
        return [*{**self._ids, **self._names}]

    def id(self, key: ResourceKey) -> str | None:
        """Return the registry's id of a resource's device."""
        return self._ids.get(key)

    @callback
    def find(self, key: ResourceKey) -> str | None:
        """Return the id of a resource's device, which may only just have turned up."""
        if self._host.facts(key, None) is not None:
            return self.register(key)
        return self._ids.get(key)

    def name(self, key: ResourceKey) -> str:
        """Return what a resource is called now."""
        shown = self._shown.get(key)
        return shown[0].name if shown else key[1]

    def names(self, key: ResourceKey) -> list[str]:
        """Return every name a resource has had since it was first seen, and its id."""
        device = self._registry.async_get(self._ids.get(key, ""))
        given = [device.name_by_user] if device and device.name_by_user else []
        return [key[1], *given, *self._names.get(key, ())]

    @callback
    def register(self, key: ResourceKey) -> str:
        """Register a device or what changed of it, its parents first; return its id."""
        kind = self._host.kinds[key[0]]
        facts = self._host.facts(key, None)
        if facts is None:
            return self._ids.get(key) or self._ids[HOST_KEY]
        device = kind.device(facts)
        self._remember_names(key, {device.name, *kind.names(facts)})
        via = None if key == HOST_KEY else self.register(kind.parent(facts))
        if self._shown.get(key) != (device, via):
            self._shown[key] = (device, via)
            if key not in self._ids:
                # what hangs under it may have been there before it
                self._host.publication.changed(self._host.present())
            self._ids[key] = self._registry.async_get_or_create(
                config_entry_id=self._host.entry.entry_id,
                identifiers={(DOMAIN, self.identifier(key))},
                via_device_id=via,
                **asdict(device),
            ).id
        return self._ids[key]

    def _remember_names(self, key: ResourceKey, names: set[str]) -> None:
        known = self._names.setdefault(key, [])
        new = sorted(names.difference(known))
        if len(known) >= MOST_NAMES:
            # a name that the protect list matches is never let go of
            new = [name for name in new if self._host.policy.protects([name])]
        if new:
            known += new
            self._save_soon()

    @callback
    def release(self, device: dr.AnyDeviceEntry) -> bool:
        """Let go of a device that a user removes; one that is there stays."""
        keys = [
            self.key_of(name) for domain, name in device.identifiers if domain == DOMAIN
        ]
        if not all(self.is_absent(key) for key in keys):
            return False
        for key in keys:
            self._forget(key)
            self._names.pop(key, None)
        return True

    def is_absent(self, key: ResourceKey) -> bool:
        """Whether the latest snapshot that tells of its kind lacks the resource."""
        if key[0] not in self._host.kinds:
            return True
        home = self._host.home(key)
        return key != HOST_KEY and key[0] in home.told and key not in home.facts

    @callback
    def count_reads(self, feed: FeedCoordinator, *, removes: bool = False) -> None:
        """Count one healthy read: who is missing again, and who is missing no more."""
        known = set(self._absent)
        told = [key for key in self._ids if key[0] in feed.told]
        for key in [key for key in told if self._host.home(key) is feed]:
            if not self.is_absent(key):
                if self._absent.pop(key, None):
                    del self._reads[key]
                continue
            self._reads[key] += READS if removes else 1
            since = self._absent.setdefault(key, dt_util.utcnow())
            if self._reads[key] >= READS and dt_util.utcnow() - since >= self._delay:
                device_id = self._ids[key]
                self._forget(key)
                self._registry.async_remove_device(device_id)
                if not self._host.is_protected(key):
                    # a match of the protect list stays until the user removes it
                    self._names.pop(key, None)
        if known != set(self._absent):
            self._save_soon()

    @callback
    def _forget(self, key: ResourceKey) -> None:
        """Drop what was known of a device that is removed, and who hung under it."""
        for child, (_, via) in [*self._shown.items()]:
            if via is not None and via == self._ids.get(key):
                del self._shown[child]
        self._host.publication.entities.pop(key, None)
        for known in (self._ids, self._shown, self._absent, self._reads):
            known.pop(key, None)
