"""What containers take: who is asked, how often, and what is made of the answers."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import async_capture_events

from demo.engine import Flavour, Health, Machine, OneShot, SimulatedEngine
from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import HomeAssistant

from .bench import BUSY, STATS, WEB, Bench, counters
from .host import entity_id, state
from .relay import Relay
from tests.common import until

SHOWN = (
    *("cpu", "memory", "memory_percent"),
    *("network_receive_rate", "network_send_rate"),
)
# what has moved less than this may not have been written yet
SETTLED = 0.06
HIDDEN = (
    *("cpu_cores", "network_received", "network_sent", "pids"),
    *("block_read_rate", "block_write_rate", "block_read", "block_written"),
)


@pytest.fixture
def bench(
    hass: HomeAssistant, engine: SimulatedEngine, freezer: FrozenDateTimeFactory
) -> Bench:
    """Return a bench for an engine without containers."""
    return Bench(hass=hass, engine=engine, freezer=freezer)


async def test_only_who_has_an_enabled_number_is_asked(bench: Bench) -> None:
    engine = bench.engine
    web = engine.run("web", usage=BUSY)
    mute = engine.run("mute", usage={**BUSY, "memory": 1_000_000_000})
    bench.add()
    bench.choose("mute", *SHOWN, enabled=False)
    await bench.begin()
    await bench.next_round()
    assert not any(mute.id in asked and "/stats" in asked for asked in engine.asked)
    assert engine.requests[STATS] == 2
    memory = web.usage.level(engine.seconds) - web.usage.cache
    assert bench.number("memory", "host") == pytest.approx(memory, rel=SETTLED)
    # without the host's own numbers enabled nothing changes: nobody else is asked
    assert bench.number("cpu", "host") == bench.number("cpu")


async def test_one_number_that_is_enabled_is_reason_enough(bench: Bench) -> None:
    bench.engine.run("web")
    bench.add()
    bench.choose("web", *SHOWN, enabled=False)
    bench.choose("web", "pids", enabled=True)
    await bench.begin()
    assert bench.number("pids") == 3
    assert state(bench.hass, WEB, "cpu") is None


async def test_at_rest_nothing_is_asked_but_the_numbers(bench: Bench) -> None:
    engine = bench.engine
    for number in range(12):
        engine.run(f"c{number}", health=Health.HEALTHY)
    engine.add("idle")
    await bench.begin()
    engine.requests.clear()
    engine.peaks.clear()
    engine.faults.delay = 0.1
    for _ in range(4):
        await bench.next_round(takes=2)
    assert engine.requests == {STATS: 4 * 12}
    assert engine.peaks[STATS] == 5
    assert state(bench.hass, "container_name:idle", "memory") == "unknown"


async def test_totals_without_any_number_are_unknown(bench: Bench) -> None:
    bench.engine.add("idle")
    await bench.begin()
    assert state(bench.hass, "host", "cpu") == "unknown"
    assert state(bench.hass, "host", "memory") == "unknown"


@pytest.mark.parametrize(
    "engine",
    [pytest.param(Machine(flavour=each), id=each) for each in Flavour],
    indirect=True,
)
async def test_what_people_read(bench: Bench) -> None:
    engine, flavour = bench.engine, bench.engine.machine.flavour
    usage = {
        **BUSY,
        "received": 50_000,
        "sent": 20_000,
        "read": 9e4,
        "written": 4e4,
    }
    web = engine.run("web", usage=usage, memory_limit=1_000_000_000)
    bench.add()
    bench.choose("web", *HIDDEN, enabled=True)
    await bench.begin()
    before = counters(engine, web)
    assert bench.number("cpu") is None
    assert bench.number("network_receive_rate") is None
    passed = await bench.next_round()
    after = counters(engine, web)
    grown = {name: (after[name] - before[name]) / passed for name in after}
    near = {name: pytest.approx(pace, rel=0.01) for name, pace in grown.items()}
    cores = bench.known("cpu_cores")
    assert cores == pytest.approx(grown["cpu"] / 1e9 * 100, rel=0.01)
    assert bench.number("cpu") == pytest.approx(cores / 4, abs=0.1)
    assert bench.number("cpu", "host") == bench.number("cpu")
    assert bench.known("network_receive_rate") == near["received"]
    assert bench.known("network_send_rate") == near["sent"]
    received = bench.known("network_received")
    assert received == pytest.approx(after["received"], rel=0.01)
    assert bench.number("pids") == 3
    if flavour is Flavour.ROOTLESS:
        assert bench.number("block_read_rate") is None
        assert bench.number("block_write_rate") is None
        assert bench.number("block_written") is None
    else:
        read, write = (
            bench.known(f"block_{which}_rate") for which in ("read", "write")
        )
        assert read == pytest.approx(grown["read"], rel=0.05)
        assert write == pytest.approx(grown["written"], rel=0.05)
    level = web.usage.level(engine.seconds)
    # Podman itself leaves the cache out
    memory = level if flavour is Flavour.PODMAN else level - web.usage.cache
    if flavour is Flavour.NO_MEMORY:
        assert bench.number("memory") is None
        assert bench.number("memory_percent") is None
    else:
        assert bench.known("memory") == pytest.approx(memory, rel=SETTLED)
        assert bench.number("memory_percent") == pytest.approx(memory / 1e7, abs=2.1)


@pytest.mark.parametrize("manner", [OneShot.WAITS, OneShot.IGNORED])
async def test_engines_that_do_not_know_one_shot(bench: Bench, manner: OneShot) -> None:
    engine = bench.engine
    engine.faults.one_shot = manner
    for number in range(7):
        engine.run(f"c{number}", usage=BUSY)
    web = engine.run("web", usage=BUSY)
    began = bench.hass.async_create_task(bench.begin())
    await bench.pass_time(60, enough=began.done)
    before = counters(engine, web)
    passed = await bench.next_round(takes=10)
    used = counters(engine, web)["cpu"] - before["cpu"]
    # our own previous sample counts, not what the engine sends with it
    assert bench.number("cpu") == pytest.approx(used / passed / 4e7, abs=1)
    assert engine.peaks[STATS] == 5


async def test_one_that_fails_or_hangs_does_not_hurt_the_others(
    bench: Bench, tmp_path: Path
) -> None:
    engine = bench.engine
    others = {
        name: engine.run(name, usage=BUSY).id for name in ("broken", "stuck", "cut")
    }
    engine.run("web", usage=BUSY)
    async with Relay(tmp_path / "relay.sock", tmp_path / "docker.sock") as relay:
        bench.url = relay.url
        entry = await bench.begin()
        assert bench.number("memory", "container_name:stuck")
        broken = f"GET /containers/{others['broken']}/stats"
        engine.faults.answers[broken] = (500, "no cgroup")
        engine.faults.cut.add(f"GET /containers/{others['cut']}/stats")
        relay.held.add(f"/containers/{others['stuck']}/stats".encode())
        await bench.next_round(takes=12)
        for name in others:
            assert bench.number("memory", f"container_name:{name}") is None, name
        assert bench.number("cpu") is not None
        assert bench.number("cpu", "host") == bench.number("cpu")
        assert bench.feed.last_update_success
        engine.faults.answers.clear()
        relay.held.clear()
        await bench.next_round()
        for name in others:
            assert bench.number("memory", f"container_name:{name}"), name
        # the sample before the trouble still is the previous one
        assert bench.number("cpu", "container_name:stuck") is not None
        assert await bench.hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize("containers", [1, 12])
async def test_an_engine_that_falls_silent(
    bench: Bench, containers: int, caplog: pytest.LogCaptureFixture
) -> None:
    engine = bench.engine
    names = [f"c{number}" for number in range(containers)]
    for name in names:
        engine.run(name)
    await bench.begin()
    engine.faults.silent = True
    asked = engine.requests[STATS]
    await bench.pass_time(20, enough=lambda: engine.requests[STATS] > asked)
    shown = f"container_name:{names[-1]}"

    def is_unavailable() -> bool:
        return state(bench.hass, shown, "memory") == "unavailable"

    passed = await bench.pass_time(60, enough=is_unavailable)
    assert 5 < passed <= 11.5
    assert state(bench.hass, "host", "memory") == "unavailable"
    engine.faults.silent = False
    # what is answered now takes no time of the clock that stands still
    for _ in range(10):
        await bench.breathe()
    await bench.pass_time(30, enough=lambda: bool(bench.feed.last_update_success))
    await bench.hass.async_block_till_done()
    assert bench.number("memory", shown)
    failed = [r for r in caplog.records if "failed" in r.getMessage()]
    assert len(failed) == 1, [r.getMessage() for r in failed]


async def test_an_engine_that_answers_late_is_not_asked_twice(bench: Bench) -> None:
    engine = bench.engine
    for number in range(10):
        engine.run(f"c{number}")
    await bench.begin()
    asked = engine.requests[STATS]
    engine.faults.delay = 8
    await bench.next_round(takes=20)
    assert engine.requests[STATS] == asked + 10
    assert bench.feed.last_update_success
    assert bench.number("memory", "container_name:c9")


async def test_stopped_paused_and_restarting(bench: Bench) -> None:
    engine = bench.engine
    engine.restart_pause = 1e6
    web = engine.run("web", usage=BUSY)
    engine.run("loop", usage=BUSY, restart="always")
    await bench.begin()
    await bench.next_round()
    assert bench.number("cpu")
    engine.pause("web")
    engine.die("loop")
    loop = "container_name:loop"
    await bench.until(lambda: state(bench.hass, WEB, "state") == "paused")
    await bench.until(lambda: state(bench.hass, loop, "state") == "restarting")
    asked = engine.requests[STATS]
    await bench.next_round()
    await bench.next_round()
    assert engine.requests[STATS] == asked + 2
    assert bench.number("cpu") == 0
    assert bench.number("memory")
    assert bench.number("cpu", loop) is None
    assert bench.number("memory", loop) is None
    await engine.stop("web")
    await bench.until(lambda: state(bench.hass, WEB, "running") == "off")
    asked = engine.requests[STATS]
    await bench.next_round()
    assert [bench.number(key) for key in SHOWN] == [None] * len(SHOWN)
    assert engine.requests[STATS] == asked
    engine.start(web.id)
    await bench.until(lambda: state(bench.hass, WEB, "running") == "on")
    await bench.next_round()
    assert bench.number("cpu") is None
    assert bench.number("memory")


def _empty(request: str, said: Any) -> Any:
    return (
        {"id": said["id"], "name": said["name"], "os_type": "linux"}
        if (request == STATS)
        else said
    )


async def test_a_frame_without_figures_is_no_zero(bench: Bench) -> None:
    """The list may still say that it runs."""
    bench.engine.run("web", usage=BUSY)
    await bench.begin()
    await bench.next_round()
    bench.engine.faults.edit = _empty
    await bench.next_round()
    assert [bench.number(key) for key in SHOWN] == [None] * len(SHOWN)
    bench.engine.faults.edit = None
    await bench.next_round()
    # what was counted before says nothing of this run
    assert bench.number("cpu") is None
    assert bench.number("memory")


@pytest.mark.parametrize("seconds", [1, 200])
async def test_counters_begin_anew(bench: Bench, seconds: float) -> None:
    """Neither below zero nor far above what is true, however long it ran before."""
    engine = bench.engine
    web = engine.run("web", usage={**BUSY, "received": 100_000})
    bench.freezer.tick(seconds)
    await bench.begin()
    await bench.next_round()
    usual, rate = bench.number("cpu"), bench.number("network_receive_rate")
    assert usual and rate
    bench.freezer.tick(3)
    await engine.restart("web")
    await bench.until(lambda: engine.requests["GET /containers/{id}/json"] >= 2)
    for _ in range(3):
        await bench.next_round()
        shown = bench.number("cpu")
        assert shown is None or 0 <= shown <= 2 * usual
        shown = bench.number("network_receive_rate")
        assert shown is None or 0 <= shown <= 2 * rate
    assert bench.number("cpu") == pytest.approx(usual, rel=0.9)
    assert web.restart_count == 0


async def test_one_that_was_made_anew_counts_from_its_own_beginning(
    bench: Bench,
) -> None:
    engine = bench.engine
    engine.run("web", usage={"cores": 0.01, "memory": 50_000_000})
    await bench.begin()
    await bench.next_round()
    new = await engine.recreate("web", usage={"cores": 3.5, "memory": 90_000_000})
    changed = f"GET /v1.51/containers/{new.id}/json"
    await bench.until(lambda: changed in engine.asked)
    await bench.until(lambda: state(bench.hass, WEB, "running") == "on")
    bench.freezer.tick(60)
    await bench.next_round()
    # many more than its predecessor's, but nobody knows since when
    assert bench.number("cpu") is None
    await bench.next_round()
    assert bench.number("cpu") == pytest.approx(3.5 / 4 * 100, rel=0.3)


def _writes(bench: Bench, key: str) -> Callable[[], int]:
    events = async_capture_events(bench.hass, EVENT_STATE_CHANGED)
    name = entity_id(bench.hass, WEB, key)
    return lambda: sum(1 for event in events if event.data["entity_id"] == name)


async def test_numbers_are_written_at_the_publish_interval(bench: Bench) -> None:
    engine = bench.engine
    engine.run("web", usage={**BUSY, "cores": 0.1})
    entry = await bench.begin()
    await bench.next_round()
    await bench.next_round(60)
    writes, written = _writes(bench, "cpu"), entry.runtime_data.publication
    before = written.states_written
    for number in range(1, 13):
        # each round something else, but no jump
        engine.load("web", cpu=0.1 + number % 2 * 0.05)
        await bench.next_round()
    # three minutes
    assert 2 <= writes() <= 4
    # seven numbers in twelve rounds; some of them jump
    assert written.states_written - before <= 7 * 12 / 2
    engine.load("web", cpu=2.5)
    so_far = writes()
    await bench.next_round()
    assert writes() == so_far + 1
    assert (bench.number("cpu") or 0) > 40


NONSENSE: dict[str, Callable[[dict[str, Any]], None]] = {
    "more-than-there-is": lambda said: said["cpu_stats"]["cpu_usage"].update(
        total_usage=said["cpu_stats"]["system_cpu_usage"] * 9
    ),
    "below-zero": lambda said: said["cpu_stats"]["cpu_usage"].update(total_usage=-5),
    "a-word": lambda said: said["cpu_stats"]["cpu_usage"].update(total_usage="much"),
    "beyond-all-numbers": lambda said: said["cpu_stats"]["cpu_usage"].update(
        total_usage=2**70
    ),
    "nothing": lambda said: said.update(cpu_stats=None, memory_stats=None),
    "a-list": lambda said: said.update(cpu_stats=[1], networks=[2], blkio_stats=3),
}


async def test_nonsense_is_never_shown(bench: Bench) -> None:
    engine = bench.engine
    for kind in NONSENSE:
        engine.run(kind, usage=BUSY)
    engine.run("web", usage=BUSY)
    await bench.begin()
    await bench.next_round()

    def edit(request: str, said: Any) -> Any:
        if request == STATS and (spoil := NONSENSE.get(said["name"].lstrip("/"))):
            spoil(said)
        return said

    engine.faults.edit = edit
    await bench.next_round()
    await bench.next_round()
    for kind in NONSENSE:
        assert bench.number("cpu", f"container_name:{kind}") is None, kind
    assert bench.number("cpu")
    assert bench.feed.last_update_success


async def test_a_proxy_that_forbids_the_numbers_leaves_the_state(bench: Bench) -> None:
    bench.engine.run("web", usage=BUSY)
    await bench.begin()
    bench.engine.faults.answers[STATS] = (403, "<html>forbidden</html>")
    await bench.until(lambda: not bench.feed.last_update_success, 20, step=0.5)
    await bench.hass.async_block_till_done()
    assert state(bench.hass, WEB, "memory") == "unavailable"
    assert state(bench.hass, WEB, "running") == "on"
    assert state(bench.hass, "host", "connected") == "on"


@pytest.mark.thorough
async def test_very_many_over_one_pool(bench: Bench) -> None:
    engine = bench.engine
    for number in range(250):
        engine.run(f"c{number}")
    bench.add()
    for number in range(250):
        # the entities of so many take a while, and are not what this is about
        bench.choose(f"c{number}", *SHOWN[1:], enabled=False)
    entry = await bench.begin()
    engine.requests.clear()
    engine.peaks.clear()
    engine.faults.delay = 0.1
    began = asyncio.create_task(bench.next_round(takes=10))
    await until(lambda: engine.in_flight[STATS] == 5)
    # whoever wants something else meanwhile is not kept waiting
    await entry.runtime_data.source.state()
    assert 0 < engine.requests[STATS] < 250
    await began
    assert engine.requests[STATS] == 250
    assert engine.peaks[STATS] == 5
    assert all(
        bench.number("cpu", f"container_name:c{number}") is not None
        for number in range(250)
    )
    assert engine.connections < 20


async def test_who_shares_a_network_has_no_traffic_of_its_own(bench: Bench) -> None:
    bench.engine.run("vpn", usage=BUSY)
    bench.engine.run("app", network_mode="container:vpn", usage=BUSY)
    bench.add()
    for name in ("vpn", "app"):
        bench.choose(name, "network_received", "network_sent", "memory", enabled=True)
    await bench.begin()
    await bench.next_round()
    vpn, app = "container_name:vpn", "container_name:app"
    assert bench.known("memory", app) and bench.known("network_received", vpn)
    assert bench.number("network_received", app) is None
    assert bench.number("network_sent", app) is None


async def test_what_cannot_be_is_counted_once_for_each_sample(
    bench: Bench,
) -> None:
    bench.engine.run("web", usage=BUSY)
    entry = await bench.begin()
    await bench.next_round()
    client = entry.runtime_data.source
    assert client.dropped == 0

    def edit(request: str, said: Any) -> Any:
        if request == STATS:
            said["memory_stats"]["usage"] = 2**60
            said["pids_stats"]["current"] = -1
        return said

    bench.engine.faults.edit = edit
    for rounds in (1, 2):
        await bench.next_round()
        assert bench.number("memory") is None
        assert client.dropped == 2 * rounds
