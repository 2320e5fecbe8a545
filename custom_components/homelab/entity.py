"""The base entity: it writes only when what it shows has changed."""

from time import monotonic
from typing import Any, override

from homeassistant.const import MATCH_ALL
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .action import Action
from .const import DOMAIN, OPERATIONS
from .host import HomelabConfigEntry, Host
from .kind import Description, ResourceKey

# whether it is available, its value, its attributes
type Shown = tuple[bool, Any, Any]


class HomelabEntity[D: Description](Entity):
    """An entity of one resource, as its description says."""

    _attr_has_entity_name = True
    _attr_should_poll = False
    # details are for looking at; what matters over time has an entity of its own
    _unrecorded_attributes = frozenset({MATCH_ALL})
    _shown: Shown | None = None
    _written = 0.0

    def __init__(self, host: Host, key: ResourceKey, description: D) -> None:
        """Name the entity after the entry, the resource and the description."""
        self.host = host
        self.key = key
        self.entity_description = self.description = description
        self.feed = description.feed or host.home(key).feed.key
        resource = "_".join(filter(None, key))
        self._attr_unique_id = f"{host.entry.unique_id}_{resource}_{description.key}"
        self._attr_translation_key = description.translation_key or description.key
        self._attr_translation_placeholders = description.placeholders or {}
        self._attr_device_info = DeviceInfo(
            identifiers={(DOMAIN, host.devices.identifier(key))}
        )

    @property
    @override
    def available(self) -> bool:
        return self.host.is_available(self.key, self.description.feed)

    @override
    async def async_added_to_hass(self) -> None:
        """Show what is known; Home Assistant writes the first state itself."""
        self.host.publication.entities.setdefault(self.key, {})[
            self.description.key
        ] = self
        self._show(self._look())
        self.refresh()
        feed = self.host.feeds.get(self.description.feed or "")
        is_home = feed is self.host.home(self.key)
        if (
            feed
            and feed.feed.sparing
            and (is_home or (feed.answered and not feed.facts))
        ):
            # its feed has asked already, and could not know that it reads
            self.host.run(feed.async_request_refresh(), f"{feed.name} for more")

    @override
    async def async_will_remove_from_hass(self) -> None:
        """Make room: what the user removed may turn up again."""
        self._shown = None
        self.host.publication.entities.get(self.key, {}).pop(self.description.key, None)

    async def async_update(self) -> None:
        """Ask the far end now: Home Assistant calls this when somebody wants to know."""
        host = self.host
        if host.type.wake:
            host.type.wake(host.source)
        reader, home = host.feeds.get(self.description.feed or ""), host.home(self.key)
        asked = reader if reader and reader.feed.fetch else home
        await asked.async_request_refresh()

    def reads(self, feed: str) -> bool:
        """Whether it is enabled and its table names a feed: the first has to be named, too.

        So only what costs something to be asked for counts, not all that comes with it.
        """
        return self._shown is not None and self.description.feed == feed

    @callback
    def refresh(self) -> None:
        """Write what changed, now or when its time has come."""
        if self._shown is None or (look := self._look()) == self._shown:
            return
        early = monotonic() - self._written < self.host.publication.interval
        if early and self._can_wait(self._shown, look):
            self.host.publication.publish_later(self.key, self.feed)
            return
        self._show(look)
        self._write()

    def _look(self) -> Shown:
        if not self.available:
            return (False, None, None)
        facts = self.host.facts(self.key, self.description.feed)
        if facts is None:
            return (True, None, None)
        attributes = self.description.attributes
        return (True, self._value(facts), attributes and attributes(facts))

    @callback
    def _show(self, look: Shown) -> None:
        self._shown = look
        self._written = monotonic()
        self._attr_extra_state_attributes = dict(look[2] or {})
        self._apply(look[1])

    @callback
    def _write(self) -> None:
        self.host.publication.states_written += 1
        self.async_write_ha_state()

    def _value(self, facts: Any) -> Any:
        """Return what the description makes of the facts, ready to be compared."""
        return self.description.value(facts)

    def _apply(self, value: Any) -> None:
        """Put the value where the platform's class reads it; some have none."""

    def _can_wait(self, shown: Shown, look: Shown) -> bool:
        """Whether a change may wait for the publish interval: only numbers can."""
        return False

    async def _act(self, action: Action[Any]) -> None:
        operations = self.hass.data[OPERATIONS]
        await operations.request(self.host, self.key, action, self._context)


async def add_platform(
    description: type[Description],
    entity: type[HomelabEntity[Any]],
    hass: HomeAssistant,
    entry: HomelabConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up a platform: one entity class for one sort of description."""
    await entry.runtime_data.publication.add_platform(
        async_add_entities, description, entity
    )
