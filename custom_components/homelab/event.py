"""Events: what happened between two states of a resource, an outage between included."""

from functools import partial
from typing import Any, override

from homeassistant.components.event import EventEntity
from homeassistant.core import callback

from .entity import HomelabEntity, add_platform
from .kind import EventDescription

PARALLEL_UPDATES = 0


class HomelabEvent(HomelabEntity[EventDescription[Any]], EventEntity):
    """An event of one resource."""

    _unrecorded_attributes = frozenset()
    _before: Any = None

    @override
    @callback
    def refresh(self) -> None:
        super().refresh()
        facts = self.host.facts(self.key, self.description.feed)
        if facts is None or self._before is facts or not self.available:
            return
        before, self._before = self._before, facts
        if before is None:
            return
        for occurrence in self.description.occurred(before, facts):
            attributes = dict(occurrence.attributes)
            if occurrence.about:
                attributes["device_id"] = self.host.devices.find(occurrence.about)
            self._trigger_event(occurrence.type, attributes)
            self._write()


async_setup_entry = partial(add_platform, EventDescription, HomelabEvent)
