"""A rack at the end of a real socket, which answers, dawdles, hangs, lies and hangs up."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, MutableMapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
import json
import random
from typing import Any

import probatio

from homeassistant.core import HomeAssistant

from .rack import BOX, HOST, SHELF, Box, Rack, Stats
from custom_components.homelab.form import Candidate, Step
from custom_components.homelab.kind import Feed, Interval, SourceType
from custom_components.homelab.source import BadAnswer, CannotConnect


@dataclass(slots=True)
class Server:
    """The far end: how it answers is drawn by lot for each question."""

    dice: random.Random
    port: int = 0
    faults: float = 0.3
    connections: set[asyncio.Task[None]] = field(default_factory=set)

    @asynccontextmanager
    async def serving(self) -> AsyncGenerator[None]:
        """Listen on loopback for as long as the test lasts."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield
        finally:
            server.close()
            await self.hang_up()

    async def hang_up(self) -> None:
        """End every connection from this side."""
        connections = [*self.connections]
        for task in connections:
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        task = asyncio.current_task()
        assert task
        self.connections.add(task)
        try:
            with suppress(ConnectionError):
                while question := (await reader.readline()).decode().strip():
                    await self._answer(question, writer)
        finally:
            self.connections.discard(task)
            writer.close()

    async def _answer(self, question: str, writer: asyncio.StreamWriter) -> None:
        while True:
            await asyncio.sleep(self.dice.uniform(0, 0.004))
            if self.dice.random() < self.faults:
                match self.dice.choice(("hang", "abort", "garbage")):
                    case "hang":
                        await asyncio.sleep(60)
                    case "abort":
                        writer.transport.abort()
                    case "garbage":
                        writer.write(b'{"half": \n')
            else:
                boxes = {f"b{n}": n % 2 for n in range(self.dice.randint(0, 5))}
                answer = "wire-1" if question == "identity" else boxes
                writer.write(json.dumps(answer).encode() + b"\n")
            await writer.drain()
            if question != "follow":
                return


class WireSource:
    """The client: a connection for each question and one for the stream."""

    dropped = 0

    def __init__(self, port: int) -> None:
        """Nothing is connected yet."""
        self._port = port

    async def identify(self) -> str:
        """Ask who it is."""
        return str(await self.ask("identity"))

    async def rack(self) -> Rack:
        """Ask what is on the rack."""
        return _rack(await self.ask("boxes"))

    async def stats(self) -> dict[str, Stats]:
        """Ask what the boxes use."""
        return {name: Stats(load=n) for name, n in (await self.ask("stats")).items()}

    async def ask(self, question: str) -> Any:
        """Ask on a connection of its own."""
        async with self._connection(question) as reader:
            return await _read(reader)

    async def follow(self) -> AsyncGenerator[Rack]:
        """Yield what the server keeps sending."""
        async with self._connection("follow") as reader:
            while True:
                yield _rack(await _read(reader))

    @asynccontextmanager
    async def _connection(self, question: str) -> AsyncGenerator[asyncio.StreamReader]:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        except OSError as error:
            raise CannotConnect(str(error)) from error
        try:
            writer.write(f"{question}\n".encode())
            yield reader
        finally:
            writer.transport.abort()

    async def close(self) -> None:
        """Every connection ends with the call that opened it."""


async def _read(reader: asyncio.StreamReader) -> Any:
    try:
        line = await reader.readline()
    except OSError as error:
        raise CannotConnect(str(error)) from error
    if not line:
        raise CannotConnect("hung up")
    try:
        return json.loads(line)
    except ValueError as error:
        raise BadAnswer(str(error)) from error


def _rack(boxes: dict[str, int]) -> Rack:
    return Rack(
        boxes={name: Box(name=name, running=bool(n)) for name, n in boxes.items()}
    )


async def _open(
    hass: HomeAssistant, data: Mapping[str, Any], options: Mapping[str, Any]
) -> WireSource:
    return WireSource(data["port"])


async def _submit(
    hass: HomeAssistant, answers: MutableMapping[str, Any]
) -> Candidate | str:
    identity = await WireSource(answers["port"]).identify()
    return Candidate(identity=identity, title="Wire", data=dict(answers))


SOURCE = SourceType[WireSource](
    key="wire",
    open=_open,
    feeds=(
        Feed(
            key="boxes",
            interval=Interval(option="stats_interval", default=1, minimum=1, maximum=9),
            fetch=WireSource.rack,
            follow=WireSource.follow,
            deadline=0.1,
        ),
        Feed(
            key="stats",
            interval=Interval(
                option="iostat_interval", default=1, minimum=1, maximum=9
            ),
            fetch=WireSource.stats,
            deadline=0.1,
        ),
        Feed(
            key="disk",
            interval=Interval(option="disk", default=1, minimum=1, maximum=9),
            fetch=WireSource.stats,
            deadline=0.1,
        ),
    ),
    kinds=(HOST, SHELF, BOX),
    form=(
        Step(
            key="wire",
            schema=lambda _: probatio.Schema({probatio.Required("port"): int}),
            submit=_submit,
        ),
    ),
    secrets=frozenset(),
)
