"""Following a command over SSH line by line."""

import asyncio
from collections.abc import Callable
import time

import pytest

from .test_ssh_run import hang, hello, until
from custom_components.homelab.source import BadAnswer, CannotConnect
from custom_components.homelab.transports.ssh import Ended, Lines, SshConnection
from tests.fakes.ssh_server import Running, Script, SshServer, connected

type End = Callable[[Running], None]


async def _all(lines: Lines) -> list[bytes]:
    return [line async for line in lines]


def _writing(*pieces: bytes, end: End) -> Script:
    """Write these pieces, in packets of their own."""

    async def script(running: Running) -> None:
        for piece in pieces:
            await running.write(piece)
            await asyncio.sleep(0.001)
        end(running)

    return script


def _exit(running: Running) -> None:
    running.channel.exit(0)


def _cut(running: Running) -> None:
    running.server.hang_up()


async def test_lines_come_as_they_are(
    server: SshServer, connection: SshConnection
) -> None:
    server.scripts["lines"] = _writing(b"a\nb", b"c", b"\n\n\xff d \r\n", end=_exit)
    async with connection.stream("lines") as lines:
        assert await anext(lines) == b"a"
        assert lines.end is None
        assert await _all(lines) == [b"bc", b"", b"\xff d \r"]
        assert lines.end == Ended(code=0, signal=None, stderr=b"")
        assert await _all(lines) == []


async def test_lines_come_at_once(server: SshServer, connection: SshConnection) -> None:
    go_on = asyncio.Event()

    async def wait(running: Running) -> None:
        await running.write(b"now\n")
        await go_on.wait()
        await running.write(b"later\n")
        running.channel.exit_with_signal("TERM")

    server.scripts["wait"] = wait
    async with connection.stream("wait") as lines:
        assert await anext(lines) == b"now"
        go_on.set()
        assert await _all(lines) == [b"later"]
    assert lines.end == Ended(code=None, signal="TERM", stderr=b"")


@pytest.mark.parametrize("end", [_exit, _cut])
async def test_half_a_line_is_none(
    server: SshServer, connection: SshConnection, end: End
) -> None:
    """Cut off in the middle of a number, it would be another number."""
    server.scripts["row"] = _writing(b"tank 123\ntank 4", end=end)
    async with connection.stream("row") as lines:
        assert await anext(lines) == b"tank 123"
        if end is _exit:
            assert await _all(lines) == []
            return
        for _ in range(2):
            with pytest.raises(CannotConnect, match="contact was lost"):
                await anext(lines)
        assert lines.end is None


async def test_lines_before_the_loss_are_there(
    server: SshServer, connection: SshConnection
) -> None:
    server.scripts["rows"] = _writing(b"1\n2\n3\n", end=_cut)
    async with connection.stream("rows") as lines:
        await until(lambda: not server.connections)
        assert [await anext(lines) for _ in range(3)] == [b"1", b"2", b"3"]
        with pytest.raises(CannotConnect):
            await anext(lines)


async def test_who_leaves_early_ends_it(
    server: SshServer, connection: SshConnection
) -> None:
    server.scripts |= {"hang": hang, "hello": hello}
    with pytest.raises(ZeroDivisionError):
        async with connection.stream("hang"):
            raise ZeroDivisionError
    await until(server.running[0].has_ended.is_set)
    assert server.running[0].signals == ["KILL"]
    async with connection.stream("hello") as lines:
        assert await _all(lines) == [b"out"]
        assert lines.end == Ended(code=0, signal=None, stderr=b"err\n")
    # what has ended by itself is not killed
    assert server.running[1].signals == []
    assert connection.logins == 1


@pytest.mark.parametrize(
    ("sizes", "fits"), [([10, 10], True), ([10, 11], False), ([11], False)]
)
async def test_long_lines(
    server: SshServer, connection: SshConnection, sizes: list[int], fits: bool
) -> None:
    text = b"".join(b"x" * size + b"\n" for size in sizes)
    server.scripts["long"] = _writing(text, end=_exit)
    async with connection.stream("long", line_limit=10) as lines:
        if fits:
            assert await _all(lines) == [b"x" * 10] * 2
            return
        for size in sizes[:-1]:
            assert await anext(lines) == b"x" * size
        for _ in range(2):
            with pytest.raises(BadAnswer, match="line of more than 10 bytes"):
                await anext(lines)
        assert lines.end is None


async def test_a_flood_without_a_line(
    server: SshServer, connection: SshConnection
) -> None:
    written = 0

    async def flood(running: Running) -> None:
        nonlocal written
        while await running.write(b"x" * 4096):
            written += 4096

    server.scripts["flood"] = flood
    async with connection.stream("flood") as lines:
        with pytest.raises(BadAnswer):
            await anext(lines)
        await until(server.running[0].has_ended.is_set)
    assert written < 1_000_000


async def test_a_flood_of_errors(server: SshServer, connection: SshConnection) -> None:
    """It neither hinders the lines nor fills the memory; its end is kept."""

    async def complain(running: Running) -> None:
        for n in range(1000):
            await running.write(b"%9d\n" % n * 410, stderr=True)
        await running.write(b"a line\n")
        await running.write(b"the end", stderr=True)
        running.channel.exit(1)

    server.scripts["complain"] = complain
    async with connection.stream("complain", silence=20) as lines:
        assert await _all(lines) == [b"a line"]
        assert lines.end
        assert lines.end.code == 1
        assert len(lines.end.stderr) == 4096
        assert lines.end.stderr.endswith(b"      999\nthe end")


async def test_a_reader_that_is_slow(
    server: SshServer, connection: SshConnection
) -> None:
    """The server has to wait: nothing is lost, and little is held."""
    written = 0

    async def flood(running: Running) -> None:
        nonlocal written
        for n in range(0, 50_000, 100):
            block = b"".join(b"line %35d\n" % m for m in range(n, n + 100))
            await running.write(block)
            written += len(block)
        running.channel.exit(0)

    server.scripts["flood"] = flood
    async with connection.stream("flood") as lines:
        assert await anext(lines) == b"line %35d" % 0
        before = -1
        while written != before:
            before = written
            await asyncio.sleep(0.1)
        # what is held, the window, and what the server itself holds back
        assert written < 600_000
        rest = await _all(lines)
    assert rest == [b"line %35d" % n for n in range(1, 50_000)]
    assert lines.end == Ended(code=0, signal=None, stderr=b"")


async def test_short_lines_leave_time_for_others(
    server: SshServer, connection: SshConnection
) -> None:
    server.scripts |= {"flood": _writing(b"\n" * 60_000, end=_exit), "hello": hello}
    await connection.run("hello", deadline=5)
    longest, count = 0.0, 0
    began = time.perf_counter()

    async def watch() -> None:
        nonlocal longest
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0)
            longest = max(longest, time.perf_counter() - before)

    watching = asyncio.create_task(watch())
    async with connection.stream("flood") as lines:
        async for _ in lines:
            count += 1
            # whatever is done with a line: for all of them, more than a second
            done = time.perf_counter() + 0.00002
            while time.perf_counter() < done:
                pass
    watching.cancel()
    assert count == 60_000
    # they come in two packets
    assert longest < (time.perf_counter() - began) / 4


async def test_silence(server: SshServer, connection: SshConnection) -> None:
    async def pause(running: Running) -> None:
        await running.write(b"a\n")
        await asyncio.sleep(0.03)
        await running.write(b"b\n")
        await running.has_ended.wait()

    server.scripts["pause"] = pause
    async with connection.stream("pause", silence=0.5) as lines:
        assert [await anext(lines), await anext(lines)] == [b"a", b"b"]
        with pytest.raises(BadAnswer, match=r"nothing for 0\.5 s") as caught:
            await anext(lines)
        assert caught.value.reason == "too_slow"
    await until(server.running[0].has_ended.is_set)


async def test_a_consumer_that_is_busy_is_no_silence(
    server: SshServer, connection: SshConnection
) -> None:
    server.scripts["row"] = _writing(b"a\n", b"b\n", end=_exit)
    async with connection.stream("row", silence=0.1) as lines:
        assert await anext(lines) == b"a"
        await asyncio.sleep(0.3)
        assert await _all(lines) == [b"b"]


async def test_a_stream_that_does_not_begin(server: SshServer) -> None:
    server.scripts["hello"] = hello
    async with connected(server.address(), login_deadline=0.5) as connection:
        await connection.run("hello", deadline=5)
        server.may_open.clear()
        with pytest.raises(BadAnswer) as caught:
            async with connection.stream("hello"):
                pytest.fail("it began")
    assert (caught.value.reason, caught.value.sent) == ("too_slow", False)


async def test_a_silent_far_end_is_found(server: SshServer) -> None:
    server.scripts["hang"] = hang
    async with (
        connected(server.address(), keepalive=0.03) as connection,
        connection.stream("hang") as lines,
    ):
        await until(lambda: bool(server.running))
        server.freeze()
        with pytest.raises(CannotConnect):
            await asyncio.wait_for(anext(lines), 5)
