"""Disks that do not answer: few commands hang, and the others are told of."""

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from demo.zfs.machine import Answer
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component

from .common import TANK, VDB, entity_id, let_work, look, settle, start, value
from custom_components.homelab.sources.zfs.commands import READS
from tests.fakes.zfs_host import ZfsFarEnd

SMART = "smartctl -n standby -j -i -H -A "
HOST_UUID = "12345678-1234-1234-1234-123456789abc"
LEFT = READS["smart_left"].line()


async def ask_disks(
    hass: HomeAssistant, far: ZfsFarEnd, freezer: FrozenDateTimeFactory
) -> None:
    """Let an hour pass, and what was asked then come to its end."""
    freezer.tick(3601)
    async_fire_time_changed(hass)
    await let_work()
    for _ in range(9):
        freezer.tick(31)
        async_fire_time_changed(hass)
        await let_work()
    await settle(hass, far)


async def test_what_hangs_does_not_pile_up(
    hass: HomeAssistant,
    far: ZfsFarEnd,
    zfs_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    await start(hass, far, zfs_entry)
    far.hanging = {"smartctl -n"}
    for _ in range(4):
        await ask_disks(hass, far, freezer)
    assert len(far.hung) == 1
    assert far.server.logins == 1
    shown = look(hass, VDB, "temperature")
    assert shown and shown.state == "31.0" and shown.attributes["as_of"]
    assert value(hass, TANK, "health") == "online"


async def test_a_disk_that_does_not_answer_leaves_the_others_their_turn(
    hass: HomeAssistant,
    far: ZfsFarEnd,
    zfs_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    await start(hass, far, zfs_entry)
    far.is_deaf = False
    far.hanging = {SMART + "/dev/vdb"}
    far.log.clear()
    await ask_disks(hass, far, freezer)
    assert far.hung == [SMART + "/dev/vdb"]
    assert far.log.count(SMART + "/dev/vdc") == 1
    shown = look(hass, VDB, "temperature")
    assert shown and shown.state == "31.0" and shown.attributes["as_of"]
    # an hour of rest, then two, then four
    counts = []
    for _ in range(5):
        await ask_disks(hass, far, freezer)
        counts.append(len(far.hung))
    assert counts == [2, 2, 3, 3, 3]
    far.hanging.clear()
    await async_setup_component(hass, "homeassistant", {})
    await hass.services.async_call(
        "homeassistant",
        "update_entity",
        {"entity_id": entity_id(hass, VDB, "temperature")},
        blocking=True,
    )
    await settle(hass, far)
    shown = look(hass, VDB, "temperature")
    assert shown and "as_of" not in shown.attributes


async def test_what_an_earlier_connection_has_left_hanging(
    hass: HomeAssistant,
    far: ZfsFarEnd,
    zfs_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    far.machine.instead[LEFT] = Answer(out="4711\n")
    await start(hass, far, zfs_entry)
    assert not [line for line in far.log if line.startswith(SMART)]
    assert value(hass, VDB, "temperature") == "unknown"
    assert value(hass, VDB, "state") == "online"
    far.machine.instead.clear()
    await ask_disks(hass, far, freezer)
    assert value(hass, VDB, "temperature") == "31.0"
    # once it is known, it is not asked again on the same login
    before = far.log.count(LEFT)
    await ask_disks(hass, far, freezer)
    assert far.log.count(LEFT) == before


async def test_disks_that_nobody_reads_are_not_asked(
    hass: HomeAssistant, far: ZfsFarEnd, zfs_entry: MockConfigEntry
) -> None:
    far.machine.instead["smartctl -V"] = Answer(code=127)
    await start(hass, far, zfs_entry)
    assert LEFT not in far.log


async def poll_pools(
    hass: HomeAssistant, far: ZfsFarEnd, freezer: FrozenDateTimeFactory
) -> None:
    freezer.tick(61)
    async_fire_time_changed(hass)
    await let_work()
    await settle(hass, far)


@pytest.mark.parametrize("system", ["Linux", "FreeBSD"])
async def test_other_disks_are_met_when_they_come(
    hass: HomeAssistant,
    far: ZfsFarEnd,
    zfs_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    system: str,
) -> None:
    far.machine.system = system
    row = "lsblk"
    if system == "FreeBSD":
        row = "geom"
        hass.config_entries.async_update_entry(zfs_entry, unique_id=HOST_UUID)
    await start(hass, far, zfs_entry)

    def asked() -> int:
        return sum(line.startswith(row) for line in far.log)

    for _ in range(2):
        await poll_pools(hass, far, freezer)
    assert asked() == 1
    disk = _find(far.machine.captures[0].pool["vdevs"], VDB.partition("_")[2])
    disk["path"] = "/dev/da7p1"
    answer = _disks(far, row)
    # what fails is tried again, and hides nothing
    far.machine.instead[row] = Answer(out="x" * 9_000_000)
    await poll_pools(hass, far, freezer)
    assert asked() == 2
    assert not zfs_entry.runtime_data.source.host.pools[TANK.partition("_")[2]].as_of
    far.machine.instead[row] = answer
    for _ in range(3):
        await poll_pools(hass, far, freezer)
    assert asked() == 3
    facts = hass.config_entries.async_entries("homelab")[0].runtime_data.source.host
    block = facts.disks[VDB.partition("_")[2]].block
    assert (block.device, block.serial) == ("/dev/da7", "NEW1")


def _find(vdevs: dict[str, dict], guid: str) -> dict:
    for vdev in vdevs.values():
        if str(vdev["guid"]) == guid:
            return vdev
        if found := _find(vdev.get("vdevs", {}), guid):
            return found
    return {}


def _disks(far: ZfsFarEnd, row: str) -> Answer:
    if row == "geom":
        text = "Geom name: da7\nProviders:\n1. Name: da7\n   ident: NEW1\n"
        return Answer(out=text)
    old = far.machine.run(["lsblk"]).out
    disk = 'ROTA="1" MODEL="" SERIAL="NEW1" WWN="" PARTUUID=""'
    return Answer(
        out=f'{old}NAME="da7" KNAME="da7" PKNAME="" TYPE="disk" {disk}\n'
        f'NAME="da7p1" KNAME="da7p1" PKNAME="da7" TYPE="part" {disk}\n'
    )
