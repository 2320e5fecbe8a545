"""What can be done to pools and datasets: where it is permitted, and nowhere else."""

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from demo.zfs.machine import Answer
from homeassistant.core import Context, HomeAssistant, SupportsResponse
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from .common import (
    LARGE,
    TANK,
    VDB,
    device,
    entity_id,
    poll,
    press,
    settle,
    start,
    value,
)
from custom_components.homelab.const import DOMAIN
from custom_components.homelab.snapshots import SNAPSHOT, snapshot
from tests.fakes.zfs_host import ZfsFarEnd

BUTTONS = ("scrub_start", "scrub_pause", "scrub_stop", "clear_errors", "trim")
MEDIA = "dataset_4000000000000000002"
USER = "uid=1000(homelab) gid=1000(homelab) groups=1000(homelab),27(storage)"
SUDO = """\
Matching Defaults entries for homelab on nas:
    env_reset, secure_path=/usr/local/sbin\\:/usr/sbin

User homelab may run the following commands on nas:
    (root) NOPASSWD: /usr/sbin/zpool scrub tank, /usr/sbin/zpool scrub -p tank
    (root) NOPASSWD: /usr/sbin/smartctl -n standby -j -i -H -A /dev/vdb
    (root) PASSWD: /usr/sbin/zpool clear tank
    (backup) NOPASSWD: /usr/sbin/zpool trim tank
"""
ALLOWED = """\
---- Permissions on tank ---------------------------------------------
Permission sets:
\t@keep snapshot,hold
Local+Descendent permissions:
\tgroup storage @keep
"""


async def make_snapshot(
    hass: HomeAssistant, resource: str, name: str, context: Context
) -> object:
    """Call the action."""
    if not hass.services.has_service(DOMAIN, "snapshot"):
        hass.services.async_register(
            DOMAIN, "snapshot", snapshot, SNAPSHOT, SupportsResponse.OPTIONAL
        )
    found = device(hass, resource)
    assert found
    return await hass.services.async_call(
        DOMAIN,
        "snapshot",
        {"device_id": found.id, "name": name},
        blocking=True,
        context=context,
        return_response=True,
    )


async def test_root_may_do_everything(
    hass: HomeAssistant, far: ZfsFarEnd, zfs_entry: MockConfigEntry, admin: Context
) -> None:
    far.machine.show("scrub-paused")
    far.machine.effects["zpool scrub tank"] = lambda: far.machine.show("scrub-running")
    await start(hass, far, zfs_entry)
    assert all(entity_id(hass, LARGE, key) for key in BUTTONS)
    assert value(hass, LARGE, "scan") == "paused"
    await press(hass, LARGE, "scrub_start", admin)
    await settle(hass, far)
    assert "zpool scrub tank" in far.log
    assert value(hass, LARGE, "scan") == "scrub"
    await press(hass, LARGE, "scrub_pause", admin)
    await press(hass, LARGE, "scrub_stop", admin)
    assert [line for line in far.log if line.startswith("zpool scrub -")] == [
        "zpool scrub -p tank",
        "zpool scrub -s tank",
    ]


async def test_what_sudo_permits_is_there_and_nothing_else(
    hass: HomeAssistant, far: ZfsFarEnd, zfs_entry: MockConfigEntry, admin: Context
) -> None:
    far.machine.user, far.machine.allowed = USER, SUDO
    await start(hass, far, zfs_entry)
    there = [key for key in BUTTONS if entity_id(hass, TANK, key)]
    assert there == ["scrub_start", "scrub_pause"]
    assert value(hass, VDB, "temperature") == "31.0"
    vda = "disk_4803089350539851466"
    assert value(hass, vda, "state") == "online"
    assert value(hass, vda, "temperature") is None
    await press(hass, TANK, "scrub_start", admin)
    assert "sudo -n zpool scrub tank" in far.log
    with pytest.raises(HomeAssistantError):
        await make_snapshot(hass, MEDIA, "now", admin)
    assert not [
        line for line in far.log if line.startswith(("zfs snap", "sudo -n zfs"))
    ]


async def test_a_reader_can_only_read(
    hass: HomeAssistant, far: ZfsFarEnd, zfs_entry: MockConfigEntry
) -> None:
    far.machine.user = USER
    await start(hass, far, zfs_entry)
    assert not [key for key in BUTTONS if entity_id(hass, TANK, key)]
    assert value(hass, VDB, "temperature") is None
    assert value(hass, TANK, "health") == "online"


async def test_snapshots_may_be_delegated(
    hass: HomeAssistant, far: ZfsFarEnd, zfs_entry: MockConfigEntry, admin: Context
) -> None:
    far.machine.user, far.machine.delegated = USER, ALLOWED
    await start(hass, far, zfs_entry)
    answer = await make_snapshot(hass, MEDIA, "before-update", admin)
    assert isinstance(answer, dict)
    assert (answer["state"], answer["result"]) == (
        "succeeded",
        "tank/media@before-update",
    )
    assert "zfs snapshot tank/media@before-update" in far.log
    space = "dataset_4000000000000000003"
    await make_snapshot(hass, space, "a", admin)
    assert "zfs snapshot 'tank/with space@a'" in far.log
    with pytest.raises(HomeAssistantError, match="already exists"):
        await make_snapshot(hass, space, "a", admin)


async def test_what_was_delegated_is_asked_again_where_nobody_answered(
    hass: HomeAssistant,
    far: ZfsFarEnd,
    zfs_entry: MockConfigEntry,
    admin: Context,
    freezer: FrozenDateTimeFactory,
) -> None:
    far.machine.user, far.machine.delegated = USER, ALLOWED
    far.machine.instead["zfs allow"] = Answer(out="x" * 9_000_000)
    await start(hass, far, zfs_entry)
    with pytest.raises(HomeAssistantError):
        await make_snapshot(hass, MEDIA, "a", admin)
    far.machine.instead.clear()
    await poll(hass, far, freezer)
    await make_snapshot(hass, MEDIA, "a", admin)
    assert "zfs snapshot tank/media@a" in far.log


@pytest.mark.parametrize("name", ["", "a b", "-r", "a@b", "a/b", "a;b", "x" * 81])
async def test_names_that_no_snapshot_has_are_refused(
    hass: HomeAssistant,
    far: ZfsFarEnd,
    zfs_entry: MockConfigEntry,
    admin: Context,
    name: str,
) -> None:
    await start(hass, far, zfs_entry)
    far.log.clear()
    with pytest.raises(Exception, match="name"):
        await make_snapshot(hass, MEDIA, name, admin)
    assert not far.log


async def test_only_datasets_have_snapshots(
    hass: HomeAssistant, far: ZfsFarEnd, zfs_entry: MockConfigEntry, admin: Context
) -> None:
    await start(hass, far, zfs_entry)
    with pytest.raises(ServiceValidationError):
        await make_snapshot(hass, TANK, "now", admin)


async def test_what_the_tool_refuses_is_said_in_its_words(
    hass: HomeAssistant, far: ZfsFarEnd, zfs_entry: MockConfigEntry, admin: Context
) -> None:
    words = "cannot scrub tank: currently resilvering"
    far.machine.instead["zpool scrub"] = Answer(err=words, code=1)
    await start(hass, far, zfs_entry)
    with pytest.raises(HomeAssistantError, match="currently resilvering"):
        await press(hass, TANK, "scrub_start", admin)
    assert value(hass, TANK, "scan") == "idle"


async def test_what_is_gone_cannot_be_acted_on(
    hass: HomeAssistant, far: ZfsFarEnd, zfs_entry: MockConfigEntry, admin: Context
) -> None:
    await start(hass, far, zfs_entry)
    source = zfs_entry.runtime_data.source
    far.machine.show("all-classes")
    await zfs_entry.runtime_data.main.async_refresh()
    await settle(hass, far)
    assert not source.host.pools.get(TANK.partition("_")[2])
    far.log.clear()
    with pytest.raises(HomeAssistantError):
        await make_snapshot(hass, TANK, "now", admin)
    assert not [line for line in far.log if line.startswith(("zpool scrub", "zfs sn"))]
