"""A command at the server, and what it writes, held within bounds."""

import asyncio
from collections import deque
from dataclasses import dataclass
from itertools import takewhile
from math import inf
from typing import Protocol, override

import asyncssh

from ..source import BadAnswer, CannotConnect, SourceError

# how much of a stream's stderr is kept
LAST_WORDS = 4096
# lines that nobody has taken yet, in bytes: above it the server has to wait
HELD = 65536
# the event loop gets its turn when lines come faster than they are used
TURN = 0.003


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """How a command ended; of a stream's stderr only the end is kept."""

    code: int | None
    signal: str | None
    stderr: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Completed(Ended):
    """All that a command wrote."""

    stdout: bytes


class Carrier(Protocol):
    """The login that a command runs on."""

    @property
    def is_lost(self) -> bool:
        """Whether there is no connection any more."""

    def note(self) -> None:
        """Look at the commands again: one has ended or was given up."""


class Command(asyncssh.SSHClientSession[bytes]):
    """One command: its channel, its end, and what is to become of it."""

    def __init__(self, carrier: Carrier, text: str) -> None:
        """Nothing is sent yet."""
        self.text = text
        self.channel: asyncssh.SSHClientChannel[bytes] | None = None
        self.error: SourceError | None = None
        # never, unless it was given up
        self.hangs_since = inf
        self.has_ended = False
        self._carrier = carrier
        self._changed = asyncio.Event()
        self._has_all = False
        self._code: int | None = None
        self._signal: str | None = None

    @property
    def is_given_up(self) -> bool:
        """Whether nobody wants anything of it any more."""
        return self.hangs_since < inf

    @override
    def connection_made(self, chan: asyncssh.SSHClientChannel[bytes]) -> None:
        self.channel = chan
        if self.is_given_up:
            chan.abort()

    @override
    def session_started(self) -> None:
        # nothing is ever typed
        if self.channel:
            self.channel.write_eof()

    @override
    def eof_received(self) -> bool:
        self._has_all = True
        return False

    @override
    def exit_status_received(self, status: int) -> None:
        self._code = status

    @override
    def exit_signal_received(
        self, signal: str, core_dumped: bool, msg: str, lang: str
    ) -> None:
        self._signal = signal

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self.finish()

    def finish(self) -> None:
        """Take note that the server has let go of it."""
        self.has_ended = True
        self._changed.set()
        self._carrier.note()

    def give_up(self) -> None:
        """Have it ended, and want nothing more of it.

        OpenSSH takes no signal for root or under a forced command, and it confirms the
        end only when the process has ended: nobody may wait for that here.
        """
        if self.has_ended or self.is_given_up:
            return
        self.hangs_since = asyncio.get_running_loop().time()
        if self.channel:
            self.channel.kill()
            self.channel.abort()
        self._carrier.note()

    def fail(self, words: str, reason: str = "") -> BadAnswer:
        """Give it up because of what it does."""
        self.error = BadAnswer(words, reason=reason, sent=self.channel is not None)
        self.give_up()
        self._changed.set()
        return self.error

    def _trouble(self) -> SourceError | None:
        """Return why there is no good end."""
        is_whole = self._has_all and (self._code is not None or self._signal)
        if self.error or is_whole or not self._carrier.is_lost:
            return self.error
        return CannotConnect("contact was lost", sent=self.channel is not None)


class Whole(Command):
    """A command whose output is wanted when it has ended."""

    def __init__(self, carrier: Carrier, text: str, *, limit: int) -> None:
        """`limit` bounds both streams together."""
        super().__init__(carrier, text)
        self._room = limit
        self._limit = limit
        self._stdout = bytearray()
        self._stderr = bytearray()

    @override
    def data_received(self, data: bytes, datatype: int | None) -> None:
        self._room -= len(data)
        if self._room < 0:
            self.fail(f"more than {self._limit} bytes")
            return
        (self._stdout if datatype is None else self._stderr).extend(data)

    async def result(self) -> Completed:
        """Wait for its end."""
        while not (self.has_ended or self.error):
            await self._changed.wait()
        if trouble := self._trouble():
            raise trouble
        return Completed(
            code=self._code,
            signal=self._signal,
            stdout=bytes(self._stdout),
            stderr=bytes(self._stderr),
        )


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
        if not self.has_ended or self._trouble():
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
                    if trouble := self._trouble():
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
