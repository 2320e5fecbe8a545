"""Every way to a real engine: through the form, to a switch that works."""

from pathlib import Path
from typing import Any

import pytest

from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import ServiceValidationError

from .watched import watched
from tests.fakes.openssh import OpenSsh
from tests.fakes.real_engine import RealEngine
from tests.fakes.real_podman import RealPodman
from tests.sources.docker.host import entity_id, state, until

SLEEPER = "container_name:sleeper"


def at(url: str) -> tuple[str, dict[str, Any]]:
    """Return the answers of the first page."""
    return ("docker", {"name": "NAS", "url": url})


async def stop_and_start(hass: HomeAssistant, admin: Context) -> None:
    """Turn the switch of a container off and on."""
    switch = entity_id(hass, SLEEPER, "running")
    await until(lambda: state(hass, SLEEPER, "running") == "on")
    for service, becomes in (("turn_off", "off"), ("turn_on", "on")):
        await hass.services.async_call(
            "switch", service, {"entity_id": switch}, blocking=True, context=admin
        )
        await until(lambda word=becomes: state(hass, SLEEPER, "running") == word)  # type: ignore[misc]


@pytest.mark.real("docker")
async def test_a_socket(
    hass: HomeAssistant, real_engine: RealEngine, admin: Context
) -> None:
    real_engine.run("sleeper")
    async with watched(hass, at(real_engine.url)):
        await stop_and_start(hass, admin)
        await until(lambda: state(hass, SLEEPER, "memory") != "unknown")
        assert real_engine.inspect("sleeper")["State"]["Running"]


@pytest.mark.real("docker")
async def test_a_port_with_tls(
    hass: HomeAssistant, real_engine: RealEngine, admin: Context
) -> None:
    real_engine.run("sleeper")
    pair = real_engine.authority.client()
    certificates = {
        "ca": real_engine.authority.certificate,
        "certificate": pair.certificate,
        "key": pair.key,
        "verify_host": True,
    }
    async with watched(
        hass, at(real_engine.tcp_url), ("docker_tls", certificates)
    ) as entry:
        await stop_and_start(hass, admin)
        assert entry.unique_id == real_engine.ask("GET", "/info")["ID"]


@pytest.mark.real("docker")
async def test_a_plain_port_and_the_engines_own_warning(
    hass: HomeAssistant, plain_engine: RealEngine, admin: Context
) -> None:
    plain_engine.run("sleeper")
    async with watched(hass, at(plain_engine.tcp_url)):
        await stop_and_start(hass, admin)


@pytest.mark.real("docker")
async def test_over_ssh(
    hass: HomeAssistant, real_engine: RealEngine, admin: Context, tmp_path: Path
) -> None:
    real_engine.run("sleeper")
    async with OpenSsh(tmp_path).serving() as server:
        address = server.address()
        url = f"ssh://{address.username}@127.0.0.1:{server.port}{real_engine.socket}"
        async with watched(
            hass,
            at(url),
            ("docker_ssh", {"private_key": address.private_key}),
            ("host_key", {"confirm_fingerprint": True}),
        ):
            await stop_and_start(hass, admin)
            await until(lambda: state(hass, SLEEPER, "memory") != "unknown")
        # one to look at what is there, one for the entry
        assert server.logins == 2


@pytest.mark.real("docker")
async def test_a_proxy_that_only_lets_look(
    hass: HomeAssistant, real_engine: RealEngine
) -> None:
    real_engine.run("sleeper")
    url = real_engine.proxy("CONTAINERS", "INFO")
    async with watched(hass, at(url)):
        await until(lambda: state(hass, SLEEPER, "state") == "running")
        assert entity_id(hass, SLEEPER, "running") is None
        assert entity_id(hass, SLEEPER, "restart") is None
        assert state(hass, "host", "volumes") is None
        real_engine.act("sleeper", "stop")
        await until(lambda: state(hass, SLEEPER, "state") == "exited")


@pytest.mark.real("docker")
async def test_a_proxy_that_lets_act_and_cannot_be_stopped_itself(
    hass: HomeAssistant, real_engine: RealEngine, admin: Context
) -> None:
    real_engine.run("sleeper")
    url = real_engine.proxy("CONTAINERS", "INFO", "POST")
    async with watched(hass, at(url)):
        await stop_and_start(hass, admin)
        for platform, service, key in (
            ("switch", "turn_off", "running"),
            ("button", "press", "restart"),
        ):
            target = {"entity_id": entity_id(hass, "container_name:proxy", key)}
            with pytest.raises(ServiceValidationError) as error:
                await hass.services.async_call(
                    platform, service, target, blocking=True, context=admin
                )
            assert error.value.translation_key == "operation_denied"
        assert real_engine.inspect("proxy")["State"]["Running"]


@pytest.mark.real("podman")
async def test_podman(
    hass: HomeAssistant, real_podman: RealPodman, admin: Context
) -> None:
    real_podman.run("sleeper")
    async with watched(hass, at(real_podman.url)):
        await stop_and_start(hass, admin)
        await until(lambda: state(hass, SLEEPER, "memory") not in ("unknown", None))
        await until(lambda: state(hass, SLEEPER, "cpu") != "unknown", 40)
