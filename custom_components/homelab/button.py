"""Buttons."""

from functools import partial
from typing import Any, override

from homeassistant.components.button import ButtonEntity

from .entity import HomelabEntity, add_platform
from .kind import ButtonDescription

PARALLEL_UPDATES = 0  # operations take care of one at a time per resource


class HomelabButton(HomelabEntity[ButtonDescription[Any]], ButtonEntity):
    """A button of one resource."""

    @override
    async def async_press(self) -> None:
        """Ask for the action."""
        await self._act(self.description.press)


async_setup_entry = partial(add_platform, ButtonDescription, HomelabButton)
