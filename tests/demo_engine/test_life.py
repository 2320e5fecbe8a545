"""What befalls simulated containers, and what is told of it."""

import asyncio
import math

import pytest

from demo.engine import (
    Flavour,
    Health,
    Machine,
    Refusal,
    SimulatedEngine,
    State,
    compose,
)

OLD = Machine(api="1.41")
PODMAN = Machine(api="1.41", flavour=Flavour.PODMAN)


def told(engine: SimulatedEngine, kind: str = "container") -> list[str]:
    """Return what happened to things of a kind, and forget it."""
    actions = [each.action for each in engine.chronicle.kept if each.kind == kind]
    engine.chronicle.kept.clear()
    return actions


async def test_recent_engines_say_stop_before_die() -> None:
    engine = SimulatedEngine()
    engine.run("web")
    told(engine)
    await engine.stop("web")
    last = engine.chronicle.kept[-1]
    assert [each.action for each in engine.chronicle.kept] == [
        *("kill", "disconnect", "stop", "die")
    ]
    assert last.attributes["execDuration"] == "0"
    assert engine.find("web").exit_code == 0


async def test_older_engines_say_die_before_stop() -> None:
    engine = SimulatedEngine(OLD)
    engine.run("web")
    told(engine)
    await engine.stop("web")
    assert [each.action for each in engine.chronicle.kept] == [
        *("kill", "die", "disconnect", "stop")
    ]
    assert "execDuration" not in engine.chronicle.kept[1].attributes


async def test_podman_tells_in_its_own_words() -> None:
    engine = SimulatedEngine(PODMAN)
    engine.run("web")
    assert told(engine) == ["create", "init", "start"]
    await engine.stop("web")
    assert told(engine) == ["die", "cleanup"]
    engine.start("web")
    told(engine)
    await engine.restart("web")
    assert told(engine) == ["restart", "die", "cleanup", "init", "start"]
    engine.kill("web", "USR1")
    assert "signal" not in engine.chronicle.kept[0].attributes
    engine.remove("web", force=True)
    assert told(engine) == ["kill", "die", "cleanup", "remove"]
    assert told(engine, "network") == []


async def test_what_does_not_listen_is_killed_in_the_end() -> None:
    engine = SimulatedEngine(OLD)
    engine.run("web", lingers=math.inf, stop_timeout=0)
    told(engine)
    await engine.stop("web")
    signals = [each.attributes.get("signal") for each in engine.chronicle.kept]
    assert signals[:2] == ["15", "9"]
    assert engine.find("web").exit_code == 137


async def test_what_takes_its_time_ends_by_itself() -> None:
    engine = SimulatedEngine(OLD)
    engine.run("web", lingers=0.02, exit_on_stop=4, stop_signal="SIGQUIT")
    told(engine)
    await engine.stop("web", -1)
    assert engine.chronicle.kept[0].attributes["signal"] == "3"
    assert engine.find("web").exit_code == 4


async def test_what_is_killed_while_it_is_being_stopped() -> None:
    engine = SimulatedEngine(OLD)
    engine.run("web", lingers=math.inf)
    stopping = asyncio.create_task(engine.stop("web", -1))
    await asyncio.sleep(0)
    told(engine)
    engine.kill("web")
    await stopping
    assert told(engine) == ["kill", "die", "stop"]


async def test_a_signal_of_choice() -> None:
    engine = SimulatedEngine(OLD)
    engine.run("web")
    told(engine)
    await engine.restart("web", signal="KILL")
    assert engine.chronicle.kept[0].attributes["signal"] == "9"
    assert told(engine) == ["kill", "die", "stop", "start", "restart"]
    engine.kill("web", "HUP")
    assert engine.find("web").state is State.RUNNING


async def test_a_policy_starts_again_until_it_has_enough() -> None:
    engine = SimulatedEngine(OLD)
    engine.restart_pause = 0.001
    container = engine.run("web", restart="on-failure", retries=2)
    for count in (1, 2):
        engine.die("web", 3)
        assert container.state is State.RESTARTING
        assert container.restart_count == count
        # later than every timer that is set by now
        await asyncio.sleep(0.02)
        assert container.is_up
    engine.die("web", 3)
    assert container.state is State.EXITED
    engine.start("web")
    assert container.restart_count == 0
    engine.die("web", 0)
    assert container.state is State.EXITED


async def test_what_waits_to_be_started_again() -> None:
    engine = SimulatedEngine(OLD)
    container = engine.run("web", restart="always")
    engine.die("web")
    with pytest.raises(Refusal) as refusal:
        engine.start("web")
    assert refusal.value.status == 304
    told(engine)
    await engine.restart("web")
    assert told(engine) == ["start", "restart"]
    assert engine.planned == {}
    engine.die("web")
    engine.kill("web")
    assert container.state is State.EXITED
    assert told(engine) == ["die"]
    engine.start("web")
    engine.die("web")
    engine.remove("web", force=True)
    assert told(engine) == ["start", "die", "destroy"]
    engine.forget_timers()


async def test_what_a_person_has_ended_stays_down() -> None:
    engine = SimulatedEngine(OLD)
    container = engine.run("web", restart="always")
    engine.kill("web")
    assert container.state is State.EXITED
    assert not engine.planned


async def test_out_of_memory() -> None:
    engine = SimulatedEngine(OLD)
    container = engine.run("web")
    told(engine)
    engine.oom("web")
    assert told(engine) == ["oom", "die"]
    assert container.oom_killed and container.exit_code == 137
    engine.start("web")
    assert not container.oom_killed
    engine.die("web")
    with pytest.raises(Refusal, match="is not running"):
        engine.die("web")


async def test_health_is_told_when_it_changes() -> None:
    engine = SimulatedEngine(OLD)
    container = engine.run("web", health=Health.STARTING)
    told(engine)
    for _ in range(2):
        engine.set_health("web", Health.UNHEALTHY)
    actions = told(engine)
    assert [each.partition(":")[0] for each in actions] == [
        *("exec_create", "exec_start", "exec_die", "health_status"),
        *("exec_create", "exec_start", "exec_die"),
    ]
    assert actions[3] == "health_status: unhealthy"
    assert container.failing_streak == 2
    engine.set_health("web", Health.HEALTHY)
    assert container.failing_streak == 0
    await engine.stop("web")
    assert container.health is Health.UNHEALTHY
    engine.start("web")
    assert container.health is Health.STARTING


async def test_what_cannot_start() -> None:
    engine = SimulatedEngine(OLD)
    container = engine.add("web", broken="no such file")
    with pytest.raises(Refusal, match="no such file"):
        engine.start("web")
    assert container.state is State.CREATED
    assert (container.exit_code, container.error) == (127, "no such file")
    assert told(engine) == ["create"]


async def test_compose_makes_the_new_one_first() -> None:
    engine = SimulatedEngine(OLD)
    labels = compose("shop", "web", depends_on=["db"])
    old = engine.run("shop-web-1", labels=labels, health=Health.HEALTHY)
    told(engine)
    new = await engine.recreate("shop-web-1", image="nginx:2")
    assert [
        (each.action, each.attributes["name"])
        for each in engine.chronicle.kept
        if each.kind == "container"
    ] == [
        ("create", f"{old.id[:12]}_shop-web-1"),
        ("kill", "shop-web-1"),
        ("die", "shop-web-1"),
        ("stop", "shop-web-1"),
        ("destroy", "shop-web-1"),
        ("rename", "shop-web-1"),
        ("start", "shop-web-1"),
    ]
    assert engine.find("shop-web-1") is new
    assert new.image == "nginx:2" and new.health is Health.STARTING
    assert new.labels["com.docker.compose.replace"] == old.id
    engine.die("shop-web-1")
    assert (await engine.recreate("shop-web-1")).state is State.RUNNING


async def test_what_removes_itself() -> None:
    engine = SimulatedEngine(OLD)
    volume = engine.add_volume().name
    engine.run("job", auto_remove=True, volumes=(volume, "kept"))
    await engine.restart("job")
    told(engine)
    engine.die("job", 0)
    assert told(engine) == ["die", "destroy"]
    assert [*engine.volumes] == ["kept"]
    engine.run("job", auto_remove=True)
    engine.remove("job", force=True)
    assert engine.containers == {}


def test_names_and_ids() -> None:
    engine = SimulatedEngine()
    web = engine.add("web")
    other = engine.add("other")
    assert engine.find("/web") is engine.find(web.id[:6]) is engine.find(web.id) is web
    with pytest.raises(Refusal, match="No such container: w"):
        engine.find("w")
    with pytest.raises(Refusal, match="Invalid container name"):
        engine.add("a")
    with pytest.raises(Refusal, match="is already in use") as refusal:
        engine.rename("other", "web")
    assert refusal.value.status == 409 and other.name == "other"
    assert SimulatedEngine().add("web").id == web.id
    assert SimulatedEngine(seed=1).add("web").id != web.id


def test_images_are_shared() -> None:
    engine = SimulatedEngine()
    made = engine.add_image("nginx:1")
    assert engine.add("web", image="nginx:1").image_id == made.id
    assert engine.add("two", image="nginx:2").image_id != made.id
    assert len(engine.images) == 2


def test_time_never_stands_still() -> None:
    engine = SimulatedEngine(clock=lambda: 7)
    first, second, third = (engine.now() for _ in range(3))
    assert first < second < third


async def test_a_gentle_end_and_a_new_beginning() -> None:
    engine = SimulatedEngine(OLD)
    async with engine:
        for policy in ("no", "always", "unless-stopped", "on-failure"):
            engine.run(policy, restart=policy, exit_on_stop=1)
        engine.add("new", restart="always")
        engine.run("ended", restart="unless-stopped")
        await engine.stop("ended")
        engine.run("crashing", restart="always")
        engine.die("crashing")
        await engine.go_down()
        assert engine.planned == {}
        await engine.come_up()
        running = {each.name for each in engine.containers.values() if each.is_up}
        assert running == {"always", "unless-stopped", "on-failure", "crashing"}
        assert told(engine) == ["start"] * 4


async def test_who_waits_for_a_line_that_is_there_does_not_wait() -> None:
    engine = SimulatedEngine()
    engine.run("web")
    engine.say("web", "hello")
    async with asyncio.timeout(1):
        await engine.find("web").log.wait(0)


async def test_each_run_of_an_engine_has_a_bridge_of_its_own(
    engine: SimulatedEngine,
) -> None:
    before = {name: each.id for name, each in engine.networks.items()}
    await engine.go_down(gently=False)
    await engine.come_up()
    after = {name: each.id for name, each in engine.networks.items()}
    assert {name for name in before if before[name] != after[name]} == {"bridge"}
