"""Commands over SSH, and everything that becomes of them."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
import random

from asyncssh.packet import UInt32
import pytest

from custom_components.homelab.source import BadAnswer, CannotConnect, SourceError
from custom_components.homelab.transports.ssh import Completed, SshConnection
from custom_components.homelab.transports.ssh_keys import fetch_host_key
from tests.fakes.ssh_server import Running, SshServer, connected

FOR_EVER = 30


async def hello(running: Running) -> None:
    """Answer as soon as nothing more can be typed."""
    await running.has_eof.wait()
    if await running.write(b"out\n") and await running.write(b"err\n", stderr=True):
        running.channel.exit(0)


async def hang(running: Running) -> None:
    """Never come to an end."""
    await running.has_ended.wait()


async def until(condition: Callable[[], bool]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.001)


def _ending(how: Callable[[Running], None]) -> Callable[[Running], Awaitable[None]]:
    async def script(running: Running) -> None:
        how(running)

    return script


async def test_a_command(server: SshServer, connection: SshConnection) -> None:
    server.scripts["hello"] = hello
    completed = await connection.run("hello", deadline=5)
    assert completed == Completed(code=0, signal=None, stdout=b"out\n", stderr=b"err\n")


@pytest.mark.parametrize(
    ("how", "code", "signal"),
    [
        (lambda running: running.channel.exit(0), 0, None),
        (lambda running: running.channel.exit(1), 1, None),
        (lambda running: running.channel.exit(127), 127, None),
        (lambda running: running.channel.exit(255), 255, None),
        (lambda running: running.channel.exit_with_signal("KILL"), None, "KILL"),
        (lambda running: running.channel.close(), None, None),
    ],
)
async def test_ends_are_told_apart(
    server: SshServer,
    connection: SshConnection,
    how: Callable[[Running], None],
    code: int | None,
    signal: str | None,
) -> None:
    """An exit code of 255 is no lost contact, as it would be for the ssh command."""
    server.scripts["end"] = _ending(how)
    completed = await connection.run("end", deadline=5)
    assert (completed.code, completed.signal) == (code, signal)


async def test_nothing_of_ours_is_sent(
    server: SshServer,
    connection: SshConnection,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    folder = tmp_path / ".ssh"
    folder.mkdir()
    (folder / "config").write_text(
        "SendEnv *\nForwardAgent yes\nRequestTTY force\nProxyCommand false\n"
    )
    for name, value in {
        "HOME": str(tmp_path),
        "SSH_AUTH_SOCK": str(tmp_path / "agent"),
        "SUPERVISOR_TOKEN": "token",
        "LANG": "de_DE.UTF-8",
        "LC_ALL": "de_DE.UTF-8",
        "TERM": "xterm",
        "DISPLAY": ":0",
    }.items():
        monkeypatch.setenv(name, value)
    server.scripts["hello"] = hello
    assert await fetch_host_key("127.0.0.1", server.port, deadline=5)
    await connection.run("hello", deadline=5)
    async with connection.stream("hello") as lines:
        assert [line async for line in lines] == [b"out"]

    assert [running.channel.requests for running in server.sessions] == [["exec"]] * 2
    for running in server.sessions:
        assert dict(running.channel.get_environment_bytes()) == {}


@pytest.mark.parametrize("stderr", [False, True])
async def test_a_flood(
    server: SshServer, connection: SshConnection, stderr: bool
) -> None:
    written = 0

    async def flood(running: Running) -> None:
        nonlocal written
        while await running.write(b"x" * 4096, stderr=stderr):
            written += 4096

    server.scripts["flood"] = flood
    with pytest.raises(BadAnswer, match="more than 65536 bytes") as caught:
        await connection.run("flood", deadline=5, limit=65536)
    assert caught.value.sent
    await until(server.running[0].has_ended.is_set)
    # what was let through, and what was under way
    assert written < 1_000_000


async def test_the_limit_is_of_both_streams(
    server: SshServer, connection: SshConnection
) -> None:
    async def talk(running: Running) -> None:
        await running.write(b"x" * 10)
        await running.write(b"y" * 10, stderr=True)
        running.channel.exit(0)

    server.scripts["talk"] = talk
    assert (await connection.run("talk", deadline=5, limit=20)).code == 0
    with pytest.raises(BadAnswer):
        await connection.run("talk", deadline=5, limit=19)


async def test_a_command_that_hangs(
    server: SshServer, connection: SshConnection
) -> None:
    server.scripts |= {"hang": hang, "hello": hello}
    await connection.run("hello", deadline=5)
    with pytest.raises(BadAnswer, match=r"no end after 0\.2 s") as caught:
        await connection.run("hang", deadline=0.2)
    assert (caught.value.reason, caught.value.sent) == ("too_slow", True)
    await until(server.running[1].has_ended.is_set)
    assert server.running[1].signals == ["KILL"]
    assert not connection.lingering


async def test_a_server_that_is_slow_to_begin(
    server: SshServer, connection: SshConnection
) -> None:
    """A command is not sent any more when nobody waits for it."""
    server.scripts["hello"] = hello
    await connection.run("hello", deadline=5)
    server.may_open.clear()
    with pytest.raises(BadAnswer) as caught:
        await connection.run("hang", deadline=0.1)
    assert (caught.value.reason, caught.value.sent) == ("too_slow", False)
    await until(lambda: len(server.sessions) == 2)
    server.may_open.set()
    await until(server.sessions[1].has_ended.is_set)
    assert server.sessions[1].channel.requests == []


async def test_what_hangs_does_not_hinder(
    server: SshServer, connection: SshConnection
) -> None:
    """OpenSSH confirms the end of a session only when the process has ended."""
    server.scripts |= {"hang": hang, "hello": hello}
    await connection.run("hello", deadline=5)
    server.is_deaf = True
    with pytest.raises(BadAnswer):
        await connection.run("hang", deadline=0.1)
    assert connection.lingering == {"hang"}
    server.is_deaf = False
    assert (await connection.run("hello", deadline=5)).code == 0
    assert server.logins == connection.logins == 1


async def test_too_many_that_hang_take_another_login(server: SshServer) -> None:
    server.scripts |= {"hang": hang, "hello": hello, "tick": _tick}
    server.is_deaf = True
    async with connected(server.address(), keepalive=0.05) as connection:
        async with connection.stream("tick") as lines:
            assert await anext(lines) == b"tick"
            # five of six places are lost for as long as this connection lasts
            for _ in range(5):
                with pytest.raises(BadAnswer):
                    await connection.run("hang", deadline=0.1)
            server.is_deaf = False
            assert (await connection.run("hello", deadline=5)).code == 0
            assert connection.logins == 2
            # who reads on the first one goes on
            assert [await anext(lines) for _ in range(5)] == [b"tick"] * 5
            assert len(server.connections) == 2
        # and when nobody does any more, it is closed
        await until(lambda: len(server.connections) == 1)
        assert not connection.lingering
        assert (await connection.run("hello", deadline=5)).code == 0
        assert connection.logins == 2


async def _tick(running: Running) -> None:
    for _ in range(10_000):
        if not await running.write(b"tick\n"):
            return
        await asyncio.sleep(0.005)


async def test_places_are_waited_for(
    server: SshServer, connection: SshConnection
) -> None:
    async def short(running: Running) -> None:
        await asyncio.sleep(0.002)
        running.channel.exit(0)

    server.scripts["short"] = short
    ends = await asyncio.gather(
        *(connection.run(f"short {n}", deadline=5) for n in range(40))
    )
    assert [end.code for end in ends] == [0] * 40
    assert server.most == 6
    assert connection.logins == 1


async def test_no_place_in_time(server: SshServer, connection: SshConnection) -> None:
    server.scripts["hang"] = hang
    busy = [
        asyncio.create_task(connection.run("hang", deadline=FOR_EVER)) for _ in range(6)
    ]
    await until(lambda: len(server.running) == 6)
    with pytest.raises(BadAnswer) as caught:
        await connection.run("hello", deadline=0.05)
    assert (caught.value.reason, caught.value.sent) == ("too_slow", False)
    for task in busy:
        task.cancel()
    await asyncio.wait(busy)
    await until(lambda: not server.open_sessions)


async def test_a_command_that_is_refused(
    server: SshServer, connection: SshConnection
) -> None:
    for _ in range(10):
        with pytest.raises(BadAnswer, match="refused") as caught:
            await connection.run("refused", deadline=5)
        assert caught.value.reason == "bad_answer"
    assert connection.logins == 1


async def test_a_server_with_fewer_places(
    server: SshServer, connection: SshConnection
) -> None:
    """What is refused now may be allowed in a moment, but not for ever."""
    server.scripts["hello"] = hello
    server.sessions_allowed = 2
    ends = await asyncio.gather(
        *(connection.run("hello", deadline=5) for _ in range(4))
    )
    assert {end.code for end in ends} == {0}
    server.sessions_allowed = 0
    with pytest.raises(BadAnswer, match="open failed") as caught:
        await connection.run("hello", deadline=5)
    assert (caught.value.reason, caught.value.sent) == ("bad_answer", False)
    with pytest.raises(BadAnswer) as caught:
        await connection.run("hello", deadline=0.02)
    assert (caught.value.reason, caught.value.sent) == ("too_slow", False)
    server.sessions_allowed = 1
    assert (await connection.run("hello", deadline=5)).code == 0


async def test_one_login_for_many_commands(
    server: SshServer, connection: SshConnection
) -> None:
    server.scripts["hello"] = hello
    for _ in range(10):
        await asyncio.gather(*(connection.run("hello", deadline=5) for _ in range(20)))
    assert len(server.running) == 200
    assert server.logins == connection.logins == 1


async def test_contact_is_lost_in_the_middle(
    server: SshServer, connection: SshConnection
) -> None:
    async def half(running: Running) -> None:
        await running.write(b"half a li")
        server.hang_up()

    server.scripts |= {"half": half, "hello": hello}
    with pytest.raises(CannotConnect, match="contact was lost") as caught:
        await connection.run("half", deadline=5)
    assert caught.value.sent
    assert (await connection.run("hello", deadline=5)).code == 0
    assert connection.logins == 2


async def test_an_end_that_was_told_is_one(
    server: SshServer, connection: SshConnection
) -> None:
    """Contact that is lost after all has come is no trouble of this command."""

    async def tell(running: Running) -> None:
        await running.write(b"all")
        running.channel.write_eof()
        running.channel._send_request(b"exit-status", UInt32(7))
        await asyncio.sleep(0.01)
        server.hang_up()

    server.scripts["tell"] = tell
    completed = await connection.run("tell", deadline=5)
    assert (completed.code, completed.stdout) == (7, b"all")


async def test_contact_is_lost_between_two_answers(
    server: SshServer, connection: SshConnection
) -> None:
    with pytest.raises(CannotConnect) as caught:
        await connection.run("dropped", deadline=5)
    assert caught.value.sent


async def test_a_server_that_talks_nonsense(
    server: SshServer, connection: SshConnection
) -> None:
    server.scripts["hello"] = hello
    server.talks_nonsense = True
    with pytest.raises(CannotConnect, match="contact was lost"):
        await connection.run("hello", deadline=5)
    server.talks_nonsense = False
    assert (await connection.run("hello", deadline=5)).code == 0


async def test_contact_is_lost_before_it_is_sent(
    server: SshServer, connection: SshConnection
) -> None:
    server.may_open.clear()
    task = asyncio.create_task(connection.run("hello", deadline=5))
    await until(lambda: bool(server.sessions))
    server.hang_up()
    with pytest.raises(CannotConnect) as caught:
        await task
    assert not caught.value.sent


async def test_a_silent_far_end_is_found(server: SshServer) -> None:
    server.scripts["hang"] = hang
    async with connected(server.address(), keepalive=0.03) as connection:
        running = asyncio.create_task(connection.run("hang", deadline=FOR_EVER))
        await until(lambda: bool(server.running))
        server.freeze()
        with pytest.raises(CannotConnect) as caught:
            await asyncio.wait_for(running, 5)
        assert caught.value.sent


async def test_cancelled_commands_leave_nothing(
    server: SshServer, connection: SshConnection, seed: int
) -> None:
    """Whenever it is cancelled, its place is free again and its channel closed."""
    server.scripts |= {"hang": hang, "hello": hello}
    dice = random.Random(seed)
    for _ in range(60):
        task = asyncio.create_task(connection.run("hang", deadline=FOR_EVER))
        await asyncio.sleep(dice.uniform(0, 0.004))
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
    assert (await connection.run("hello", deadline=5)).code == 0
    await until(lambda: not server.open_sessions)
    assert connection.logins == 1
    assert all(
        running.signals == ["KILL"]
        for running in server.running
        if running.command == "hang"
    )


async def test_closing_in_the_middle_leaves_nothing(
    server: SshServer, seed: int
) -> None:
    server.scripts |= {"hang": hang, "hello": hello, "tick": _tick}
    dice = random.Random(seed)

    async def follow(connection: SshConnection) -> None:
        async with connection.stream("tick") as lines:
            async for _ in lines:
                pass

    for _ in range(40):
        before, tasks_before = _descriptors(), len(asyncio.all_tasks())
        connection = SshConnection(server.address())
        tasks = [
            asyncio.create_task(follow(connection)),
            *(
                asyncio.create_task(connection.run(name, deadline=FOR_EVER))
                for name in ("hang", "hello", "hang", "hello")
            ),
        ]
        await asyncio.sleep(dice.uniform(0, 0.04))
        async with asyncio.timeout(1):
            await connection.close()
        ends = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 1)
        assert all(isinstance(end, Completed | CannotConnect) for end in ends), ends
        await until(lambda: not server.connections and not server.open_sessions)
        await until(lambda: len(asyncio.all_tasks()) <= tasks_before)
        await until(lambda: _descriptors() <= before)
    with pytest.raises(CannotConnect, match="closed"):
        await connection.run("hello", deadline=5)


def _descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def test_closing_at_once(server: SshServer) -> None:
    connection = SshConnection(server.address())
    running = asyncio.create_task(connection.run("hello", deadline=5))
    await asyncio.sleep(0)
    await connection.close()
    with pytest.raises(CannotConnect, match="closed"):
        await running


async def test_errors_and_addresses_tell_no_secret(server: SshServer) -> None:
    server.host_keys.reverse()
    for address in (
        server.address(password="hunter2"),
        server.address(private_key="hunter2", passphrase="hunter3"),
        server.address(host_key="ssh-ed25519 hunter2", password="hunter2"),
    ):
        assert "hunter" not in repr(address).replace(address.host_key, "")
        async with connected(address) as connection:
            with pytest.raises(SourceError) as caught:
                await connection.run("hello", deadline=5)
        assert "hunter2" not in str(caught.value)
        assert "hunter3" not in str(caught.value)
