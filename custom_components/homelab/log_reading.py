"""What resources print: read once by an action, or followed live."""

import asyncio
from contextlib import aclosing
from datetime import datetime
from typing import Any

import probatio

from homeassistant.components.websocket_api.connection import ActiveConnection
from homeassistant.components.websocket_api.decorators import (
    async_response,
    require_admin,
    websocket_command,
)
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.json import json_bytes
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .host import Host
from .kind import ResourceKey
from .looking import LogLine, ReadLogs
from .refusals import fail_to_read, refuse, require_administrator
from .source import SourceError
from .tail import Tail
from .targets import find_target

WISH = "Reading logs"
MOST_LINES = 10_000
# with some room for what stands around the lines
MOST_BYTES = 1024 * 1024 - 1024
DEADLINE = 30
# lines are sent together, so many times a second at most
BATCH = 0.25
# of what comes later; at first there is as much as was asked for
MOST_WAITING = 1000
MOST_WAITING_BYTES = 256 * 1024

type Row = dict[str, Any]

FIELDS: dict[str | probatio.Marker, Any] = {
    probatio.Required("device_id"): cv.string,
    probatio.Optional("lines", default=100): probatio.All(
        probatio.Coerce(int), probatio.Range(min=0, max=MOST_LINES)
    ),
    probatio.Optional("since"): cv.datetime,
}
GET_LOGS = probatio.Schema(FIELDS)


async def get_logs(call: ServiceCall) -> ServiceResponse:
    """Return the last lines that a resource has printed."""
    await require_administrator(call.hass, call.context, WISH)
    host, key, read = _find(call.hass, call.data["device_id"])
    tail = Tail[Row](lines=MOST_LINES, size=MOST_BYTES)
    lines, since = call.data["lines"], _moment(call.data.get("since"))
    try:
        async with (
            asyncio.timeout(DEADLINE),
            aclosing(read(host.source, key[1], lines, since, False)) as stream,
        ):
            async for line in stream:
                tail.add(*_as_row(line))
    except TimeoutError:
        fail_to_read(host, "too_slow", f"no end after {DEADLINE} s")
    except SourceError as error:
        fail_to_read(host, error.reason, str(error))
    kept, dropped = tail.take()
    return {"lines": [*kept], "dropped": dropped}


def _find(hass: HomeAssistant, device_id: str) -> tuple[Host, ResourceKey, ReadLogs]:
    host, key = find_target(hass, device_id, WISH)
    read = host.kinds[key[0]].logs
    if read is None or not host.is_available(key, None):
        refuse("resource_unknown", None, operation=WISH)
    return host, key, read


def _moment(since: datetime | None) -> datetime | None:
    if since and since.tzinfo is None:
        return since.replace(tzinfo=dt_util.get_default_time_zone())
    return since


def _as_row(line: LogLine) -> tuple[Row, int]:
    """Return a line as it is sent, and how many bytes that takes with its comma."""
    row = {
        "at": line.at and line.at.isoformat(),
        "stream": line.stream,
        "text": line.text,
    }
    return row, len(json_bytes(row)) + 1


@require_admin
@websocket_command({"type": f"{DOMAIN}/subscribe_logs", **FIELDS})
@async_response
async def subscribe_logs(
    hass: HomeAssistant, connection: ActiveConnection, msg: dict[str, Any]
) -> None:
    """Send the last lines of a resource, then what it prints from now on."""
    try:
        host, key, read = _find(hass, msg["device_id"])
    except HomeAssistantError as error:
        connection.send_error(msg["id"], str(error.translation_key), str(error))
        return
    lines, since = msg["lines"], _moment(msg.get("since"))
    following = _Following(connection, msg["id"])

    async def follow() -> None:
        error: str | None = None
        try:
            async with aclosing(
                read(host.source, key[1], lines, since, True)
            ) as stream:
                async for line in stream:
                    following.take(line)
        except SourceError as caught:
            error = host.redact(str(caught))
        except asyncio.CancelledError:
            following.end("the entry was unloaded")
            raise
        except Exception:  # noqa: BLE001 - a bug ends this stream only
            host.log_bug(f"Following the log of {host.devices.name(key)} failed")
            error = "an unexpected error; the log has more"
        following.end(error)

    connection.send_result(msg["id"])
    task = host.run(follow(), f"log of {key[1]}")

    def leave() -> None:
        following.close()
        task.cancel()

    connection.subscriptions[msg["id"]] = leave


class _Following:
    """Lines on their way to one viewer; what he cannot keep up with is counted."""

    def __init__(self, connection: ActiveConnection, number: int) -> None:
        self._connection = connection
        self._number = number
        self._tail = Tail[Row](lines=MOST_LINES, size=MOST_BYTES)
        self._timer: asyncio.TimerHandle | None = None
        self._closed = False

    def take(self, line: LogLine) -> None:
        """Send a line soon, together with those that come meanwhile."""
        self._tail.add(*_as_row(line))
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(BATCH, self._send, {})

    def end(self, error: str | None) -> None:
        """Say that nothing more comes, and why, to whoever still looks."""
        if not self._closed:
            self.close()
            self._send({"ended": True, "error": error})

    def close(self) -> None:
        """Send nothing any more."""
        self._closed = True
        if self._timer:
            self._timer.cancel()

    def _send(self, more: dict[str, Any]) -> None:
        self._timer = None
        lines, dropped = self._tail.take()
        self._tail = Tail[Row](lines=MOST_WAITING, size=MOST_WAITING_BYTES)
        self._connection.send_event(
            self._number, {"lines": lines, "dropped": dropped, **more}
        )
