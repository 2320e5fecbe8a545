"""What a dashboard follows live."""

from typing import Any

import probatio

from homeassistant.components.websocket_api import async_register_command
from homeassistant.components.websocket_api.connection import ActiveConnection
from homeassistant.components.websocket_api.decorators import websocket_command
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect

from .const import DOMAIN, OPERATIONS, SIGNAL_OPERATION
from .operation import Operation
from .services import as_row


@callback
def async_register_commands(hass: HomeAssistant) -> None:
    """Offer the subscriptions."""
    async_register_command(hass, subscribe_operations)


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
