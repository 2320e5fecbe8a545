"""A server over SSH: one login, shared by all who ask something there."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
import shlex

from ..source import BadAnswer, CannotConnect
from .ssh_address import SshAddress
from .ssh_command import Completed, Ended, Whole
from .ssh_lines import Lines
from .ssh_login import Login

__all__ = ["Completed", "Ended", "Lines", "SshAddress", "SshConnection", "quote"]

MIB = 1048576


def quote(*words: str) -> str:
    """Make words into a command that any shell reads as exactly these words."""
    command = shlex.join(words)
    if any(sign in command for sign in "\0\r\n"):
        raise BadAnswer("a name with a line break or a NUL in it")
    return command


class SshConnection:
    """A server that is logged in to when somebody asks, and stays logged in to."""

    def __init__(
        self,
        address: SshAddress,
        *,
        login_deadline: float = 20,
        keepalive: float = 10,
    ) -> None:
        """A far end silent for four times `keepalive` seconds is gone."""
        self.logins = 0
        self._address = address
        self._login_deadline = login_deadline
        self._keepalive = keepalive
        self._login: Login | None = None
        self._attempt: asyncio.Task[Login] | None = None
        # a login that hangs goes on beside its successor while somebody uses it
        self._all: set[Login] = set()
        self._is_closed = False

    @property
    def lingering(self) -> frozenset[str]:
        """The commands that were given up, and still run at the server."""
        commands = (command for login in self._all for command in login.commands)
        return frozenset(command.text for command in commands if command.is_given_up)

    async def run(
        self, command: str, *, deadline: float, limit: int = MIB
    ) -> Completed:
        """Run a command to its end, whatever its exit code."""
        whole: Whole | None = None
        try:
            async with asyncio.timeout(deadline):
                login = await self._place()
                whole = Whole(login, command, limit=limit)
                await login.begin(whole)
                return await whole.result()
        except TimeoutError:
            raise self._too_late(whole, deadline) from None
        finally:
            if whole:
                whole.give_up()

    @asynccontextmanager
    async def stream(
        self, command: str, *, line_limit: int = 65536, silence: float | None = None
    ) -> AsyncGenerator[Lines]:
        """Run a command for as long as its lines are wanted."""
        lines: Lines | None = None
        try:
            try:
                async with asyncio.timeout(self._login_deadline):
                    login = await self._place()
                    lines = Lines(login, command, limit=line_limit, silence=silence)
                    await login.begin(lines)
            except TimeoutError:
                raise self._too_late(lines, self._login_deadline) from None
            yield lines
        finally:
            if lines:
                lines.give_up()

    async def connect_socket(self, path: str, protocol: asyncio.Protocol) -> None:
        """Connect a protocol with the socket at this path of the server."""
        try:
            async with asyncio.timeout(self._login_deadline):
                login = await self._logged_in()
                await login.connect_socket(path, protocol)
        except TimeoutError:
            raise CannotConnect("no answer in time") from None

    async def close(self) -> None:
        """Hang up, also in the middle of a login."""
        self._is_closed = True
        if self._attempt:
            self._attempt.cancel()
            await asyncio.wait([self._attempt])
        for login in self._all:
            await login.close()

    @property
    def is_up(self) -> bool:
        """Whether what is begun now needs no new login."""
        return self._login is not None and not self._login.is_lost

    def _too_late(
        self, command: Whole | Lines | None, deadline: float
    ) -> BadAnswer | CannotConnect:
        if not self.is_up:
            return CannotConnect("no answer in time")
        was_sent = command is not None and command.channel is not None
        return BadAnswer(
            f"no end after {deadline:g} s", reason="too_slow", sent=was_sent
        )

    async def _place(self) -> Login:
        """Return a login on which there is room for one command more."""
        while (login := await self._logged_in()).is_full:
            now = asyncio.get_running_loop().time()
            if any(c.hangs_since < now - self._keepalive for c in login.commands):
                # a process that cannot be ended keeps its place at the server until
                # the connection is another one
                self._login = None
                login.retire()
                continue
            with suppress(TimeoutError):
                async with asyncio.timeout(self._keepalive):
                    await login.change()
        return login

    async def _logged_in(self) -> Login:
        """Return the login; all who wait for one share one attempt."""
        if self._is_closed:
            raise CannotConnect("the connection is closed")
        if self._login and self.is_up:
            return self._login
        if self._attempt is None:
            # eager: close() may cancel it only where it is prepared for that
            self._attempt = asyncio.create_task(self._log_in(), eager_start=True)
            self._attempt.add_done_callback(self._attempted)
        attempt = self._attempt
        await asyncio.wait({attempt})
        return attempt.result()

    async def _log_in(self) -> Login:
        login = Login()
        try:
            await login.open(
                self._address, deadline=self._login_deadline, keepalive=self._keepalive
            )
        except asyncio.CancelledError:
            # only close() cancels it, never one of those who wait
            raise CannotConnect("the connection is closed") from None
        self.logins += 1
        self._all = {login, *(other for other in self._all if not other.is_lost)}
        self._login = login
        return login

    def _attempted(self, task: asyncio.Task[Login]) -> None:
        self._attempt = None
        if not task.cancelled():
            # those who asked may have left
            task.exception()
