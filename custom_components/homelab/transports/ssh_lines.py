"""Following a command line by line, while it runs."""

import asyncio
from collections import deque
from itertools import takewhile
from typing import override

from .ssh_command import Carrier, Command, Ended

# how much of a stream's stderr is kept
LAST_WORDS = 4096
# lines that nobody has taken yet, in bytes: above it the server has to wait
HELD = 65536
# the event loop gets its turn when lines come faster than they are used
TURN = 0.003


class Lines(Command):
    """A command that is read line by line while it runs.

    What comes after the last line break is no line: half a number is a wrong number.
    """

    def __init__(
        self, carrier: Carrier, text: str, *, limit: int, silence: float | None
    ) -> None:
        """Lines have at most `limit` bytes, and come at least every `silence`."""
        super().__init__(carrier, text)
        self._limit = limit
        self._silence = silence
        self._lines = deque[bytes]()
        self._held = 0
        self._rest = b""
        self._stderr = b""
        self._is_paused = False
        self._turn = 0.0

    @property
    def end(self) -> Ended | None:
        """How it ended; None while it runs, or when contact was lost."""
        if not self.has_ended or self.trouble():
            return None
        return Ended(code=self._code, signal=self._signal, stderr=self._stderr)

    @override
    def data_received(self, data: bytes, datatype: int | None) -> None:
        if datatype is not None:
            self._stderr = (self._stderr + data)[-LAST_WORDS:]
            return
        *lines, self._rest = (self._rest + data).split(b"\n")
        fitting = list(takewhile(lambda line: len(line) <= self._limit, lines))
        self._lines += fitting
        self._held += sum(map(len, fitting)) + len(fitting)
        if len(fitting) < len(lines) or len(self._rest) > self._limit:
            self._rest = b""
            self.fail(f"a line of more than {self._limit} bytes")
        elif self._held > HELD and self.channel and not self._is_paused:
            self._is_paused = True
            self.channel.pause_reading()
        self._changed.set()

    def __aiter__(self) -> Lines:
        return self

    async def __anext__(self) -> bytes:
        loop = asyncio.get_running_loop()
        if not self._lines:
            if not await self._has_more():
                raise StopAsyncIteration
            self._turn = loop.time()
        elif loop.time() - self._turn > TURN:
            await asyncio.sleep(0)
            self._turn = loop.time()
        line = self._lines.popleft()
        self._held -= len(line) + 1
        if self._is_paused and self.channel and not self._lines:
            self._is_paused = False
            self.channel.resume_reading()
        return line

    async def _has_more(self) -> bool:
        """Wait for a line, or for the end."""
        try:
            async with asyncio.timeout(self._silence):
                while not self._lines:
                    if trouble := self.trouble():
                        raise trouble
                    if self.has_ended:
                        return False
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise self.fail(
                f"nothing for {self._silence:g} s", reason="too_slow"
            ) from None
        return True
