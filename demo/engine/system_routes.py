"""What can be asked about the engine itself."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress

from aiohttp import web

from demo.engine.container import Refusal, State
from demo.engine.events import Event, Subscriber
from demo.engine.exchange import Stream, api_of, engine_of, filters_of, reply
from demo.engine.machine import number
from demo.engine.moment import SECOND, moment, stamp
from demo.engine.space import KINDS, disk_usage


async def ping(request: web.Request) -> web.StreamResponse:
    """Say that somebody is there."""
    response = web.Response(text="OK", content_type="text/plain", charset="utf-8")
    response.headers["Cache-Control"] = "no-cache, no-store, must-revalidate"
    return response


async def version(request: web.Request) -> web.StreamResponse:
    """Say which engine this is."""
    return await reply(request, engine_of(request).machine.version())


async def info(request: web.Request) -> web.StreamResponse:
    """Say what this engine has, and on which machine."""
    engine = engine_of(request)
    states = Counter(each.state for each in engine.containers.values())
    paused = states[State.PAUSED]
    running = states[State.RUNNING] + states[State.RESTARTING]
    numbers = {
        "Containers": states.total(),
        "ContainersRunning": running,
        "ContainersPaused": paused,
        "ContainersStopped": states.total() - running - paused,
        "Images": len(engine.images),
        "NEventsListener": len(engine.chronicle.subscribers),
    }
    return await reply(request, engine.machine.info(stamp(engine.now())) | numbers)


async def used_space(request: web.Request) -> web.StreamResponse:
    """Say how much room everything takes."""
    engine, api = engine_of(request), api_of(request)
    kinds = request.query.getall("type", []) if number(api) >= (1, 42) else []
    for kind in kinds:
        if kind not in KINDS:
            raise Refusal(400, f"unknown object type: {kind}")
    recent = number(api) >= (1, 52)
    return await reply(request, disk_usage(engine, api, kinds or KINDS, recent=recent))


async def events(request: web.Request) -> web.StreamResponse:
    """Tell what happens, after what has happened since a time if that is asked for."""
    engine, filters = engine_of(request), filters_of(request)
    now = engine.now()
    since = moment(request.query.get("since", ""), now)
    until = moment(request.query.get("until", ""), now)
    stream = Stream(request, "application/json")
    subscriber = Subscriber()
    # before anything is sent: what happens meanwhile must not get lost
    engine.chronicle.subscribers.add(subscriber)
    past = [] if since is None else engine.chronicle.since(since, until)
    try:
        await stream.begin()
        await _tell(request, stream, filters, past)
        if until is not None and until <= now:
            return stream.response
        with suppress(TimeoutError):
            async with asyncio.timeout(until and (until - now) / SECOND):
                while told := await subscriber.take():
                    await _tell(request, stream, filters, told)
    finally:
        engine.chronicle.subscribers.discard(subscriber)
    return stream.response


async def prune_cache(request: web.Request) -> web.StreamResponse:
    """Clear the build cache of what no build uses."""
    return await reply(request, engine_of(request).clearing.prune_cache())


async def _tell(
    request: web.Request,
    stream: Stream,
    filters: Mapping[str, Sequence[str]],
    told: Iterable[Event],
) -> None:
    repeating = number(api_of(request)) < (1, 52)
    lines = [each.line(repeating=repeating) for each in told if each.passes(filters)]
    if lines:
        await stream.send(b"".join(lines))
