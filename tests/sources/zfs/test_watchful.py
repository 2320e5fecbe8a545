"""What the stream seems to say, and must not be misled by: parts, gaps, own questions."""

from collections import Counter
from datetime import datetime

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from homeassistant.core import HomeAssistant

from .common import TANK, VDB, devices, let_work, look, settle, value
from .test_quiet import DATASETS, SIZES, STATUS, _sleepers, begin, let_pass, others
from custom_components.homelab.diagnostics import async_get_config_entry_diagnostics
from custom_components.homelab.sources.zfs.models import Sample, Work
from custom_components.homelab.sources.zfs.quietness import Quietness
from tests.common import until
from tests.fakes.zfs_host import ZfsFarEnd

__all__ = ["_sleepers"]

ZFS = ("zpool", "zfs")


def of_zfs(asked: Counter[str]) -> dict[str, int]:
    """Return what ZFS itself was asked."""
    return {line: n for line, n in asked.items() if line.startswith(ZFS)}


@pytest.mark.parametrize("cases", [("mirror-idle",), ("mirror-idle", "all-classes")])
async def test_a_sample_that_comes_in_two_parts_wakes_nobody(
    hass: HomeAssistant,
    far: ZfsFarEnd,
    zfs_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    cases: tuple[str, ...],
) -> None:
    far.machine.show(*cases)
    await begin(hass, far, zfs_entry)
    await let_pass(hass, far, freezer, 60)
    others(far)
    far.machine.clock += 9
    freezer.tick(10)
    sample = far.machine.sample()
    # between the pools, or between the rows of the only one
    start = sample.index("\nfull\t") if len(cases) > 1 else sample.index("\ntank\t") + 1
    cut = start + 1 if len(cases) > 1 else sample.index("\n", start) + 1
    far.send(sample[:cut])
    await let_work()
    freezer.tick(0.6)
    await let_work()
    far.send(sample[cut:])
    await let_work()
    freezer.tick(60)
    async_fire_time_changed(hass)
    await settle(hass, far)
    await let_pass(hass, far, freezer, 12)
    assert not of_zfs(others(far))


@pytest.mark.parametrize(
    ("iostat", "status"), [(10, 60), (10, 10), (30, 30), (60, 60), (60, 10)]
)
async def test_what_works_is_asked_at_each_poll_at_any_pace(
    hass: HomeAssistant,
    far: ZfsFarEnd,
    zfs_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    iostat: int,
    status: int,
) -> None:
    polling = {
        "iostat_interval": iostat,
        "status_interval": status,
        "dataset_interval": 86400,
    }
    hass.config_entries.async_update_entry(zfs_entry, options={"polling": polling})
    await begin(hass, far, zfs_entry)
    far.machine.work["tank"] = (50, 50, 500_000, 500_000)
    await let_pass(hass, far, freezer, 600 // iostat, iostat)
    others(far)
    for _ in range(600 // iostat):
        await let_pass(hass, far, freezer, 1, iostat)
        shown = look(hass, TANK, "allocated")
        assert shown and "as_of" not in shown.attributes
    # time passes in steps of a sample here
    assert others(far)[STATUS] == pytest.approx(600 / max(iostat, status), abs=1)


async def test_after_an_outage_each_pool_is_asked_about_once(
    hass: HomeAssistant,
    far: ZfsFarEnd,
    zfs_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    await begin(hass, far, zfs_entry)
    await let_pass(hass, far, freezer, 60)
    others(far)
    far.server.hangs_up_after_login = True
    far.server.hang_up()
    for _ in range(24):
        freezer.tick(10)
        far.machine.clock += 10
        async_fire_time_changed(hass)
        await let_work()
    assert value(hass, TANK, "health") == "unavailable"
    far.server.hangs_up_after_login = False
    # what is made while nobody watches is found
    far.machine.datasets.append("new")
    for _ in range(30):
        freezer.tick(10)
        if far.streams:
            far.emit(10)
        else:
            far.machine.clock += 10
        async_fire_time_changed(hass)
        await let_work()
    await settle(hass, far)
    assert value(hass, TANK, "health") == "online"
    asked = of_zfs(others(far))
    # its own poll may fall into the moment in which the datasets are asked anyway
    assert asked.pop(f"{DATASETS} tank") in (1, 2)
    assert asked == {STATUS: 1, SIZES: 1, "zpool version": 1}
    assert [d for d in devices(hass) if d.name == "tank/new"]


def test_a_first_sample_that_came_in_part_is_no_sign_of_an_export() -> None:
    quietness = Quietness()
    for at in range(0, 300, 10):
        quietness.take(_resting(at, "a", "b"))
    mark = quietness.mark("b")
    quietness.take(_resting(300, "a", first=True))
    quietness.take(_resting(310, "a", "b", reshaped=True))
    assert quietness.mark("b").moves == mark.moves
    # one that stays away has gone
    quietness.take(_resting(320, "a", reshaped=True))
    quietness.take(_resting(330, "a"))
    assert quietness.mark("b").moves == mark.moves + 1


def _resting(
    at: int, *pools: str, first: bool = False, reshaped: bool = False
) -> Sample:
    work = Work(read_operations=0, write_operations=0, read_rate=0, write_rate=0)
    return Sample(
        at=at,
        first=first,
        reshaped=reshaped,
        pools=dict.fromkeys(pools, work),
        vdevs={},
    )


async def test_rows_of_an_unknown_form_are_told_and_counted(
    hass: HomeAssistant,
    far: ZfsFarEnd,
    zfs_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    plain = far.machine.sample

    def wider() -> str:
        lines = plain().splitlines()
        return "".join(f"{ln}\t0\n" if "\t" in ln else f"{ln}\n" for ln in lines)

    far.machine.sample = wider  # type: ignore[method-assign]
    await begin(hass, far, zfs_entry)
    for _ in range(6):
        freezer.tick(10)
        if far.streams:
            far.emit(10)
        async_fire_time_changed(hass)
        await let_work()
    await until(lambda: "rates of nas failed" in caplog.text)
    assert "rows of 33 fields, which no known OpenZFS prints" in caplog.text
    assert value(hass, TANK, "read_operations") == "unavailable"
    assert value(hass, TANK, "health") == "online"
    said = await async_get_config_entry_diagnostics(hass, zfs_entry)
    assert said["values_dropped"] > 0
    far.machine.sample = plain  # type: ignore[method-assign]
    for _ in range(20):
        freezer.tick(10)
        if far.streams:
            far.emit(10)
        async_fire_time_changed(hass)
        await let_work()
        if value(hass, TANK, "read_operations") == "0.0":
            break
    assert value(hass, TANK, "read_operations") == "0.0"


async def test_what_a_sleeping_disk_has_said_is_as_old_as_it_is(
    hass: HomeAssistant,
    far: ZfsFarEnd,
    zfs_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    await begin(hass, far, zfs_entry)
    shown = look(hass, VDB, "temperature")
    assert shown and shown.state == "31.0"
    read_at = shown.last_updated
    far.machine.asleep = {f"/dev/vd{letter}" for letter in "abcdefghijk"}
    freezer.tick(3601)
    async_fire_time_changed(hass)
    await settle(hass, far)
    shown = look(hass, VDB, "temperature")
    assert shown and shown.attributes["asleep"] is True
    age = abs((read_at - _moment(shown.attributes["as_of"])).total_seconds())
    assert age < 60


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
