"""What a dashboard follows live."""

from functools import partial
from typing import Any

import probatio

from homeassistant.components.websocket_api import async_register_command
from homeassistant.components.websocket_api.connection import ActiveConnection
from homeassistant.components.websocket_api.const import ERR_NOT_FOUND
from homeassistant.components.websocket_api.decorators import websocket_command
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect

from .const import DOMAIN, OPERATIONS, SIGNAL_OPERATION
from .kind import SourceType
from .log_reading import subscribe_logs
from .operation import Operation
from .services import as_row


@callback
def async_register_commands(hass: HomeAssistant) -> None:
    """Offer the subscriptions."""
    async_register_command(hass, subscribe_operations)
    async_register_command(hass, subscribe_logs)


@callback
def async_register_live(hass: HomeAssistant, source_type: SourceType[Any]) -> None:
    """Offer what a source lets people watch."""
    for live in source_type.live:
        command = websocket_command(
            {
                probatio.Required("type"): f"{DOMAIN}/subscribe_{live.key}",
                probatio.Required("entry_id"): str,
            }
        )
        async_register_command(hass, command(partial(_subscribe_live, live.key)))


@callback
def _subscribe_live(
    key: str, hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]
) -> None:
    """Let whoever is logged in watch a host."""
    entry = hass.config_entries.async_get_entry(msg["entry_id"])
    if (
        entry is None
        or entry.domain != DOMAIN
        or entry.state is not ConfigEntryState.LOADED
        or key not in entry.runtime_data.audiences
    ):
        connection.send_error(msg["id"], ERR_NOT_FOUND, "That host is not connected.")
        return
    connection.send_result(msg["id"])

    @callback
    def send(message: dict[str, Any]) -> None:
        connection.send_event(msg["id"], message)

    connection.subscriptions[msg["id"]] = entry.runtime_data.audiences[key].join(send)


@websocket_command(
    {
        probatio.Required("type"): f"{DOMAIN}/subscribe_operations",
        probatio.Optional("entry_id"): str,
    }
)
@callback
def subscribe_operations(
    hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]
) -> None:
    """Send what is open, then each operation that moves on."""
    entry_id = msg.get("entry_id")

    @callback
    def send(operation: Operation) -> None:
        if entry_id in (None, operation.entry_id):
            send_all([operation])

    def send_all(operations: list[Operation]) -> None:
        output = connection.user.is_admin
        rows = [as_row(operation, output=output) for operation in operations]
        connection.send_event(msg["id"], {"operations": rows})

    connection.subscriptions[msg["id"]] = async_dispatcher_connect(
        hass, SIGNAL_OPERATION, send
    )
    connection.send_result(msg["id"])
    records = hass.data[OPERATIONS].ledger.records.values()
    send_all([o for o in records if o.is_open and entry_id in (None, o.entry_id)])
