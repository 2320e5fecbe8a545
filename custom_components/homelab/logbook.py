"""Logbook lines that read well."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from homeassistant.components.logbook.const import (
    LOGBOOK_ENTRY_CONTEXT_ID,
    LOGBOOK_ENTRY_ICON,
    LOGBOOK_ENTRY_MESSAGE,
    LOGBOOK_ENTRY_NAME,
)
from homeassistant.components.logbook.models import LazyEventPartialState
from homeassistant.core import HomeAssistant, callback

from .const import DOMAIN, EVENT_OPERATION
from .operation import Asker, AskerKind, State, describe_parts

# seconds: what takes less is over at once
AT_ONCE = 0.1
WORDS = {
    State.PENDING: "waits for approval",
    State.RUNNING: "started",
    State.TIMED_OUT: "took too long",
    State.UNKNOWN: "ended unknown",
}


@callback
def async_describe_events(
    hass: HomeAssistant,
    async_describe_event: Callable[
        [str, str, Callable[[LazyEventPartialState], dict[str, Any]]], None
    ],
) -> None:
    """Say what happened with an operation, in one line."""

    @callback
    def describe_operation(event: LazyEventPartialState) -> dict[str, Any]:
        data = event.data
        asked = data["asked_by"]
        asker = Asker(kind=AskerKind(asked["kind"]), name=asked["name"])
        return {
            LOGBOOK_ENTRY_NAME: describe_parts(
                data["action"], data["resource"], data["host"]
            )
            + f", asked by {asker}:",
            LOGBOOK_ENTRY_MESSAGE: _what_happened(data),
            LOGBOOK_ENTRY_ICON: "mdi:server-security",
            LOGBOOK_ENTRY_CONTEXT_ID: event.context_id,
        }

    async_describe_event(DOMAIN, EVENT_OPERATION, describe_operation)


def _what_happened(data: Mapping[str, Any]) -> str:
    state = State(data["state"])
    if state is State.PENDING and data["decided_at"]:
        return "waits its turn"
    text = WORDS.get(state, str(state).replace("_", " "))
    if data["started_at"] and data["ended_at"]:
        begin, end = map(datetime.fromisoformat, (data["started_at"], data["ended_at"]))
        seconds = (end - begin).total_seconds()
        return f"{text} in {seconds:.1f} s" if seconds >= AT_ONCE else text
    if state is State.REJECTED:
        return f"{text} by {data['decided_by']}"
    return text
