"""Switches: they show what is, and ask for what should be."""

from functools import partial
from typing import Any, override

from homeassistant.components.switch import SwitchEntity

from .entity import HomelabEntity, add_platform
from .kind import SwitchDescription

PARALLEL_UPDATES = 0  # operations take care of one at a time per resource


class HomelabSwitch(HomelabEntity[SwitchDescription[Any]], SwitchEntity):
    """A switch of one resource."""

    @override
    def _apply(self, value: bool | None) -> None:
        self._attr_is_on = value

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Ask for it to be on."""
        await self._act(self.description.turn_on)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Ask for it to be off."""
        await self._act(self.description.turn_off)


async_setup_entry = partial(add_platform, SwitchDescription, HomelabSwitch)
