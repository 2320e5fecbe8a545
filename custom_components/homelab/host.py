"""The machine that one entry stands for: its source, feeds, devices and entities."""

import asyncio
from collections import deque
from collections.abc import Coroutine
from time import perf_counter
import traceback
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.util import dt as dt_util
from homeassistant.util.ulid import ulid_now

from .action import Action
from .const import LOGGER, OPERATIONS, SECTION_POLICY, SIGNAL_OPERATION
from .coordinator import FeedCoordinator
from .devices import Devices
from .faults import Faults
from .issues import clear_identity
from .kind import HOST_KEY, OWN, ResourceKey, SourceType
from .live import Audience
from .operation import Asker, Operation
from .own import own_facts
from .policy import Policy
from .publication import Publication, breathe
from .source import Source, WrongIdentity, redacted

type HomelabConfigEntry = ConfigEntry[Host]

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
        self.publication = Publication(self)
        self.faults = Faults(self)
        self.audiences = {live.key: Audience(self, live) for live in source_type.live}
        self.operations: deque[tuple[int, Operation]] = deque(maxlen=50)
        self.reconnects = self.values_dropped = 0
        # whether who answers was asked since contact was last in doubt
        self.verified = False
        self._identifying = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False

    def option(self, section: str, key: str, default: int) -> int:
        """Return what the user has set, or the default."""
        value: int = self.entry.options.get(section, {}).get(key, default)
        return value

    async def open(self) -> None:
        """Ask the feed that must answer, and register every device it knows of."""
        self.entry.async_on_unload(self.close)
        self.entry.async_on_unload(
            self.hass.bus.async_listen(EVENT_HOMEASSISTANT_STOP, self.close)
        )
        await self.devices.load()
        await self.main.async_config_entry_first_refresh()
        turn = perf_counter()
        for key in self.present():
            try:
                self.devices.register(key)
            except Exception:  # noqa: BLE001 - one of many does not hide the others
                self.log_bug(f"{key} cannot be registered")
            turn = await breathe(turn)

    def start(self) -> None:
        """Begin to watch, once the platforms are there."""
        for feed in self.feeds.values():
            feed.start()
        self.entry.async_on_unload(
            async_dispatcher_connect(self.hass, SIGNAL_OPERATION, self._operation_moved)
        )
        self.publication.changed([*self.publication.entities])

    @callback
    def _operation_moved(self, operation: Operation) -> None:
        if operation.entry_id == self.entry.entry_id:
            number = self.operations[-1][0] + 1 if self.operations else 1
            self.operations.append((number, operation))
            self.publication.changed([HOST_KEY], OWN)

    def actions(self, kind: str) -> dict[str, Action[Any]]:
        """Return what can be done to resources of a kind, by their keys."""
        found = self.kinds.get(kind)
        return {action.key: action for action in found.all_actions()} if found else {}

    @property
    def policy(self) -> Policy:
        """What the user has set, as it is now."""
        return Policy.of(self.entry.options.get(SECTION_POLICY, {}))

    def is_protected(self, key: ResourceKey) -> bool:
        """Whether the protect list names a resource, whatever it is called now."""
        return self.policy.protects(self.devices.names(key)) is not None

    def asked(
        self,
        key: ResourceKey,
        action: Action[Any],
        asker: Asker,
        parameters: dict[str, Any],
    ) -> Operation:
        """Return the record of a new request."""
        return Operation(
            id=ulid_now(),
            entry_id=self.entry.entry_id,
            host=self.entry.title,
            kind=key[0],
            resource_id=key[1],
            resource=self.devices.name(key),
            device_id=self.devices.id(key),
            action=action.key,
            risk=action.risk,
            asked_by=asker,
            requested_at=dt_util.utcnow(),
            parameters=parameters,
        )

    def forbids(self, action: Action[Any], key: ResourceKey) -> str | None:
        """Return why nobody may do this to a resource."""
        names, guard = self.devices.names(key), None
        if (facts := self.facts(key, None)) is not None:
            kind = self.kinds[key[0]]
            names += [kind.device(facts).name, *kind.names(facts)]
            for member in kind.members(facts):
                names += self.devices.names(member)
            guard = kind.guard(facts)
        return self.policy.forbids(action, names, guard)

    def run(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        """Do something in the background until the host is closed."""
        task = self.entry.async_create_background_task(self.hass, work, name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    @property
    def closed(self) -> bool:
        """Whether nothing may be asked or done any more."""
        return self._closed

    async def close(self, _: Event | None = None) -> None:
        """Stop watching, before the platforms go: nothing may be added any more."""
        if self._closed:
            return
        self._closed = True
        await self.hass.data[OPERATIONS].let_go(self.entry.entry_id)
        self.publication.close()
        for audience in self.audiences.values():
            audience.close()
        self.faults.clear()
        tasks = [*self._tasks]
        for task in tasks:
            task.cancel()
        for feed in self.feeds.values():
            await feed.async_shutdown()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.devices.save()
        try:
            async with asyncio.timeout(CLOSING):
                await self.source.close()
        except Exception:  # noqa: BLE001
            # the entry goes all the same: nothing of it is used any more
            self.log_bug(f"{self.entry.title} was not closed properly")

    async def identify(self) -> None:
        """Refuse a machine that is not the one this entry was made for."""
        async with self._identifying:
            if self.verified:
                return
            if (found := await self.source.identify()) != self.entry.unique_id:
                raise WrongIdentity(found)
            clear_identity(self.hass, self.entry)
            self.verified = True

    def redact(self, text: str) -> str:
        """Take every secret of the entry out of a text that people or logs will see."""
        return redacted(text, self.entry.data, self.type.secrets)

    def log_bug(self, what: str) -> None:
        """Log an unexpected exception, whose words may quote a secret."""
        LOGGER.error("%s\n%s", what, self.redact(traceback.format_exc()))

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
            return own_facts(self)
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
