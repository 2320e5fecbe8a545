"""What goes wrong at a ZFS host: right or unknown, never an exception, nothing hangs."""

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from demo.zfs.machine import Answer
from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir

from .common import TANK, VDB, device, let_work, look, poll, settle, start, value
from custom_components.homelab.const import DOMAIN
from custom_components.homelab.sources.zfs.output.listing import DATASET_COLUMNS
from tests.common import set_up, until
from tests.fakes.ssh_server import new_key
from tests.fakes.zfs_host import ZfsFarEnd

MEDIA = "dataset_4000000000000000002"
FULL = "pool_1868606108602943958"
FULL_MEDIA = "dataset_4000000000000000005"
STATUS = "zpool status -jp --json-int"


async def test_a_suspended_pool_that_hangs_every_command(
    hass: HomeAssistant,
    far: ZfsFarEnd,
    zfs_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    await start(hass, far, zfs_entry)
    assert value(hass, TANK, "problem") == "off"
    far.machine.kernel_states["tank"] = "SUSPENDED"
    far.hanging = {"zpool status", "zpool list", "zfs list"}
    freezer.tick(61)
    async_fire_time_changed(hass)
    await until(lambda: bool(far.hung))
    # the command is given up at its deadline
    await poll(hass, far, freezer, seconds=21)
    assert value(hass, TANK, "problem") == "on"
    assert value(hass, TANK, "health") == "suspended"
    shown = look(hass, TANK, "health")
    assert shown and shown.attributes["as_of"]
    assert value(hass, VDB, "state") == "online"
    assert value(hass, "host", "connected") == "on"
    # never a second one, for as long as the first has not ended
    for _ in range(5):
        await poll(hass, far, freezer)
    assert far.hung == [STATUS]
    assert far.server.logins == 1
    assert zfs_entry.state is ConfigEntryState.LOADED


async def test_a_command_that_hung_is_tried_again_later_and_all_is_well(
    hass: HomeAssistant,
    far: ZfsFarEnd,
    zfs_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    options = {"polling": {"status_interval": 30}}
    hass.config_entries.async_update_entry(zfs_entry, options=options)
    await start(hass, far, zfs_entry)
    far.is_deaf = False
    far.hanging = {"zpool status"}
    freezer.tick(61)
    async_fire_time_changed(hass)
    await until(lambda: bool(far.hung))
    await poll(hass, far, freezer, seconds=21)
    shown = look(hass, TANK, "health")
    assert shown and shown.attributes["as_of"]
    # it has ended by now, but is given some rest
    far.hanging.clear()
    await poll(hass, far, freezer, seconds=31)
    assert far.hung == [STATUS] and far.log.count(STATUS) == 2
    await poll(hass, far, freezer)
    assert far.log.count(STATUS) == 3
    shown = look(hass, TANK, "health")
    assert shown and "as_of" not in shown.attributes


@pytest.mark.parametrize(
    ("command", "answer", "reason"),
    [
        (
            "zpool version",
            Answer(err="env: 'zpool': No such file", code=127),
            "no_zpool",
        ),
        (
            "zpool version",
            Answer(err="The ZFS modules cannot be auto-loaded.", code=1),
            "no_zpool",
        ),
        (
            STATUS,
            Answer(
                err="Permission denied the ZFS utilities must be run as root.", code=1
            ),
            "zpool_forbidden",
        ),
        (
            "zpool version",
            Answer(err="unrecognized command", code=2),
            "zfs_unknown_version",
        ),
        ("zpool version", Answer(out="zfs-next\n"), "zfs_unknown_version"),
        ("uname", Answer(out="what?\n"), "bad_answer"),
        ("cat", Answer(err="no such file", code=1), "no_machine_id"),
        (STATUS, Answer(out='{"output_version"'), "bad_answer"),
        (STATUS, Answer(out="Poolzustand: gut\n"), "bad_answer"),
        (STATUS, Answer(), "bad_answer"),
        (STATUS, Answer(out="x" * 9_000_000), "bad_answer"),
        ("zpool list", Answer(err="e" * 9_000_000, code=1), "bad_answer"),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else "",
)
async def test_each_failure_has_its_own_sentence(
    hass: HomeAssistant,
    far: ZfsFarEnd,
    zfs_entry: MockConfigEntry,
    command: str,
    answer: Answer,
    reason: str,
) -> None:
    far.machine.instead[command] = answer
    await set_up(hass, zfs_entry)
    assert zfs_entry.state is ConfigEntryState.SETUP_RETRY
    assert zfs_entry.error_reason_translation_key == reason


@pytest.mark.parametrize(
    "answer",
    [
        Answer(err="cannot open 'tank': pool I/O is currently suspended", code=1),
        Answer(out='{"output_version": {"vers_major":0}, "pools": {"tank": {"name'),
        Answer(out='{"output_version":{"vers_major":1}}'),
        Answer(err="permission denied", code=1),
    ],
    ids=("suspended", "cut", "unknown", "forbidden"),
)
async def test_what_the_kernel_says_is_shown_whatever_the_tool_says(
    hass: HomeAssistant,
    far: ZfsFarEnd,
    zfs_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    answer: Answer,
) -> None:
    await start(hass, far, zfs_entry)
    size = value(hass, TANK, "size")
    far.machine.instead[STATUS] = answer
    far.machine.kernel_states["tank"] = "SUSPENDED"
    await poll(hass, far, freezer)
    assert value(hass, TANK, "health") == "suspended"
    assert value(hass, TANK, "problem") == "on"
    assert value(hass, TANK, "size") == size
    shown = look(hass, TANK, "health")
    assert shown and shown.attributes["as_of"]
    far.machine.instead.clear()
    far.machine.kernel_states.clear()
    await poll(hass, far, freezer)
    shown = look(hass, TANK, "health")
    assert shown and shown.state == "online" and "as_of" not in shown.attributes


async def test_a_pool_that_cannot_be_asked_about_hides_no_other(
    hass: HomeAssistant,
    far: ZfsFarEnd,
    zfs_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    far.machine.show("mirror-idle", "all-classes")
    await start(hass, far, zfs_entry)
    sick = Answer(err="cannot open 'full': pool I/O is currently suspended", code=1)

    def fail() -> None:
        far.machine.instead["zpool list -Hpvg"] = sick

    far.machine.effects = {
        STATUS: fail,
        f"{STATUS} full": fail,
        f"{STATUS} tank": far.machine.instead.clear,
    }
    far.machine.kernel_states["full"] = "SUSPENDED"
    for _ in range(2):
        await poll(hass, far, freezer)
        shown = look(hass, TANK, "health")
        assert shown and shown.state == "online" and "as_of" not in shown.attributes
        shown = look(hass, FULL, "health")
        assert shown and shown.state == "suspended" and shown.attributes["as_of"]


async def test_a_dataset_that_cannot_be_had_hides_no_other(
    hass: HomeAssistant,
    far: ZfsFarEnd,
    zfs_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    far.machine.show("mirror-idle", "all-classes")
    await start(hass, far, zfs_entry)
    used = value(hass, MEDIA, "used")
    whole = f"zfs list -Hp -t filesystem,volume -o {','.join(DATASET_COLUMNS)} -d 1"
    sick = Answer(
        out="full\tfilesystem\t1\n",
        err="cannot open 'full': pool I/O is currently suspended",
        code=1,
    )
    far.machine.instead = {f"{whole} tank full": sick, f"{whole} full": sick}
    await poll(hass, far, freezer, seconds=301)
    shown = look(hass, MEDIA, "used")
    assert shown and shown.state == used and "as_of" not in shown.attributes
    shown = look(hass, FULL_MEDIA, "used")
    assert shown and shown.state == used and shown.attributes["as_of"]
    # when none can be had, all stay as they were
    far.machine.instead = {whole: sick}
    await poll(hass, far, freezer, seconds=301)
    shown = look(hass, MEDIA, "used")
    assert shown and shown.state == used and shown.attributes["as_of"]


async def test_credentials_that_are_refused_are_asked_for_again(
    hass: HomeAssistant, far: ZfsFarEnd, zfs_entry: MockConfigEntry
) -> None:
    data = {**zfs_entry.data, "password": "wrong"}
    hass.config_entries.async_update_entry(zfs_entry, data=data)
    await set_up(hass, zfs_entry)
    assert zfs_entry.state is ConfigEntryState.SETUP_ERROR
    flows = hass.config_entries.flow.async_progress()
    assert [flow["context"]["source"] for flow in flows] == [SOURCE_REAUTH]


async def test_another_host_key_is_a_matter_for_a_person(
    hass: HomeAssistant, far: ZfsFarEnd, zfs_entry: MockConfigEntry
) -> None:
    other = new_key().export_public_key("openssh").decode().strip()
    expected = zfs_entry.data["host_key"]
    hass.config_entries.async_update_entry(
        zfs_entry, data={**zfs_entry.data, "host_key": other}
    )
    await set_up(hass, zfs_entry)
    assert zfs_entry.state is ConfigEntryState.SETUP_ERROR
    issue = ir.async_get(hass).async_get_issue(
        DOMAIN, f"host_key_changed_{zfs_entry.entry_id}"
    )
    assert issue and issue.data
    assert str(issue.data["host_key"]) in expected
    assert not far.log


async def test_another_machine_is_refused(
    hass: HomeAssistant, far: ZfsFarEnd, zfs_entry: MockConfigEntry
) -> None:
    far.machine.identity = "f" * 32
    await set_up(hass, zfs_entry)
    assert zfs_entry.state is ConfigEntryState.SETUP_ERROR
    assert zfs_entry.error_reason_translation_key == "wrong_identity"


async def test_contact_that_is_lost_comes_back(
    hass: HomeAssistant,
    far: ZfsFarEnd,
    zfs_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    await start(hass, far, zfs_entry)
    await until(lambda: bool(far.streams))
    far.server.may_log_in.clear()
    far.server.hang_up()
    await until(lambda: bool(far.server.attempts > 1))
    freezer.tick(21)
    async_fire_time_changed(hass)
    await until(lambda: value(hass, TANK, "health") == "unavailable")
    assert value(hass, "host", "connected") == "off"
    far.server.may_log_in.set()
    for _ in range(20):
        if value(hass, TANK, "health") == "online":
            break
        freezer.tick(5)
        async_fire_time_changed(hass)
        await let_work()
    await until(lambda: value(hass, TANK, "health") == "online")
    await settle(hass, far)
    assert value(hass, "host", "connected") == "on"


async def test_a_pool_that_vanishes_between_two_commands_is_asked_about_again(
    hass: HomeAssistant,
    far: ZfsFarEnd,
    zfs_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    await start(hass, far, zfs_entry)
    once = Answer(err="cannot open 'tank': no such pool", code=1)

    def fail_once() -> None:
        far.machine.instead["zpool list"] = once
        far.machine.effects[STATUS] = far.machine.instead.clear

    far.machine.effects[STATUS] = fail_once
    await poll(hass, far, freezer)
    assert value(hass, TANK, "health") == "online"


async def test_disks_that_say_nonsense_are_unknown(
    hass: HomeAssistant, far: ZfsFarEnd, zfs_entry: MockConfigEntry
) -> None:
    far.machine.instead["smartctl -n"] = Answer(out="<html>", code=1)
    await start(hass, far, zfs_entry)
    assert value(hass, VDB, "temperature") == "unknown"
    assert value(hass, VDB, "state") == "online"


async def test_without_smartctl_there_is_nothing_of_it(
    hass: HomeAssistant, far: ZfsFarEnd, zfs_entry: MockConfigEntry
) -> None:
    far.machine.instead["smartctl"] = Answer(code=127)
    await start(hass, far, zfs_entry)
    assert value(hass, VDB, "temperature") is None
    assert device(hass, VDB)


async def test_a_host_without_pools_has_no_stream(
    hass: HomeAssistant, far: ZfsFarEnd, zfs_entry: MockConfigEntry
) -> None:
    far.machine.show()
    await start(hass, far, zfs_entry)
    assert value(hass, "host", "pools") == "0"
    assert not far.paces
