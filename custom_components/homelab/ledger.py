"""The ledger of operations: on disk before anybody hears of it."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.dispatcher import async_dispatcher_send
from homeassistant.helpers.event import (
    async_track_point_in_utc_time,
    async_track_time_interval,
)
from homeassistant.util import dt as dt_util

from .audit import LONGEST, AuditTrail, keep
from .const import DOMAIN, EVENT_OPERATION, LOGGER, SIGNAL_OPERATION
from .issues import clear_pending, report_damage, report_pending
from .operation import Operation, State, as_event

STOPPED = "Home Assistant stopped meanwhile"
CLOSED = "the connection was closed meanwhile"


class AuditUnwritable(HomeAssistantError):
    """Nothing was done, because it could not have been written down."""

    def __init__(self) -> None:
        """Say what to do about it."""
        super().__init__(translation_domain=DOMAIN, translation_key="audit_unwritable")


class Ledger:
    """Every operation there is; moving one on writes it down, then announces it."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Nothing is known yet."""
        self._hass = hass
        path = Path(hass.config.path(".storage", f"{DOMAIN}.operations.jsonl"))
        self._audit = AuditTrail(hass, path)
        self._expiries: dict[str, CALLBACK_TYPE] = {}
        self._unwritten: dict[str, Operation] = {}
        self._moves: set[asyncio.Task[Operation]] = set()
        self.records: dict[str, Operation] = {}

    def pending(self, entry_id: str | None = None) -> list[Operation]:
        """Return what awaits a decision."""
        return [
            operation
            for operation in self.records.values()
            if operation.awaits_decision and entry_id in (None, operation.entry_id)
        ]

    def find_waiting(self, operation: Operation) -> Operation | None:
        """Find the same request where it waits already."""
        same = (operation.subject, operation.action, operation.parameters)
        return next(
            (
                other
                for other in self.records.values()
                if other.state is State.PENDING
                and (other.subject, other.action, other.parameters) == same
            ),
            None,
        )

    async def load(self) -> None:
        """Read what earlier runs left, and end what cannot go on."""
        now = dt_util.utcnow()
        self.records, damaged = await self._audit.load(now)
        if damaged:
            report_damage(self._hass, damaged.name)
        for operation in [o for o in self.records.values() if o.is_open]:
            if operation.state is State.RUNNING:
                await self.move(operation, State.UNKNOWN, error=STOPPED)
            elif not operation.awaits_decision:
                await self.move(operation, State.CANCELLED, error=STOPPED)
            elif operation.is_overdue(now):
                await self.move(operation, State.EXPIRED)
            else:
                self._await_decision(operation)
        self._hass.bus.async_listen_once(EVENT_HOMEASSISTANT_STOP, self._stop_waiting)
        async_track_time_interval(
            self._hass, self._compact, timedelta(days=1), cancel_on_shutdown=True
        )

    async def move(
        self,
        operation: Operation,
        state: State,
        *,
        announced: bool = True,
        **changes: Any,
    ) -> Operation:
        """Move an operation on: in memory at once, then on disk, then announced.

        Once begun this is finished, whatever happens to who asked for it.
        """
        task = self._hass.async_create_background_task(
            self._move(operation, state, announced, changes), "operation moves"
        )
        self._moves.add(task)
        task.add_done_callback(self._moves.discard)
        return await asyncio.shield(task)

    async def settle(self) -> None:
        """Wait for every move that was begun."""
        await asyncio.gather(*self._moves, return_exceptions=True)

    async def _move(
        self,
        operation: Operation,
        state: State,
        announced: bool,
        changes: dict[str, Any],
    ) -> Operation:
        before = self.records.get(operation.id)
        moved = operation.moved(state, dt_util.utcnow(), **changes)
        self.records[moved.id] = moved
        try:
            # an end that could not be written when it came is written as soon as it can
            for earlier in [*self._unwritten.values()]:
                await self._audit.append(earlier)
                self._unwritten.pop(earlier.id, None)
            await self._audit.append(moved)
        except OSError as error:
            LOGGER.error("The audit trail cannot be written: %s", error)
            if moved.is_open:
                # nothing begins that would leave no trace
                self.put_back(moved.id, before)
                raise AuditUnwritable from None
            self._unwritten[moved.id] = moved
        if announced:
            self._announce(moved, before)
        self.records = keep(self.records.values(), dt_util.utcnow())
        if self._audit.lines > LONGEST:
            await self._compact()
        return moved

    def _announce(self, moved: Operation, before: Operation | None) -> None:
        if moved.awaits_decision:
            self._await_decision(moved)
        else:
            clear_pending(self._hass, moved.id)
            if unsubscribe := self._expiries.pop(moved.id, None):
                unsubscribe()
        event = as_event(moved, before.state if before else None)
        self._hass.bus.async_fire(EVENT_OPERATION, event)
        async_dispatcher_send(self._hass, SIGNAL_OPERATION, moved)

    def put_back(self, operation_id: str, before: Operation | None) -> None:
        """Undo a move that could not be written down."""
        if before:
            self.records[operation_id] = before
            if before.awaits_decision and operation_id not in self._expiries:
                self._await_decision(before)
        else:
            self.records.pop(operation_id, None)

    @callback
    def _stop_waiting(self, _: Event) -> None:
        for unsubscribe in self._expiries.values():
            unsubscribe()
        self._expiries.clear()

    async def lose(self, operation_id: str) -> None:
        """End what nobody follows any more; the far end goes on undisturbed."""
        operation = self.records[operation_id]
        if operation.is_open:
            state = State.UNKNOWN if operation.ran else State.CANCELLED
            await self.move(operation, state, error=CLOSED)

    async def forget(self, entry_id: str) -> None:
        """Cancel what awaits a decision about an entry that is removed."""
        for operation in self.pending(entry_id):
            await self.move(operation, State.CANCELLED, error="it was removed")

    async def _compact(self, _: Any = None) -> None:
        self.records = keep(self.records.values(), dt_util.utcnow())
        try:
            await self._audit.compact(self.records.values())
        except OSError as error:
            LOGGER.error("The audit trail cannot be written anew: %s", error)

    def _await_decision(self, operation: Operation) -> None:
        """Show it to people, and let it expire by the clock on the wall."""
        report_pending(self._hass, operation)

        @callback
        def expire(_: Any) -> None:
            del self._expiries[operation.id]
            if self.records[operation.id].awaits_decision:
                self._hass.async_create_task(self.move(operation, State.EXPIRED))

        if operation.expires_at:
            self._expiries[operation.id] = async_track_point_in_utc_time(
                self._hass,
                expire,
                operation.expires_at,
            )
