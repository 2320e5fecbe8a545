"""A container is asked about once for each thing that happens to it, and never for a poll."""

from collections import Counter
import re

from freezegun.api import FrozenDateTimeFactory
import pytest

from demo.engine import Health, SimulatedEngine
from homeassistant.core import HomeAssistant

from .bench import STATS, Bench
from .host import state
from tests.common import until

INSPECT = "GET /containers/{id}/json"
LIST = "GET /containers/json"
EVENTS = "GET /events"
ONE = re.compile(r"GET (?:/v[\d.]+)?/containers/(\w+)/json(?:\?.*)?")
NAMES = ("plex", "web", "job")
# as often as it may be
OFTEN = {"polling": {"state_interval": 10, "stats_interval": 5}}


@pytest.fixture
def bench(
    hass: HomeAssistant, engine: SimulatedEngine, freezer: FrozenDateTimeFactory
) -> Bench:
    """Return a bench on which everything is polled often."""
    engine.run("plex")
    engine.run("web", health=Health.STARTING)
    engine.add("job")
    return Bench(hass=hass, engine=engine, freezer=freezer, options=OFTEN)


def inspects(engine: SimulatedEngine) -> Counter[str]:
    """Return who was asked about so far, and how often."""
    ids = [found[1] for each in engine.asked if (found := ONE.fullmatch(each))]
    assert len(ids) == engine.requests[INSPECT]
    names = {id_: each.name for id_, each in engine.containers.items()}
    return Counter(names[id_] for id_ in ids)


async def polls(bench: Bench, number: int = 2) -> None:
    """Let the state be polled so often, and the numbers at least as often."""
    lists, stats = bench.engine.requests[LIST], bench.engine.requests[STATS]
    await bench.until(
        lambda: (
            bench.engine.requests[LIST] >= lists + number
            and bench.engine.requests[STATS] >= stats + number
        ),
        10.0 * number + 10,
        step=0.5,
    )
    await until(lambda: bench.engine.in_flight == Counter({EVENTS: 1}))
    await bench.hass.async_block_till_done()


async def test_once_at_the_beginning_and_not_while_polled(bench: Bench) -> None:
    await bench.begin()
    # both who sets up and who begins to listen have listed them
    assert bench.engine.requests[LIST] == 2
    assert inspects(bench.engine) == Counter(NAMES)
    await polls(bench, 5)
    assert inspects(bench.engine) == Counter(NAMES)


@pytest.mark.parametrize("polled", [False, True])
async def test_once_for_what_happens(bench: Bench, polled: bool) -> None:
    """A poll that comes next finds what is known by then."""
    hass, engine = bench.hass, bench.engine
    await bench.begin()
    expected = Counter(NAMES)

    async def once(name: str, key: str, word: str) -> None:
        resource = f"container_name:{name}"
        await bench.until(lambda: state(hass, resource, key) == word)
        await polls(bench) if polled else await bench.pass_time(3)
        expected[name] += 1
        assert inspects(engine) == expected, (name, key, word)
        assert state(hass, resource, key) == word

    engine.add("new")
    await once("new", "state", "created")
    engine.start("new")
    await once("new", "state", "running")
    engine.die("new", 3)
    await once("new", "state", "exited")
    engine.start("new")
    await once("new", "running", "on")
    for health in (Health.HEALTHY, Health.UNHEALTHY, Health.HEALTHY):
        engine.set_health("web", health)
        await once("web", "health", health)
    # a check that finds nothing new
    engine.set_health("web", Health.HEALTHY)
    await polls(bench)
    assert inspects(engine) == expected


async def test_once_for_all_that_happens_at_the_same_time(bench: Bench) -> None:
    await bench.begin()
    bench.engine.run("new")
    bench.engine.pause("new")
    await bench.until(
        lambda: state(bench.hass, "container_name:new", "state") == "paused"
    )
    await polls(bench)
    assert inspects(bench.engine) == Counter([*NAMES, "new"])


@pytest.mark.parametrize("rudely", [False, True])
async def test_once_after_contact_was_lost(bench: Bench, rudely: bool) -> None:
    engine = bench.engine
    await bench.begin()
    for times in (2, 3):
        opened = engine.requests[EVENTS]
        engine.hang_up() if rudely else engine.chronicle.end_streams()
        await bench.until(lambda: engine.requests[EVENTS] > opened, 60)
        await polls(bench)
        assert inspects(engine) == Counter(dict.fromkeys(NAMES, times))
