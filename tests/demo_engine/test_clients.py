"""The simulated engine with clients that know nothing of it."""

import asyncio
import subprocess

import aiodocker
import pytest

from demo.engine import Flavour, Health, Machine, SimulatedEngine, compose

from tests.fakes.real_engine import DEADLINE, docker

VERSIONS = ("1.41", "1.44", "1.51", "1.52")


async def cli(engine: SimulatedEngine, *arguments: str) -> list[str]:
    """Return what Docker's command line tool prints, line by line."""
    said = await asyncio.to_thread(docker, engine.url, *arguments)
    return said.splitlines()


def furnish(engine: SimulatedEngine, api: str) -> None:
    """Have something to show."""
    engine.machine = Machine(api=api)
    labels = compose("shop", "web", depends_on=["db"])
    engine.run("shop-web-1", labels=labels, health=Health.STARTING, ports=(80,))
    engine.set_health("shop-web-1", Health.HEALTHY)
    engine.run("db", volumes=("data",), image="postgres:17")
    engine.add("new")
    engine.say("db", "one")
    engine.say("db", "two", "stderr")


@pytest.mark.real("docker")
@pytest.mark.parametrize("api", VERSIONS)
async def test_what_the_command_line_shows(engine: SimulatedEngine, api: str) -> None:
    furnish(engine, api)
    show = ("--format", "{{.Names}} {{.Status}}")
    assert await cli(engine, "ps", "-a", *show) == [
        "new Created",
        "db Up Less than a second",
        "shop-web-1 Up Less than a second (healthy)",
    ]
    wanted = "label=com.docker.compose.project=shop"
    assert await cli(engine, "ps", "-q", "--no-trunc", "--filter", wanted) == [
        engine.find("shop-web-1").id
    ]
    show = ("--format", "{{.Name}} {{.MemUsage}} {{.PIDs}}")
    stats = await cli(engine, "stats", "--no-stream", *show)
    assert [line.split()[0] for line in stats] == ["db", "shop-web-1"]
    assert all("MiB / 14.9GiB 3" in line for line in stats)
    assert await cli(engine, "logs", "db") == ["one", "two"]
    assert await cli(engine, "logs", "--tail", "1", "db") == ["two"]
    show = ("--format", "{{.Server.Version}}")
    assert await cli(engine, "version", *show) == [engine.machine.release]
    assert "Containers: 3" in " ".join(await cli(engine, "info"))
    show = ("--format", "{{.Type}} {{.TotalCount}} {{.Active}}")
    assert await cli(engine, "system", "df", *show) == [
        "Images 2 2",
        "Containers 3 2",
        "Local Volumes 1 1",
        "Build Cache 0 0",
    ]
    show = ("--format", "{{.State.Health.Status}}")
    assert await cli(engine, "inspect", *show, "shop-web-1") == ["healthy"]
    assert await cli(engine, "volume", "ls", "-q") == ["data"]
    assert "postgres" in " ".join(await cli(engine, "images"))
    assert "bridge" in " ".join(await cli(engine, "network", "ls"))


@pytest.mark.real("docker")
@pytest.mark.parametrize("api", VERSIONS)
async def test_what_the_command_line_does(engine: SimulatedEngine, api: str) -> None:
    furnish(engine, api)
    events = await asyncio.create_subprocess_exec(
        *("docker", "-H", engine.url, "events", "--format", "{{.Action}} {{.Type}}"),
        stdout=subprocess.PIPE,
    )
    try:
        while not engine.chronicle.subscribers:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        for command in ("stop", "start", "pause", "unpause", "restart", "kill", "rm"):
            assert await cli(engine, command, "db") == ["db"]
        for what in ("container", "volume", "network", "image", "builder"):
            await cli(engine, what, "prune", "-f")
        engine.chronicle.end_streams()
        async with asyncio.timeout(DEADLINE):
            said, _ = await events.communicate()
    except BaseException:
        events.kill()
        raise
    lines = said.decode().splitlines()
    actions = [line.split()[0] for line in lines if line.endswith("container")]
    assert sorted(actions[:3]) == ["die", "kill", "stop"]
    assert actions[3:6] == ["start", "pause", "unpause"]
    assert actions[9:] == [
        *("start", "restart", "kill", "die", "destroy", "destroy", "prune")
    ]
    assert {each.name for each in engine.containers.values()} == {"shop-web-1"}


@pytest.mark.parametrize("api", VERSIONS)
@pytest.mark.parametrize("flavour", [*Flavour])
async def test_aiodocker(engine: SimulatedEngine, api: str, flavour: Flavour) -> None:
    furnish(engine, api)
    engine.machine = Machine(api=api, flavour=flavour)
    async with aiodocker.Docker(url=engine.url) as docker:
        assert (await docker.version())["ApiVersion"] == api
        assert (await docker.system.info())["NCPU"] == 4
        db, web = await docker.containers.list()
        assert (db["Names"], web["Names"]) == (["/db"], ["/shop-web-1"])
        (frame,) = await db.stats(stream=False)
        assert frame["cpu_stats"]["online_cpus"] == 4
        assert await db.log(stdout=True, stderr=True) == ["one\n", "two\n"]
        subscriber = docker.events.subscribe()  # type: ignore[no-untyped-call]
        async with asyncio.timeout(3):
            await asyncio.sleep(0.05)
            await db.stop()
            event = await subscriber.get()
            assert event["Actor"]["Attributes"]["name"] == "db"
            await docker.events.stop()  # type: ignore[no-untyped-call]
        with pytest.raises(aiodocker.DockerError) as refusal:
            await docker.containers.get("nobody")
        assert refusal.value.status == 404
