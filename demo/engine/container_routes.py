"""What can be asked and done about containers."""

import asyncio
from itertools import islice

from aiohttp import web

from demo.engine.container import Container, Refusal
from demo.engine.descriptions import KNOWN_FILTERS, detail, matches, summary
from demo.engine.exchange import Stream, api_of, engine_of, filters_of, flag, reply
from demo.engine.faults import OneShot
from demo.engine.frames import frame
from demo.engine.log import Line
from demo.engine.machine import number
from demo.engine.moment import SECOND, moment

STREAMS = ("stdout", "stderr")


async def listing(request: web.Request) -> web.StreamResponse:
    """List containers, the newest first."""
    engine, filters = engine_of(request), filters_of(request)
    for key in filters.keys() - KNOWN_FILTERS:
        raise Refusal(400, f"invalid filter '{key}'")
    limit = int(request.query.get("limit") or 0)
    everything = flag(request, "all") or limit > 0 or "status" in filters
    found = (
        container
        for container in reversed(engine.containers.values())
        if (everything or container.counts_as_running) and matches(container, filters)
    )
    now, api = engine.now(), api_of(request)
    chosen = islice(found, limit or None)
    return await reply(request, [summary(engine, each, api, now) for each in chosen])


async def inspect(request: web.Request) -> web.StreamResponse:
    """Describe one container."""
    engine = engine_of(request)
    return await reply(request, detail(engine, engine.find(request.match_info["id"])))


async def inspect_as_podman(request: web.Request) -> web.StreamResponse:
    """Describe one container in Podman's own words, of which Docker knows none."""
    engine = engine_of(request)
    if not engine.machine.is_podman:
        raise web.HTTPNotFound
    container = engine.find(request.match_info["id"])
    said = detail(engine, container)
    said["State"]["StoppedByUser"] = container.by_hand
    return await reply(request, said)


async def stats(request: web.Request) -> web.StreamResponse:
    """Give the figures of one container, once or on and on."""
    engine = engine_of(request)
    container = engine.find(request.match_info["id"])
    if flag(request, "stream", default=True):
        return await _stream_stats(request, container)
    before = None
    if container.is_up and not engine.machine.is_podman:
        mode = engine.faults.one_shot
        if flag(request, "one-shot") and mode is not OneShot.IGNORED:
            if mode is OneShot.WAITS:
                await asyncio.sleep(engine.until_next_cycle())
        else:
            await asyncio.sleep(engine.until_next_cycle() + engine.period)
            before = engine.now() - int(engine.period * SECOND)
    return await reply(request, _frame(request, container, before))


async def logs(request: web.Request) -> web.StreamResponse:
    """Give what a container has printed, and what it prints."""
    engine = engine_of(request)
    wanted = {name for name in STREAMS if flag(request, name)}
    if not wanted:
        raise Refusal(400, "Bad parameters: you must choose at least one stream")
    container = engine.find(request.match_info["id"])
    kind = "raw" if container.tty else "multiplexed"
    recent = number(api_of(request)) >= (1, 42)
    content_type = f"application/vnd.docker.{kind}-stream"
    stream = Stream(request, content_type if recent else "application/octet-stream")
    await stream.begin()
    seen = container.log.printed
    await _send_lines(
        request, stream, container, _asked_for(request, container, wanted)
    )
    while flag(request, "follow") and container.is_up:
        await container.log.wait(seen)
        lines = container.log.after(seen)
        seen = container.log.printed
        await _send_lines(
            request,
            stream,
            container,
            [each for each in lines if each.stream in wanted],
        )
    return stream.response


async def start(request: web.Request) -> web.StreamResponse:
    """Start a container."""
    engine_of(request).start(request.match_info["id"])
    return web.Response(status=204)


async def stop(request: web.Request) -> web.StreamResponse:
    """Stop a container."""
    await engine_of(request).stop(request.match_info["id"], *_manner(request))
    return web.Response(status=204)


async def restart(request: web.Request) -> web.StreamResponse:
    """Restart a container."""
    await engine_of(request).restart(request.match_info["id"], *_manner(request))
    return web.Response(status=204)


async def kill(request: web.Request) -> web.StreamResponse:
    """Send a container a signal."""
    signal = request.query.get("signal") or "SIGKILL"
    engine_of(request).kill(request.match_info["id"], signal)
    return web.Response(status=204)


async def pause(request: web.Request) -> web.StreamResponse:
    """Pause a container."""
    engine_of(request).pause(request.match_info["id"])
    return web.Response(status=204)


async def unpause(request: web.Request) -> web.StreamResponse:
    """Let a container go on."""
    engine_of(request).unpause(request.match_info["id"])
    return web.Response(status=204)


async def rename(request: web.Request) -> web.StreamResponse:
    """Give a container another name."""
    engine_of(request).rename(request.match_info["id"], request.query.get("name", ""))
    return web.Response(status=204)


async def remove(request: web.Request) -> web.StreamResponse:
    """Remove a container."""
    engine_of(request).remove(
        request.match_info["id"],
        force=flag(request, "force"),
        volumes=flag(request, "v"),
    )
    return web.Response(status=204)


def _manner(request: web.Request) -> tuple[float | None, str]:
    """Return how long to wait before the force, and the signal."""
    grace = request.query.get("t")
    return (int(grace) if grace else None), request.query.get("signal", "")


async def _stream_stats(
    request: web.Request, container: Container
) -> web.StreamResponse:
    engine = engine_of(request)
    stream = Stream(request, "application/json")
    await stream.begin()
    before = None
    while True:
        await asyncio.sleep(engine.until_next_cycle())
        if container.id not in engine.containers:
            return stream.response
        at = engine.now()
        await stream.say(_frame(request, container, before, at))
        before = at if container.is_up else None


def _frame(
    request: web.Request, container: Container, before: int | None, at: int = 0
) -> dict[str, object]:
    engine = engine_of(request)
    owner = engine.network_owner(container)
    return frame(container, engine.machine, at or engine.now(), before, owner)


def _asked_for(
    request: web.Request, container: Container, streams: set[str]
) -> list[Line]:
    now = engine_of(request).now()
    since = moment(request.query.get("since", ""), now) or 0
    until = moment(request.query.get("until", ""), now) or now
    lines = [
        line
        for line in container.log.lines
        if line.stream in streams and since <= line.at <= until
    ]
    tail = request.query.get("tail", "all")
    return lines[max(0, len(lines) - int(tail)) :] if tail.isdigit() else lines


async def _send_lines(
    request: web.Request, stream: Stream, container: Container, lines: list[Line]
) -> None:
    times = flag(request, "timestamps")
    for line in lines:
        await stream.send(line.sent(tty=container.tty, times=times))
