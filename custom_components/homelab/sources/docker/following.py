"""An engine's own events: they say at once that something changed, and why."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import suppress
from typing import Any

from aiohttp import StreamReader
from aiohttp.http_exceptions import LineTooLong
import orjson

from ...source import CannotConnect
from .identity import describe
from .life import in_dockers_words
from .models import DockerHost, Health, State
from .observer import Observer
from .reading import a_count, a_mapping, a_text

# an engine from which nothing was heard for so long is asked for a sign of life
QUIET = 20.0
# what happens within this time is looked at together
TOGETHER = 0.05
# an answer that takes longer does not hold back what the event itself has said
PATIENCE = 0.5
# no engine's clock shows the year 2514
LATEST = 2**34
# events in one turn of the loop
AT_ONCE = 50
EVENTS = (
    *("create", "start", "die", "stop", "kill", "oom", "destroy", "rename", "update"),
    *("pause", "unpause", "health_status", "restart"),
    *("delete", "import", "load", "pull", "tag", "untag", "prune"),
)
# after these a container is asked about
LOOKS = frozenset(
    {"create", "start", "die", "pause", "unpause", "rename", "update", "health_status"}
)
STATES = {
    "start": State.RUNNING,
    "die": State.EXITED,
    "pause": State.PAUSED,
    "unpause": State.RUNNING,
}


async def follow(observer: Observer) -> AsyncGenerator[DockerHost]:
    """Yield what there is whenever an event has changed it; ends when contact is lost."""
    kinds = '"type":["container","image","volume"]'
    names = ",".join(f'"{name}"' for name in EVENTS)
    # Podman refuses names that it does not know
    only = kinds if observer.engine.podman else f'{kinds},"event":[{names}]'
    params = {"filters": f"{{{only}}}"}
    if since := observer.chronicle.since:
        params["since"] = f"{since:.9f}"
    async with observer.api.stream("events", params, silence=None) as content:
        events = _Events(observer)
        reader = asyncio.create_task(events.read(content))
        try:
            # what happened before somebody listened
            await observer.recognise()
            await observer.look()
            observer.begin()
            yield observer.show()
            while await events.wait(reader):
                await events.settle()
                if interlude := observer.interlude():
                    yield interlude
                    # it takes a moment to be shown
                    await asyncio.sleep(TOGETHER)
                yield observer.show()
                await asyncio.sleep(TOGETHER)
        finally:
            reader.cancel()
            events.close()
            observer.lose()


def _parse(line: bytes) -> Mapping[str, Any] | None:
    """Read an event; None for what makes no sense, such as one without a time."""
    try:
        event = a_mapping(orjson.loads(line))
    except orjson.JSONDecodeError:
        return None
    return event if a_text(event.get("Type")) and _moment(event) else None


def _moment(event: Mapping[str, Any]) -> float:
    """Return when an event was; 0 is never."""
    if nanoseconds := a_count(event.get("timeNano")):
        return nanoseconds / 1e9
    seconds = a_count(event.get("time")) or 0
    return float(seconds) if seconds < LATEST else 0.0


class _Events:
    """Takes the events as they come, and remembers whom to ask about."""

    def __init__(self, observer: Observer) -> None:
        self._observer = observer
        self._changed: dict[str, Mapping[str, Any]] = {}
        self._engine_changed = False
        self._wake = asyncio.Event()
        # a task, and what it has not asked yet
        self._asking: tuple[asyncio.Task[None], dict[str, Mapping[str, Any]]] | None = (
            None
        )

    async def read(self, content: StreamReader) -> None:
        """Read until the stream ends; whoever is slower than that holds it back."""
        try:
            await self._read(content)
        except ValueError, LineTooLong:
            self._observer.chronicle.skip()
            raise
        finally:
            self._wake.set()

    async def _read(self, content: StreamReader) -> None:
        read = 0
        async for line in content:
            if (read := read + 1) % AT_ONCE == 0:
                # what lies in the buffer already would be read in one turn
                await asyncio.sleep(0)
            self._observer.api.hear()
            event = _parse(line)
            if event is None:
                # it would only come again after another end of the stream
                self._observer.api.dropped += 1
            elif event["Type"] == "container":
                self._take(event)
            else:
                changed = event["Type"] in {"image", "volume"}
                self._engine_changed = self._engine_changed or changed
                self._wake.set()
        raise CannotConnect("the stream of events ended")

    def _take(self, event: Mapping[str, Any]) -> None:
        actor = a_mapping(event.get("Actor"))
        name, attributes = in_dockers_words(
            str(event.get("Action") or event.get("status")),
            a_mapping(actor.get("Attributes")),
        )
        id_ = str(actor.get("ID") or event.get("id") or "")
        at = _moment(event)
        said = str(attributes.get("health_status") or "")
        self._observer.chronicle.take(name, id_, at, attributes)
        changes: dict[str, Any] = {}
        if name in STATES:
            changes["state"] = STATES[name]
        if name == "health_status" and said in set(Health):
            changes["health"] = Health(said)
        roster = self._observer.roster
        known = roster.containers.get(id_)
        if known and "health" in changes and known.health is changes["health"]:
            # Podman tells of every check, also of those that changed nothing
            return
        if name == "destroy":
            self._observer.remove(id_)
        elif name == "create" and known is None:
            self._observer.expect(describe(id_, attributes.get("name"), attributes))
        if name in LOOKS:
            self._changed[id_] = {**self._changed.get(id_, {}), **changes}
        self._wake.set()

    async def wait(self, reader: asyncio.Task[None]) -> bool:
        """Wait until there is something to look at; make sure that somebody is there."""
        observer, loop = self._observer, asyncio.get_running_loop()
        while True:
            quiet = observer.api.heard + QUIET - loop.time()
            with suppress(TimeoutError):
                async with asyncio.timeout(
                    max(0.0, min(quiet, observer.chronicle.until_due()))
                ):
                    await self._wake.wait()
            if reader.done():
                # whatever ended it is what is wrong
                await reader
            if self._wake.is_set() or observer.chronicle.say_what_is_due():
                return True
            if observer.api.heard + QUIET <= loop.time():
                await observer.api.read("version", versioned=False)

    async def settle(self) -> None:
        """Ask about what changed; what the events said stands in for a late answer."""
        self._wake.clear()
        if self._asking is None and (self._changed or self._engine_changed):
            asked, self._changed = self._changed, {}
            self._asking = asyncio.create_task(self._ask(asked)), asked
        if self._asking is None:
            return
        task, open_ = self._asking
        await asyncio.wait({task}, timeout=PATIENCE)
        if task.done():
            self._asking = None
            if self._changed:
                self._wake.set()
            await task
            return
        for id_, changes in (*open_.items(), *self._changed.items()):
            self._observer.roster.alter(id_, **changes)

    async def _ask(self, changed: dict[str, Mapping[str, Any]]) -> None:
        try:
            if self._engine_changed:
                self._engine_changed = False
                await self._observer.meet()
            await self._observer.inspect(changed)
        finally:
            self._wake.set()

    def close(self) -> None:
        """Ask nothing any more."""
        if self._asking:
            self._asking[0].cancel()
