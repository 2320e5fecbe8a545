"""250 boxes of eight entities: no callback of ours holds up the loop."""

import asyncio
from asyncio.events import Handle
from collections.abc import Generator
from contextlib import contextmanager
import gc
from time import thread_time
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
)

from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import HomeAssistant

from .common import pass_time, set_up
from .fakes.rack import Box, FarEnd, Rack, Stats

BOXES = 250
# seconds of CPU; whoever takes longer holds up everything else in Home Assistant
LONGEST = 0.010


@contextmanager
def longest_turn(hass: HomeAssistant) -> Generator[list[float]]:
    """Measure the CPU time of each callback, without asyncio's debugging."""
    turns = [0.0]
    run = Handle._run

    def timed(handle: Handle) -> None:
        begin = thread_time()
        run(handle)
        turns.append(thread_time() - begin)

    hass.loop.set_debug(False)
    # the harness's heap is large: its collections would be measured instead of us
    gc.collect()
    gc.disable()
    try:
        with patch.object(Handle, "_run", timed):
            yield turns
    finally:
        gc.enable()


def _rack(version: int) -> Rack:
    return Rack(
        boxes={
            f"b{n}": Box(
                name=f"Box {n}",
                running=bool(version % 2),
                version=str(version),
                temperature=version * 10,
            )
            for n in range(BOXES)
        }
    )


async def test_set_up_lets_others_run(
    hass: HomeAssistant, entry: MockConfigEntry, far_end: FarEnd
) -> None:
    far_end.rack = _rack(1)
    with longest_turn(hass) as turns:
        await set_up(hass, entry)
    assert len(hass.states.async_entity_ids()) > BOXES * 7
    # Home Assistant's own share of a set-up is in it
    assert max(turns) < 3 * LONGEST, sorted(turns)[-3:]


async def test_everything_changes_and_contact_is_lost(
    hass: HomeAssistant, entry: MockConfigEntry, far_end: FarEnd
) -> None:
    """Real time: frozen clocks would also freeze the turns' own measure."""
    far_end.rack = _rack(1)
    await set_up(hass, entry)
    assert len(hass.states.async_entity_ids()) > BOXES * 7
    events = async_capture_events(hass, EVENT_STATE_CHANGED)
    # the best of a few: what else the machine does is not what is measured
    longest = []
    for version in range(2, 7):
        with longest_turn(hass) as turns:
            far_end.send(_rack(version))
            await asyncio.sleep(0)
            await hass.async_block_till_done()
        longest.append(max(turns))
    assert len(events) > 5 * BOXES * 5
    assert min(longest) < LONGEST, longest

    events.clear()
    with longest_turn(hass) as turns:
        far_end.break_off()
        await asyncio.sleep(0)
        await hass.async_block_till_done()
    assert len(events) > BOXES * 7
    assert max(turns) < 3 * LONGEST, sorted(turns)[-3:]


async def test_numbers_of_all_boxes_at_rest_cost_little(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    far_end: FarEnd,
    freezer: FrozenDateTimeFactory,
) -> None:
    """A read of 250 boxes of which one changed writes one state."""
    far_end.rack = _rack(1)
    stats = {f"b{n}": Stats(load=10) for n in range(BOXES)}
    far_end.snapshots["stats"] = stats
    await set_up(hass, entry)
    events = async_capture_events(hass, EVENT_STATE_CHANGED)
    far_end.snapshots["stats"] = {**stats, "b7": Stats(load=60)}
    await pass_time(hass, freezer, 16)
    assert len(events) == 1
