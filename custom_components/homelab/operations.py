"""The one way in for every action."""

import asyncio
from typing import Any

from homeassistant.exceptions import HomeAssistantError

from .action import Action
from .const import DOMAIN
from .host import Host
from .kind import ResourceKey
from .source import SourceError


async def perform(host: Host, key: ResourceKey, action: Action[Any]) -> None:
    """Carry out an action on a resource, then read what came of it."""
    try:
        async with asyncio.timeout(action.deadline):
            await action.perform(host.source, key[1])
    except (SourceError, TimeoutError) as error:
        detail = str(error) or f"no answer in {action.deadline:g} s"
        # what caused it is not passed on: a library's words may quote a secret
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key="operation_failed",
            translation_placeholders={
                "action": action.key,
                "detail": host.redact(detail),
            },
        ) from None
    finally:
        await host.main.async_request_refresh()
