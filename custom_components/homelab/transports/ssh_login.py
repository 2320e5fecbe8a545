"""One login: an authenticated connection, and what is under way on it."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, override

import asyncssh

from ..source import BadAnswer, CannotConnect
from .ssh_address import SshAddress, login_options
from .ssh_command import Command
from .ssh_errors import FAULTS, explain
from .ssh_keys import public_line
from .ssh_socket import ForwardedSocket

# sshd allows ten at once (MaxSessions), and counts those that hang until they end
SESSIONS = 6
# sshd counts a session that has just ended until it is through with what it has read:
# a refusal may be over in a moment
PAUSES = (0.05, 0.1, 0.2, 0.4)
# what the server may send ahead of its reader, for each channel
WINDOW = 262144


class Login(asyncssh.SSHClient):
    """One connection to a server that is who it was."""

    _connection: asyncssh.SSHClientConnection

    def __init__(self) -> None:
        """Nothing is connected yet."""
        self.commands: set[Command] = set()
        self._sockets: set[ForwardedSocket] = set()
        self._openings: set[asyncio.Task[None]] = set()
        self._offered = ""
        self._is_retired = False
        self._changed = asyncio.Event()
        self._lost = asyncio.Event()

    async def open(
        self, address: SshAddress, *, deadline: float, keepalive: float
    ) -> None:
        """Connect, and log in."""
        try:
            async with asyncio.timeout(deadline):
                options = await login_options(address, keepalive=keepalive)
                await asyncssh.connect(
                    address.host, address.port, client_factory=lambda: self, **options
                )
        except FAULTS as error:
            raise explain(error, self._offered) from error

    async def close(self) -> None:
        """Hang up, and leave nothing behind."""
        self._connection.close()
        await self._connection.wait_closed()
        if self._openings:
            await asyncio.wait(self._openings)

    # what asyncssh says

    @override
    def connection_made(self, conn: asyncssh.SSHClientConnection) -> None:
        self._connection = conn

    @override
    def validate_host_public_key(
        self, host: str, addr: str, port: int, key: asyncssh.SSHKey
    ) -> bool:
        """Refuse a key that is not the pinned one, and remember it."""
        self._offered = public_line(key)
        return False

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._lost.set()
        self.note()

    # what is under way

    @property
    def is_lost(self) -> bool:
        """Whether there is no connection any more."""
        return self._lost.is_set()

    @property
    def is_full(self) -> bool:
        """Whether one command more might be too many for the server."""
        return len(self.commands) >= SESSIONS

    def note(self) -> None:
        """Let go of what has ended, and wake those who wait for that."""
        self.commands = {c for c in self.commands if not c.has_ended}
        self._sockets = {s for s in self._sockets if not s.has_ended}
        channels: set[Command | ForwardedSocket] = {*self.commands, *self._sockets}
        if self._is_retired and all(channel.is_given_up for channel in channels):
            self._connection.abort()
        self._changed.set()
        self._changed.clear()

    async def change(self) -> None:
        """Wait until a command has ended or was given up, or contact is lost."""
        await self._changed.wait()

    def retire(self) -> None:
        """Take nothing new, and hang up when nothing is left that anybody wants."""
        self._is_retired = True
        self.note()

    async def begin(self, command: Command) -> None:
        """Open a channel for a command, and send it."""
        self.commands.add(command)
        await self._see_through(self._begin(command))

    async def _begin(self, command: Command) -> None:
        try:
            for pause in PAUSES:
                try:
                    return await self._create(command)
                except asyncssh.ChannelOpenError:
                    if command.channel or command.is_given_up or self.is_lost:
                        raise
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._lost.wait(), pause)
            await self._create(command)
        except FAULTS as error:
            if command.channel is None:
                command.finish()
            if self.is_lost:
                was_sent = command.channel is not None
                raise CannotConnect("contact was lost", sent=was_sent) from error
            raise BadAnswer(f"the command is refused: {error}") from error

    async def _create(self, command: Command) -> None:
        await self._connection.create_session(
            lambda: command,
            command.text,
            env=None,
            send_env=None,
            request_pty=False,
            x11_forwarding=False,
            encoding=None,
            window=WINDOW,
        )

    async def connect_socket(self, path: str, protocol: asyncio.Protocol) -> None:
        """Connect a protocol with a socket at the server."""
        socket = ForwardedSocket(self, protocol)
        self._sockets.add(socket)
        try:
            await self._see_through(self._connect_socket(path, socket))
        except BaseException:
            socket.abort()
            raise

    async def _connect_socket(self, path: str, socket: ForwardedSocket) -> None:
        try:
            await self._connection.create_unix_connection(
                lambda: socket, path, window=WINDOW
            )
        except FAULTS as error:
            socket.connection_lost(error)
            if self.is_lost:
                raise CannotConnect("contact was lost") from error
            # the same for OpenSSH: no socket, no permission, forwarding not allowed
            raise CannotConnect(str(error), reason="socket_refused") from error

    async def _see_through(self, opening: Coroutine[Any, Any, None]) -> None:
        """Let the opening of a channel come to its end, even if nobody waits for it.

        asyncssh would forget a channel whose opening was cancelled, the server not.
        """
        task = asyncio.create_task(opening)
        self._openings.add(task)
        task.add_done_callback(self._opened)
        # not shielded: asyncio would complain of what fails when nobody waits any more
        await asyncio.wait({task})
        task.result()

    def _opened(self, task: asyncio.Task[None]) -> None:
        self._openings.discard(task)
        if not task.cancelled():
            # nobody may be left to ask for it
            task.exception()
