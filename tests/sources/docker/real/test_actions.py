"""Everything that can be done, on a real engine, and what nobody can do there."""

import pytest

from demo.engine import compose
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import entity_registry as er

from .test_connections import SLEEPER, at
from .watched import watched
from custom_components.homelab.const import DOMAIN
from tests.fakes.real_engine import RealEngine
from tests.sources.docker.host import device, entity_id, state, until

WEB = "container_shop/web/1"


async def enable_all(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Enable what is disabled by default, and load the entry again."""
    registry = er.async_get(hass)
    for each in er.async_entries_for_config_entry(registry, entry.entry_id):
        if each.disabled_by is er.RegistryEntryDisabler.INTEGRATION:
            registry.async_update_entity(each.entity_id, disabled_by=None)
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()


async def press(hass: HomeAssistant, resource: str, key: str, context: Context) -> None:
    """Press a button, or turn the switch."""
    switch = key in {"on", "off"}
    name = entity_id(hass, resource, "running" if switch else key)
    assert name, (resource, key)
    await hass.services.async_call(
        "switch" if switch else "button",
        f"turn_{key}" if switch else "press",
        {"entity_id": name},
        blocking=True,
        context=context,
    )


@pytest.mark.real("docker")
@pytest.mark.timeout(120)
async def test_every_action_of_a_container(
    hass: HomeAssistant, real_engine: RealEngine, admin: Context
) -> None:
    real_engine.run("sleeper")
    async with watched(hass, at(real_engine.url)) as entry:
        await enable_all(hass, entry)
        for key, becomes in (
            ("off", "exited"),
            ("on", "running"),
            ("pause", "paused"),
            ("unpause", "running"),
            ("restart", "running"),
            ("kill", "exited"),
        ):
            await press(hass, SLEEPER, key, admin)
            assert real_engine.inspect("sleeper")["State"]["Status"] == becomes
            await until(lambda word=becomes: state(hass, SLEEPER, "state") == word)  # type: ignore[misc]


@pytest.mark.real("docker")
@pytest.mark.timeout(120)
async def test_every_action_of_a_project(
    hass: HomeAssistant, real_engine: RealEngine, admin: Context
) -> None:
    real_engine.run("shop-db-1", Labels=compose("shop", "db"))
    web = compose("shop", "web", depends_on=["db"])
    real_engine.run("shop-web-1", Labels=web)
    async with watched(hass, at(real_engine.url)):
        for key, running in (("stop", "0"), ("start", "2"), ("restart", "2")):
            await press(hass, "project_shop", key, admin)
            await until(
                lambda n=running: state(hass, "project_shop", "containers_running") == n  # type: ignore[misc]
            )
        started = [
            real_engine.inspect(f"shop-{name}-1")["State"]["StartedAt"]
            for name in ("db", "web")
        ]
        assert started == sorted(started)


@pytest.mark.real("docker")
@pytest.mark.timeout(120)
async def test_logs_and_prune(
    hass: HomeAssistant, real_engine: RealEngine, admin: Context
) -> None:
    real_engine.run("talker", ("sh", "-c", "echo out; echo err >&2; sleep 1000"))
    real_engine.run("idle", start=False)
    marked = {"homelab.protect": "true"}
    real_engine.run("kept", start=False, Labels=marked, host={"Binds": ["kept:/data"]})
    real_engine.ask("POST", "/volumes/create", {"Name": "loose"})
    async with watched(hass, at(real_engine.url)):
        talker = device(hass, "container_name:talker")
        host = device(hass)
        assert talker and host
        said = await hass.services.async_call(
            DOMAIN,
            "get_logs",
            {"device_id": talker.id},
            blocking=True,
            return_response=True,
            context=admin,
        )
        lines = {(line["stream"], line["text"]) for line in said["lines"]}  # type: ignore[union-attr,index,call-overload]
        assert lines == {("stdout", "out"), ("stderr", "err")}
        wish = {
            "device_id": host.id,
            "what": ["containers", "volumes"],
            "named_volumes": True,
        }
        for preview in (True, False):
            await hass.services.async_call(
                DOMAIN,
                "prune",
                {**wish, "preview": preview},
                blocking=True,
                return_response=True,
                context=admin,
            )
            names = {
                each["Names"][0]
                for each in real_engine.ask("GET", "/containers/json?all=1")
            }
            assert names == {"/talker", "/kept"} | ({"/idle"} if preview else set())
        volumes = {v["Name"] for v in real_engine.ask("GET", "/volumes")["Volumes"]}
        assert "kept" in volumes and "loose" not in volumes


@pytest.mark.real("docker")
@pytest.mark.timeout(120)
async def test_nobody_stops_what_home_assistant_runs_in(
    hass: HomeAssistant,
    real_engine: RealEngine,
    admin: Context,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    id_ = real_engine.run("shop-web-1", Labels=compose("shop", "web"))
    # a container's host name is the beginning of its id
    monkeypatch.setattr("socket.gethostname", lambda: id_[:12])
    async with watched(hass, at(real_engine.url)) as entry:
        await enable_all(hass, entry)
        for resource, key in (
            *((WEB, key) for key in ("off", "restart", "pause", "kill")),
            *(("project_shop", key) for key in ("stop", "restart")),
        ):
            with pytest.raises(ServiceValidationError) as error:
                await press(hass, resource, key, admin)
            assert error.value.translation_key == "operation_denied", (resource, key)
        assert real_engine.inspect("shop-web-1")["State"]["Status"] == "running"
