"""The same against OpenSSH, which has habits of its own."""

import asyncio
from collections.abc import AsyncGenerator
from functools import partial
import os
from pathlib import Path
import signal

import aiohttp
import pytest

from .test_ssh_connector import URL, engine_at
from .test_ssh_run import until
from custom_components.homelab.source import (
    AuthenticationFailed,
    BadAnswer,
    CannotConnect,
    WrongIdentity,
)
from custom_components.homelab.transports.ssh import (
    Completed,
    Ended,
    SshConnection,
    quote,
)
from custom_components.homelab.transports.ssh_connector import SshConnector
from custom_components.homelab.transports.ssh_keys import fetch_host_key
from tests.fakes.openssh import OpenSsh
from tests.fakes.ssh_server import connected, line, new_key

pytestmark = pytest.mark.real("openssh")


@pytest.fixture
async def openssh(tmp_path: Path) -> AsyncGenerator[OpenSsh]:
    """Run OpenSSH."""
    async with OpenSsh(tmp_path).serving() as serving:
        yield serving


@pytest.fixture
async def connection(openssh: OpenSsh) -> AsyncGenerator[SshConnection]:
    """Return a connection to it."""
    async with connected(openssh.address()) as made:
        yield made


@pytest.mark.parametrize("passphrase", [None, "open sesame"])
async def test_login_by_key(openssh: OpenSsh, passphrase: str | None) -> None:
    async with connected(openssh.address(passphrase)) as connection:
        completed = await connection.run(
            "cat; echo out; echo err >&2; exit 3", deadline=5
        )
    assert completed == Completed(code=3, signal=None, stdout=b"out\n", stderr=b"err\n")


async def test_a_key_that_is_refused(openssh: OpenSsh) -> None:
    openssh.user_key = new_key()
    async with connected(openssh.address()) as connection:
        with pytest.raises(AuthenticationFailed):
            await connection.run("true", deadline=5)


async def test_a_server_of_little_patience(tmp_path: Path) -> None:
    """With MaxAuthTries it hangs up before it has refused the last method."""
    async with OpenSsh(tmp_path, settings="MaxAuthTries 1").serving() as openssh:
        openssh.user_key = new_key()
        async with connected(openssh.address()) as connection:
            with pytest.raises(AuthenticationFailed):
                await connection.run("true", deadline=5)


async def test_host_keys(openssh: OpenSsh) -> None:
    offered = await fetch_host_key("127.0.0.1", openssh.port, deadline=5)
    assert offered == line(openssh.host_key)
    openssh.host_key = new_key()
    async with connected(openssh.address()) as connection:
        with pytest.raises(WrongIdentity) as caught:
            await connection.run("true", deadline=5)
    assert str(caught.value) == offered
    assert openssh.logins == 0


@pytest.mark.parametrize(
    ("command", "code", "signal_name"),
    [
        ("exit 1", 1, None),
        ("exit 255", 255, None),
        ("/nonexistent/zpool", 127, None),
        ("kill -KILL $$", None, "KILL"),
    ],
)
async def test_ends(
    connection: SshConnection, command: str, code: int | None, signal_name: str | None
) -> None:
    completed = await connection.run(command, deadline=5)
    assert (completed.code, completed.signal) == (code, signal_name)


async def test_nothing_of_ours_is_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("SUPERVISOR_TOKEN", "LC_ALL", "TERM", "SSH_AUTH_SOCK"):
        monkeypatch.setenv(name, "ours")
    # it takes everything, and it is started without any of it
    for name in ("SUPERVISOR_TOKEN", "LC_ALL", "SSH_AUTH_SOCK"):
        assert os.environ[name] == "ours"
    async with (
        OpenSsh(tmp_path, settings="AcceptEnv *").serving() as openssh,
        connected(openssh.address()) as connection,
    ):
        environment = await connection.run("env", deadline=5)
        terminal = await connection.run("tty", deadline=5)
    assert b"=ours" not in environment.stdout
    assert terminal.stdout == b"not a tty\n"


async def test_quoted_words_arrive(connection: SshConnection) -> None:
    words = ["$(id)", "a b", "'", '"', "*", "é", "", "a\tb"]
    completed = await connection.run(quote("printf", "%s\\n", *words), deadline=5)
    assert completed.stdout.decode().split("\n") == [*words, ""]


async def test_one_login_for_many_commands(
    openssh: OpenSsh, connection: SshConnection
) -> None:
    for _ in range(10):
        ends = await asyncio.gather(
            *(connection.run(f"echo {n}", deadline=20) for n in range(20))
        )
        assert [int(end.stdout) for end in ends] == list(range(20))
    assert openssh.logins == connection.logins == 1


async def test_a_stream(connection: SshConnection) -> None:
    command = "for n in 1 2 3; do echo row $n; sleep 0.02; done; echo no >&2; exit 2"
    async with connection.stream(command, silence=5) as lines:
        assert [row async for row in lines] == [b"row 1", b"row 2", b"row 3"]
        assert lines.end == Ended(code=2, signal=None, stderr=b"no\n")


async def test_a_stream_that_is_left_ends_there(
    connection: SshConnection, tmp_path: Path
) -> None:
    command = quote("sh", "-c", "echo $$; while sleep 0.02; do echo row; done")
    async with connection.stream(command) as lines:
        process = Path("/proc", (await anext(lines)).decode())
        assert await anext(lines) == b"row"
        assert process.exists()
    await until(lambda: not process.exists())


async def test_floods(connection: SshConnection) -> None:
    with pytest.raises(BadAnswer):
        await connection.run("cat /dev/zero", deadline=20)
    with pytest.raises(BadAnswer):
        await connection.run("cat /dev/zero >&2", deadline=20)
    async with connection.stream("cat /dev/zero") as lines:
        with pytest.raises(BadAnswer):
            await anext(lines)
    command = "head -c 20000000 /dev/zero >&2; echo row"
    async with connection.stream(command, silence=20) as lines:
        assert [row async for row in lines] == [b"row"]
    await until(lambda: not connection.lingering)


async def test_as_many_as_it_allows(tmp_path: Path) -> None:
    """Ten, and never so many; a command that hangs keeps its place."""
    async with (
        OpenSsh(tmp_path, settings="MaxSessions 6").serving() as openssh,
        connected(openssh.address(), keepalive=0.2) as connection,
    ):
        ends = await asyncio.gather(
            *(connection.run("sleep 0.02", deadline=20) for _ in range(30))
        )
        assert {end.code for end in ends} == {0}
        assert openssh.logins == 1


def _has_lines(path: Path, count: int) -> bool:
    return path.exists() and path.read_text().count("\n") >= count


async def test_what_cannot_be_ended(tmp_path: Path) -> None:
    """Under a forced command OpenSSH passes no signal on, and confirms nothing."""
    script = tmp_path / "homelab-zfs"
    pids = tmp_path / "pids"
    script.write_text(
        f'[ "$SSH_ORIGINAL_COMMAND" = hang ] || exec echo it is "$USER"\n'
        f"trap '' TERM HUP PIPE INT; echo $$ >>{pids}; exec sleep 60\n"
    )
    restriction = f'restrict,command="sh {script}"'
    async with (
        OpenSsh(tmp_path, restriction=restriction).serving() as openssh,
        connected(openssh.address(), keepalive=0.2) as connection,
    ):
        try:
            for n in range(6):
                assert (await connection.run("who", deadline=5)).code == 0
                with pytest.raises(BadAnswer) as caught:
                    await connection.run("hang", deadline=0.3)
                assert caught.value.reason == "too_slow"
                assert connection.lingering == {"hang"}
                await until(partial(_has_lines, pids, n + 1))
            assert connection.logins == 1
            # no place is left: only another login has some
            assert (await connection.run("who", deadline=5)).code == 0
            assert connection.logins == openssh.logins == 2
            assert not connection.lingering
        finally:
            for pid in pids.read_text().split():
                os.kill(int(pid), signal.SIGKILL)


async def test_a_socket_with_many_at_once(
    openssh: OpenSsh, connection: SshConnection, tmp_path: Path
) -> None:
    async with engine_at(tmp_path / "e") as engine:
        connector = SshConnector(connection, engine.path)
        async with aiohttp.ClientSession(URL, connector=connector) as session:
            stream = await session.get("/endless")
            assert await stream.content.readline() == b"0\n"

            async def ask(n: int) -> str:
                async with session.get("/ping", params={"n": n}) as response:
                    return await response.text()

            texts = await asyncio.gather(*(ask(n) for n in range(60)))
            assert texts == [str(n) for n in range(60)]
            # and none of them is a session: ten are allowed
            busy = [connection.run("sleep 0.1", deadline=20) for _ in range(6)]
            assert {end.code for end in await asyncio.gather(*busy)} == {0}
            engine.tick.set()
            assert await stream.read() == b"1\n2\n"
            async with session.get("/flood") as response:
                assert len(await response.read()) == 1000 * 16384
    assert openssh.logins == connection.logins == 1


@pytest.mark.parametrize("settings", ["", "AllowStreamLocalForwarding no"])
async def test_no_socket(tmp_path: Path, settings: str) -> None:
    """OpenSSH does not say whether there is none, or whether nobody may use it."""
    async with (
        OpenSsh(tmp_path, settings=settings).serving() as openssh,
        connected(openssh.address()) as connection,
    ):
        connector = SshConnector(connection, str(tmp_path / "none"))
        async with aiohttp.ClientSession(URL, connector=connector) as session:
            with pytest.raises(CannotConnect) as caught:
                await session.get("/ping")
            assert caught.value.reason == "socket_refused"


async def test_a_far_end_that_falls_silent(openssh: OpenSsh) -> None:
    """Stopped, not ended: the network connection stays, and nothing answers."""
    async with connected(openssh.address(), keepalive=0.2) as connection:
        async with connection.stream("echo row; sleep 30") as lines:
            assert await anext(lines) == b"row"
            stopped = openssh.sessions()
            assert stopped
            for pid in stopped:
                os.kill(pid, signal.SIGSTOP)
            try:
                with pytest.raises(CannotConnect):
                    await asyncio.wait_for(anext(lines), 10)
            finally:
                for pid in stopped:
                    os.kill(pid, signal.SIGKILL)
        assert (await connection.run("true", deadline=5)).code == 0
        assert connection.logins == 2


async def test_a_restart(openssh: OpenSsh, connection: SshConnection) -> None:
    assert (await connection.run("true", deadline=5)).code == 0
    running = asyncio.create_task(connection.run("sleep 5", deadline=20))
    await asyncio.sleep(0.1)
    for pid in openssh.sessions():
        os.kill(pid, signal.SIGKILL)
    with pytest.raises(CannotConnect) as caught:
        await running
    assert caught.value.sent
    assert (await connection.run("true", deadline=5)).code == 0


async def test_closing_leaves_nothing_there(
    openssh: OpenSsh, connection: SshConnection
) -> None:
    async with connection.stream("while sleep 0.02; do echo row; done") as lines:
        await anext(lines)
        assert openssh.sessions()
        await connection.close()
        with pytest.raises(CannotConnect):
            assert [line async for line in lines]
    await until(lambda: not openssh.sessions())
