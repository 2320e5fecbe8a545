"""Sensors: numbers are rounded, checked against their domain and published sparingly."""

from functools import partial
from typing import Any, override

from homeassistant.components.sensor import SensorEntity

from .entity import HomelabEntity, Shown, add_platform
from .kind import SensorDescription

PARALLEL_UPDATES = 0


class HomelabSensor(HomelabEntity[SensorDescription[Any]], SensorEntity):
    """A sensor of one resource."""

    @override
    def _value(self, facts: Any) -> Any:
        value = super()._value(facts)
        scale = self.description.scale
        if scale is None or value is None:
            return value
        if not scale.contains(value):
            self.host.values_dropped += 1
            return None
        return scale.rounded(value)

    @override
    def _apply(self, value: Any) -> None:
        self._attr_native_value = value

    @override
    def _can_wait(self, shown: Shown, look: Shown) -> bool:
        scale, old, new = self.description.scale, shown[1], look[1]
        return not (
            scale is None or old is None or new is None or scale.jumps(old, new)
        )


async_setup_entry = partial(add_platform, SensorDescription, HomelabSensor)
