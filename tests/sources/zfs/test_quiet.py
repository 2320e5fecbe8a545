"""What a pool that is quiet is asked, command by command, and what is said of it."""

from collections import Counter
import re

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from demo.zfs.machine import Answer
from homeassistant.core import Context, HomeAssistant
from homeassistant.setup import async_setup_component

from .common import (
    IDENTITY,
    TANK,
    device,
    entity_id,
    is_at_rest,
    let_work,
    look,
    settle,
    start,
    value,
)
from custom_components.homelab.const import DOMAIN
from custom_components.homelab.sources.zfs.client import ZfsClient
from custom_components.homelab.sources.zfs.commands import READS
from tests.common import turns, until
from tests.fakes.zfs_host import ZfsFarEnd

FULL = "pool_1868606108602943958"
MEDIA = "dataset_4000000000000000002"
# a megabyte, in GiB
USED = "0.000977888703346252"
STATUS = READS["status_json"].words
SIZES = READS["sizes"].words
DATASETS = f"{READS['datasets'].words} 1"
SNAPSHOTS = READS["snapshots"].words
# what may be said to a machine all of whose disks sleep
ALLOWED = (
    READS["kstats"].words,
    READS["sysctls"].words,
    READS["iostat"].words,
    READS["smart"].words,
)
# what is sent once with each login, and wakes nobody
LOGIN = {
    READS[row].line(): 1
    for row in (
        *("machine", "machine_id", "left", "version", "user", "allowed", "blocks"),
        *("changes_left", "clear_left", "smartctl", "smart_left"),
    )
}
# what a pool is asked that does something
ONCE = {STATUS: 1, SIZES: 1, f"{DATASETS} tank": 1}
RARE = {
    "polling": {
        "status_interval": 600,
        "iostat_interval": 60,
        "smart_interval": 3600,
    }
}


@pytest.fixture(autouse=True)
def _sleepers(far: ZfsFarEnd) -> None:
    far.machine.rotating = True


async def let_pass(
    hass: HomeAssistant,
    far: ZfsFarEnd,
    freezer: FrozenDateTimeFactory,
    number: int,
    seconds: int = 10,
) -> None:
    """Let time pass, at the host and here, sample by sample."""
    for _ in range(number):
        freezer.tick(seconds)
        if far.streams:
            far.emit(seconds)
            await until(lambda: _heard(hass) == far.machine.clock)
        else:
            far.machine.clock += seconds
        async_fire_time_changed(hass)
        await turns()
        await until(lambda: is_at_rest(hass, far))
        await turns()
    await settle(hass, far)


def _heard(hass: HomeAssistant) -> int | None:
    source: ZfsClient = hass.config_entries.async_entries(DOMAIN)[0].runtime_data.source
    return source._iostat.quietness._last


def others(far: ZfsFarEnd) -> Counter[str]:
    """Count what may wake a disk, or is sent with a login; forget it."""
    found = Counter(line for line in far.log if not line.startswith(ALLOWED))
    far.log.clear()
    return found


async def begin(hass: HomeAssistant, far: ZfsFarEnd, entry: MockConfigEntry) -> None:
    await start(hass, far, entry)
    await until(lambda: bool(far.streams))


async def test_a_day_from_the_start_with_a_reload_in_its_middle(
    hass: HomeAssistant,
    far: ZfsFarEnd,
    zfs_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    hass.config_entries.async_update_entry(zfs_entry, options=RARE)
    await begin(hass, far, zfs_entry)
    # nothing is known yet: each thing is asked once
    assert others(far) == LOGIN | ONCE | {f"{SNAPSHOTS} tank": 1}
    await let_pass(hass, far, freezer, 12 * 60, 60)
    assert not others(far)
    options = {**RARE, "removal": {"removal_delay": 60}}
    hass.config_entries.async_update_entry(zfs_entry, options=options)
    await hass.config_entries.async_reload(zfs_entry.entry_id)
    await settle(hass, far)
    await until(lambda: bool(far.streams))
    shown = look(hass, TANK, "allocated")
    assert shown and shown.attributes["as_of"] and float(shown.state) > 0
    shown = look(hass, MEDIA, "used")
    assert shown and shown.attributes["as_of"] and shown.state == USED
    await let_pass(hass, far, freezer, 12 * 60, 60)
    assert others(far) == LOGIN
    assert value(hass, TANK, "health") == "online"
    assert value(hass, TANK, "read_operations") == "0.0"


async def test_what_works_is_asked_at_once_while_it_works_and_when_it_has_done(
    hass: HomeAssistant,
    far: ZfsFarEnd,
    zfs_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    await begin(hass, far, zfs_entry)
    others(far)
    await let_pass(hass, far, freezer, 91)
    assert not others(far)
    # less than one operation a second: only bytes tell of it
    far.machine.work["tank"] = (0, 0, 409, 0)
    await let_pass(hass, far, freezer, 1)
    # snapshots at most once an hour
    assert others(far) == ONCE
    far.machine.work.clear()
    await let_pass(hass, far, freezer, 5)
    assert not others(far)
    # once more when it has settled, long before its disks may sleep
    await let_pass(hass, far, freezer, 2)
    assert others(far) == ONCE
    await let_pass(hass, far, freezer, 120)
    assert not others(far)


async def test_what_works_all_the_time_is_asked_at_each_poll(
    hass: HomeAssistant,
    far: ZfsFarEnd,
    zfs_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    await begin(hass, far, zfs_entry)
    far.machine.work["tank"] = (5, 5, 50000, 50000)
    others(far)
    await let_pass(hass, far, freezer, 60)
    asked = others(far)
    assert asked[STATUS] in (9, 10) and asked[f"{DATASETS} tank"] in (1, 2)


async def test_our_own_questions_are_no_work(
    hass: HomeAssistant,
    far: ZfsFarEnd,
    zfs_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    await begin(hass, far, zfs_entry)
    far.machine.work["tank"] = (5, 5, 50000, 50000)
    await let_pass(hass, far, freezer, 20)
    touching = ("zpool status", "zpool list", "zfs list")
    asked = [0]
    before = 0
    for _ in range(60):
        for _ in range(6):
            now = sum(line.startswith(touching) for line in far.log)
            far.machine.work["tank"] = (0, 0, 409, 0) if now > before else (0, 0, 0, 0)
            before = now
            await let_pass(hass, far, freezer, 1)
        asked.append(far.log.count(STATUS))
    # soon it is left alone
    assert asked[4] == asked[-1]


@pytest.mark.parametrize("told", ["", "arcstats", "arcstats:|/guid:"])
async def test_a_kernel_that_tells_nothing_wakes_nobody(
    hass: HomeAssistant,
    far: ZfsFarEnd,
    zfs_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    told: str,
) -> None:
    await begin(hass, far, zfs_entry)
    await let_pass(hass, far, freezer, 30)
    others(far)
    whole = far.machine.run(["find"]).out
    rows = (row for row in whole.splitlines(keepends=True) if re.search(told, row))
    said = "grep: /proc/spl/kstat/zfs/tank/state: Input/output error"
    out = "".join(rows) if told else ""
    far.machine.instead["find"] = Answer(out=out, err=said, code=1)
    await let_pass(hass, far, freezer, 12)
    assert value(hass, TANK, "health") == "online"
    far.machine.instead.clear()
    await let_pass(hass, far, freezer, 12)
    assert value(hass, "host", "pools") == "1"
    assert not others(far)


async def test_a_pool_that_the_kernel_still_has_is_not_gone(
    hass: HomeAssistant,
    far: ZfsFarEnd,
    zfs_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    far.machine.rotating = False
    far.machine.show("mirror-idle", "all-classes")
    await begin(hass, far, zfs_entry)
    kernel = far.machine.run(["find"])
    far.machine.show("all-classes")
    far.machine.instead["find"] = kernel
    await let_pass(hass, far, freezer, 14)
    shown = look(hass, TANK, "health")
    assert shown and shown.state == "online" and shown.attributes["as_of"]
    shown = look(hass, FULL, "health")
    assert shown and "as_of" not in shown.attributes
    far.machine.instead.clear()
    await let_pass(hass, far, freezer, 7)
    assert value(hass, TANK, "health") == "unavailable"
    assert value(hass, "host", "pools") == "1"


@pytest.mark.parametrize("system", ["FreeBSD", "Linux"])
async def test_a_quiet_pool_that_is_exported_is_gone_and_others_stay(
    hass: HomeAssistant,
    far: ZfsFarEnd,
    zfs_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    system: str,
) -> None:
    far.machine.system = system
    far.machine.instead["sysctl -n kern.hostuuid"] = Answer(out=f"{IDENTITY}\n")
    far.machine.show("mirror-idle", "all-classes")
    far.machine.work["full"] = (5, 5, 50000, 50000)
    await begin(hass, far, zfs_entry)
    await let_pass(hass, far, freezer, 30)
    others(far)
    far.machine.show("mirror-idle")
    await let_pass(hass, far, freezer, 14)
    assert value(hass, FULL, "health") == "unavailable"
    assert value(hass, TANK, "health") == "online"
    assert value(hass, "host", "pools") == "1"
    # the other has slept on
    assert {*others(far)} <= {f"{STATUS} full", f"{DATASETS} full"}


async def test_a_pool_that_the_tool_does_not_know_yet_hides_no_other(
    hass: HomeAssistant,
    far: ZfsFarEnd,
    zfs_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    await begin(hass, far, zfs_entry)
    await let_pass(hass, far, freezer, 30)
    others(far)
    kernel = far.machine.run(["find"]).out
    row = "/proc/spl/kstat/zfs/big/state:ONLINE\n"
    far.machine.instead["find"] = Answer(out=kernel + row)
    await let_pass(hass, far, freezer, 14)
    assert value(hass, TANK, "health") == "online"
    assert {*others(far)} == {f"{STATUS} big"}


async def test_who_wants_to_know_of_a_dataset_is_told(
    hass: HomeAssistant,
    far: ZfsFarEnd,
    zfs_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    assert await async_setup_component(hass, "homeassistant", {})
    far.machine.snapshots = {"tank/media@a": 1795144160}
    await begin(hass, far, zfs_entry)
    assert value(hass, MEDIA, "snapshots") == "1"
    await let_pass(hass, far, freezer, 400)
    others(far)
    far.machine.snapshots["tank/media@b"] = 1795144161
    await hass.services.async_call(
        "homeassistant",
        "update_entity",
        {"entity_id": [entity_id(hass, MEDIA, "used")]},
        blocking=True,
    )
    await settle(hass, far)
    asked = others(far)
    assert asked[f"{DATASETS} tank"] == asked[f"{SNAPSHOTS} tank"] == 1
    await let_pass(hass, far, freezer, 1)
    assert value(hass, MEDIA, "snapshots") == "2"


async def test_what_may_be_done_to_a_quiet_pool_outlives_a_login(
    hass: HomeAssistant,
    far: ZfsFarEnd,
    zfs_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    admin: Context,
) -> None:
    far.machine.user = "uid=1000(homelab) gid=1000(homelab) groups=1000(homelab)"
    far.machine.delegated = (
        "---- Permissions on tank ----\n"
        "Local+Descendent permissions:\n\tuser homelab snapshot\n"
    )
    await begin(hass, far, zfs_entry)
    await let_pass(hass, far, freezer, 30)
    others(far)
    far.server.hang_up()
    for _ in range(20):
        freezer.tick(2)
        async_fire_time_changed(hass)
        await let_work()
        if far.server.logins > 1 and far.streams:
            break
    await settle(hass, far)
    asked = others(far)
    assert far.server.logins == 2 and READS["user"].words in asked
    assert not [line for line in asked if line.startswith(("zfs", STATUS))]
    found = device(hass, MEDIA)
    assert found
    await hass.services.async_call(
        DOMAIN,
        "snapshot",
        {"device_id": found.id, "name": "x"},
        blocking=True,
        context=admin,
    )
    await until(lambda: "zfs snapshot tank/media@x" in far.log)
    await settle(hass, far)


@pytest.mark.parametrize("first", ["zfs list", "zpool status"])
async def test_of_all_that_asks_zfs_one_is_in_flight(
    hass: HomeAssistant,
    far: ZfsFarEnd,
    zfs_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    first: str,
) -> None:
    far.machine.rotating = False
    await begin(hass, far, zfs_entry)
    far.hanging = {"zpool status", "zpool list", "zfs list", "zfs allow"}
    if first == "zfs list":
        far.hanging = {"zfs list"}
    freezer.tick(301)
    async_fire_time_changed(hass)
    await until(lambda: bool(far.hung))
    far.hanging = {"zpool status", "zpool list", "zfs list", "zfs allow"}
    await let_work()
    assert len(far.hung) == 1
    far.machine.kernel_states["tank"] = "SUSPENDED"
    for _ in range(12):
        freezer.tick(31)
        async_fire_time_changed(hass)
        await let_work()
    assert len(far.hung) == 1
    assert value(hass, TANK, "health") == "suspended"
    shown = look(hass, MEDIA, "used")
    assert shown and shown.state == USED and shown.attributes["as_of"]


@pytest.mark.parametrize("what", ["machine", "patterns"])
async def test_what_was_known_of_something_else_is_forgotten(
    hass: HomeAssistant,
    far: ZfsFarEnd,
    zfs_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    what: str,
) -> None:
    await begin(hass, far, zfs_entry)
    await let_pass(hass, far, freezer, 30)
    others(far)
    if what == "machine":
        far.machine.identity = "f" * 32
        hass.config_entries.async_update_entry(zfs_entry, unique_id="f" * 32)
        expected = ONCE
    else:
        own = {"zfs": {"datasets": ["*"]}}
        hass.config_entries.async_update_entry(zfs_entry, options=own)
        expected = {f"{READS['datasets'].words} 0 tank": 1}
    await hass.config_entries.async_reload(zfs_entry.entry_id)
    await settle(hass, far)
    await until(lambda: bool(far.streams))
    await let_pass(hass, far, freezer, 60)
    assert others(far) == LOGIN | expected | {f"{SNAPSHOTS} tank": 1}


async def test_a_first_operation_that_cannot_be_looked_at_is_followed_by_others(
    hass: HomeAssistant,
    far: ZfsFarEnd,
    zfs_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    hass.config_entries.async_update_entry(zfs_entry, options=RARE)
    await begin(hass, far, zfs_entry)
    await let_pass(hass, far, freezer, 3, 60)
    others(far)
    far.machine.instead["find"] = Answer(out="x" * 9_000_000)
    far.machine.work["tank"] = (5, 5, 50000, 50000)
    await let_pass(hass, far, freezer, 1, 60)
    assert STATUS not in others(far)
    far.machine.instead.clear()
    far.machine.work.clear()
    await let_pass(hass, far, freezer, 1, 60)
    assert others(far)[STATUS] == 1


@pytest.mark.parametrize("release", ["2.3.9", "2.2.9"])
async def test_when_no_pool_can_be_asked_about_all_stay_as_they_were(
    hass: HomeAssistant,
    far: ZfsFarEnd,
    zfs_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    release: str,
) -> None:
    far.machine.rotating = False
    far.machine.release = release
    far.machine.show("mirror-idle", "all-classes")
    await begin(hass, far, zfs_entry)
    far.machine.instead["zpool list"] = Answer(err="internal error", code=1)
    far.machine.kernel_states["full"] = "DEGRADED"
    await let_pass(hass, far, freezer, 7)
    for pool, state in ((TANK, "online"), (FULL, "degraded")):
        shown = look(hass, pool, "health")
        assert shown and shown.state == state and shown.attributes["as_of"]
    assert value(hass, "host", "connected") == "on"


async def test_a_question_that_hangs_after_one_that_failed_is_the_last(
    hass: HomeAssistant,
    far: ZfsFarEnd,
    zfs_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    far.machine.rotating = False
    far.machine.show("mirror-idle", "all-classes")
    await begin(hass, far, zfs_entry)
    sick = Answer(err="cannot open 'full': pool I/O is currently suspended", code=1)
    far.machine.instead["zpool list"] = far.machine.instead["zfs list"] = sick
    far.hanging = {f"{STATUS} full", f"{DATASETS} tank"}
    for _ in range(30):
        freezer.tick(31)
        async_fire_time_changed(hass)
        await let_work()
    assert len(far.hung) == 1
    for pool in (TANK, FULL):
        shown = look(hass, pool, "health")
        assert shown and shown.state == "online" and shown.attributes["as_of"]
