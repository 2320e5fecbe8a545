"""An SSH server on loopback that records what it is asked, and does what goes wrong."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import cast, override

import asyncssh
from asyncssh.packet import UInt32

from custom_components.homelab.transports.ssh import SshAddress, SshConnection

PASSWORD = "correct horse battery staple"
type Script = Callable[[Running], Awaitable[None]]


def new_key(kind: str = "ssh-ed25519") -> asyncssh.SSHKey:
    """Make a key."""
    return asyncssh.generate_private_key(kind)


def line(key: asyncssh.SSHKey) -> str:
    """Write its public half as a user would paste it."""
    return key.export_public_key("openssh").decode().strip()


class Channel(asyncssh.SSHServerChannel[bytes]):
    """A channel that notes every request, and may never confirm that it is closed."""

    requests: list[str]
    is_deaf: bool

    @override
    def _service_next_request(self) -> None:
        name, _packet, _wants_reply = self._request_queue[0]
        self.requests.append(name)
        super()._service_next_request()

    @override
    def _close_send(self) -> None:
        if not self.is_deaf:
            super()._close_send()


class Running(asyncssh.SSHServerSession[bytes]):
    """A command under way: what the script of the test plays on."""

    def __init__(self, server: SshServer, channel: Channel) -> None:
        """Nothing is asked yet."""
        self.server = server
        self.channel = channel
        self.command = ""
        self.signals: list[str] = []
        self.has_eof = asyncio.Event()
        self.has_ended = asyncio.Event()
        self._may_write = asyncio.Event()
        self._may_write.set()

    @override
    def connection_made(self, chan: asyncssh.SSHServerChannel[bytes]) -> None:
        if self.server.talks_nonsense:
            # the end of a command that was never begun
            chan._send_request(b"exit-status", UInt32(0))

    @override
    def exec_requested(self, command: str) -> bool:
        self.command = command
        if command == "refused":
            return False
        if command == "dropped":
            self.server.hang_up()
        return True

    @override
    def session_started(self) -> None:
        self.server.running.append(self)
        script = self.server.scripts.get(self.command.split()[0])
        if script:
            self.server.play(script(self))

    @override
    def signal_received(self, signal: str) -> None:
        self.signals.append(signal)

    @override
    def eof_received(self) -> bool:
        self.has_eof.set()
        return True

    @override
    def pause_writing(self) -> None:
        self._may_write.clear()

    @override
    def resume_writing(self) -> None:
        self._may_write.set()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        for event in (self.has_ended, self.has_eof, self._may_write):
            event.set()

    async def write(self, data: bytes, *, stderr: bool = False) -> bool:
        """Write when there is room; False when nobody wants it any more."""
        await self._may_write.wait()
        if self.channel.is_closing():
            return False
        if stderr:
            self.channel.write_stderr(data)
        else:
            self.channel.write(data)
        await asyncio.sleep(0)
        return True


class Door(asyncssh.SSHServer):
    """Who may log in, and what may be opened then."""

    def __init__(self, server: SshServer) -> None:
        """Nobody has come yet."""
        self._server = server
        self._connection: asyncssh.SSHServerConnection | None = None

    @override
    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn
        self._server.connections.append(conn)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        assert self._connection
        self._server.connections.remove(self._connection)

    @override
    async def begin_auth(self, username: str) -> bool:
        self._server.attempts += 1
        await self._server.may_log_in.wait()
        return True

    @override
    def auth_completed(self) -> None:
        self._server.logins += 1
        if self._server.hangs_up_after_login:
            self._server.hang_up()

    @override
    def public_key_auth_supported(self) -> bool:
        return True

    @override
    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        return key in self._server.user_keys

    @override
    def password_auth_supported(self) -> bool:
        return not self._server.asks_by_keyboard

    @override
    def kbdint_auth_supported(self) -> bool:
        return self._server.asks_by_keyboard

    @override
    def get_kbdint_challenge(
        self, username: str, lang: str, submethods: str
    ) -> tuple[str, str, str, list[tuple[str, bool]]]:
        return "", "", "", [("Password:", False)]

    @override
    def validate_kbdint_response(self, username: str, responses: Sequence[str]) -> bool:
        return list(responses) == [PASSWORD]

    @override
    def validate_password(self, username: str, password: str) -> bool:
        return password == PASSWORD

    @override
    def session_requested(
        self,
    ) -> tuple[asyncssh.SSHServerChannel[bytes], Awaitable[Running]]:
        if self._server.sessions_allowed <= len(self._server.open_sessions):
            raise asyncssh.ChannelOpenError(asyncssh.OPEN_CONNECT_FAILED, "open failed")
        assert self._connection
        made = self._connection.create_server_channel(encoding=None)
        made.__class__ = Channel
        assert isinstance(made, Channel)
        made.requests, made.is_deaf = [], self._server.is_deaf
        running = Running(self._server, made)
        self._server.sessions.append(running)
        self._server.most = max(self._server.most, len(self._server.open_sessions))
        return made, self._open(running)

    async def _open[T](self, opened: T) -> T:
        await self._server.may_open.wait()
        return opened

    @override
    async def unix_connection_requested(
        self, dest_path: str
    ) -> asyncssh.SSHUNIXSession[bytes]:
        assert self._connection
        await self._server.may_open.wait()
        if dest_path == "/forbidden":
            raise asyncssh.ChannelOpenError(
                asyncssh.OPEN_ADMINISTRATIVELY_PROHIBITED, "not here"
            )
        self._server.sockets += 1
        forwarder = await self._connection.forward_unix_connection(dest_path)
        return cast(asyncssh.SSHUNIXSession[bytes], forwarder)


@dataclass(slots=True)
class SshServer:
    """The far end; what is set here holds from the next login or session on."""

    host_keys: list[asyncssh.SSHKey] = field(default_factory=lambda: [new_key()])
    user_keys: list[asyncssh.SSHKey] = field(default_factory=list)
    scripts: dict[str, Script] = field(default_factory=dict)
    asks_by_keyboard: bool = False
    hangs_up_after_login: bool = False
    is_deaf: bool = False
    talks_nonsense: bool = False
    sessions_allowed: int = 10
    port: int = 0
    # what has happened
    attempts: int = 0
    logins: int = 0
    sockets: int = 0
    most: int = 0
    may_log_in: asyncio.Event = field(default_factory=asyncio.Event)
    may_open: asyncio.Event = field(default_factory=asyncio.Event)
    connections: list[asyncssh.SSHServerConnection] = field(default_factory=list)
    sessions: list[Running] = field(default_factory=list)
    running: list[Running] = field(default_factory=list)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def open_sessions(self) -> list[Running]:
        """Return the sessions that count for MaxSessions."""
        return [session for session in self.sessions if not session.has_ended.is_set()]

    def address(self, **changes: str) -> SshAddress:
        """Return how to log in here by password."""
        values = {
            "host": "127.0.0.1",
            "username": "homelab",
            "host_key": line(self.host_keys[0]),
            "password": PASSWORD,
            **changes,
        }
        return SshAddress(port=self.port, **values)

    @asynccontextmanager
    async def serving(self) -> AsyncGenerator[SshServer]:
        """Listen on loopback for as long as the test lasts."""
        self.may_log_in.set()
        self.may_open.set()
        acceptor = await asyncssh.listen(
            "127.0.0.1",
            self.port,
            server_host_keys=self.host_keys,
            server_factory=lambda: Door(self),
            line_editor=False,
            encoding=None,
            keepalive_interval=0,
        )
        self.port = acceptor.get_port()
        try:
            yield self
        finally:
            acceptor.close()
            self.may_log_in.set()
            self.may_open.set()
            self.hang_up()
            for task in self._tasks:
                task.cancel()
            if self._tasks:
                await asyncio.wait(self._tasks)
            await acceptor.wait_closed()
            await asyncio.sleep(0)

    def play(self, script: Awaitable[None]) -> None:
        """Play a script beside everything else."""
        task = asyncio.ensure_future(script)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def hang_up(self) -> None:
        """End every connection from this side, without a word."""
        for connection in self.connections:
            connection.abort()

    def freeze(self) -> None:
        """Read nothing more and answer nothing, like a machine that is gone."""
        for connection in self.connections:
            assert isinstance(connection._transport, asyncio.Transport)
            connection._transport.pause_reading()


@asynccontextmanager
async def connected(
    address: SshAddress, *, login_deadline: float = 5, keepalive: float = 5
) -> AsyncGenerator[SshConnection]:
    """Yield a connection that is closed in the end."""
    connection = SshConnection(
        address, login_deadline=login_deadline, keepalive=keepalive
    )
    try:
        yield connection
    finally:
        await connection.close()
