"""A command at the server, and what it writes, held within bounds."""

import asyncio
from dataclasses import dataclass
from math import inf
from typing import Protocol, override

import asyncssh

from ..source import BadAnswer, CannotConnect, SourceError


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

    def trouble(self) -> SourceError | None:
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
        if trouble := self.trouble():
            raise trouble
        return Completed(
            code=self._code,
            signal=self._signal,
            stdout=bytes(self._stdout),
            stderr=bytes(self._stderr),
        )
