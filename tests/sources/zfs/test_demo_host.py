"""The demo's ZFS host: a process with a real SSH server, read by the real client."""

from collections.abc import Generator
from pathlib import Path
import sys

from _steps import Missing
import pytest

from demo.zfs_host import ZfsHost

from custom_components.homelab.acting import acting
from custom_components.homelab.sources.zfs.client import ZfsClient
from custom_components.homelab.sources.zfs.form import connect
from custom_components.homelab.transports.ssh_keys import fetch_host_key
from tests.plain import _custom_integrations, _no_complaints, _own_folder, _sources

__all__ = ["_custom_integrations", "_no_complaints", "_own_folder", "_sources"]


@pytest.fixture
def host(tmp_path: Path, socket_enabled: None) -> Generator[ZfsHost]:
    """Return the running host."""
    running = ZfsHost(python=Path(sys.executable))
    running.start(tmp_path)
    yield running
    running.stop()


async def test_it_answers_and_can_be_scrubbed(host: ZfsHost, tmp_path: Path) -> None:
    (_, login), (page, _) = host.answers
    assert (host.kind, host.reality, page) == ("zfs", "simulated", "host_key")
    key = await fetch_host_key(login["host"], login["port"], deadline=10)
    client = ZfsClient(connect({**login, "host_key": key}), interval=1)
    try:
        assert await client.identify()
        found = await client.pools()
        pools = {facts.pool.name: guid for guid, facts in found.pools.items()}
        assert pools.keys() == {"tank", "full"}
        assert not any(facts.has_problem for facts in found.pools.values())
        assert len(await client.datasets(())) == 6
        stream = client.follow()
        assert (await anext(stream)).pools.keys() == {*pools.values()}
        await stream.aclose()
        with acting():
            await client.scrub_start(pools["tank"])
        scan = (await client.pools()).pools[pools["tank"]].scan
        assert scan and scan.function == "scrub"
        with acting():
            await client.scrub_stop(pools["tank"])
        assert (await client.pools()).pools[pools["tank"]].scan is None
    finally:
        await client.close()
    # it is the same one after it was started again
    port = login["port"]
    host.stop()
    host.start(tmp_path)
    assert host.answers[0][1]["port"] == port
    assert await fetch_host_key("127.0.0.1", port, deadline=10) == key


def test_what_is_missing_is_said(tmp_path: Path, socket_enabled: None) -> None:
    host = ZfsHost(python=Path("/bin/false"))
    with pytest.raises(Missing, match="simulated"):
        host.start(tmp_path)
    host.stop()
