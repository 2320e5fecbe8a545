"""What people watch: a stream that begins with the first viewer and ends after the last."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from homeassistant.core import CALLBACK_TYPE, callback
from homeassistant.helpers.event import async_call_later
from homeassistant.util import dt as dt_util

from .backoff import pause
from .const import OPERATIONS
from .looking import Live
from .source import SourceError

if TYPE_CHECKING:
    from .host import Host

type Message = dict[str, Any]
type Send = Callable[[Message], None]

# a page that is loaded again finds the stream still running
LINGER = 5


class Audience:
    """Those who watch one host; nothing of it reaches an entity or the recorder."""

    def __init__(self, host: Host, live: Live[Any]) -> None:
        """Nobody watches yet."""
        self._host = host
        self._live = live
        self._viewers: list[Send] = []
        self._rows: dict[str, Mapping[str, Any]] = {}
        self._task: asyncio.Task[None] | None = None
        self._ending: CALLBACK_TYPE | None = None

    @callback
    def join(self, send: Send) -> CALLBACK_TYPE:
        """Let somebody watch; return how he leaves."""
        self._viewers.append(send)
        if self._ending:
            self._ending()
            self._ending = None
        connected = self._host.contact.is_set()
        if self._rows or not connected:
            send(self._message([*self._rows.values()], [], connected=connected))
        if self._task is None:
            self._task = self._host.run(self._follow(), f"watch {self._live.key}")

        @callback
        def leave() -> None:
            self._viewers.remove(send)
            if not self._viewers and not self._host.closed:
                self._ending = async_call_later(self._host.hass, LINGER, self._end)

        return leave

    @callback
    def _end(self, _: Any) -> None:
        self._ending = None
        if self._task:
            self._task.cancel()
        self._task = None
        self._rows = {}

    @callback
    def close(self) -> None:
        """Tell whoever still watches that it is over."""
        if self._ending:
            self._ending()
        self._show({}, connected=False)

    async def _follow(self) -> None:
        attempts = 0
        while True:
            await self._host.contact.wait()
            try:
                async with aclosing(self._live.follow(self._host.source)) as stream:
                    async for rows in stream:
                        if not self._host.contact.is_set():
                            break
                        attempts = 0
                        self._show(rows)
            except SourceError:
                # its feeds say what is wrong; whoever watches sees it vanish
                pass
            except Exception:  # noqa: BLE001 - a bug ends this stream only
                self._host.log_bug(f"Watching {self._host.entry.title} failed")
            self._show({}, connected=False)
            attempts += 1
            await asyncio.sleep(pause(attempts))

    @callback
    def _show(
        self, found: Mapping[str, Mapping[str, Any]], *, connected: bool = True
    ) -> None:
        """Send what changed since the last time."""
        before = self._rows
        self._rows = {id_: self._row(id_, row) for id_, row in found.items()}
        changed = [row for id_, row in self._rows.items() if before.get(id_) != row]
        removed = [id_ for id_ in before if id_ not in self._rows]
        message = self._message(changed, removed, connected=connected)
        for send in [*self._viewers]:
            send(message)

    def _row(self, id_: str, row: Mapping[str, Any]) -> Mapping[str, Any]:
        key = (self._live.kind, id_)
        return {
            "device_id": self._host.devices.id(key),
            "id": id_,
            **row,
            "operation": self._host.hass.data[OPERATIONS].progress.running(
                (self._host.entry.entry_id, *key)
            ),
        }

    def _message(
        self,
        rows: list[Mapping[str, Any]],
        removed: list[str],
        *,
        connected: bool = True,
    ) -> Message:
        return {
            "at": dt_util.utcnow().isoformat(),
            "connected": connected,
            self._live.rows: rows,
            "removed": removed,
        }
