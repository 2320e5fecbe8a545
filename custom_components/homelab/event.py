"""Events: what happened between two states of a resource, an outage between included."""

from collections import deque
from functools import partial
from typing import Any, override

from homeassistant.components.event import EventEntity
from homeassistant.core import callback

from .entity import HomelabEntity, add_platform
from .kind import EventDescription, Occurrence

PARALLEL_UPDATES = 0


# so many are told in one turn of the loop, and so many wait for theirs
AT_ONCE = 20
MOST_WAITING = 1000


class HomelabEvent(HomelabEntity[EventDescription[Any]], EventEntity):
    """An event of one resource."""

    _unrecorded_attributes = frozenset()
    _before: Any = None

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._waiting: deque[Occurrence] = deque(maxlen=MOST_WAITING)

    @override
    @callback
    def refresh(self) -> None:
        super().refresh()
        facts = self.host.facts(self.key, self.description.feed)
        if facts is not None and self._before is not facts and self.available:
            before, self._before = self._before, facts
            if before is not None:
                self._waiting += self.description.occurred(before, facts)
        for _ in range(min(AT_ONCE, len(self._waiting))):
            self._tell(self._waiting.popleft())
        if self._waiting:
            self.host.publication.changed([self.key])

    def _tell(self, occurrence: Occurrence) -> None:
        attributes = dict(occurrence.attributes)
        if occurrence.about:
            attributes["device_id"] = self.host.devices.find(occurrence.about)
        self._trigger_event(occurrence.type, attributes)
        self._write()


async_setup_entry = partial(add_platform, EventDescription, HomelabEvent)
