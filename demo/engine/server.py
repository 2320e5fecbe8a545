"""The simulated engine: containers that live, behind sockets that can be disturbed."""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
import socket
import ssl
from types import TracebackType
from typing import Self

from aiohttp import web

from demo.engine.clearing import Clearing
from demo.engine.container import State
from demo.engine.exchange import ENGINE
from demo.engine.faults import Faults
from demo.engine.life import Life
from demo.engine.machine import Machine
from demo.engine.middleware import complain, count, disturb, sign
from demo.engine.population import wall_clock
from demo.engine.routes import add_routes

LOOPBACK = "127.0.0.1"
# in hundredths of a second: how often a storm blows
GUST = 0.01


@dataclass(kw_only=True, slots=True)
class Door:
    """An address that the engine listens on."""

    path: Path | None = None
    port: int = 0
    tls: ssl.SSLContext | None = None

    @property
    def url(self) -> str:
        """Return how a client calls it."""
        if self.path:
            return f"unix://{self.path}"
        return f"{'https' if self.tls else 'tcp'}://{LOOPBACK}:{self.port}"

    def open(self) -> socket.socket:
        """Listen, again on the same port after the first time."""
        if self.path:
            self.path.unlink(missing_ok=True)
            listening = socket.socket(socket.AF_UNIX)
            listening.bind(str(self.path))
        else:
            listening = socket.socket()
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind((LOOPBACK, self.port))
            self.port = listening.getsockname()[1]
        return listening


class SimulatedEngine(Life):
    """An engine to test and show against, for as long as the `async with` lasts.

    Requests are counted by kind, as `GET /containers/{id}/stats`, without the version.
    """

    def __init__(
        self,
        machine: Machine | None = None,
        *,
        socket_path: Path | None = None,
        seed: int = 0,
        clock: Callable[[], int] = wall_clock,
        period: float = 1,
    ) -> None:
        """Listen on nothing yet but the socket, if its path is given.

        The period is how far apart the frames of a stream are, in seconds.
        """
        super().__init__(machine, seed=seed, clock=clock)
        self.faults = Faults()
        self.clearing = Clearing(engine=self)
        self.period = period
        self.requests: Counter[str] = Counter()
        self.asked: list[str] = []
        self.in_flight: Counter[str] = Counter()
        self.peaks: Counter[str] = Counter()
        self._doors = [Door(path=socket_path)] if socket_path else []
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        await self.come_up()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.forget_timers()
        await self._close()

    @property
    def url(self) -> str:
        """Return the first address."""
        return self._doors[0].url

    @property
    def connections(self) -> int:
        """Return how many clients are connected."""
        server = self._runner.server if self._runner else None
        return len(server.connections) if server else 0

    async def listen(
        self, path: Path | None = None, *, tls: ssl.SSLContext | None = None
    ) -> str:
        """Listen on another socket, or on a port of loopback; return the address."""
        door = Door(path=path, tls=tls)
        self._doors.append(door)
        await self._open(door)
        return door.url

    def hang_up(self) -> None:
        """Break every connection, in the middle of whatever it does."""
        if self._runner and self._runner.server:
            for connection in self._runner.server.connections:
                if connection.transport:
                    connection.transport.abort()

    async def go_down(self, *, gently: bool = True) -> None:
        """End as `dockerd` does: told to, or killed, which leaves the containers alone."""
        self.forget_timers()
        if gently:
            up = [each for each in self.containers.values() if each.is_up]
            by_hand = {each.id: each.by_hand for each in up}
            for container in up:
                container.by_hand = True
            await asyncio.gather(*(self.bring_down(each) for each in up))
            for container in up:
                container.by_hand = by_hand[container.id]
        else:
            self.hang_up()
        await self._close()
        for door in self._doors if gently else ():
            if door.path:
                door.path.unlink(missing_ok=True)
        # the next run makes its own bridge anew
        self.add_network("bridge")

    async def come_up(self) -> None:
        """Begin as `dockerd` does: nothing is remembered but what there is."""
        self.chronicle.kept.clear()
        app = web.Application(middlewares=[count, disturb, complain])
        app[ENGINE] = self
        app.on_response_prepare.append(sign)
        add_routes(app)
        self._runner = web.AppRunner(
            app, access_log=None, handler_cancellation=True, shutdown_timeout=0
        )
        await self._runner.setup()
        for container in [*self.containers.values()]:
            if container.is_up:
                # it outlived the engine, which does not like that
                container.by_hand = True
                await self.bring_down(container)
            elif container.state is State.RESTARTING:
                container.state = State.EXITED
        for container in self.containers.values():
            if container.starts_with_engine:
                self.begin(container)
        for door in self._doors:
            await self._open(door)

    async def storm(
        self,
        rate: int,
        seconds: float,
        actions: tuple[str, ...] = (
            "health_status: healthy",
            "health_status: unhealthy",
        ),
    ) -> None:
        """Tell very many events of all containers, about nothing that has happened."""
        containers = [*self.containers.values()]
        gusts = max(1, int(seconds / GUST))
        each = max(1, int(rate * GUST))
        begin = asyncio.get_running_loop().time()
        for gust in range(gusts):
            for told in range(gust * each, (gust + 1) * each):
                container = containers[told % len(containers)]
                turn = told // len(containers)
                self.tell_of(container, actions[turn % len(actions)])
            due = begin + (gust + 1) * GUST
            await asyncio.sleep(due - asyncio.get_running_loop().time())

    def until_next_cycle(self) -> float:
        """Return how long it is until figures are taken again."""
        return self.period - asyncio.get_running_loop().time() % self.period

    async def _open(self, door: Door) -> None:
        assert self._runner  # noqa: S101
        site = web.SockSite(self._runner, door.open(), ssl_context=door.tls)
        await site.start()

    async def _close(self) -> None:
        if self._runner:
            await self._runner.cleanup()
            self._runner = None
