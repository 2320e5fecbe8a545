"""The demo's Docker host, real and simulated."""

import asyncio
from collections.abc import Callable
import os
from pathlib import Path
import signal
import subprocess
import sys
import time

from _steps import ROOT, Missing
import pytest

from demo.busybox import is_static
from demo.docker_host import DockerHost, recipe
from demo.dockerd import Dockerd, can_run
from demo.engine import Health, SimulatedEngine
from demo.engine.__main__ import serve
from demo.engine.scenery import live, populate
from demo.far_end import reachable
from demo.services import SERVICES
from demo.socket_client import SocketClient, Unanswered

PYTHON = Path(sys.executable)
PROJECTS = {"media", "monitoring", "smarthome"}
DEMO = """
import signal, sys, time
from pathlib import Path
# whatever runs the tests may ignore it, and so would we
signal.signal(signal.SIGINT, signal.default_int_handler)
from demo.docker_host import DockerHost
from demo.far_end import reachable
host = DockerHost(real=sys.argv[1] == "real", python=Path(sys.executable))
with reachable((host,), Path(sys.argv[2])):
    print(host.answers[0][1]["url"], flush=True)
    time.sleep(100)
"""


def until(is_so: Callable[[], bool], deadline: float = 30) -> None:
    """Wait for something."""
    end = time.monotonic() + deadline
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.05)


def client_of(host: DockerHost) -> SocketClient:
    """Return somebody who asks the host's engine."""
    ((step, answers),) = host.answers
    assert step == "docker" and answers["name"] == host.title
    return SocketClient(Path(answers["url"].removeprefix("unix://")))


def names(client: SocketClient, query: str = "") -> set[str]:
    """Return the names of its containers that run, or of all."""
    found = client.ask("GET", f"/containers/json?{query}")
    return {each["Names"][0].removeprefix("/") for each in found}


ALL = {each.container for each in SERVICES}


def test_a_simulated_one(sockets: Path) -> None:
    host = DockerHost(real=False, python=PYTHON)
    assert (host.reality, host.title) == ("simulated", "Simulated Docker")
    with reachable((host,), sockets):
        client = client_of(host)
        assert names(client, "all=1") == ALL
        assert names(client) == ALL - {"backup"}
        assert client.request("POST", "/containers/console/stop")[0] == 204
        assert "console" not in names(client)
    assert not client.answers()
    host.stop()


def test_instead_of_a_real_one_that_does_not_start(
    sockets: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # too long for a real one, not for one socket
    folder = sockets / ("x" * (62 - len(str(sockets))))
    folder.mkdir()
    host = DockerHost(real=True, python=PYTHON)
    assert (host.reality, host.title) == ("real", "Docker")
    try:
        host.start(folder)
        assert (host.reality, host.title) == ("simulated", "Simulated Docker")
        assert "instead of a real one" in capsys.readouterr().out
        assert names(client_of(host)) == ALL - {"backup"}
    finally:
        host.stop()


def test_when_nothing_can_be_simulated(sockets: Path) -> None:
    host = DockerHost(real=False, python=Path("/bin/false"))
    with pytest.raises(Missing, match="No engine can be simulated"):
        host.start(sockets)
    host.stop()


def test_it_is_what_the_machine_can_be() -> None:
    possible = can_run() and is_static()
    assert DockerHost().reality == ("real" if possible else "simulated")


def test_recipes() -> None:
    made = {each.container: recipe(each) for each in SERVICES}
    player = made["media-player-1"]
    assert player["HostConfig"]["NetworkMode"] == "media_default"
    aliases = player["NetworkingConfig"]["EndpointsConfig"]["media_default"]
    assert aliases == {"Aliases": ["player"]}
    assert player["Healthcheck"]["Retries"] == 2
    assert made["media-library-1"]["HostConfig"]["Binds"] == ["media_library:/data"]
    assert made["console"]["Tty"] and made["console"]["Labels"] == {}
    assert made["tunnel"]["HostConfig"]["NetworkMode"] == "host"
    assert "trap" not in made["backup"]["Cmd"][2]
    labels = made["media-indexer-1"]["Labels"]
    assert labels["com.docker.compose.depends_on"] == (
        "library:service_started:false,player:service_started:false"
    )
    assert {each.project for each in SERVICES} == {*PROJECTS, ""}


async def test_the_scenery() -> None:
    engine = SimulatedEngine()
    populate(engine, 30)
    assert len(engine.containers) == 30
    of_compose = [each for each in engine.containers.values() if each.labels]
    assert len(of_compose) == len([each for each in SERVICES if each.project])
    assert engine.find("media-player-1").health is Health.HEALTHY
    assert engine.find("media-library-1").log.printed == 2
    assert engine.find("backup-1").exit_code == 0


async def test_it_lives() -> None:
    told = []
    for _ in range(2):
        engine = SimulatedEngine(clock=lambda: 10**18)
        engine.restart_pause = 0.0001
        populate(engine, len(SERVICES))
        engine.pause("console")
        engine.chronicle.kept.clear()
        living = asyncio.create_task(live(engine, 7, (0, 0)))
        for _ in range(500):
            await asyncio.sleep(0)
        living.cancel()
        engine.forget_timers()
        told.append([(each.action, each.actor) for each in engine.chronicle.kept])
    assert told[0][:20] == told[1][:20]
    actions = {action for action, _ in told[0]}
    assert {"die", "start", "health_status: unhealthy"} <= actions
    assert engine.find("monitoring-alerts-1").log.printed > 3


async def test_the_program(sockets: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = sockets / "docker.sock"
    serving = asyncio.create_task(serve(path, 3))
    client = SocketClient(path)
    async with asyncio.timeout(10):
        await asyncio.to_thread(until, client.answers)
        assert len(await asyncio.to_thread(client.ask, "GET", "/containers/json")) == 3
        os.kill(os.getpid(), signal.SIGTERM)
        await serving
    assert capsys.readouterr().out == f"unix://{path}\n"
    assert not path.exists()
    with pytest.raises(Unanswered):
        client.request("GET", "/_ping")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
@pytest.mark.parametrize(
    "kind", ["simulated", pytest.param("real", marks=pytest.mark.real("docker"))]
)
def test_it_ends_with_the_demo(
    sockets: Path, kind: str, number: signal.Signals
) -> None:
    demo = subprocess.Popen(
        (sys.executable, "-c", DEMO, kind, sockets),
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'scripts'}"},
    )
    assert demo.stdout
    try:
        lines = iter(demo.stdout.readline, b"")
        socket = next(line for line in lines if line.startswith(b"unix://")).decode()
        client = SocketClient(Path(socket.strip().removeprefix("unix://")))
        assert client.answers()
    finally:
        demo.send_signal(number)
        demo.wait()
        demo.stdout.close()
    until(lambda: not client.answers())
    if kind == "real":
        # a killed demo clears up when it is started again
        until(lambda: not (client.socket.parents[1] / "dockerd.pid").exists())
        engine = Dockerd(client.socket.parents[1])
        engine.start()
        engine.stop()


@pytest.mark.real("docker")
def test_a_real_one(sockets: Path) -> None:
    host = DockerHost(real=True)
    with reachable((host,), sockets):
        client = client_of(host)
        assert host.reality == "real"
        assert names(client, "all=1") == ALL
        until(lambda: names(client) == ALL - {"backup"})
        until(
            lambda: "media-player-1" in names(client, 'filters={"health":["healthy"]}')
        )
        said = client.request("GET", "/containers/media-indexer-1/logs?stdout=1")[1]
        assert b"  -\n" in said
    assert not client.answers()
    # once more in the same folder, with what the first has left there
    with reachable((host,), sockets):
        assert names(client, "all=1") == ALL
