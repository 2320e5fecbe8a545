"""A ZFS host behind a real SSH server: it answers, hangs, dies, and lies."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
import shlex

from demo.zfs.machine import SimulatedZfs

from .ssh_server import PASSWORD, Running, SshServer, line

ENV = "/usr/bin/env"


@dataclass(slots=True)
class ZfsFarEnd:
    """The far end of an entry."""

    machine: SimulatedZfs = field(default_factory=SimulatedZfs)
    server: SshServer = field(default_factory=SshServer)
    # commands that begin so never end, whatever they are sent
    hanging: set[str] = field(default_factory=set)
    # how many of those that hang there are, and were at once
    hung: list[str] = field(default_factory=list)
    streams: list[asyncio.Queue[str]] = field(default_factory=list)
    paces: list[int] = field(default_factory=list)
    most_streams: int = 0
    # whether what hangs cannot be ended either
    is_deaf: bool = True
    # whether streams that are told to end go on until they next print something
    stubborn: bool = False

    @property
    def log(self) -> list[str]:
        """Every command so far."""
        return self.machine.log

    def data(self) -> dict[str, object]:
        """Return what an entry for it holds."""
        return {
            "host": "127.0.0.1",
            "port": self.server.port,
            "username": "homelab",
            "host_key": line(self.server.host_keys[0]),
            "password": PASSWORD,
        }

    @asynccontextmanager
    async def serving(self) -> AsyncGenerator[ZfsFarEnd]:
        """Listen for as long as the test lasts."""
        self.server.scripts[ENV] = self._play
        async with self.server.serving():
            yield self

    def emit(self, seconds: int = 10, *, number: int = 1) -> None:
        """Let time pass at the host: every stream prints samples."""
        for _ in range(number):
            self.machine.clock += seconds - 1
            text = self.machine.sample() + f"{self.machine.clock}\n"
            self.send(text)

    def send(self, text: str) -> None:
        """Have every stream print something."""
        for stream in self.streams:
            stream.put_nowait(text)

    async def _play(self, running: Running) -> None:
        words = self.machine.take(running.command)
        said = shlex.join(words)
        if any(said.startswith(start) for start in self.hanging):
            running.channel.is_deaf = self.is_deaf
            self.hung.append(said)
            await asyncio.Event().wait()
        if words[:2] == ["zpool", "iostat"] and not self.machine.instead.get(said):
            await self._stream(running, int(words[-1]))
            return
        answer = self.machine.run(words)
        if answer.out:
            await running.write(answer.out.encode())
        if answer.err:
            await running.write(answer.err.encode(), stderr=True)
        if not running.channel.is_closing():
            running.channel.exit(answer.code)

    async def _stream(self, running: Running, seconds: int) -> None:
        texts: asyncio.Queue[str] = asyncio.Queue()
        running.channel.is_deaf = self.stubborn
        self.streams.append(texts)
        self.paces.append(seconds)
        self.most_streams = max(self.most_streams, len(self.streams))
        ended = asyncio.ensure_future(running.has_ended.wait())
        text = asyncio.ensure_future(texts.get())
        try:
            await running.write(f"{self.machine.clock}\n".encode())
            while True:
                await asyncio.wait({text, ended}, return_when="FIRST_COMPLETED")
                if not text.done() or running.channel.is_closing():
                    break
                await running.write(text.result().encode())
                if not text.result():
                    running.channel.exit(0)
                    break
                text = asyncio.ensure_future(texts.get())
        finally:
            ended.cancel()
            text.cancel()
            self.streams.remove(texts)
