"""Questions to an engine: each with a deadline, each answer of a bounded size."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, override

from aiodocker import Docker
from aiohttp import (
    BaseConnector,
    ClientPayloadError,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    StreamReader,
)
import orjson

from ...acting import mutating
from ...source import BadAnswer, CannotConnect
from .errors import translated
from .reading import a_mapping

# a list of a thousand containers is about a megabyte
LONGEST_ANSWER = 16 * 1024 * 1024
DEADLINE = 10.0
CONNECT = 10.0
REFUSALS = frozenset({401, 403, 405})


class BoundedResponse(ClientResponse):
    """An answer that is read only as long as it is not absurd."""

    @override
    async def read(self) -> bytes:
        if self._body is None:
            parts, size = [], 0
            async for part in self.content.iter_any():
                size += len(part)
                if size > LONGEST_ANSWER:
                    self.close()
                    raise ClientPayloadError("an answer of more than 16 MiB")
                parts.append(part)
            self._body = b"".join(parts)
            await self.wait_for_close()
        return self._body


class Api(Docker):
    """An engine's API over any connector; errors are ours."""

    def __init__(
        self,
        base: str,
        connector: BaseConnector,
        close: Callable[[], Awaitable[None]] | None = None,
        doubt: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """Nothing is asked yet; `close` lets go of what lies under the connector.

        `doubt` raises why somebody hangs up without a word, if that can be found out.
        """
        session = ClientSession(
            connector=connector,
            response_class=BoundedResponse,
            timeout=ClientTimeout(total=DEADLINE, connect=CONNECT),
            # what an engine is reached by is the entry's alone
            trust_env=False,
        )
        super().__init__(base, connector=connector, session=session)
        # what was told, but cannot be
        self.dropped = 0
        # by the loop's clock, when somebody last answered
        self.heard = 0.0
        # what it called the time when it answered
        self.date: str | None = None
        self._close_under = close
        self._doubt = doubt

    @override
    async def close(self) -> None:
        """Let go of every connection."""
        await super().close()
        await self.session.close()
        if self._close_under:
            await self._close_under()

    def speak(self, version: object, newest: tuple[int, int]) -> None:
        """Use the server's version of the API, but none whose answers are not known."""
        said = a_mapping(version)
        text = str(said.get("ApiVersion") or "")
        least = str(said.get("MinAPIVersion") or "")
        if not _order(text):
            raise BadAnswer("what answers is no Docker engine", reason="not_docker")
        known = ".".join(map(str, newest))
        self.api_version = "v" + max(min(text, known, key=_order), least, key=_order)

    async def read(
        self,
        path: str,
        params: Mapping[str, Any] | None = None,
        *,
        deadline: float = DEADLINE,
        versioned: bool = True,
    ) -> Any:
        """Return what the engine answers, as JSON."""
        try:
            with translated(path):
                response = await self._do_query(
                    path,
                    "GET",
                    params=params,
                    timeout=ClientTimeout(total=deadline, connect=CONNECT),
                    versioned_api=versioned,
                )
                async with response:
                    answer = orjson.loads(await response.read())
                    self.date = response.headers.get("Date")
                    self.hear()
                    return answer
        except CannotConnect as error:
            if self._doubt and error.reason == CannotConnect.default:
                await self._doubt()
            raise

    def hear(self) -> None:
        """Note that somebody is there."""
        self.heard = asyncio.get_running_loop().time()

    @asynccontextmanager
    async def stream(
        self, path: str, params: Mapping[str, Any], *, silence: float | None
    ) -> AsyncIterator[StreamReader]:
        """Open an answer without end; `silence` is how long it may say nothing."""
        patience = ClientTimeout(total=None, connect=CONNECT, sock_read=silence)
        with translated(path):
            response = await self._do_query(
                path, "GET", params=params, timeout=patience
            )
            try:
                yield response.content
            finally:
                # not read to its end: the connection is of no more use
                response.close()

    async def lines(
        self, path: str, params: Mapping[str, Any], *, silence: float | None
    ) -> AsyncGenerator[bytes]:
        """Yield the lines of an answer without end."""
        async with self.stream(path, params, silence=silence) as content:
            async for line in content:
                self.hear()
                yield line

    @mutating
    async def remove(self, path: str) -> None:
        """Remove one thing; the engine refuses where somebody uses it."""
        with translated(path, acts=True):
            await self._do_query(path, "DELETE")

    async def probe(self, method: str, path: str) -> bool | None:
        """Find out whether a request would be let through, on what cannot exist.

        None is an answer that does not say: of whoever is out of order, or overloaded.
        """
        with translated(path):
            response = await self.session.request(
                method,
                f"{self.docker_host}/{self.api_version}/{path}",
                timeout=ClientTimeout(total=DEADLINE, connect=CONNECT),
            )
            async with response:
                await response.read()
                if response.status in REFUSALS:
                    return False
                return True if response.status == 404 else None


def _order(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdecimal())
