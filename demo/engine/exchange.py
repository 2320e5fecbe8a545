"""One request and its answer: counted, disturbed if that is wished, and sent."""

from collections.abc import Mapping, Sequence
import json
from typing import TYPE_CHECKING, Any

from aiohttp import web

from demo.engine.container import Refusal
from demo.engine.machine import number
from demo.engine.proxy import REFUSAL

if TYPE_CHECKING:
    from demo.engine.server import SimulatedEngine

ENGINE: "web.AppKey[SimulatedEngine]" = web.AppKey("engine")
VERSION = "/v{version:[0-9][0-9.]*}"
NOTHING = {"", "0", "no", "false", "none"}


def engine_of(request: web.Request) -> "SimulatedEngine":
    """Return the engine that is asked."""
    return request.app[ENGINE]


def pattern_of(request: web.Request, *, named: bool = False) -> str:
    """Return what kind of request it is, or which one exactly, without the version."""
    resource = request.match_info.route.resource
    if resource is None:
        return f"{request.method} (unknown)"
    path = request.path if named else resource.canonical
    version = request.match_info.get("version")
    prefix = f"/v{version}" if named else "/v{version}"
    return f"{request.method} {path.removeprefix(prefix)}"


def api_of(request: web.Request) -> str:
    """Return the version that the client speaks, else the engine's."""
    return request.match_info.get("version", engine_of(request).machine.api)


def flag(request: web.Request, name: str, *, default: bool = False) -> bool:
    """Read a switch of a query, as the engine does."""
    value = request.query.get(name)
    return default if value is None else value.strip().lower() not in NOTHING


def filters_of(request: web.Request) -> dict[str, Sequence[str]]:
    """Read filters, in their newer or older form."""
    try:
        filters: Mapping[str, Any] = json.loads(request.query.get("filters") or "{}")
    except ValueError:
        raise Refusal(400, "invalid filter") from None
    return {
        key: wanted
        if isinstance(wanted, list)
        else [name for name, meant in wanted.items() if meant]
        for key, wanted in filters.items()
    }


async def reply(
    request: web.Request, said: Any, status: int = 200
) -> web.StreamResponse:
    """Answer with JSON."""
    pattern = pattern_of(request)
    body = json.dumps(engine_of(request).faults.edited(pattern, said)).encode() + b"\n"
    response = web.Response(body=body, status=status, content_type="application/json")
    faults = engine_of(request).faults
    if not {pattern, pattern_of(request, named=True)} & {*faults.cut, *faults.flood}:
        return response
    stream = Stream(request, "application/json")
    await stream.begin()
    await stream.send(body)
    return stream.response


class Stream:
    """An answer that goes on."""

    def __init__(self, request: web.Request, content_type: str) -> None:
        self.response = web.StreamResponse()
        self.response.content_type = content_type
        self._request = request
        self._patterns = {pattern_of(request), pattern_of(request, named=True)}
        self._faults = engine_of(request).faults

    async def begin(self) -> None:
        """Send what stands above it."""
        await self.response.prepare(self._request)

    async def send(self, raw: bytes) -> None:
        """Send some of it, unless it is disturbed."""
        await self._faults.voice()
        for pattern in self._patterns & {*self._faults.flood}:
            raw = b'{"' + b"x" * self._faults.flood.pop(pattern)
        if cut := self._patterns & self._faults.cut:
            self._faults.cut -= cut
            await self.response.write(raw[: len(raw) // 2])
            hang_up(self._request)
            return
        await self.response.write(raw)

    async def say(self, said: Any) -> None:
        """Send a line of JSON."""
        pattern = pattern_of(self._request)
        said = self._faults.edited(pattern, said)
        await self.send(json.dumps(said, separators=(",", ":")).encode() + b"\n")


def hang_up(request: web.Request) -> None:
    """Break the connection without a word, once what was written is out."""
    if request.transport is not None:
        request.transport.abort()


def complaint(engine: "SimulatedEngine", refusal: Refusal) -> web.Response:
    """Return what the engine says to what it does not do."""
    if refusal.status == 304:
        return web.Response(status=304)
    said: dict[str, Any] = {"message": refusal.message}
    if engine.machine.is_podman:
        said = {"cause": refusal.message, **said, "response": refusal.status}
    # exactly this type: older clients do not read what is said otherwise
    body = json.dumps(said).encode() + b"\n"
    return web.Response(
        body=body, status=refusal.status, content_type="application/json"
    )


def refuse_version(request: web.Request) -> None:
    """Refuse a client that is too old or too new; Podman takes any."""
    machine = engine_of(request).machine
    version = request.match_info.get("version")
    if version is None or machine.is_podman:
        return
    asked = number(version.strip("."))
    if asked < number(machine.oldest_api):
        raise Refusal(
            400,
            f"client version {version} is too old. Minimum supported API version is "
            f"{machine.oldest_api}, please upgrade your client to a newer version",
        )
    if asked > number(machine.api):
        raise Refusal(
            400,
            f"client version {version} is too new. Maximum supported API version is "
            f"{machine.api}",
        )


def forbidden() -> web.Response:
    """Return what a proxy says to what it does not let through."""
    response = web.Response(status=403, text=REFUSAL, content_type="text/html")
    response.headers["Cache-Control"] = "no-cache"
    response.force_close()
    return response
