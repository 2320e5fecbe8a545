"""What every request passes on its way to the engine."""

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web

from demo.engine.container import Refusal
from demo.engine.exchange import (
    ENGINE,
    complaint,
    engine_of,
    forbidden,
    hang_up,
    pattern_of,
    refuse_version,
)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def count(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Count what is asked, and how much of it at the same time."""
    engine, pattern = engine_of(request), pattern_of(request)
    engine.requests[pattern] += 1
    engine.asked.append(f"{request.method} {request.path_qs}")
    engine.in_flight[pattern] += 1
    engine.peaks[pattern] = max(engine.peaks[pattern], engine.in_flight[pattern])
    try:
        return await handler(request)
    finally:
        engine.in_flight[pattern] -= 1


@web.middleware
async def disturb(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Be silent, late, in the way, or gone before the answer."""
    faults = engine_of(request).faults
    await faults.voice()
    await asyncio.sleep(faults.delay)
    if faults.proxy and faults.proxy.refuses(request.method, request.path):
        return forbidden()
    patterns = {pattern_of(request), pattern_of(request, named=True)}
    response = await handler(request)
    if patterns & faults.lost:
        hang_up(request)
    await asyncio.sleep(max(faults.late.get(each, 0) for each in patterns))
    await faults.voice()
    return response


@web.middleware
async def complain(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Put what is refused into the engine's words."""
    engine = engine_of(request)
    try:
        refuse_version(request)
        for pattern in (pattern_of(request, named=True), pattern_of(request)):
            if pattern in engine.faults.answers:
                raise Refusal(*engine.faults.answers[pattern])
        return await handler(request)
    except Refusal as refusal:
        return complaint(engine, refusal)
    except web.HTTPError:
        # no such path, or not with this method
        return complaint(engine, Refusal(404, "page not found"))
    except ValueError as error:
        return complaint(engine, Refusal(400, str(error)))


async def sign(request: web.Request, response: web.StreamResponse) -> None:
    """Put the engine's headers above an answer; a proxy's own has none."""
    if response.status != 403 or response.content_type != "text/html":
        response.headers.update(request.app[ENGINE].machine.headers)
