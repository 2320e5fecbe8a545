"""The client against a real SSH server, without Home Assistant."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace

import pytest

from demo.zfs.machine import Answer

from custom_components.homelab.acting import acting
from custom_components.homelab.source import BadAnswer, CannotConnect
from custom_components.homelab.sources.zfs.client import ZfsClient
from custom_components.homelab.sources.zfs.commands import READS
from custom_components.homelab.sources.zfs.datasets import MOST, matches
from custom_components.homelab.sources.zfs.models import ScanState, State
from custom_components.homelab.transports.ssh import SshConnection
from tests.common import until
from tests.fakes.zfs_host import ZfsFarEnd
from tests.plain import _custom_integrations, _no_complaints, _own_folder

__all__ = ["_custom_integrations", "_no_complaints", "_own_folder"]

TANK = "16241634347029219780"
MEDIA = "4000000000000000002"
READERS = {("dataset", MEDIA)}


@pytest.fixture
async def client(far: ZfsFarEnd) -> AsyncGenerator[ZfsClient]:
    """Return a client that has not asked anything yet."""
    made = ZfsClient(SshConnection(far.server.address()))
    yield made
    await made.close()


async def test_everything_is_done_where_it_is_asked_for(
    far: ZfsFarEnd, client: ZfsClient
) -> None:
    await client.pools()
    await client.datasets(())
    with acting():
        await client.trim(TANK)
        await client.clear_errors(TANK)
        assert await client.snapshot(MEDIA, name="x") == "tank/media@x"
        with pytest.raises(BadAnswer, match="no such dataset"):
            await client.snapshot("1", name="x")
        with pytest.raises(BadAnswer, match="no such pool"):
            await client.scrub_start("1")
    assert far.log[-3:] == [
        "zpool trim tank",
        "zpool clear tank",
        "zfs snapshot tank/media@x",
    ]
    with pytest.raises(RuntimeError):
        await client.trim(TANK)


async def test_nothing_is_done_before_anything_is_known(client: ZfsClient) -> None:
    with acting(), pytest.raises(BadAnswer):
        await client._change("trim", "tank")


async def test_the_same_change_is_not_begun_twice(
    far: ZfsFarEnd, client: ZfsClient
) -> None:
    await client.pools()
    far.hanging = {"zpool clear", "zpool status"}
    with acting():
        client.shell._connection._login_deadline = 0.2
        for expected in ("no end after", "an earlier command hangs"):
            with pytest.raises(BadAnswer, match=expected) as caught:
                await _hurried(client, "clear_errors")
            assert caught.value.reason == "too_slow"
    assert far.hung == ["zpool clear tank"]


async def test_what_hangs_keeps_nobody_from_mending_it(
    far: ZfsFarEnd, client: ZfsClient
) -> None:
    await client.pools()
    far.hanging = {"zfs snapshot"}
    await client.datasets(())
    with acting():
        client.shell._connection._login_deadline = 0.2
        with pytest.raises(BadAnswer, match="no end after"):
            await _hurried(client, "snapshot", MEDIA, name="a")
        # neither another one nor anything else that would hang beside it
        for change in (
            client.snapshot(MEDIA, name="b"),
            client.scrub_start(TANK),
            client.trim(TANK),
        ):
            with pytest.raises(BadAnswer, match="an earlier command hangs"):
                await change
        await client.clear_errors(TANK)
    assert far.hung == ["zfs snapshot tank/media@a"]
    assert far.log[-1] == "zpool clear tank"


@pytest.mark.parametrize("row", ["left", "changes_left", "clear_left"])
async def test_nothing_is_asked_beside_what_an_earlier_login_has_left(
    far: ZfsFarEnd, client: ZfsClient, row: str
) -> None:
    far.machine.instead[READS[row].line()] = Answer(out="4711\n")
    assert (await client.pools()).is_bare
    assert not [line for line in far.log if line.startswith(("zpool", "zfs"))]
    far.machine.instead.clear()
    assert not (await client.pools()).is_bare


async def test_what_an_earlier_login_has_left_is_not_begun_again(
    far: ZfsFarEnd, client: ZfsClient
) -> None:
    await client.pools()
    await client.datasets(())
    far.server.hang_up()
    await until(lambda: not client._connection.is_up)
    far.machine.instead[READS["changes_left"].line()] = Answer(out="4711\n")
    with acting():
        for change in (client.snapshot(MEDIA, name="b"), client.scrub_pause(TANK)):
            with pytest.raises(BadAnswer, match="an earlier one hangs") as caught:
                await change
            assert caught.value.reason == "too_slow"
        await client.clear_errors(TANK)
        far.machine.instead.clear()
        await client.scrub_pause(TANK)
    assert far.log[-1] == "zpool scrub -p tank"


async def test_nothing_that_would_hang_is_done_to_a_suspended_pool(
    far: ZfsFarEnd, client: ZfsClient
) -> None:
    far.machine.kernel_states["tank"] = "SUSPENDED"
    await client.pools()
    await client.datasets(())
    with acting():
        for change in (client.snapshot(MEDIA, name="b"), client.scrub_start(TANK)):
            with pytest.raises(BadAnswer) as caught:
                await change
            assert caught.value.reason == "pool_suspended"
        await client.clear_errors(TANK)
    assert far.log[-1] == "zpool clear tank"


async def _hurried(
    client: ZfsClient, row: str, resource: str = TANK, **more: str
) -> None:
    from custom_components.homelab.sources.zfs import commands

    before = commands.WRITES[row]
    commands.WRITES[row] = replace(before, deadline=0.2)
    try:
        await getattr(client, row)(resource, **more)
    finally:
        commands.WRITES[row] = before


async def test_snapshots_are_counted_where_somebody_wants_to_know(
    far: ZfsFarEnd, client: ZfsClient
) -> None:
    far.machine.snapshots = {f"tank/media@{n}": 1795144160 + n for n in range(1200)}
    await client.pools()
    found = await client.datasets(())
    assert found[MEDIA].snapshots is None
    found = await client.datasets(READERS)
    counted = found[MEDIA].snapshots
    assert counted and counted.count == 1200
    assert counted.newest and counted.newest.timestamp() == 1795144160 + 1199


@pytest.mark.parametrize(
    "answer",
    [
        Answer(err="no", code=1),
        Answer(out="x" * 70000),
        Answer(out="a@b\t1\n" * (MOST + 1)),
    ],
)
async def test_a_list_of_snapshots_that_is_not_whole_is_none(
    far: ZfsFarEnd, client: ZfsClient, answer: Answer
) -> None:
    far.machine.instead["zfs list -Hp -t snapshot"] = answer
    await client.pools()
    found = await client.datasets(READERS)
    assert found[MEDIA].snapshots is None
    assert found[MEDIA].dataset.used == 1048576


async def test_datasets_that_cannot_be_asked_for_stay_as_they_were(
    far: ZfsFarEnd, client: ZfsClient
) -> None:
    await client.pools()
    fresh = await client.datasets(())
    assert fresh[MEDIA].as_of is None
    await _hang(far, client)
    old = await client.datasets(READERS)
    assert old[MEDIA].dataset == fresh[MEDIA].dataset
    assert old[MEDIA].as_of and old[MEDIA].snapshots is None


async def _hang(far: ZfsFarEnd, client: ZfsClient) -> None:
    """Let a command hang at the server that nobody waits for any more."""
    far.hanging = {"zfs list", "zpool status"}
    with pytest.raises(BadAnswer):
        await client._connection.run(
            "/usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:"
            "/usr/local/bin LC_ALL=C TZ=UTC zfs list -r",
            deadline=0.1,
        )


async def test_a_first_list_that_cannot_be_had_is_an_error(
    far: ZfsFarEnd, client: ZfsClient
) -> None:
    await client.pools()
    far.machine.instead["zfs list"] = Answer(err="no", code=1)
    with pytest.raises(BadAnswer, match="no"):
        await client.datasets(())


async def test_pools_stay_as_they_were_while_something_hangs(
    far: ZfsFarEnd, client: ZfsClient
) -> None:
    await client.identify()
    await client.pools()
    await _hang(far, client)
    far.machine.kernel_states["tank"] = "SUSPENDED"
    host = await client.pools()
    assert host.pools[TANK].state is State.SUSPENDED
    assert host.pools[TANK].as_of and host.pools[TANK].has_problem
    far.log.clear()
    await client.pools()
    assert [line.split()[0] for line in far.log] == ["find"]


async def test_a_draid_has_its_identity_from_the_text(
    far: ZfsFarEnd, client: ZfsClient
) -> None:
    vdev = far.machine.captures[0].pool["vdevs"]["tank"]["vdevs"]["mirror-0"]
    guid = vdev["guid"]

    def tell() -> None:
        vdev["guid"] = guid

    del vdev["guid"]
    far.machine.effects["zpool status -jp --json-int"] = tell
    host = await client.pools()
    assert str(guid) in host.vdevs
    assert "zpool status -gp" in far.log


async def test_an_older_tool_without_pools(far: ZfsFarEnd, client: ZfsClient) -> None:
    far.machine.release = "2.1.16"
    far.machine.show()
    assert not (await client.pools()).pools


async def test_the_end_of_a_scrub_stays_where_it_is_while_it_is_about_that(
    far: ZfsFarEnd, client: ZfsClient
) -> None:
    far.machine.show("scrub-running")
    stats = far.machine.captures[0].pool["scan_stats"]
    far.machine.clock = stats["pass_start"] + 4
    host = await client.pools()
    (facts,) = host.pools.values()
    assert facts.scan and facts.scan.state is ScanState.RUNNING
    first = facts.scan_finish
    assert first
    (facts,) = (await client.pools()).pools.values()
    assert facts.scan_finish == first


async def test_whoever_may_not_look_at_what_is_delegated_has_nothing(
    far: ZfsFarEnd, client: ZfsClient
) -> None:
    far.machine.user = "uid=1000(homelab) gid=1000(homelab)"
    far.machine.instead["zfs allow"] = Answer(out="x" * 9_000_000)
    host = await client.pools()
    assert host.pools[TANK].may == frozenset()


async def test_a_client_that_is_closed_asks_nobody(
    far: ZfsFarEnd, client: ZfsClient
) -> None:
    await client.pools()
    await client.close()
    with pytest.raises(CannotConnect):
        await client.pools()


async def test_a_disk_that_cannot_be_asked_keeps_its_last_words(
    far: ZfsFarEnd, client: ZfsClient
) -> None:
    host = await client.pools()
    readers = {("disk", guid) for guid in host.disks}
    before = await client.disks(readers)
    far.machine.instead["smartctl -n"] = Answer(out="<html>")
    after = await client.disks(readers)
    assert before.keys() == after.keys() and before
    for guid, facts in after.items():
        assert facts.smart == before[guid].smart
        assert facts.as_of and not before[guid].as_of


async def test_whoever_is_slow_misses_samples(
    far: ZfsFarEnd, client: ZfsClient
) -> None:
    await client.pools()
    stream = client.follow()
    first = asyncio.ensure_future(anext(stream))
    await until(lambda: bool(far.streams))
    far.emit(number=50)
    assert (await first).pools
    await until(lambda: client._iostat.quietness._last == far.machine.clock)
    (listener,) = client._iostat._listeners
    assert listener.items.qsize() == 20
    # the client is closed in the middle of it
    await client.close()
    await stream.aclose()


async def test_while_a_stream_cannot_be_ended_nothing_is_known(far: ZfsFarEnd) -> None:
    made = ZfsClient(SshConnection(far.server.address()), interval=1)
    far.stubborn = True
    await made.pools()
    stream = made.follow()
    first = asyncio.ensure_future(anext(stream))
    await until(lambda: bool(far.streams))
    far.emit()
    assert (await first).pools
    made._iostat.restart()
    assert not (await anext(stream)).pools
    assert far.most_streams == 1
    await stream.aclose()
    await made.close()


async def test_freebsd_without_pools(far: ZfsFarEnd, client: ZfsClient) -> None:
    far.machine.system = "FreeBSD"
    far.machine.show()
    host = await client.pools()
    assert (host.system, host.arc_size, dict(host.pools)) == ("FreeBSD", 1000, {})
    assert "zpool status -jp --json-int" in far.log


async def test_lost_contact_ends_the_stream(far: ZfsFarEnd, client: ZfsClient) -> None:
    await client.pools()
    stream = client.follow()
    following = asyncio.ensure_future(anext(stream))
    await until(lambda: bool(far.streams))
    far.server.hang_up()
    with pytest.raises(CannotConnect):
        await following


async def test_a_pool_that_goes_while_it_is_asked_about(
    far: ZfsFarEnd, client: ZfsClient
) -> None:
    far.machine.release = "2.2.9"
    far.machine.show("mirror-idle", "all-classes")

    def go() -> None:
        far.machine.show("mirror-idle")
        far.machine.effects.clear()

    far.machine.effects["zpool status -ps"] = go
    host = await client.pools()
    assert {facts.pool.name for facts in host.pools.values()} == {"tank"}
    assert far.log.count("zpool status -ps") == 2


@pytest.mark.parametrize(
    ("name", "pattern", "wanted"),
    [
        ("tank/a", "*/*", True),
        ("tank", "*/*", False),
        ("tank/a/b", "*/*", False),
        ("tank/a/b", "tank/**", True),
        ("tank/a/b", "tank/a/**", True),
        ("tank/a", "tank/a/**", False),
        ("tank/vm-1", "*/vm-?", True),
        ("tank/[a]", "tank/[a]", False),
    ],
)
def test_patterns_are_compared_level_by_level(
    name: str, pattern: str, wanted: bool
) -> None:
    assert matches(name, pattern) is wanted


async def test_two_asterisks_look_at_every_level(far: ZfsFarEnd) -> None:
    made = ZfsClient(SshConnection(far.server.address()), datasets=["tank/**"])
    far.machine.datasets = ["a", "a/b/c"]
    await made.pools()
    found = await made.datasets(())
    assert [facts.dataset.name for facts in found.values()] == ["tank/a", "tank/a/b/c"]
    assert any(" -d 64 tank" in line for line in far.log)
    await made.close()


@pytest.mark.parametrize("what", ["datasets", "disks", "scrub"])
async def test_a_login_that_was_lost_does_not_count_for_the_next(
    far: ZfsFarEnd, client: ZfsClient, what: str
) -> None:
    await client.identify()
    host = await client.pools()
    disks = {("disk", guid) for guid in host.disks}
    await client.datasets(())
    await client.disks(disks)
    with acting():
        await client.scrub_start(TANK)
    far.log.clear()
    far.machine.instead["pgrep"] = Answer(out="4711\n")
    far.server.hang_up()
    await until(lambda: not client._connection.is_up)
    match what:
        case "datasets":
            client.wake()
            await client.datasets(())
        case "disks":
            await client.disks(disks)
        case _:
            with acting(), pytest.raises(BadAnswer, match="an earlier one hangs"):
                await client.scrub_start(TANK)
    sent = [line for line in far.log if line.startswith(("zpool", "zfs", "smartctl"))]
    assert not sent and far.log


@pytest.mark.parametrize("row", ["left", "smart_left"])
async def test_what_was_never_sent_is_not_taken_for_lost(
    far: ZfsFarEnd, client: ZfsClient, row: str
) -> None:
    await client.identify()
    host = await client.pools()
    far.hanging = {"pgrep"}
    before = READS[row]
    READS[row] = replace(before, deadline=0.2)
    try:
        if row == "smart_left":
            await client.disks({("disk", guid) for guid in host.disks})
            # no disk is left alone for it
            assert not any(rest.hangs for rest in client._health._rests.values())
        else:
            far.server.hang_up()
            await until(lambda: not client._connection.is_up)
            with acting(), pytest.raises(BadAnswer) as caught:
                await client.scrub_start(TANK)
            assert caught.value.sent is False
    finally:
        READS[row] = before
