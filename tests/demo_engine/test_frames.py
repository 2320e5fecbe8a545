"""The figures of each flavour, and how they move."""

import pytest

from demo.engine import Container, Flavour, Machine, SimulatedEngine
from demo.engine.frames import frame
from demo.engine.meter import SWING, Meter
from demo.engine.moment import NEVER, SECOND, moment, span, stamp

START = 1_800_000_000 * SECOND


class Clock:
    """A time that a test moves."""

    def __init__(self) -> None:
        self.at = START

    def __call__(self) -> int:
        return self.at


def running(flavour: Flavour, api: str = "1.44") -> tuple[Clock, SimulatedEngine]:
    clock = Clock()
    engine = SimulatedEngine(Machine(flavour=flavour, api=api), clock=clock)
    usage = {"cores": 0.5, "memory": 1_000_000, "cache": 1_000, "written": 9_000}
    engine.run("web", usage=usage)
    clock.at += 1_000 * SECOND
    return clock, engine


def shot(engine: SimulatedEngine, name: str = "web", before: int | None = None) -> dict:
    container: Container = engine.find(name)
    owner = engine.network_owner(container)
    return frame(container, engine.machine, engine.now(), before, owner)


def test_cgroup_2() -> None:
    _, engine = running(Flavour.CGROUP_2)
    said = shot(engine)
    assert said["preread"] == NEVER
    assert said["precpu_stats"]["cpu_usage"]["total_usage"] == 0
    assert said["memory_stats"]["stats"]["inactive_file"] == 1_000
    assert "percpu_usage" not in said["cpu_stats"]["cpu_usage"]
    found = said["blkio_stats"]["io_service_bytes_recursive"]
    assert [each["op"] for each in found] == ["read", "write"]
    assert said["networks"]["eth0"]["rx_bytes"] > 0


def test_cgroup_1() -> None:
    _, engine = running(Flavour.CGROUP_1)
    said = shot(engine)
    used = said["cpu_stats"]["cpu_usage"]
    assert len(used["percpu_usage"]) == engine.machine.cores
    assert sum(used["percpu_usage"]) == used["total_usage"]
    assert said["memory_stats"]["stats"]["total_inactive_file"] == 1_000
    found = said["blkio_stats"]["io_service_bytes_recursive"]
    assert {"Read", "Write", "Total"} < {each["op"] for each in found}


def test_rootless() -> None:
    _, engine = running(Flavour.ROOTLESS)
    assert set(shot(engine)["blkio_stats"].values()) == {None}
    assert "name=rootless" in engine.machine.info("")["SecurityOptions"]


def test_no_memory_controller() -> None:
    _, engine = running(Flavour.NO_MEMORY)
    assert shot(engine)["memory_stats"] == {}
    info = engine.machine.info("")
    assert info["MemoryLimit"] is False
    assert "No memory limit support" in info["Warnings"][0]


def test_podman() -> None:
    _, engine = running(Flavour.PODMAN)
    said = shot(engine)
    assert said["Id"] == engine.find("web").id and "id" not in said
    assert {*said["memory_stats"]} == {"usage", "limit"}
    operations = {
        each["op"] for each in said["blkio_stats"]["io_service_bytes_recursive"]
    }
    assert {"read", "write", "rios", "wios", "dbytes"} <= operations
    assert engine.machine.info("")["ID"] != engine.machine.info("")["ID"]


def test_counters_grow_at_their_pace() -> None:
    clock, engine = running(Flavour.CGROUP_2)
    before = shot(engine)["cpu_stats"]
    earlier = engine.now()
    clock.at += 100_000 * SECOND
    said = shot(engine, before=earlier)
    grown = (
        said["cpu_stats"]["cpu_usage"]["total_usage"]
        - before["cpu_usage"]["total_usage"]
    )
    assert grown / SECOND == pytest.approx(50_000, rel=0.01)
    machine = said["cpu_stats"]["system_cpu_usage"] - before["system_cpu_usage"]
    assert machine / SECOND == pytest.approx(100_000 * engine.machine.cores)
    assert said["precpu_stats"]["cpu_usage"]["total_usage"] == pytest.approx(
        before["cpu_usage"]["total_usage"]
    )


def test_counters_are_the_same_for_the_same_seed_and_swing() -> None:
    clocks, engines = zip(*(running(Flavour.CGROUP_2) for _ in range(2)), strict=True)
    del clocks
    assert shot(engines[0]) == shot(engines[1])
    meter = Meter(pace=10, period=100, halted=False)
    steps = [meter.total(at + 1) - meter.total(at) for at in range(0, 200, 5)]
    assert min(steps) >= 10 * (1 - SWING) - 1
    assert max(steps) > min(steps)


def test_what_a_container_uses_can_be_changed() -> None:
    clock, engine = running(Flavour.CGROUP_2)
    engine.load("web", memory=2_000_000, cpu=2, received=0)
    first = shot(engine)
    clock.at += 1_000 * SECOND
    second = shot(engine)
    grown = [
        each["cpu_stats"]["cpu_usage"]["total_usage"] / SECOND
        for each in (first, second)
    ]
    assert grown[1] - grown[0] == pytest.approx(2_000, rel=0.05)
    received = [each["networks"]["eth0"]["rx_bytes"] for each in (first, second)]
    assert received[0] == received[1] > 0
    assert second["memory_stats"]["usage"] == pytest.approx(2_000_000, rel=0.06)


def test_counters_can_begin_again() -> None:
    _, engine = running(Flavour.CGROUP_2)
    assert shot(engine)["networks"]["eth0"]["rx_bytes"] > 0
    engine.reset("web")
    assert shot(engine)["networks"]["eth0"]["rx_bytes"] == 0
    assert engine.find("web").is_up


async def test_what_is_paused_stands_still_and_what_starts_begins_at_zero() -> None:
    clock, engine = running(Flavour.CGROUP_2)
    engine.pause("web")
    before = shot(engine)["cpu_stats"]["cpu_usage"]["total_usage"]
    clock.at += 1_000 * SECOND
    assert shot(engine)["cpu_stats"]["cpu_usage"]["total_usage"] == before > 0
    engine.unpause("web")
    clock.at += 1_000 * SECOND
    assert shot(engine)["cpu_stats"]["cpu_usage"]["total_usage"] > before
    await engine.restart("web")
    assert shot(engine)["cpu_stats"]["cpu_usage"]["total_usage"] == 0


def test_networks() -> None:
    _, engine = running(Flavour.CGROUP_2)
    engine.run("host", network_mode="host")
    engine.run("guest", network_mode=f"container:{engine.find('web').id}")
    engine.run("orphan", network_mode="container:gone")
    assert "networks" not in shot(engine, "host")
    assert shot(engine, "guest")["networks"] == shot(engine)["networks"]
    assert shot(engine, "orphan")["networks"]["eth0"]["rx_bytes"] == 0


@pytest.mark.parametrize(("api", "keys"), [("1.51", 11), ("1.52", 3)])
async def test_what_does_not_run_has_no_figures(api: str, keys: int) -> None:
    _, engine = running(Flavour.CGROUP_2, api)
    await engine.stop("web")
    said = shot(engine)
    assert len(said) == keys
    assert not said.get("memory_stats")
    assert said["name"] == "/web"


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("", None),
        ("0", 0),
        ("1800000000", START),
        ("1800000000.000000001", START + 1),
        ("1800000000.5", START + SECOND // 2),
        ("2027-01-15T08:00:00Z", START),
        ("1m30s", START - 90 * SECOND),
        ("1.5h", START - 5400 * SECOND),
    ],
)
def test_times_are_read(text: str, at: int | None) -> None:
    assert moment(text, START) == at


def test_nonsense_is_no_time() -> None:
    with pytest.raises(ValueError, match="Invalid isoformat"):
        moment("yesterday", START)


def test_times_are_written() -> None:
    assert stamp(None) == "0001-01-01T00:00:00Z"
    assert stamp(START) == "2027-01-15T08:00:00Z"
    assert stamp(START + 120) == "2027-01-15T08:00:00.00000012Z"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.2, "Less than a second"),
        (1.9, "1 second"),
        (59, "59 seconds"),
        (61, "About a minute"),
        (3_599, "59 minutes"),
        (3_601, "About an hour"),
        (47 * 3_600, "47 hours"),
        (3 * 86_400, "3 days"),
        (20 * 86_400, "2 weeks"),
        (90 * 86_400, "3 months"),
        (800 * 86_400, "2 years"),
    ],
)
def test_spans_are_told(seconds: float, text: str) -> None:
    assert span(seconds) == text
