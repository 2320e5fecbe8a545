"""The machine that one entry stands for: its source, feeds, devices and entities."""

import asyncio
from collections.abc import Coroutine, Iterable
from time import perf_counter
from typing import TYPE_CHECKING, Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.event import async_call_later

from .const import CONF_PUBLISH_INTERVAL, SECTION_POLLING
from .coordinator import FeedCoordinator
from .cost import own_cost
from .devices import Devices
from .kind import OWN, Description, ResourceKey, SourceType
from .publishing import PUBLISH_INTERVAL
from .repairs import clear_identity
from .source import Source, WrongIdentity

if TYPE_CHECKING:
    from .entity import HomelabEntity

type HomelabConfigEntry = ConfigEntry[Host]

# How long one turn of the loop may last; Home Assistant's own share comes on top.
TURN = 0.003
CLOSING = 5


class Host:
    """Everything that lives while an entry is loaded: `entry.runtime_data`."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: HomelabConfigEntry,
        source_type: SourceType[Any],
        source: Source,
    ) -> None:
        """Prepare every feed; nothing is asked yet."""
        self.hass = hass
        self.entry = entry
        self.type = source_type
        self.source = source
        self.contact = asyncio.Event()
        self.kinds = {kind.key: kind for kind in source_type.kinds}
        self.feeds = {f.key: FeedCoordinator(hass, self, f) for f in source_type.feeds}
        self.main = next(iter(self.feeds.values()))
        self.devices = Devices(self)
        self.entities: dict[ResourceKey, dict[str, HomelabEntity[Any]]] = {}
        self.states_written = self.reconnects = self.values_dropped = 0
        self.publish_interval = self.option(
            SECTION_POLLING, CONF_PUBLISH_INTERVAL, PUBLISH_INTERVAL
        )
        self._platforms: dict[
            type[Description],
            tuple[type[HomelabEntity[Any]], AddConfigEntryEntitiesCallback],
        ] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._queue: dict[ResourceKey, None] = {}
        self._publishing = self._closed = False
        self._late: set[ResourceKey] = set()
        self._late_timer: CALLBACK_TYPE | None = None

    def option(self, section: str, key: str, default: int) -> int:
        """Return what the user has set, or the default."""
        value: int = self.entry.options.get(section, {}).get(key, default)
        return value

    async def open(self) -> None:
        """Ask the feed that must answer, and register every device it knows of."""
        self.entry.async_on_unload(self.close)
        self.entry.async_on_unload(
            self.hass.bus.async_listen_once(EVENT_HOMEASSISTANT_STOP, self.close)
        )
        await self.main.async_config_entry_first_refresh()
        await self.devices.load()
        turn = perf_counter()
        for key in self.present():
            self.devices.register(key)
            turn = await _breathe(turn)

    def start(self) -> None:
        """Begin to watch, once the platforms are there."""
        for feed in self.feeds.values():
            feed.start()
        self.changed([*self.entities])

    def run(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Do something in the background until the host is closed."""
        task = self.entry.async_create_background_task(self.hass, work, name)
        self._tasks.append(task)

    async def close(self, _: Event | None = None) -> None:
        """Stop watching, before the platforms go: nothing may be added any more."""
        if self._closed:
            return
        self._closed = True
        self._platforms.clear()
        if self._late_timer:
            self._late_timer()
        for task in self._tasks:
            task.cancel()
        for feed in self.feeds.values():
            await feed.async_shutdown()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.devices.save()
        async with asyncio.timeout(CLOSING):
            await self.source.close()

    async def identify(self) -> None:
        """Refuse a machine that is not the one this entry was made for."""
        if (found := await self.source.identify()) != self.entry.unique_id:
            raise WrongIdentity(found)
        clear_identity(self.hass, self.entry)

    def redact(self, text: str) -> str:
        """Take every secret of the entry out of a text that people or logs will see."""
        for key in self.type.secrets:
            if secret := self.entry.data.get(key):
                text = text.replace(str(secret), "**")
        return text

    def home(self, key: ResourceKey) -> FeedCoordinator:
        """Return the feed that says whether a resource exists."""
        return self.feeds[next(iter(self.kinds[key[0]].find))]

    def present(self) -> list[ResourceKey]:
        """Return everything there is by the latest snapshots, parents first."""
        return [
            key
            for kind in self.kinds.values()
            for key in self.feeds[next(iter(kind.find))].facts
            if key[0] == kind.key
        ]

    def facts(self, key: ResourceKey, feed: str | None) -> Any:
        """Return what is known of a resource; None where nothing is."""
        if feed == OWN:
            return own_cost(self)
        return (self.feeds[feed] if feed else self.home(key)).facts.get(key)

    def is_available(self, key: ResourceKey, feed: str | None) -> bool:
        """Whether the resource is there, and the feed that knows of it answers."""
        if feed == OWN:
            return True
        home = self.home(key)
        reader = self.feeds[feed] if feed else home
        return (
            self.contact.is_set()
            and home.last_update_success
            and reader.last_update_success
            and key in home.facts
        )

    async def add_platform(
        self,
        add: AddConfigEntryEntitiesCallback,
        description: type[Description],
        entity: type[HomelabEntity[Any]],
    ) -> None:
        """Add a platform's entities for what there is, and from now on as it turns up."""
        self._platforms[description] = (entity, add)
        turn = perf_counter()
        for key in self.present():
            self._add_missing(key)
            turn = await _breathe(turn)

    @callback
    def _add_missing(self, key: ResourceKey) -> None:
        """Add the entities that a resource should have by now."""
        known = self.entities.setdefault(key, {})
        for description in self.kinds[key[0]].entities:
            if description.key in known or type(description) not in self._platforms:
                continue
            if description.exists:
                facts = self.facts(key, description.feed)
                if facts is None or not description.exists(facts):
                    continue
            entity_class, add = self._platforms[type(description)]
            known[description.key] = entity_class(self, key, description)
            add([known[description.key]])

    @callback
    def changed(self, keys: Iterable[ResourceKey]) -> None:
        """Publish these resources, a few per turn of the loop."""
        self._queue.update(dict.fromkeys(keys))
        if self._queue and self._platforms and not self._publishing:
            self._publishing = True
            self.entry.async_create_task(self.hass, self._publish(), "publish")

    async def _publish(self) -> None:
        turn = perf_counter()
        try:
            while self._queue:
                batch, self._queue = [*self._queue], {}
                for key in batch:
                    if key in self.home(key).facts:
                        self.devices.register(key)
                        self._add_missing(key)
                    for entity in [*self.entities.get(key, {}).values()]:
                        entity.refresh()
                    turn = await _breathe(turn)
        finally:
            self._publishing = False

    @callback
    def publish_later(self, key: ResourceKey) -> None:
        """Look at a resource again soon: a value of it waits for its publish interval."""
        self._late.add(key)
        if self._late_timer is None:
            self._late_timer = async_call_later(
                self.hass, self.publish_interval / 6, self._publish_late
            )

    @callback
    def _publish_late(self, _: Any) -> None:
        self._late_timer = None
        late, self._late = self._late, set()
        self.changed(late)


async def _breathe(turn: float) -> float:
    """Let others run when this turn has lasted long enough; return when it began."""
    if perf_counter() - turn < TURN:
        return turn
    await asyncio.sleep(0)
    return perf_counter()
