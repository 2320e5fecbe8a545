"""The rig that starts real engines: what it offers to tests, and what it leaves."""

from pathlib import Path
from threading import Thread
import time

from _steps import Missing
from aiohttp import ClientError, ClientSession, TCPConnector
import pytest

from demo.dockerd import Dockerd, mounts_below

from tests.fakes.real_engine import IDLE, RealEngine, running
from tests.fakes.sockets import commands_about

pytestmark = pytest.mark.real("docker")


def test_containers_live_and_die(real_engine: RealEngine) -> None:
    since = time.time()
    ident = real_engine.run("web", Labels={"a": "b"})
    assert real_engine.inspect("web")["Config"]["Labels"] == {"a": "b"}
    assert real_engine.act("web", "stop") == 204
    actions = [each["Action"] for each in real_engine.events(since)]
    assert actions[:3] == ["create", "connect", "start"]
    assert "die" in actions and "stop" in actions
    assert real_engine.cli("ps", "-aq", "--no-trunc").strip() == ident
    with pytest.raises(AssertionError, match="No such container: nobody"):
        real_engine.cli("stop", "nobody")


def test_the_next_test_finds_none(real_engine: RealEngine) -> None:
    assert real_engine.ask("GET", "/containers/json?all=1") == []


def test_a_killed_engine_comes_back(real_engine: RealEngine) -> None:
    policy = {"RestartPolicy": {"Name": "always"}}
    identity = real_engine.ask("GET", "/info")["ID"]
    real_engine.run("web", host=policy)
    real_engine.kill()
    assert not real_engine.answers()
    real_engine.start()
    assert real_engine.ask("GET", "/info")["ID"] == identity
    deadline = time.monotonic() + 10
    while not real_engine.inspect("web")["State"]["Running"]:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_test_may_leave_it_dead(real_engine: RealEngine) -> None:
    real_engine.kill()


def test_the_next_one_finds_it_alive(real_engine: RealEngine) -> None:
    assert real_engine.answers()


def test_one_waits_for_the_end_of_the_other(sockets: Path) -> None:
    first, second = Dockerd(sockets), Dockerd(sockets)
    first.kill()
    first.end()
    # nobody has this number
    (sockets / "dockerd.pid").write_text("4194305")
    first.start()
    ending = Thread(target=first.end)
    ending.start()
    try:
        second.start()
        assert second.answers()
    finally:
        ending.join()
        second.stop()
    assert not mounts_below(sockets)


@pytest.mark.usefixtures("socket_enabled")
async def test_tls(real_engine: RealEngine) -> None:
    authority = real_engine.authority
    context = authority.client_context(authority.client())
    connector = TCPConnector(ssl=context)
    async with (
        ClientSession(real_engine.tcp_url, connector=connector) as client,
        client.get("/_ping") as answer,
    ):
        assert answer.status == 200
    connector = TCPConnector(ssl=authority.client_context())
    async with ClientSession(real_engine.tcp_url, connector=connector) as client:
        with pytest.raises(ClientError):
            await client.get("/_ping")


@pytest.mark.usefixtures("socket_enabled")
async def test_a_plain_port(plain_engine: RealEngine) -> None:
    url = plain_engine.tcp_url.replace("tcp", "http")
    async with ClientSession(url) as client, client.get("/_ping") as answer:
        assert answer.status == 200


def test_nothing_is_left() -> None:
    with running() as engine:
        folder = engine.folder
        engine.run("web", IDLE)
        network = engine.cli("network", "create", "shop_default").strip()
        interfaces = {f"br-{network[:12]}", engine.bridge}
        assert interfaces <= _interfaces()
        assert mounts_below(folder)
        assert commands_about(folder)
    assert not folder.exists()
    assert not interfaces & _interfaces()
    assert not mounts_below(folder)
    assert not commands_about(folder)


def test_a_path_can_be_too_long(tmp_path: Path) -> None:
    with pytest.raises(Missing, match="is too long a path"):
        Dockerd(tmp_path / ("x" * 60)).start()


def test_what_it_cannot_do_is_said(real_engine: RealEngine, sockets: Path) -> None:
    with pytest.raises(Missing, match="404"):
        real_engine.ask("GET", "/containers/nobody/json")
    with pytest.raises(Missing, match="broken cannot be imported"):
        real_engine.import_image("broken", b"no archive")
    engine = Dockerd(sockets, "--nonsense")
    with pytest.raises(Missing, match="unknown flag: --nonsense"):
        engine.start()
    engine.stop()


def test_many_containers(real_engine: RealEngine) -> None:
    names = [f"idle-{number}" for number in range(12)]
    real_engine.run_many(names)
    found = real_engine.ask("GET", "/containers/json")
    assert {each["Names"][0] for each in found} == {f"/{name}" for name in names}


def _interfaces() -> set[str]:
    return {path.name for path in Path("/sys/class/net").iterdir()}
