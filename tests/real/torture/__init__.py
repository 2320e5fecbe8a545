"""Never-ending random operations on a made-up rack, for a Home Assistant that is killed.

What is announced is written to a file at once, from the listener itself: whatever
stands there was announced.
"""

import asyncio
from contextlib import suppress
import os
from pathlib import Path
import random
from typing import Any
from unittest.mock import patch

from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError

from custom_components.homelab import sources
from custom_components.homelab.const import CONF_SOURCE, DOMAIN, OPERATIONS
from custom_components.homelab.source import CannotConnect
from tests.fakes import rack

BOXES = tuple(f"box{number}" for number in range(5))
OPTIONS = {
    "policy": {
        "routine": "allow",
        "disruptive": "allow",
        "destructive": "ask",
        "rate": 600,
    }
}


async def async_setup(hass: HomeAssistant, config: dict[str, Any]) -> bool:
    """Put the made-up source in place, and begin."""
    patch.object(sources, "SOURCE_TYPES", (rack.__name__,)).start()
    far_end = rack.FAR_ENDS["far"] = rack.FarEnd()
    far_end.rack = rack.Rack(boxes={name: rack.Box(name=name) for name in BOXES})
    path = Path(hass.config.path("announced"))
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
    descriptor = await hass.async_add_executor_job(os.open, path, flags, 0o600)

    @callback
    def announced(event: Event) -> None:
        data = event.data
        os.write(descriptor, f"{data['operation_id']} {data['state']}\n".encode())

    hass.bus.async_listen("homelab_operation", announced)
    hass.async_create_background_task(_torture(hass, far_end), "torture")
    return True


async def _torture(hass: HomeAssistant, far_end: rack.FarEnd) -> None:
    await hass.async_block_till_done()
    if not hass.config_entries.async_entries(DOMAIN):
        result = await hass.config_entries.flow.async_init(
            DOMAIN, context={CONF_SOURCE: "user"}
        )
        for answers in ({"next_step_id": "rack"}, {"address": "far", "token": ""}):
            result = await hass.config_entries.flow.async_configure(
                result["flow_id"], answers
            )
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    hass.config_entries.async_update_entry(entry, options=OPTIONS)
    dice = random.Random()
    while True:
        host = entry.runtime_data
        key = ("box", dice.choice(BOXES))
        action = dice.choice((rack.START, rack.STOP, rack.SHAKE))
        far_end.errors = (
            {action.key: CannotConnect("no", sent=dice.random() < 0.5)}
            if dice.random() < 0.3
            else {}
        )
        with suppress(HomeAssistantError):
            await hass.data[OPERATIONS].request(host, key, action, None)
        await asyncio.sleep(dice.uniform(0, 0.01))
