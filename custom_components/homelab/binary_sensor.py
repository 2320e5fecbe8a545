"""Binary sensors."""

from typing import Any, override

from homeassistant.components.binary_sensor import BinarySensorEntity

from .entity import HomelabEntity, set_up_with
from .kind import BinarySensorDescription

PARALLEL_UPDATES = 0


class HomelabBinarySensor(
    HomelabEntity[BinarySensorDescription[Any]], BinarySensorEntity
):
    """A binary sensor of one resource."""

    @override
    def _apply(self, value: bool | None) -> None:
        self._attr_is_on = value


async_setup_entry = set_up_with(BinarySensorDescription, HomelabBinarySensor)
