"""Publishing resource by resource, in short turns, and no number too often."""

import asyncio
from collections.abc import Iterable
from time import perf_counter
from typing import TYPE_CHECKING, Any

from homeassistant.core import CALLBACK_TYPE, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.event import async_call_later

from .const import CONF_PUBLISH_INTERVAL, SECTION_POLLING
from .kind import Description, Feed, ResourceKey
from .publishing import PUBLISH_INTERVAL

if TYPE_CHECKING:
    from .entity import HomelabEntity
    from .host import Host

# How long one turn of the loop may last; Home Assistant's own share comes on top.
TURN = 0.003


class Publication:
    """The entities of one host: added as things turn up, written when they change."""

    def __init__(self, host: Host) -> None:
        """No platform is there yet."""
        self._host = host
        self.entities: dict[ResourceKey, dict[str, HomelabEntity[Any]]] = {}
        self.states_written = 0
        self.interval = host.option(
            SECTION_POLLING, CONF_PUBLISH_INTERVAL, PUBLISH_INTERVAL
        )
        self._platforms: dict[
            type[Description],
            tuple[type[HomelabEntity[Any]], AddConfigEntryEntitiesCallback],
        ] = {}
        # with the feed that tells something else of it now: None is any
        self._queue: dict[tuple[ResourceKey, str | None], None] = {}
        self._publishing = False
        self._late: dict[str, dict[ResourceKey, None]] = {}
        self._late_timer: CALLBACK_TYPE | None = None

    async def add_platform(
        self,
        add: AddConfigEntryEntitiesCallback,
        description: type[Description],
        entity: type[HomelabEntity[Any]],
    ) -> None:
        """Add a platform's entities for what there is, and from now on as it turns up."""
        self._platforms[description] = (entity, add)
        turn = perf_counter()
        for key in self._host.present():
            self._add_missing(key)
            turn = await breathe(turn)

    def close(self) -> None:
        """Add and write nothing any more."""
        self._platforms.clear()
        if self._late_timer:
            self._late_timer()

    @callback
    def _add_missing(self, key: ResourceKey) -> None:
        """Add the entities that a resource should have by now."""
        known = self.entities.setdefault(key, {})
        for description in self._host.kinds[key[0]].entities:
            if description.key in known or type(description) not in self._platforms:
                continue
            if description.exists:
                facts = self._host.facts(key, None)
                if facts is None or not description.exists(facts):
                    continue
            entity_class, add = self._platforms[type(description)]
            known[description.key] = entity_class(self._host, key, description)
            add([known[description.key]])

    def readers(self, feed: Feed[Any, Any]) -> tuple[frozenset[ResourceKey], ...]:
        """Return whose facts of a feed an enabled entity shows, where the feed cares."""
        if not feed.sparing:
            return ()
        wanted = (
            key
            for key, entities in self.entities.items()
            if any(entity.reads(feed.key) for entity in entities.values())
        )
        return (frozenset(wanted),)

    @callback
    def changed(self, keys: Iterable[ResourceKey], feed: str | None = None) -> None:
        """Publish these resources, or what one feed tells of them, a few per turn."""
        self._queue.update(dict.fromkeys((key, feed) for key in keys))
        if self._queue and self._platforms and not self._publishing:
            self._publishing = True
            host = self._host
            host.entry.async_create_task(host.hass, self._publish(), "publish")

    async def _publish(self) -> None:
        turn = perf_counter()
        while self._queue:
            batch, self._queue = [*self._queue], {}
            for key, of in batch:
                home = self._host.home(key)
                # whether a thing is there matters to all that is told of it
                feed = None if of == home.feed.key else of
                try:
                    if feed is None and key in home.facts:
                        self._host.devices.register(key)
                        self._add_missing(key)
                        self._host.faults.look(key)
                except Exception:  # noqa: BLE001
                    # a bug in the table of one kind does not silence the others
                    self._host.log_bug(f"{key} cannot be published")
                self._refresh(key, feed)
                turn = await breathe(turn)
        self._publishing = False

    @callback
    def _refresh(self, key: ResourceKey, feed: str | None) -> None:
        for name, entity in [*self.entities.get(key, {}).items()]:
            try:
                if feed in {None, entity.feed}:
                    entity.refresh()
            except Exception:  # noqa: BLE001
                self._host.log_bug(f"{name} of {key} cannot be published")

    @callback
    def publish_later(self, key: ResourceKey, feed: str) -> None:
        """Look at a resource again soon: a value of it waits for its interval."""
        self._late.setdefault(feed, {})[key] = None
        if self._late_timer is None:
            self._late_timer = async_call_later(
                self._host.hass, self.interval / 2, self._publish_late
            )

    @callback
    def _publish_late(self, _: Any) -> None:
        self._late_timer = None
        late, self._late = self._late, {}
        for feed, keys in late.items():
            self.changed(keys, feed)


async def breathe(turn: float) -> float:
    """Let others run when this turn has lasted long enough; return when it began."""
    if perf_counter() - turn < TURN:
        return turn
    await asyncio.sleep(0)
    return perf_counter()
