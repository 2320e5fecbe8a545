"""An engine: who it is, what it has, what its containers take and print."""

import asyncio
from collections.abc import AsyncGenerator, Collection, Mapping
from contextlib import suppress
from datetime import datetime
import socket
from typing import Any

from aiohttp import StreamReader

from ...ours import Surroundings, carries_connection
from ...source import BadAnswer
from .address import Address, Way, parse_address
from .api import Api
from .engine import parse_disk_usage
from .following import QUIET, follow
from .logs import LogLine, LogReader
from .meter import Meter
from .models import DiskUsage, DockerHost, Readings
from .observer import Observer
from .performing import USAGE_DEADLINE, Performing
from .watching import Row, watch

# of a log, so much is read in one turn: about 3 ms
PIECE = 32 * 1024
NOWHERE = Surroundings(ids=frozenset(), host_name="")


class DockerClient(Performing):
    """An engine, asked and told what to do through its API."""

    def __init__(
        self,
        api: Api,
        data: Mapping[str, Any],
        surroundings: Surroundings = NOWHERE,
    ) -> None:
        """Nothing is asked yet; `surroundings` is the container we run in, if any."""
        self.observer = Observer(api, data["name"], self._is_ours)
        self._meter = Meter(api)
        self._address = parse_address(data["url"])
        self._surroundings = surroundings
        self._addresses: frozenset[str] = frozenset()

    @property
    def dropped(self) -> int:
        """How many values that cannot be were told so far; none of them is shown."""
        return self.observer.api.dropped

    async def identify(self) -> str:
        """Return the engine's own id; Podman is told by its machine and its storage."""
        self._addresses = await _addresses(self._address)
        return (await self.observer.meet()).id

    async def close(self) -> None:
        """Let go of every connection."""
        await self.observer.close()

    async def check(self) -> frozenset[str]:
        """Make sure that everything we read may be read; return what may be done."""
        await self.observer.look()
        past = {"since": "0", "until": "1"}
        async for _ in self.observer.api.lines("events", past, silence=10):
            pass
        return self.observer.may

    async def state(self) -> DockerHost:
        """Return what there is."""
        await self.observer.look()
        return self.observer.show()

    def follow(self) -> AsyncGenerator[DockerHost]:
        """Yield what there is, each time the engine says that it has changed."""
        return follow(self.observer)

    async def numbers(self, wanted: Collection[tuple[str, str]]) -> Readings:
        """Return what the containers take whose numbers somebody reads."""
        found = self.observer.roster.owners()
        asked = [
            each for each in found.values() if ("container", each.resource) in wanted
        ]
        return await self._meter.measure(asked, self.observer.engine)

    async def disk_usage(self) -> DiskUsage:
        """Return what lies on the disk; the engine may count for minutes."""
        api = self.observer.api
        return parse_disk_usage(await api.read("system/df", deadline=USAGE_DEADLINE))

    def watch(self) -> AsyncGenerator[Mapping[str, Row]]:
        """Yield every container's numbers once a second."""
        return watch(self.observer.api, self.observer.host)

    async def logs(
        self, resource_id: str, lines: int, since: datetime | None, follow: bool
    ) -> AsyncGenerator[LogLine]:
        """Yield what a container has printed last, and prints from now on."""
        container = self.observer.roster.owner(resource_id)
        if container is None:
            raise BadAnswer("there is no such container any more")
        params: dict[str, Any] = {
            "stdout": "1",
            "stderr": "1",
            "timestamps": "1",
            "tail": str(lines),
            "follow": "1" if follow else "0",
        }
        if since:
            params["since"] = f"{since.timestamp():.6f}"
        reader = LogReader(tty=container.tty, timestamps=True)
        path = f"containers/{container.id}/logs"
        async with self.observer.api.stream(path, params, silence=None) as content:
            async for piece in self._pieces(content):
                for line in reader.feed(piece):
                    yield line
        for line in reader.end():
            yield line

    async def _pieces(self, content: StreamReader) -> AsyncGenerator[bytes]:
        """Yield what comes; while nothing does, make sure that somebody is there."""
        while True:
            try:
                async with asyncio.timeout(QUIET):
                    piece = await content.read(PIECE)
            except TimeoutError:
                await self.observer.api.read("version", versioned=False)
                continue
            if not piece:
                return
            yield piece
            # others want to run, too, however much there is to read
            await asyncio.sleep(0)

    def _is_ours(
        self, id_: str, ports: Collection[int], addresses: Collection[str]
    ) -> bool:
        """Whether Home Assistant runs in a container, or reaches the engine through it."""
        through = self._address.way in {Way.PLAIN, Way.TLS, Way.SSH}
        return self._surroundings.hold(id_) or (
            through
            and carries_connection(
                port=self._address.port,
                addresses=self._addresses,
                published_ports=ports,
                own_addresses=addresses,
            )
        )


async def _addresses(address: Address) -> frozenset[str]:
    """Return the addresses of a host; its name where that leads to none.

    A container may be called like a machine: only who has its address stands there.
    """
    if not address.host:
        return frozenset()
    found: set[str] = set()
    with suppress(OSError, UnicodeError):
        loop = asyncio.get_running_loop()
        for *_, where in await loop.getaddrinfo(
            address.host, address.port, type=socket.SOCK_STREAM
        ):
            found.add(str(where[0]))
    return frozenset(found or {address.host})
