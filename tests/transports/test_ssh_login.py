"""Logging in over SSH: who is let in, who is refused, and who is not waited for."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
import socket

import asyncssh
import pytest

from .test_ssh_run import hello, until
from custom_components.homelab.source import (
    AuthenticationFailed,
    BadAnswer,
    CannotConnect,
    SourceError,
    WrongIdentity,
)
from custom_components.homelab.transports.ssh import SshAddress, SshConnection
from custom_components.homelab.transports.ssh_errors import explain
from tests.fakes.ssh_server import SshServer, connected, line, new_key


@pytest.fixture(autouse=True)
def _scripts(server: SshServer) -> None:
    server.scripts["hello"] = hello


async def _run(address: SshAddress) -> None:
    async with connected(address, login_deadline=5) as connection:
        assert (await connection.run("hello", deadline=5)).code == 0


def _text(key: asyncssh.SSHKey, passphrase: str | None = None) -> str:
    return key.export_private_key("openssh", passphrase, rounds=50).decode()


async def test_by_password(server: SshServer) -> None:
    await _run(server.address())


async def test_by_password_at_the_keyboard(server: SshServer) -> None:
    """FreeBSD asks for it this way."""
    server.asks_by_keyboard = True
    await _run(server.address())


@pytest.mark.parametrize("passphrase", [None, "open sesame"])
async def test_by_key(server: SshServer, passphrase: str | None) -> None:
    key = new_key()
    server.user_keys.append(key.convert_to_public())
    address = server.address(
        password="", private_key=_text(key, passphrase), passphrase=passphrase or ""
    )
    await _run(address)


async def test_by_password_when_the_key_is_refused(server: SshServer) -> None:
    await _run(server.address(private_key=_text(new_key())))


@pytest.mark.parametrize(
    "changes",
    [
        {"password": "wrong"},
        {"password": ""},
        {"password": "", "private_key": _text(new_key())},
    ],
)
async def test_refused_credentials(server: SshServer, changes: dict[str, str]) -> None:
    with pytest.raises(AuthenticationFailed):
        await _run(server.address(**changes))
    assert server.logins == 0


async def test_nothing_of_this_machine_is_used(
    server: SshServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Neither keys that happen to lie around, nor an agent, nor settings."""
    lying_around = new_key()
    server.user_keys.append(lying_around.convert_to_public())
    folder = tmp_path / ".ssh"
    folder.mkdir()
    (folder / "id_ed25519").write_text(_text(lying_around))
    (folder / "config").write_text(f"IdentityFile {folder}/id_ed25519\n")
    agent_asked = asyncio.Event()
    agent = await asyncio.start_unix_server(
        lambda _reader, _writer: agent_asked.set(), tmp_path / "agent"
    )
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "agent"))
    for changes in (
        {"password": "wrong"},
        {"password": "", "private_key": _text(new_key())},
    ):
        with pytest.raises(AuthenticationFailed):
            await _run(server.address(**changes))
    agent.close()
    assert not agent_asked.is_set()


async def test_a_name_that_is_none(server: SshServer) -> None:
    with pytest.raises(SourceError):
        await _run(server.address(username="a\x07b"))


async def test_a_passphrase_that_is_wrong(server: SshServer) -> None:
    address = server.address(
        private_key=_text(new_key(), "right"), passphrase="wrong", password=""
    )
    with pytest.raises(BadAnswer) as caught:
        await _run(address)
    assert (caught.value.reason, caught.value.field) == ("invalid_key", "passphrase")


async def test_a_pinned_key_that_is_none(server: SshServer) -> None:
    with pytest.raises(BadAnswer) as caught:
        await _run(server.address(host_key="ssh-ed25519 rubbish"))
    assert (caught.value.reason, caught.value.field) == ("invalid_key", "host_key")


async def test_another_host_key(server: SshServer) -> None:
    with pytest.raises(WrongIdentity) as caught:
        await _run(server.address(host_key=line(new_key())))
    assert caught.value.reason == "host_key_changed"
    assert str(caught.value) == line(server.host_keys[0])
    # the password was not sent to whoever that is
    assert server.attempts == 0


@pytest.mark.parametrize("kind", ["ssh-rsa", "ecdsa-sha2-nistp256"])
async def test_another_kind_of_host_key(server: SshServer, kind: str) -> None:
    """A server that has lost its key shows another one, instead of no key at all."""
    with pytest.raises(WrongIdentity) as caught:
        await _run(server.address(host_key=line(new_key(kind))))
    assert str(caught.value) == line(server.host_keys[0])


@pytest.mark.parametrize("kind", ["ssh-rsa", "ecdsa-sha2-nistp384", "ssh-ed25519"])
async def test_kinds_of_host_keys(kind: str) -> None:
    """The pinned key is asked for, even where the server has better ones."""
    key = new_key(kind)
    server = SshServer(host_keys=[key, new_key("ecdsa-sha2-nistp256")])
    server.scripts["hello"] = hello
    async with server.serving():
        await _run(server.address())
        with pytest.raises(WrongIdentity):
            await _run(server.address(host_key=line(new_key(kind))))


async def test_a_host_key_that_changes_between_logins() -> None:
    server = SshServer(scripts={"hello": hello})
    async with server.serving():
        connection = SshConnection(server.address())
        assert (await connection.run("hello", deadline=5)).code == 0
    changed = new_key()
    server.host_keys = [changed]
    async with server.serving():
        for _ in range(2):
            with pytest.raises(WrongIdentity) as caught:
                await connection.run("hello", deadline=5)
            assert str(caught.value) == line(changed)
        await connection.close()


async def test_many_share_one_attempt(server: SshServer) -> None:
    server.may_log_in.clear()
    async with connected(server.address()) as connection:
        tasks = [
            asyncio.create_task(connection.run("hello", deadline=5)) for _ in range(20)
        ]
        await until(lambda: server.attempts == 1)
        # one who leaves does not take the attempt along
        tasks[0].cancel()
        await asyncio.sleep(0)
        server.may_log_in.set()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
        assert isinstance(ends[0], asyncio.CancelledError)
        assert not any(isinstance(end, BaseException) for end in ends[1:])
        assert server.attempts == server.logins == connection.logins == 1


async def test_a_failed_attempt_is_not_repeated(server: SshServer) -> None:
    async with connected(server.address(password="wrong")) as connection:
        ends = await asyncio.gather(
            *(connection.run("hello", deadline=5) for _ in range(20)),
            return_exceptions=True,
        )
        assert all(isinstance(end, AuthenticationFailed) for end in ends)
        assert server.attempts == 1
        assert connection.logins == 0
        with pytest.raises(AuthenticationFailed):
            async with connection.stream("hello"):
                pytest.fail("it began")
        assert server.attempts == 2


async def test_nobody_is_there(server: SshServer) -> None:
    probe = await asyncio.start_server(lambda _r, _w: None, "127.0.0.1", 0)
    server.port = probe.sockets[0].getsockname()[1]
    probe.close()
    await probe.wait_closed()
    with pytest.raises(CannotConnect) as caught:
        await _run(server.address())
    assert caught.value.reason == "connection_refused"
    assert not caught.value.sent


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (
            OSError(
                "Multiple exceptions: [Errno 111] Connect call failed ('::1', 22, 0, 0), "
                "[Errno 111] Connect call failed ('127.0.0.1', 22)"
            ),
            "connection_refused",
        ),
        (socket.gaierror(-2, "Name or service not known"), "unknown_host"),
        (TimeoutError(), "cannot_connect"),
        (ValueError(), "cannot_connect"),
        (asyncssh.ProtocolError("Too many authentication failures"), "invalid_auth"),
    ],
)
def test_other_errors(error: Exception, reason: str) -> None:
    assert explain(error).reason == reason
    assert str(explain(error))


@asynccontextmanager
async def _answering(words: bytes) -> AsyncGenerator[int]:
    """Answer these words on a port, and nothing more."""
    writers: list[asyncio.StreamWriter] = []

    async def serve(
        _reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        writers.append(writer)
        writer.write(words)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for writer in writers:
            writer.transport.abort()
        await server.wait_closed()


@pytest.mark.parametrize("words", [b"", b"SSH-2.0-OpenSSH_9.2\r\n"])
async def test_a_login_that_hangs(server: SshServer, words: bytes) -> None:
    async with (
        _answering(words) as server.port,
        connected(server.address(), login_deadline=0.1) as connection,
    ):
        with pytest.raises(CannotConnect, match="no answer in time"):
            await connection.run("hello", deadline=5)
        with pytest.raises(CannotConnect, match="no answer in time"):
            await connection.run("hello", deadline=0.02)


async def test_a_refusal_that_does_not_come(server: SshServer) -> None:
    server.may_log_in.clear()
    async with connected(server.address(), login_deadline=0.5) as connection:
        with pytest.raises(CannotConnect, match="no answer in time"):
            await connection.run("hello", deadline=5)
    assert server.attempts == 1


async def test_another_protocol(server: SshServer) -> None:
    async with _answering(b"HTTP/1.1 400 Bad Request\r\n" * 2000) as server.port:
        with pytest.raises(CannotConnect):
            await _run(server.address())


async def test_a_server_that_hangs_up_after_the_login(server: SshServer) -> None:
    server.hangs_up_after_login = True
    async with connected(server.address()) as connection:
        with pytest.raises(CannotConnect):
            await connection.run("hello", deadline=5)
        server.hangs_up_after_login = False
        assert (await connection.run("hello", deadline=5)).code == 0


async def test_closing_in_the_middle_of_a_login(server: SshServer) -> None:
    server.may_log_in.clear()
    async with connected(server.address()) as connection:
        task = asyncio.create_task(connection.run("hello", deadline=5))
        await until(lambda: server.attempts == 1)
        async with asyncio.timeout(0.5):
            await connection.close()
        with pytest.raises(CannotConnect, match="closed"):
            await task
