"""Ten thousand events a second for five seconds: what Home Assistant notices of them."""

import asyncio
from asyncio.subprocess import PIPE
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
import os
from pathlib import Path
import sys

import pytest
from pytest_homeassistant_custom_component.common import async_capture_events

from demo.engine import SimulatedEngine
from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import HomeAssistant

from .host import docker_entry, entity_id, set_up, state, until
from .stormy import CONTAINERS
from custom_components.homelab.sources.docker.following import TOGETHER
from tests.test_load import longest_turn

HOURLY = {"polling": {"state_interval": 3600, "stats_interval": 300}}
ROOT = Path(__file__).parents[3]
RATE, SECONDS = 10_000, 5
# seconds of CPU
LONGEST = 0.050
# of all that is not the event itself: what is new in the end, and little else
MOST_WRITTEN = 2 * CONTAINERS


@asynccontextmanager
async def stormy(
    hass: HomeAssistant, path: Path
) -> AsyncGenerator[Callable[[], Awaitable[float]]]:
    """Set up an engine that is a process of its own; yield what makes it storm."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.sources.docker.stormy"),
        *(str(path), str(RATE), str(SECONDS)),
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=PIPE,
        stdout=PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert process.stdin and process.stdout
    told, heard = process.stdin, process.stdout

    async def storm() -> float:
        told.write(b"storm\n")
        took, streams = (await heard.readline()).split()
        # it was heard from its beginning to its end
        assert int(streams) == 1
        return float(took)

    url = (await heard.readline()).decode().strip()
    # only who it is and where it is: both are always the same
    entry = docker_entry(hass, SimulatedEngine(), url=url, options=HOURLY)
    try:
        await set_up(hass, entry)
        yield storm
        await hass.config_entries.async_unload(entry.entry_id)
    finally:
        told.close()
        await process.wait()


@pytest.mark.thorough
@pytest.mark.timeout(120)
async def test_a_storm_holds_nothing_up(hass: HomeAssistant, tmp_path: Path) -> None:
    async with stormy(hass, tmp_path / "docker.sock") as storm:
        last, event = "container_name:last", entity_id(hass, "host", "container")
        await until(lambda: state(hass, "container_name:c0", "cpu") is not None)
        # whoever listens has listed all
        await asyncio.sleep(1)
        changes = async_capture_events(hass, EVENT_STATE_CHANGED)
        with longest_turn(hass) as turns:
            took = await storm()
            # nothing is polled: it is known when all events before it are
            await until(lambda: state(hass, last, "running") == "on", 2 * SECONDS)
        written = Counter(each.data["entity_id"] for each in changes)
        print(
            f"{RATE * SECONDS / took:.0f} events a second; "
            f"{len(turns)} turns, the longest {max(turns) * 1000:.1f} ms; "
            f"written: {written[event]} of the event, {written.total() - written[event]}"
        )
        # the measure is none if the storm was a breeze
        assert took < 2 * SECONDS
        assert max(turns) < LONGEST, sorted(turns)[-3:]
        assert written.total() - written[event] < MOST_WRITTEN
        # a check has one word each time that somebody looks
        assert written[event] < CONTAINERS * took / TOGETHER

        def is_right() -> bool:
            healths = Counter(
                state(hass, f"container_name:c{number}", "health")
                for number in range(2, CONTAINERS)
            )
            return (
                healths == {"healthy": CONTAINERS - 2}
                and state(hass, "container_name:c0", "state") == "exited"
                and state(hass, "container_name:c1", "health") == "unhealthy"
                and state(hass, "host", "containers_running") == str(CONTAINERS)
            )

        await until(is_right)
        # and so it stays
        changes.clear()
        await asyncio.sleep(3)
        assert is_right()
        ends = [
            (new.attributes["event_type"], new.attributes["exit_code"])
            for each in changes
            if each.data["entity_id"] == event
            and (new := each.data["new_state"])
            and new.attributes["resource"] == "name:c0"
        ]
        assert ends == [("exited", 3)]
