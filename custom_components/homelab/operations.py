"""The one way in for every action: policy, single flight, deadline, audit.

Whoever wants something done calls `request`; nothing else changes a far end.
"""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

from homeassistant.core import Context, HomeAssistant, callback
from homeassistant.util import dt as dt_util

from .acting import acting
from .action import Action
from .asking import Askers
from .host import Host
from .kind import ResourceKey
from .ledger import CLOSED, AuditUnwritable, Ledger
from .operation import AskerKind, Ending, Operation, State, Subject, describe
from .policy import Verdict
from .progress import Progress
from .recovery import look_at
from .refusals import fail, may_see, refuse
from .second_look import look_again
from .source import SourceError
from .sparing import spared
from .turns import Turns

MOST_PENDING = 20
FOLLOWED = 300  # seconds that a caller waits for what is only followed


class Operations:
    """What was asked for, what runs, and who is next."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Nothing runs yet."""
        self._hass = hass
        self.ledger = Ledger(hass)
        self.askers = Askers(hass)
        self._active: dict[Subject, str] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._turns: dict[str, Turns] = {}
        self.progress = Progress()

    @property
    def running(self) -> int:
        """How many are under way, those that wait their turn among them."""
        return len(self._tasks)

    async def request(
        self,
        host: Host,
        key: ResourceKey,
        action: Action[Any],
        context: Context | None,
        **parameters: Any,
    ) -> Operation:
        """Do something, hold it, or refuse it; return where it stands."""
        asker = await self.askers.identify(context := context or Context())
        user = await self.askers.find_person(context)
        administrator = user is not None and user.is_active and user.is_admin
        # what a machine says is for administrators, and for the log of what they made
        output = await may_see(self._hass, context)
        operation = host.asked(key, action, asker, parameters)
        if host.closed:
            refuse("entry_not_loaded", operation)
        if reason := host.forbids(action, key):
            denied = replace(operation, verdict=Verdict.DENIED)
            await self.ledger.move(denied, State.DENIED, error=reason)
            refuse("operation_denied", operation, detail=reason)
        verdict = host.policy.judge(action, asker, is_administrator=administrator)
        operation = replace(operation, verdict=verdict)
        twin = self.ledger.find_waiting(operation)
        if twin and (verdict is Verdict.HELD or not twin.awaits_decision):
            return await self._outcome(twin.id, action, output)
        if verdict is Verdict.HELD:
            return await self._hold(host, operation)
        self.check_busy(operation)
        if twin and asker.kind is AskerKind.PERSON:
            # the press is the approval of what waits already
            decided = twin.decided(asker.name, dt_util.utcnow())
            self.launch(host, decided, action, approved=True)
            return await self._outcome(twin.id, action, output)
        delay = 0.0 if asker.kind is AskerKind.PERSON else self._delay(host, operation)
        decided = operation.decided("policy", dt_util.utcnow())
        self.launch(host, decided, action, delay=delay)
        return await self._outcome(operation.id, action, output)

    async def _hold(self, host: Host, operation: Operation) -> Operation:
        if len(self.ledger.pending(operation.entry_id)) >= MOST_PENDING:
            refuse("too_many_pending", operation, count=str(MOST_PENDING))
        expiry = operation.requested_at + timedelta(minutes=host.policy.pending_expiry)
        return await self.ledger.move(operation, State.PENDING, expires_at=expiry)

    def _delay(self, host: Host, operation: Operation) -> float:
        rate = host.policy.rate
        delay = self._turns.setdefault(operation.entry_id, Turns()).claim(rate)
        if delay is not None:
            return delay
        refuse("operation_rate_limited", operation, rate=str(rate))

    def check_busy(self, operation: Operation) -> None:
        """Refuse a second operation on one resource, and name the first."""
        if first := self._active.get(operation.subject):
            other = self.ledger.records[first]
            refuse("operation_busy", operation, first=describe(other))

    def launch(
        self,
        host: Host,
        operation: Operation,
        action: Action[Any],
        *,
        delay: float = 0,
        approved: bool = False,
    ) -> None:
        """Start an operation in a task of its own: nobody who waits can end it."""
        before = self.ledger.records.get(operation.id)
        self.ledger.records[operation.id] = operation
        self._active[operation.subject] = operation.id
        task = self._tasks[operation.id] = self._hass.async_create_background_task(
            self._run(host, operation, action, delay, approved),
            describe(operation),
            eager_start=False,
        )

        @callback
        def end(_: Any) -> None:
            self._release(operation)
            del self._tasks[operation.id]
            is_open = self.ledger.records[operation.id].is_open
            if is_open and not task.cancelled() and task.exception():
                # it could not be written down, as the ledger has said: it never was
                self.ledger.put_back(operation.id, before)
            if task.cancelled() and not host.closed:
                # a client that was cancelled from within: nobody else ends it
                host.run(self.ledger.lose(operation.id), describe(operation))
            host.publication.changed([operation.key])

        task.add_done_callback(end)

    def _release(self, operation: Operation) -> None:
        if self._active.get(operation.subject) == operation.id:
            del self._active[operation.subject]
            self.progress.end(operation.subject)

    async def _run(
        self,
        host: Host,
        operation: Operation,
        action: Action[Any],
        delay: float,
        approved: bool,
    ) -> None:
        if delay:
            await self.ledger.move(operation, State.PENDING)
            await asyncio.sleep(delay)
        try:
            ending = await look_again(host, operation, action, approved=approved)
            if ending is None:
                operation = await self.ledger.move(operation, State.RUNNING)
                ending = await self._perform(host, operation, action)
        except AuditUnwritable as error:
            if delay:
                await self.ledger.move(operation, State.FAILED, error=str(error))
            raise
        except Exception:  # noqa: BLE001
            # a bug must not leave it where it is for ever
            host.log_bug(f"{describe(operation)} failed unexpectedly")
            ending = State.FAILED, {"error": "an unexpected error; the log has more"}
        # whoever hears of the end may ask for the next thing at once
        self._release(operation)
        await self.ledger.move(operation, ending[0], **ending[1])
        home, lost = host.home(operation.key), ending[0] is State.UNKNOWN
        await (home.async_refresh() if lost else home.async_request_refresh())
        if lost and host.contact.is_set():
            await look_at(host, self.ledger.records[operation.id])

    async def _perform(
        self, host: Host, operation: Operation, action: Action[Any]
    ) -> Ending:
        """Do it; the only place from which anything at a far end is changed."""
        seconds = action.seconds(host.facts(operation.key, None))
        try:
            async with (
                asyncio.timeout(seconds),
                asyncio.timeout(action.patience) as patience,
            ):

                @callback
                def progress(percentage: float | None) -> None:
                    if action.patience:
                        until = self._hass.loop.time() + action.patience
                        patience.reschedule(until)
                    self.progress.report(operation.subject, action.key, percentage)
                    host.publication.changed([operation.key])

                progress(None)
                extra: dict[str, Any] = {}
                if action.patience:
                    extra["progress"] = progress
                if action.spares:
                    extra["spared"] = lambda there: spared(host, there)
                with acting():
                    result = await action.perform(
                        host.source,
                        operation.resource_id,
                        **operation.parameters,
                        **extra,
                    )
        except TimeoutError:
            return State.TIMED_OUT, {"error": "it took too long and may still go on"}
        except SourceError as error:
            state = State.UNKNOWN if error.sent else State.FAILED
            return state, {"error": host.redact(str(error))}
        return State.SUCCEEDED, {"result": result and host.redact(result)}

    async def _outcome(
        self, operation_id: str, action: Action[Any], output: bool
    ) -> Operation:
        """Wait for the end, and say how it ended."""
        task = self._tasks.get(operation_id)
        if task:
            await asyncio.wait({task}, timeout=FOLLOWED if action.followed else None)
            if task.done() and not task.cancelled() and (error := task.exception()):
                raise error
        operation = self.ledger.records[operation_id]
        if operation.state is State.DENIED:
            refuse("operation_denied", operation, detail=operation.error or "")
        if operation.is_open and task and task.cancelled():
            fail(operation, CLOSED)
        if operation.is_open or operation.state is State.SUCCEEDED:
            return operation
        detail = operation.error if output else "an administrator can see more"
        fail(operation, detail or operation.state)

    async def let_go(self, entry_id: str) -> None:
        """Stop waiting for what runs on an entry; the far end goes on undisturbed."""
        records = self.ledger.records
        ids = [id_ for id_ in self._tasks if records[id_].entry_id == entry_id]
        tasks = [self._tasks[id_] for id_ in ids]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.ledger.settle()
        for id_ in ids:
            await self.ledger.lose(id_)
        self._turns.pop(entry_id, None)
