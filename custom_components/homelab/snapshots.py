"""The action that makes a snapshot of a dataset."""

import probatio

from homeassistant.core import ServiceCall, ServiceResponse
from homeassistant.helpers import config_validation as cv

from .const import OPERATIONS
from .refusals import refuse
from .targets import find_target

WISH = "Making a snapshot"
SNAPSHOT = probatio.Schema(
    {
        probatio.Required("device_id"): cv.string,
        # what ZFS lets a snapshot be called, and no option of its tools looks like
        probatio.Required("name"): cv.matches_regex(
            r"^[A-Za-z0-9_][A-Za-z0-9_.:-]{0,79}$"
        ),
    }
)


async def snapshot(call: ServiceCall) -> ServiceResponse:
    """Have a snapshot made as an operation; a name that is there already is refused."""
    host, key = find_target(call.hass, call.data["device_id"], WISH)
    action = host.actions(key[0]).get("snapshot")
    if action is None:
        refuse("resource_unknown", None, operation=WISH)
    operation = await call.hass.data[OPERATIONS].request(
        host, key, action, call.context, name=call.data["name"]
    )
    return {
        "operation_id": operation.id,
        "state": operation.state,
        "result": operation.result,
    }
