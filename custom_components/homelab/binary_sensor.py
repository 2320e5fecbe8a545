"""Binary sensors."""

from functools import partial
from typing import Any, override

from homeassistant.components.binary_sensor import BinarySensorEntity

from .entity import HomelabEntity, add_platform
from .kind import BinarySensorDescription

PARALLEL_UPDATES = 0


class HomelabBinarySensor(
    HomelabEntity[BinarySensorDescription[Any]], BinarySensorEntity
):
    """A binary sensor of one resource."""

    @override
    def _apply(self, value: bool | None) -> None:
        self._attr_is_on = value


async_setup_entry = partial(add_platform, BinarySensorDescription, HomelabBinarySensor)
