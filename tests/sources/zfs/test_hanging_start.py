"""Home Assistant is started, or the entry loaded again, while `zpool` hangs there."""

from dataclasses import replace

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
)

from demo.zfs.machine import Answer
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import HomeAssistant

from .common import MIRROR, TANK, VDB, device, look, poll, settle, start, value
from custom_components.homelab.sources.zfs import memory, shell
from custom_components.homelab.sources.zfs.actions import SCRUB_STOP
from custom_components.homelab.sources.zfs.facts import PoolFacts
from custom_components.homelab.sources.zfs.models import Kind, Pool, State, Vdev
from tests.common import set_up, until
from tests.fakes.zfs_host import ZfsFarEnd

LEFT = Answer(out="4711\n")
DISK = Vdev(guid="2", name="sda", kind=Kind.DISK, group=None, state=State.ONLINE)


def restart() -> None:
    """Forget what is kept in memory alone, as a restart of Home Assistant does."""
    shell._RESTS.clear()
    memory._MEMORIES.clear()


async def test_what_the_kernel_says_is_shown_while_an_earlier_zpool_hangs(
    hass: HomeAssistant, far: ZfsFarEnd, zfs_entry: MockConfigEntry
) -> None:
    far.machine.instead["pgrep"] = LEFT
    far.machine.kernel_states["tank"] = "SUSPENDED"
    await start(hass, far, zfs_entry)
    assert value(hass, "host", "connected") == "on"
    assert value(hass, "host", "pools") == "1"
    assert value(hass, TANK, "health") == "suspended"
    assert value(hass, TANK, "problem") == "on"
    for key in ("size", "used_percent", "errors", "scan", "last_scrub"):
        assert value(hass, TANK, key) == "unknown", key
    assert not [line for line in far.log if line.startswith(("zpool", "zfs"))]


async def test_a_pool_of_which_only_the_kernel_speaks_well_may_have_a_problem(
    hass: HomeAssistant, far: ZfsFarEnd, zfs_entry: MockConfigEntry
) -> None:
    far.machine.instead["pgrep"] = LEFT
    await set_up(hass, zfs_entry)
    assert value(hass, TANK, "health") == "online"
    assert value(hass, TANK, "problem") == "unknown"


@pytest.mark.parametrize("command", ["zpool version", "zpool status", "zpool list"])
async def test_a_command_that_hangs_at_the_start_holds_the_rest_not_up(
    hass: HomeAssistant,
    far: ZfsFarEnd,
    zfs_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    command: str,
) -> None:
    far.hanging = {command}
    setting_up = hass.async_create_task(set_up(hass, zfs_entry))
    await until(lambda: bool(far.hung))
    freezer.tick(21)
    await setting_up
    assert zfs_entry.state is ConfigEntryState.LOADED
    assert value(hass, TANK, "health") == "online"
    # neither a poll nor a reload sends a second one beside it
    hung = [*far.hung]
    for _ in range(3):
        await hass.config_entries.async_reload(zfs_entry.entry_id)
        assert zfs_entry.state is ConfigEntryState.LOADED
        await settle(hass, far)
    assert far.hung == hung


async def test_what_hung_before_a_restart_takes_no_device_and_tells_no_old_news(
    hass: HomeAssistant,
    far: ZfsFarEnd,
    zfs_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    far.machine.show("mirror-scrubbed")
    options = {"removal": {"removal_delay": 0}}
    hass.config_entries.async_update_entry(zfs_entry, options=options)
    await start(hass, far, zfs_entry)
    names = {(r, d.id) for r in (TANK, MIRROR, VDB) if (d := device(hass, r))}
    assert len(names) == 3
    await hass.config_entries.async_unload(zfs_entry.entry_id)
    restart()
    far.machine.instead["pgrep"] = LEFT
    await start(hass, far, zfs_entry)
    for _ in range(4):
        await poll(hass, far, freezer)
    # not told of is not gone
    assert {(r, d.id) for r in (TANK, MIRROR, VDB) if (d := device(hass, r))} == names
    assert value(hass, VDB, "state") == "unavailable"
    changes = async_capture_events(hass, EVENT_STATE_CHANGED)
    far.machine.instead.clear()
    await poll(hass, far, freezer)
    assert value(hass, VDB, "state") == "online"
    assert value(hass, TANK, "problem") == "off"
    assert value(hass, TANK, "scan") == "idle"
    told = [c for c in changes if c.data["entity_id"].startswith("event.")]
    assert not told
    shown = look(hass, TANK, "health")
    assert shown and "as_of" not in shown.attributes


async def test_a_reload_while_it_hangs_keeps_what_is_known(
    hass: HomeAssistant,
    far: ZfsFarEnd,
    zfs_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    await start(hass, far, zfs_entry)
    size = value(hass, TANK, "size")
    far.machine.instead["pgrep"] = LEFT
    far.machine.kernel_states["tank"] = "SUSPENDED"
    await hass.config_entries.async_reload(zfs_entry.entry_id)
    await settle(hass, far)
    assert value(hass, TANK, "size") == size
    assert value(hass, TANK, "problem") == "on"
    assert value(hass, VDB, "state") == "online"
    shown = look(hass, TANK, "health")
    assert shown and shown.attributes["as_of"]
    far.machine.instead.clear()
    far.machine.kernel_states.clear()
    await poll(hass, far, freezer)
    assert value(hass, TANK, "problem") == "off"


async def test_a_host_that_does_not_list_its_pools_is_tried_again(
    hass: HomeAssistant, far: ZfsFarEnd, zfs_entry: MockConfigEntry
) -> None:
    far.machine.system = "FreeBSD"
    far.machine.instead["pgrep"] = LEFT
    hass.config_entries.async_update_entry(
        zfs_entry, unique_id="12345678-1234-1234-1234-123456789abc"
    )
    await set_up(hass, zfs_entry)
    assert zfs_entry.state is ConfigEntryState.SETUP_RETRY
    assert zfs_entry.error_reason_translation_key == "too_slow"


async def test_disks_are_asked_as_soon_as_they_are_known(
    hass: HomeAssistant,
    far: ZfsFarEnd,
    zfs_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    far.machine.instead["pgrep"] = LEFT
    await start(hass, far, zfs_entry)
    far.machine.instead.clear()
    await poll(hass, far, freezer)
    await poll(hass, far, freezer)
    assert value(hass, VDB, "state") == "online"
    assert value(hass, VDB, "temperature") == "31.0"


def test_nobody_knows_whether_a_scrub_was_stopped_where_nobody_could_ask() -> None:
    bare = PoolFacts(pool=Pool(guid="1", name="tank", state=State.ONLINE), state=None)
    asked = replace(bare, pool=replace(bare.pool, vdevs=(DISK,)))
    assert SCRUB_STOP.wished is not None
    assert (SCRUB_STOP.wished(bare), SCRUB_STOP.wished(asked)) == (False, True)
