"""Short ways to do what most of these tests do."""

from datetime import timedelta
import os
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import Context, HomeAssistant, State
from homeassistant.helpers import device_registry as dr, entity_registry as er
from homeassistant.util import dt as dt_util

from custom_components.homelab.const import CONF_SOURCE, DOMAIN
from tests.common import PLATFORMS, set_up, turns, until
from tests.fakes.zfs_host import ZfsFarEnd

IDENTITY = "0123456789abcdef0123456789abcdef"
# the pool of the captures mirror-*, and parts of it
TANK = "pool_16241634347029219780"
MIRROR = "vdev_7350285470586335058"
VDB = "disk_12912034756647613216"
# the pool of scrub-running and the like
LARGE = "pool_5657599938059320268"


def make_zfs_entry(
    hass: HomeAssistant, far: ZfsFarEnd, **kwargs: Any
) -> MockConfigEntry:
    """Add an entry for a host."""
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="nas",
        unique_id=IDENTITY,
        data={CONF_SOURCE: "zfs", **far.data()},
        **kwargs,
    )
    entry.add_to_hass(hass)
    return entry


def entity_id(hass: HomeAssistant, resource: str, key: str) -> str | None:
    """Return the entity of a resource."""
    registry = er.async_get(hass)
    found = (
        registry.async_get_entity_id(platform, DOMAIN, f"{IDENTITY}_{resource}_{key}")
        for platform in PLATFORMS
    )
    return next(filter(None, found), None)


def look(hass: HomeAssistant, resource: str, key: str) -> State | None:
    """Return an entity's state with its attributes; None when there is none."""
    name = entity_id(hass, resource, key)
    return hass.states.get(name) if name else None


def value(hass: HomeAssistant, resource: str, key: str) -> str | None:
    """Return an entity's state alone."""
    state = look(hass, resource, key)
    return state.state if state else None


def device(hass: HomeAssistant, resource: str = "") -> dr.DeviceEntry | None:
    """Return the device of a resource, or the host's."""
    entry = hass.config_entries.async_entries(DOMAIN)[0]
    identifier = f"{IDENTITY}_{resource}" if resource else IDENTITY
    registry = dr.async_get(hass)
    return registry.async_get_device_by_identifier((DOMAIN, identifier), entry.entry_id)


def devices(hass: HomeAssistant) -> list[dr.DeviceEntry]:
    """Return all devices of the entry."""
    entry = hass.config_entries.async_entries(DOMAIN)[0]
    return [*dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)]


async def press(hass: HomeAssistant, resource: str, key: str, context: Context) -> None:
    """Press a button."""
    await hass.services.async_call(
        "button",
        "press",
        {"entity_id": entity_id(hass, resource, key)},
        blocking=True,
        context=context,
    )


async def start(hass: HomeAssistant, far: ZfsFarEnd, entry: MockConfigEntry) -> None:
    """Set an entry up, and wait until everything has been read once."""
    await set_up(hass, entry)
    assert entry.state is ConfigEntryState.LOADED, entry.reason
    await settle(hass, far)
    # what only the entities know to ask for is asked a moment later
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=1))
    await settle(hass, far)


async def settle(hass: HomeAssistant, far: ZfsFarEnd) -> None:
    """Wait until nothing is under way but streams, and all of it is shown."""
    host = hass.config_entries.async_entries(DOMAIN)[0].runtime_data
    feeds = [feed for feed in host.feeds.values() if feed.feed.fetch]

    def is_done() -> bool:
        return is_at_rest(hass, far) and all(
            feed.answered or not feed.last_update_success for feed in feeds
        )

    for _ in range(5):
        await until(is_done)
        await turns()
    await hass.async_block_till_done()


def is_at_rest(hass: HomeAssistant, far: ZfsFarEnd) -> bool:
    """Whether nothing is under way but streams and what hangs."""
    source = hass.config_entries.async_entries(DOMAIN)[0].runtime_data.source
    login = source._connection._login
    under_way = [c for c in login.commands if not (c.has_ended or c.is_given_up)]
    return len(under_way) == len(far.streams)


async def let_work() -> None:
    """Let real sockets work for a moment, whatever clocks say."""
    begin = os.times().elapsed
    await until(lambda: os.times().elapsed - begin > 0.1)


async def poll(
    hass: HomeAssistant,
    far: ZfsFarEnd,
    freezer: FrozenDateTimeFactory,
    *,
    seconds: float = 61,
) -> None:
    """Let time pass, and wait until the pools have been read again."""
    main = hass.config_entries.async_entries(DOMAIN)[0].runtime_data.main
    before = main.data
    freezer.tick(seconds)
    async_fire_time_changed(hass)
    await until(lambda: main.data is not before or not main.last_update_success)
    await settle(hass, far)
