"""The action that removes what nobody uses any more: shown first, done when asked."""

from functools import partial
from typing import Any

import probatio

from homeassistant.core import ServiceCall, ServiceResponse
from homeassistant.helpers import config_validation as cv

from .const import OPERATIONS
from .refusals import fail_to_read, refuse, require_administrator
from .source import SourceError
from .sparing import spared
from .targets import find_target

WISH = "Pruning"
WHAT = ("containers", "images", "networks", "volumes", "build_cache")
PRUNE = probatio.Schema(
    {
        probatio.Required("device_id"): cv.string,
        probatio.Required("what"): probatio.All(
            cv.ensure_list, [probatio.In(WHAT)], probatio.Length(min=1)
        ),
        probatio.Optional("all_images", default=False): cv.boolean,
        probatio.Optional("named_volumes", default=False): cv.boolean,
        probatio.Optional("preview", default=True): cv.boolean,
    }
)


async def prune(call: ServiceCall) -> ServiceResponse:
    """Say what would go, or have it removed as an operation."""
    host, key = find_target(call.hass, call.data["device_id"], WISH)
    action = host.actions(key[0]).get("prune")
    if action is None or action.preview is None:
        refuse("resource_unknown", None, operation=WISH)
    wishes: dict[str, Any] = {
        "what": sorted(set(call.data["what"])),
        "all_images": call.data["all_images"],
        "named_volumes": call.data["named_volumes"],
    }
    if not call.data["preview"]:
        operation = await call.hass.data[OPERATIONS].request(
            host, key, action, call.context, **wishes
        )
        return {
            "operation_id": operation.id,
            "state": operation.state,
            "result": operation.result,
        }
    await require_administrator(call.hass, call.context, WISH)
    if not host.is_available(key, None):
        refuse("entry_not_loaded", None, operation=WISH)
    try:
        return await action.preview(
            host.source, key[1], spared=partial(spared, host), **wishes
        )
    except SourceError as error:
        fail_to_read(host, error.reason, str(error))
