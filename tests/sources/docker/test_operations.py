"""What can be done to containers and projects, and what nobody can do."""

from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
)

from demo.engine import SimulatedEngine, State, compose
from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import entity_registry as er

from .host import docker_entry, entity_id, set_up, state, until
from .test_events import happened
from custom_components.homelab.const import EVENT_OPERATION

PLEX = "container_name:plex"


@pytest.fixture
async def shop(hass: HomeAssistant, engine: SimulatedEngine) -> MockConfigEntry:
    """Run a shop, in which everything needs the database, and Plex."""
    engine.run("shop-web-1", labels=compose("shop", "web", depends_on=["db"]))
    engine.run("shop-job-1", labels=compose("shop", "job", depends_on=["web"]))
    engine.run("shop-db-1", labels=compose("shop", "db"))
    engine.run("plex")
    entry = docker_entry(hass, engine)
    await set_up(hass, entry)
    return entry


async def press(hass: HomeAssistant, resource: str, key: str, context: Context) -> None:
    """Press a button, or turn a switch, whether or not it is enabled by default."""
    name = entity_id(hass, resource, key)
    domain, service = "button", "press"
    if key in {"on", "off"}:
        name = entity_id(hass, resource, "running")
        domain, service = "switch", f"turn_{key}"
    assert name, (resource, key)
    await hass.services.async_call(
        domain, service, {"entity_id": name}, blocking=True, context=context
    )


def told(engine: SimulatedEngine) -> list[str]:
    """Return what the engine was told to do, in its order."""
    return [
        each.partition("?")[0].rpartition("/containers/")[2]
        for each in engine.asked
        if each.startswith("POST") and "-homelab-nobody" not in each
    ]


async def enable_all(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Enable what is disabled by default, and load the entry again."""
    registry = er.async_get(hass)
    for each in er.async_entries_for_config_entry(registry, entry.entry_id):
        if each.disabled_by is er.RegistryEntryDisabler.INTEGRATION:
            registry.async_update_entity(each.entity_id, disabled_by=None)
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()


async def test_every_action_of_a_container(
    hass: HomeAssistant, engine: SimulatedEngine, shop: MockConfigEntry, admin: Context
) -> None:
    await enable_all(hass, shop)
    for key, becomes in (
        ("off", State.EXITED),
        ("on", State.RUNNING),
        ("pause", State.PAUSED),
        ("unpause", State.RUNNING),
        ("pause", State.PAUSED),
        # turned on, what is frozen goes on
        ("on", State.RUNNING),
        ("restart", State.RUNNING),
        ("kill", State.EXITED),
    ):
        await press(hass, PLEX, key, admin)
        assert engine.find("plex").state is becomes
        await until(lambda word=becomes: state(hass, PLEX, "state") == word)  # type: ignore[misc]
    assert engine.find("plex").exit_code == 137


async def test_a_project_in_its_order(
    hass: HomeAssistant, engine: SimulatedEngine, shop: MockConfigEntry, admin: Context
) -> None:
    names = {each.id: each.name for each in engine.containers.values()}

    def order() -> list[str]:
        found = [each.split("/") for each in told(engine)]
        engine.asked.clear()
        return [f"{names[id_].split('-')[1]} {action}" for id_, action in found]

    await press(hass, "project_shop", "stop", admin)
    assert order() == ["job stop", "web stop", "db stop"]
    await until(lambda: state(hass, "project_shop", "containers_running") == "0")
    await press(hass, "project_shop", "start", admin)
    assert order() == ["db start", "web start", "job start"]
    await until(lambda: state(hass, "project_shop", "containers_running") == "3")
    await engine.stop("shop-job-1")
    await until(lambda: state(hass, "project_shop", "containers_running") == "2")
    await press(hass, "project_shop", "restart", admin)
    # what did not run is left alone
    assert order() == ["web stop", "db stop", "db start", "web start"]


async def test_a_project_that_fails_half_way_says_what_was_done(
    hass: HomeAssistant, engine: SimulatedEngine, shop: MockConfigEntry, admin: Context
) -> None:
    await press(hass, "project_shop", "stop", admin)
    await until(lambda: state(hass, "project_shop", "containers_running") == "0")
    engine.find("shop-web-1").broken = "no such network"
    with pytest.raises(HomeAssistantError) as error:
        await press(hass, "project_shop", "start", admin)
    assert error.value.translation_placeholders
    detail = error.value.translation_placeholders["detail"]
    assert detail == "web: no such network (400); started db; left job"
    await until(lambda: state(hass, "project_shop", "containers_running") == "1")


@pytest.mark.parametrize("ours", [False, True])
async def test_nobody_stops_what_is_protected_or_ours(
    hass: HomeAssistant,
    engine: SimulatedEngine,
    admin: Context,
    ours: bool,
) -> None:
    url = await engine.listen()
    labels = compose("shop", "proxy")
    if ours:
        # who answers at the port of the entry's address is our way to the engine
        bound = {"2375/tcp": [{"HostIp": "", "HostPort": url.rpartition(":")[2]}]}
        engine.faults.edit = lambda _, said: _publish(said, bound)
    else:
        labels |= {"homelab.protect": "true"}
    engine.run("shop-proxy-1", labels=labels)
    entry = docker_entry(hass, engine, url=url)
    await set_up(hass, entry)
    await enable_all(hass, entry)
    engine.asked.clear()
    for resource, key in (
        *(
            ("container_shop/proxy/1", key)
            for key in ("off", "restart", "pause", "kill")
        ),
        *(("project_shop", key) for key in ("stop", "restart")),
    ):
        with pytest.raises(ServiceValidationError) as error:
            await press(hass, resource, key, admin)
        assert error.value.translation_key == "operation_denied", (resource, key)
    assert told(engine) == []
    assert engine.find("shop-proxy-1").is_up


def _publish(said: Any, ports: dict[str, Any]) -> Any:
    if isinstance(said, dict) and "NetworkSettings" in said:
        said["NetworkSettings"]["Ports"] = ports
    return said


@pytest.mark.parametrize("address", ["172.17.0.9", "127.0.0.1"])
async def test_a_container_called_like_the_machine_is_not_ours_for_that(
    hass: HomeAssistant, engine: SimulatedEngine, admin: Context, address: str
) -> None:
    """Whether the name leads to it is what its address says."""
    url = (await engine.listen()).replace("127.0.0.1", "localhost")

    def edit(_: str, said: Any) -> Any:
        if isinstance(said, dict) and said.get("Name") == "/localhost":
            said["NetworkSettings"]["Networks"]["bridge"]["IPAddress"] = address
        return said

    engine.faults.edit = edit
    engine.run("localhost")
    engine.run("other")
    await set_up(hass, docker_entry(hass, engine, url=url))
    if address == "127.0.0.1":
        with pytest.raises(ServiceValidationError, match="is denied"):
            await press(hass, "container_name:localhost", "off", admin)
    else:
        await press(hass, "container_name:localhost", "off", admin)
    assert engine.find("localhost").is_up is (address == "127.0.0.1")


async def test_the_container_that_home_assistant_runs_in(
    hass: HomeAssistant,
    engine: SimulatedEngine,
    admin: Context,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    container = engine.run("homeassistant")
    # a container's host name is the beginning of its id
    monkeypatch.setattr("socket.gethostname", lambda: container.id[:12])
    await set_up(hass, docker_entry(hass, engine))
    with pytest.raises(ServiceValidationError, match="is denied"):
        await press(hass, "container_name:homeassistant", "off", admin)
    assert container.is_up


async def test_what_fails_is_said(
    hass: HomeAssistant, engine: SimulatedEngine, shop: MockConfigEntry, admin: Context
) -> None:
    restart = f"POST /containers/{engine.find('plex').id}/restart"
    engine.faults.answers[restart] = (500, "the disk is full")
    with pytest.raises(HomeAssistantError) as error:
        await press(hass, PLEX, "restart", admin)
    assert error.value.translation_key == "operation_failed"
    assert error.value.translation_placeholders
    assert error.value.translation_placeholders["detail"] == "the disk is full (500)"
    # a proxy that was changed since
    engine.faults.answers[restart] = (403, "no")
    with pytest.raises(HomeAssistantError) as error:
        await press(hass, PLEX, "restart", admin)
    assert error.value.translation_placeholders
    assert "forbidden" in error.value.translation_placeholders["detail"]


async def test_an_answer_that_is_lost_is_looked_after(
    hass: HomeAssistant, engine: SimulatedEngine, shop: MockConfigEntry, admin: Context
) -> None:
    moved = async_capture_events(hass, EVENT_OPERATION)
    engine.faults.lost.add("POST /containers/{id}/stop")
    await press(hass, PLEX, "off", admin)
    states = [event.data["state"] for event in moved]
    assert states == ["running", "unknown", "succeeded"]
    # nothing is tried again by itself
    assert told(engine) == [f"{engine.find('plex').id}/stop"]


async def test_an_end_that_we_asked_for_is_told_as_such(
    hass: HomeAssistant, engine: SimulatedEngine, shop: MockConfigEntry, admin: Context
) -> None:
    await until(lambda: engine.in_flight["GET /events"] == 1)
    await press(hass, PLEX, "off", admin)
    name = entity_id(hass, "host", "container")
    assert name
    await until(lambda: hass.states.get(name).state != "unknown")  # type: ignore[union-attr]
    event = hass.states.get(name)
    assert event
    assert event.attributes["event_type"] == "stopped"
    assert event.attributes["cause"] == "operation"


@pytest.mark.parametrize("key", ["on", "restart", "unpause"])
async def test_a_crash_right_after_our_own_action_is_not_ours(
    hass: HomeAssistant,
    engine: SimulatedEngine,
    shop: MockConfigEntry,
    admin: Context,
    key: str,
) -> None:
    if key == "on":
        await engine.stop("plex")
    if key == "unpause":
        await enable_all(hass, shop)
        engine.pause("plex")
    await until(lambda: engine.in_flight["GET /events"] == 1)
    await until(lambda: state(hass, PLEX, "running") == ("on", "off")[key != "restart"])
    # as a real engine does, it tells of it before it answers
    engine.faults.late["POST /containers/{id}/" + {"on": "start"}.get(key, key)] = 0.1
    events = async_capture_events(hass, EVENT_STATE_CHANGED)
    await press(hass, PLEX, key, admin)
    await until(lambda: state(hass, PLEX, "running") == "on")
    engine.die("plex", 1)
    await until(lambda: happened(hass, events)[-1:] == [("exited", "itself")])
