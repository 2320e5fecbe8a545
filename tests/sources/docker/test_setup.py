"""What appears of a Docker host, and what becomes of it."""

from pytest_homeassistant_custom_component.common import MockConfigEntry

from demo.engine import Health, SimulatedEngine, compose
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant

from .host import device, entity_id, set_up, shown, state, until


def populate(engine: SimulatedEngine) -> None:
    """Run a project and what belongs to none."""
    engine.run("shop-db-1", labels=compose("shop", "db"))
    web = compose("shop", "web", depends_on=["db"])
    engine.run("shop-web-1", labels=web, health=Health.STARTING)
    engine.set_health("shop-web-1", Health.HEALTHY)
    engine.run("shop-web-2", labels=compose("shop", "web", replica=2))
    engine.run("plex", network_mode="host")
    engine.add("idle")


async def test_devices_and_entities(
    hass: HomeAssistant, engine: SimulatedEngine, entry: MockConfigEntry
) -> None:
    populate(engine)
    await set_up(hass, entry)
    assert entry.state is ConfigEntryState.LOADED
    host, project = device(hass), device(hass, "project_shop")
    web = device(hass, "container_shop/web/1")
    plex = device(hass, "container_name:plex")
    assert host and project and web and plex
    assert (host.name, project.name, web.name, plex.name) == (
        *("NAS", "shop", "web", "plex"),
    )
    assert (project.via_device_id, web.via_device_id) == (host.id, project.id)
    assert plex.via_device_id == host.id
    assert state(hass, "host", "connected") == "on"
    assert state(hass, "host", "containers_running") == "4"
    assert state(hass, "host", "containers_stopped") == "1"
    assert state(hass, "host", "containers_unhealthy") == "0"
    assert state(hass, "project_shop", "containers_running") == "3"
    assert state(hass, "container_shop/web/1", "running") == "on"
    assert state(hass, "container_shop/web/1", "health") == "healthy"
    assert state(hass, "container_shop/db/1", "health") is None
    assert state(hass, "container_name:idle", "running") == "off"
    assert state(hass, "container_name:idle", "state") == "created"
    assert entity_id(hass, "container_name:plex", "network_receive_rate") is None
    assert entity_id(hass, "container_name:idle", "network_receive_rate")
    # nobody asks the disk before the platforms are there
    await until(lambda: state(hass, "host", "disk_images") not in (None, "unknown"))
    await until(lambda: state(hass, "container_name:plex", "memory") != "unknown")
    assert state(hass, "container_name:idle", "memory") == "unknown"
    found = shown(hass, "host", "containers_running")
    assert found and found.name == "NAS Containers running"
    assert await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()
    await until(lambda: engine.connections == 0)
