"""Sleeping disks stay asleep: what a pool that does nothing is asked, and what wakes it."""

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from homeassistant.core import Context, HomeAssistant
from homeassistant.setup import async_setup_component

from .common import (
    LARGE,
    TANK,
    VDB,
    entity_id,
    is_at_rest,
    look,
    press,
    settle,
    start,
    value,
)
from tests.common import turns, until
from tests.fakes.zfs_host import ZfsFarEnd

MEDIA = "dataset_4000000000000000002"
STEP = 120
# what a pool that is quiet may be asked: the kernel, the stream, and disks that sleep on
ALLOWED = (
    "find /proc/spl/kstat/zfs ",
    "zpool iostat -Hpvyg -lq -T u ",
    "smartctl -n standby ",
)
OPTIONS = {"polling": {"status_interval": 600, "iostat_interval": 60}}


async def sleep(
    hass: HomeAssistant, far: ZfsFarEnd, freezer: FrozenDateTimeFactory, steps: int
) -> None:
    """Let time pass, at the host and here, a few minutes at a time."""
    iostat = hass.config_entries.async_entries("homelab")[0].runtime_data.source._iostat
    for _ in range(steps):
        freezer.tick(STEP)
        far.emit(STEP)
        await until(lambda: iostat.quietness._last == far.machine.clock)
        async_fire_time_changed(hass)
        await turns()
        await until(lambda: is_at_rest(hass, far))
    await settle(hass, far)


@pytest.fixture
def quiet_entry(
    zfs_entry: MockConfigEntry, hass: HomeAssistant, far: ZfsFarEnd
) -> MockConfigEntry:
    """Return an entry for a host with disks that may sleep."""
    far.machine.rotating = True
    hass.config_entries.async_update_entry(zfs_entry, options=OPTIONS)
    return zfs_entry


async def fall_asleep(
    hass: HomeAssistant,
    far: ZfsFarEnd,
    entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    await start(hass, far, entry)
    await until(lambda: bool(far.streams))
    await sleep(hass, far, freezer, 11)
    far.log.clear()


async def test_a_quiet_pool_is_left_alone_for_a_day(
    hass: HomeAssistant,
    far: ZfsFarEnd,
    quiet_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    await fall_asleep(hass, far, quiet_entry, freezer)
    begin = far.machine.clock
    await sleep(hass, far, freezer, 24 * 3600 // STEP)
    assert far.machine.clock - begin == 24 * 3600
    assert len(far.log) > 290
    assert not [line for line in far.log if not line.startswith(ALLOWED)]
    assert sum(line.startswith(ALLOWED[2]) for line in far.log) >= 24
    shown = look(hass, TANK, "allocated")
    assert shown and shown.state not in ("unknown", "unavailable")
    assert shown.attributes["as_of"]
    assert look(hass, MEDIA, "used").attributes["as_of"]  # type: ignore[union-attr]
    assert value(hass, TANK, "read_operations") == "0.0"
    assert value(hass, TANK, "health") == "online"
    assert far.server.logins == 1


async def test_the_first_operation_asks_again(
    hass: HomeAssistant,
    far: ZfsFarEnd,
    quiet_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    await fall_asleep(hass, far, quiet_entry, freezer)
    before = look(hass, TANK, "allocated")
    # less than one operation a second: only bytes tell of it
    far.machine.work["tank"] = (0, 0, 409, 0)
    far.emit()
    far.machine.work.clear()
    # it is asked at once: by the next poll it has been quiet again for long
    await until(lambda: "zpool status -jp --json-int" in far.log)
    await settle(hass, far)
    await sleep(hass, far, freezer, 11)
    assert far.log.count("zpool status -jp --json-int") == 1
    assert len([x for x in far.log if x.startswith("zfs list -Hp -t filesys")]) == 1
    shown = look(hass, TANK, "allocated")
    assert before and shown and shown.attributes["as_of"] > before.attributes["as_of"]


async def test_what_the_kernel_says_asks_again(
    hass: HomeAssistant,
    far: ZfsFarEnd,
    quiet_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    await fall_asleep(hass, far, quiet_entry, freezer)
    far.machine.kernel_states["tank"] = "DEGRADED"
    await sleep(hass, far, freezer, 5)
    assert "zpool status -jp --json-int" in far.log
    assert value(hass, TANK, "health") == "degraded"
    far.log.clear()
    # it was asked once about that
    await sleep(hass, far, freezer, 6)
    assert not [line for line in far.log if not line.startswith(ALLOWED)]


async def test_a_person_who_wants_to_know_is_told(
    hass: HomeAssistant,
    far: ZfsFarEnd,
    quiet_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    assert await async_setup_component(hass, "homeassistant", {})
    await fall_asleep(hass, far, quiet_entry, freezer)
    await hass.services.async_call(
        "homeassistant",
        "update_entity",
        {"entity_id": [entity_id(hass, TANK, "allocated")]},
        blocking=True,
    )
    await settle(hass, far)
    assert "zpool status -jp --json-int" in far.log
    # that it is new again is written when numbers are
    await sleep(hass, far, freezer, 1)
    shown = look(hass, TANK, "allocated")
    assert shown and "as_of" not in shown.attributes


async def test_what_is_done_to_a_pool_is_looked_at(
    hass: HomeAssistant,
    far: ZfsFarEnd,
    quiet_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    admin: Context,
) -> None:
    far.machine.show("scrub-paused")
    far.machine.captures[0].finish_scan()
    far.machine.effects["zpool scrub tank"] = lambda: far.machine.show("scrub-running")
    await fall_asleep(hass, far, quiet_entry, freezer)
    await press(hass, LARGE, "scrub_start", admin)
    await settle(hass, far)
    # the stream has not shown an operation yet
    assert far.log.count("zpool status -jp --json-int") == 1
    assert value(hass, LARGE, "scan") == "scrub"


async def test_only_the_pool_that_works_is_asked_about(
    hass: HomeAssistant,
    far: ZfsFarEnd,
    quiet_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    far.machine.show("mirror-idle", "all-classes")
    far.machine.work["full"] = (0, 7, 0, 70000)
    await fall_asleep(hass, far, quiet_entry, freezer)
    await sleep(hass, far, freezer, 6)
    asked = {line for line in far.log if line.startswith("zpool status")}
    assert asked == {"zpool status -jp --json-int full"}
    datasets = [line for line in far.log if line.startswith("zfs list")]
    assert datasets and all(line.endswith("-d 1 full") for line in datasets)


@pytest.mark.parametrize("how", ["option", "flash"])
async def test_what_cannot_sleep_is_asked_each_time(
    hass: HomeAssistant,
    far: ZfsFarEnd,
    zfs_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    how: str,
) -> None:
    far.machine.rotating = how != "flash"
    own = {"zfs": {"datasets": [], "sleep_aware": how != "option"}}
    hass.config_entries.async_update_entry(zfs_entry, options=OPTIONS | own)
    await fall_asleep(hass, far, zfs_entry, freezer)
    await sleep(hass, far, freezer, 6)
    assert "zpool status -jp --json-int" in far.log


async def test_a_disk_that_sleeps_keeps_its_last_words(
    hass: HomeAssistant,
    far: ZfsFarEnd,
    quiet_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    await fall_asleep(hass, far, quiet_entry, freezer)
    shown = look(hass, VDB, "temperature")
    assert shown and shown.attributes["asleep"] is False
    far.machine.asleep = {"/dev/vdb"}
    await sleep(hass, far, freezer, 31)
    shown = look(hass, VDB, "temperature")
    assert shown and (shown.state, shown.attributes["asleep"]) == ("31.0", True)
    assert shown.attributes["as_of"]
    assert value(hass, VDB, "smart_problem") == "off"


async def test_what_nobody_watched_is_not_quiet(
    hass: HomeAssistant,
    far: ZfsFarEnd,
    quiet_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    await fall_asleep(hass, far, quiet_entry, freezer)
    # the clock of the host has moved on while nothing was shown
    far.machine.clock += 3600
    await sleep(hass, far, freezer, 5)
    assert "zpool status -jp --json-int" in far.log
