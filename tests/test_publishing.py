"""State writes are the cost: when a number is written, and how many are."""

from collections.abc import Callable
import math
from typing import Any, ClassVar, override

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
)

from homeassistant.const import EVENT_STATE_CHANGED, STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import Event, HomeAssistant

from .common import entity_id, make_entry, pass_time, set_up, state
from .fakes.rack import Box, FarEnd, Rack, Stats
from custom_components.homelab.publishing import (
    AMOUNT,
    CPU_PERCENT,
    PERCENT,
    RATE,
    TEMPERATURE,
)


@pytest.mark.parametrize(
    ("old", "new", "jumps"),
    [
        (CPU_PERCENT.jumps, (10.0, 14.9), False),
        (CPU_PERCENT.jumps, (10.0, 15.0), True),
        (PERCENT.jumps, (50.0, 51.9), False),
        (PERCENT.jumps, (50.0, 48.0), True),
        (TEMPERATURE.jumps, (40.0, 40.9), False),
        (TEMPERATURE.jumps, (40.0, 39.0), True),
        (RATE.jumps, (0.0, 1023.0), False),
        (RATE.jumps, (0.0, 1024.0), True),
        (RATE.jumps, (100_000.0, 119_000.0), False),
        (RATE.jumps, (100_000.0, 80_000.0), True),
    ],
)
def test_thresholds(
    old: Callable[[float, float], bool], new: tuple[float, float], jumps: bool
) -> None:
    assert old(*new) is jumps


def test_rounding() -> None:
    assert CPU_PERCENT.rounded(12.349) == 12.3
    assert TEMPERATURE.rounded(21) == 21.0
    assert RATE.rounded(123_456.0) == 123_000
    assert RATE.rounded(0.0123456) == 0.0123
    assert RATE.rounded(0) == 0
    assert AMOUNT.rounded(987_654) == 988_000


@pytest.mark.parametrize("value", [math.nan, math.inf, -1.0, 100.1, 2.0**64])
def test_outside_the_domain(value: float) -> None:
    assert not CPU_PERCENT.contains(value)


def _values(events: list[Event], name: str | None) -> list[str]:
    return [
        event.data["new_state"].state
        for event in events
        if event.data["entity_id"] == name
    ]


ALPHA = Box(name="Alpha")


async def begin(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    far_end: FarEnd,
    box: Box = ALPHA,
) -> None:
    """Set a rack up that has one box, with a load of ten."""
    far_end.rack = Rack(boxes={"a": box})
    far_end.snapshots["stats"] = {"a": Stats(load=10)}
    await set_up(hass, entry)


async def test_a_jump_is_shown_at_once_and_the_rest_once_an_interval(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    far_end: FarEnd,
    freezer: FrozenDateTimeFactory,
) -> None:
    await begin(hass, entry, far_end)
    events = async_capture_events(hass, EVENT_STATE_CHANGED)
    name = entity_id(hass, "box_a", "load")
    loads = [10.04, 11, 12, 13, 14, 12, 30, 31, 32, 33, 34]
    for load in loads:
        far_end.snapshots["stats"] = {"a": Stats(load=load)}
        await pass_time(hass, freezer, 15.6)
    shown = _values(events, name)
    # 13 or 14 after the first interval, 30 at once, then no other before its time
    assert shown[0] in {"12.0", "13.0", "14.0"}
    assert "30.0" in shown
    assert len(shown) <= 4


async def test_the_last_value_is_shown_even_if_nothing_changes_any_more(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    far_end: FarEnd,
    freezer: FrozenDateTimeFactory,
) -> None:
    await begin(hass, entry, far_end)
    far_end.snapshots["stats"] = {"a": Stats(load=12)}
    for _ in range(3):
        await pass_time(hass, freezer, 15.6)
    assert state(hass, "box_a", "load") == "10.0"
    for _ in range(2):
        await pass_time(hass, freezer, 15.6)
    assert state(hass, "box_a", "load") == "12.0"


async def test_the_interval_is_an_option(
    hass: HomeAssistant, far_end: FarEnd, freezer: FrozenDateTimeFactory
) -> None:
    entry = make_entry(hass, options={"polling": {"publish_interval": 600}})
    await begin(hass, entry, far_end)
    far_end.snapshots["stats"] = {"a": Stats(load=12)}
    for _ in range(30):
        await pass_time(hass, freezer, 15.6)
    assert state(hass, "box_a", "load") == "10.0"


async def test_states_and_attributes_are_shown_at_once(
    hass: HomeAssistant, entry: MockConfigEntry, far_end: FarEnd
) -> None:
    far_end.rack = Rack(boxes={"a": Box(name="Alpha")})
    await set_up(hass, entry)
    events = async_capture_events(hass, EVENT_STATE_CHANGED)
    far_end.send(far_end.rack.having(a=Box(name="Alpha", note="dusty")))
    await hass.async_block_till_done()
    assert [event.data["entity_id"] for event in events] == [
        entity_id(hass, "box_a", "version")
    ]
    assert events[0].data["new_state"].attributes["note"] == "dusty"


async def test_numbers_of_what_is_gone_are_unavailable(
    hass: HomeAssistant, entry: MockConfigEntry, far_end: FarEnd
) -> None:
    """Also while the feed of numbers has not been asked again."""
    await begin(hass, entry, far_end)
    assert state(hass, "box_a", "load") == "10.0"
    far_end.send(far_end.rack.having(a=None))
    await hass.async_block_till_done()
    assert state(hass, "box_a", "load") == STATE_UNAVAILABLE


class ReadBox(Box):
    """A box that knows how often something of it was read."""

    reads: ClassVar[list[str]] = []

    @override
    def __getattribute__(self, name: str) -> Any:
        ReadBox.reads.append(name)
        return super().__getattribute__(name)


async def test_new_numbers_read_nothing_but_numbers(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    far_end: FarEnd,
    freezer: FrozenDateTimeFactory,
) -> None:
    await begin(hass, entry, far_end, ReadBox(name="Alpha"))
    ReadBox.reads.clear()
    for load in (30, 31):
        # at once, and later
        far_end.snapshots["stats"] = {"a": Stats(load=load)}
        await pass_time(hass, freezer, 15.6)
    await pass_time(hass, freezer, 61)
    await pass_time(hass, freezer, 61)
    assert state(hass, "box_a", "load") == "31.0"
    assert ReadBox.reads == []


async def test_unknown_and_known_again_are_shown_at_once(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    far_end: FarEnd,
    freezer: FrozenDateTimeFactory,
) -> None:
    await begin(hass, entry, far_end)
    for load, shown in ((None, STATE_UNKNOWN), (10.1, "10.1"), (101, STATE_UNKNOWN)):
        far_end.snapshots["stats"] = {"a": Stats(load=load)}
        await pass_time(hass, freezer, 15.6)
        assert state(hass, "box_a", "load") == shown
    assert entry.runtime_data.values_dropped == 1


async def test_an_hour_at_rest_writes_nothing(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    far_end: FarEnd,
    freezer: FrozenDateTimeFactory,
) -> None:
    far_end.rack = Rack(boxes={str(n): Box(name=f"Box {n}") for n in range(20)})
    far_end.snapshots["stats"] = {str(n): Stats(load=n) for n in range(20)}
    await set_up(hass, entry)
    events = async_capture_events(hass, EVENT_STATE_CHANGED)
    for _ in range(240):
        await pass_time(hass, freezer, 15)
    assert not events


async def test_a_noisy_hour_writes_each_number_at_most_once_an_interval(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    far_end: FarEnd,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Twenty loads that change with every read: 60 writes an hour each, not 240."""
    far_end.rack = Rack(boxes={str(n): Box(name=f"Box {n}") for n in range(20)})
    await set_up(hass, entry)
    await pass_time(hass, freezer, 16)
    events = async_capture_events(hass, EVENT_STATE_CHANGED)
    for turn in range(240):
        far_end.snapshots["stats"] = {
            str(n): Stats(load=n + turn % 4) for n in range(20)
        }
        await pass_time(hass, freezer, 15)
    assert 20 * 30 <= len(events) <= 20 * 61
    assert entry.runtime_data.publication.states_written >= len(events)
