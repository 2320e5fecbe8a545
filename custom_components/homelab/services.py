"""The actions that decide on operations and list them."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import probatio

from homeassistant.auth.models import User
from homeassistant.core import (
    Context,
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.helpers import config_validation as cv
from homeassistant.util import dt as dt_util

from .const import DOMAIN, OPERATIONS
from .decisions import decide
from .log_reading import GET_LOGS, get_logs
from .operation import Operation, State, as_event
from .pruning import PRUNE, prune
from .refusals import refuse
from .snapshots import SNAPSHOT, snapshot

DECISION = probatio.Schema({probatio.Required("operation_id"): cv.string})
LIST = probatio.Schema(
    {
        probatio.Optional("entry_id"): cv.string,
        probatio.Optional("device_id"): cv.string,
        probatio.Optional("action"): cv.string,
        probatio.Optional("state"): probatio.All(
            cv.ensure_list, [probatio.In([state.value for state in State])]
        ),
        probatio.Optional("since"): cv.datetime,
        probatio.Optional("limit", default=50): probatio.All(
            probatio.Coerce(int), probatio.Range(min=1, max=500)
        ),
        probatio.Optional("cursor"): cv.string,
    }
)


@callback
def async_register_services(hass: HomeAssistant) -> None:
    """Offer the actions, whether or not an entry is loaded."""
    both = SupportsResponse.OPTIONAL
    hass.services.async_register(DOMAIN, "approve", _approve, DECISION, both)
    hass.services.async_register(DOMAIN, "reject", _reject, DECISION, both)
    hass.services.async_register(
        DOMAIN, "get_logs", get_logs, GET_LOGS, SupportsResponse.ONLY
    )
    hass.services.async_register(
        DOMAIN, "prune", prune, PRUNE, SupportsResponse.OPTIONAL
    )
    hass.services.async_register(
        DOMAIN, "snapshot", snapshot, SNAPSHOT, SupportsResponse.OPTIONAL
    )
    hass.services.async_register(
        DOMAIN, "list_operations", _list, LIST, SupportsResponse.ONLY
    )


async def _approve(call: ServiceCall) -> ServiceResponse:
    return await _decide(call, approve=True)


async def _reject(call: ServiceCall) -> ServiceResponse:
    return await _decide(call, approve=False)


async def _decide(call: ServiceCall, *, approve: bool) -> ServiceResponse:
    """Let a person decide; no automation or script ever does, whoever started it."""
    user = await call.hass.data[OPERATIONS].askers.find_person(call.context)
    operation = await decide(
        call.hass, call.data["operation_id"], user, approve=approve
    )
    return {"operation_id": operation.id, "state": operation.state}


async def _user(hass: HomeAssistant, context: Context) -> User | None:
    return await hass.auth.async_get_user(context.user_id) if context.user_id else None


async def _list(call: ServiceCall) -> ServiceResponse:
    """List the newest first; what commands printed is for administrators."""
    user = await _user(call.hass, call.context)
    found = _newest_first(call.hass.data[OPERATIONS].ledger.records.values())
    if cursor := call.data.get("cursor"):
        ids = [operation.id for operation in found]
        if cursor not in ids:
            refuse("operation_unknown", None, operation_id=cursor)
        found = found[ids.index(cursor) + 1 :]
    found = [operation for operation in found if _is_wanted(operation, call.data)]
    page = found[: call.data["limit"]]
    output = user is not None and user.is_admin
    return {
        "operations": [as_row(operation, output=output) for operation in page],
        "cursor": page[-1].id if len(found) > len(page) else None,
    }


def _newest_first(operations: Iterable[Operation]) -> list[Operation]:
    found = [*operations]
    # of two that were asked at once the later record comes first
    found.reverse()
    return sorted(found, key=lambda o: o.requested_at, reverse=True)


def _is_wanted(operation: Operation, wanted: dict[str, Any]) -> bool:
    since: datetime | None = wanted.get("since")
    if since and since.tzinfo is None:
        since = since.replace(tzinfo=dt_util.get_default_time_zone())
    return (
        wanted.get("entry_id") in (None, operation.entry_id)
        and wanted.get("device_id") in (None, operation.device_id)
        and wanted.get("action") in (None, operation.action)
        and ("state" not in wanted or operation.state in wanted["state"])
        and (since is None or operation.requested_at >= since)
    )


def as_row(operation: Operation, *, output: bool) -> dict[str, Any]:
    """Return an operation for a list, with what it printed only for administrators."""
    row = as_event(operation, None)
    del row["previous_state"]
    if not output:
        row["result"] = row["error"] = None
    return row
