"""Pruning: what is shown, what goes, and what never does."""

import asyncio
from typing import Any

from freezegun.api import FrozenDateTimeFactory
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser

from demo.engine import Proxy, SimulatedEngine, compose
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from .bench import Bench
from .host import device, docker_entry, set_up, state, until
from custom_components.homelab.const import DOMAIN, OPERATIONS
from custom_components.homelab.operation import Operation, State
from tests.common import CANARY

ALL = ("containers", "images", "networks", "volumes", "build_cache")
HOURLY = {"polling": {"state_interval": 3600}}
USED = "GET /system/df"


def host_device(hass: HomeAssistant) -> str:
    """Return the id of the host's device."""
    found = device(hass)
    assert found
    return found.id


async def prune(
    hass: HomeAssistant, *what: str, context: Context | None = None, **fields: Any
) -> dict[str, Any]:
    """Call the action; without a context it is an automation that asks."""
    answer = await hass.services.async_call(
        DOMAIN,
        "prune",
        {"device_id": host_device(hass), "what": [*what], **fields},
        blocking=True,
        return_response=True,
        context=context,
    )
    assert answer is not None
    return answer


def records(hass: HomeAssistant) -> list[Operation]:
    """Return all operations that there ever were."""
    return [*hass.data[OPERATIONS].ledger.records.values()]


def things(engine: SimulatedEngine) -> dict[str, set[str]]:
    """Return what there is at the engine."""
    return {
        "containers": {each.name for each in engine.containers.values()},
        "images": {image.id for image in engine.images.values()},
        "networks": {*engine.networks},
        "volumes": {*engine.volumes},
        "cache": {*engine.cache},
    }


def names(shown: dict[str, Any]) -> set[str]:
    """Return the names of what would go."""
    return {item["name"] for item in shown["items"]}


def _only_idle_networks(engine: SimulatedEngine) -> None:
    """Let the engine do as it is asked: list the networks that nobody is in."""
    always = {"bridge", "host", "none"}

    def edit(request: str, said: Any) -> Any:
        if request != "GET /networks":
            return said
        busy = always | {each.network for each in engine.containers.values()}
        return [network for network in said if network["Name"] not in busy]

    engine.faults.edit = edit


async def begin(
    hass: HomeAssistant, engine: SimulatedEngine, **options: Any
) -> MockConfigEntry:
    """Set a host up, and wait until it is at rest."""
    _only_idle_networks(engine)
    entry = docker_entry(hass, engine, options={**HOURLY, **options}, password=CANARY)
    await set_up(hass, entry)
    await until(lambda: engine.requests["GET /containers/json"] >= 2)
    return entry


def litter(engine: SimulatedEngine) -> dict[str, str]:
    """Leave something of everything; return their names or ids."""
    engine.run("web", image="web:1", volumes=("web-data",))
    engine.add("old", image="old:1")
    return {
        "loose": engine.add_image(size=5_000_000).id,
        "named": engine.add_image("unused:1", size=7_000_000).id,
        "net": engine.add_network("left-over").name,
        "anonymous": engine.add_volume(size=2_000_000).name,
        "volume": engine.add_volume("precious").name,
        "cache": engine.add_cache(3_000_000).id,
        "busy": engine.add_cache(9_000_000, in_use=True).id,
    }


async def test_a_preview_changes_nothing(
    hass: HomeAssistant, engine: SimulatedEngine, admin: Context
) -> None:
    left = litter(engine)
    await begin(hass, engine)
    before = things(engine)
    shown = await prune(hass, *ALL, context=admin)
    loose = left["loose"].removeprefix("sha256:")[:12]
    assert names(shown) == {
        *("old", loose, "left-over", left["anonymous"]),
        "mount / from exec /bin/sh -c make",
    }
    assert shown["count"] == 5
    assert shown["bytes"] == 5_000_000 + 2_000_000 + 3_000_000 + 4096
    assert shown["kept"] == []
    assert [item["what"] for item in shown["items"]] == [
        *("containers", "networks", "images", "volumes", "build_cache"),
    ]
    more = await prune(hass, *ALL, all_images=True, named_volumes=True)
    assert names(more) - names(shown) == {"unused:1", "precious"}
    assert things(engine) == before
    assert records(hass) == []
    assert not any(
        asked.startswith(("DELETE", "POST /v1.51/images"))
        for asked in (
            each
            for each in engine.asked
            if "-homelab-nobody" not in each and "0" * 64 not in each
        )
    )


async def test_what_is_shown_is_what_goes(
    hass: HomeAssistant, engine: SimulatedEngine, admin: Context
) -> None:
    left = litter(engine)
    await begin(hass, engine)
    before = things(engine)
    done = await prune(hass, *ALL, preview=False, context=admin)
    assert done["state"] == "succeeded"
    result = "removed images, build cache, 1 containers, 1 networks, 1 volumes"
    assert done["result"] == f"{result}, about 10.0 MB"
    gone = {
        kind: before[kind] - left_over for kind, left_over in things(engine).items()
    }
    assert gone == {
        "containers": {"old"},
        "images": {left["loose"]},
        "networks": {"left-over"},
        "volumes": {left["anonymous"]},
        "cache": {left["cache"]},
    }
    (operation,) = records(hass)
    assert (operation.action, operation.state) == ("prune", State.SUCCEEDED)
    assert operation.parameters["what"] == sorted(ALL)
    await until(lambda: state(hass, "container_name:old", "state") == "unavailable")


async def test_images_of_containers_that_go_now_stay_until_the_next_time(
    hass: HomeAssistant, engine: SimulatedEngine, admin: Context
) -> None:
    litter(engine)
    await begin(hass, engine)
    wishes: dict[str, Any] = {"all_images": True, "context": admin}
    shown = await prune(hass, "containers", "images", **wishes)
    assert "old:1" not in names(shown)
    await prune(hass, "containers", "images", preview=False, **wishes)
    tags = {tag for image in engine.images.values() for tag in image.tags}
    assert tags == {"web:1", "old:1"}
    assert names(await prune(hass, "images", **wishes)) == {"old:1"}


async def test_named_volumes_and_images_only_when_wished(
    hass: HomeAssistant, engine: SimulatedEngine, admin: Context
) -> None:
    left = litter(engine)
    await begin(hass, engine)
    await prune(hass, "volumes", "images", preview=False, context=admin)
    assert left["volume"] in engine.volumes
    assert left["named"] in engine.images
    await prune(
        hass,
        "volumes",
        "images",
        preview=False,
        all_images=True,
        named_volumes=True,
        context=admin,
    )
    assert {*engine.volumes} == {"web-data"}
    assert left["named"] not in engine.images


async def test_who_may(
    hass: HomeAssistant,
    engine: SimulatedEngine,
    hass_read_only_user: MockUser,
) -> None:
    litter(engine)
    await begin(hass, engine)
    before = things(engine)
    guest = Context(user_id=hass_read_only_user.id)
    with pytest.raises(ServiceValidationError) as refused:
        await prune(hass, "images", context=guest)
    assert refused.value.translation_key == "administrators_only"
    held = [
        await prune(hass, "images", preview=False, context=guest),
        await prune(hass, "volumes", preview=False),
    ]
    assert [each["state"] for each in held] == ["pending", "pending"]
    assert things(engine) == before
    assert state(hass, "host", "pending_approvals") == "2"


async def test_an_administrator_approves(
    hass: HomeAssistant, engine: SimulatedEngine, admin: Context
) -> None:
    left = litter(engine)
    await begin(hass, engine)
    held = await prune(hass, "volumes", preview=False)
    # what is protected is looked up when it is done, not when it was asked for
    await hass.services.async_call(
        DOMAIN,
        "approve",
        {"operation_id": held["operation_id"]},
        blocking=True,
        context=admin,
    )
    await until(lambda: records(hass)[-1].state is State.SUCCEEDED)
    assert left["anonymous"] not in engine.volumes


async def test_the_options_may_deny_it(
    hass: HomeAssistant, engine: SimulatedEngine, admin: Context
) -> None:
    litter(engine)
    await begin(hass, engine, policy={"destructive": "deny"})
    before = things(engine)
    with pytest.raises(ServiceValidationError) as refused:
        await prune(hass, *ALL, preview=False, context=admin)
    assert refused.value.translation_key == "operation_denied"
    assert things(engine) == before
    # looking is no harm
    assert (await prune(hass, *ALL, context=admin))["count"]


@pytest.mark.parametrize("what", [(), ("everything",), ("images", "nonsense")])
async def test_bad_input_changes_nothing(
    hass: HomeAssistant, engine: SimulatedEngine, admin: Context, what: tuple[str, ...]
) -> None:
    litter(engine)
    await begin(hass, engine)
    before = things(engine)
    with pytest.raises(Exception, match=r"length|one of|allowed|expected"):
        await prune(hass, *what, preview=False, context=admin)
    assert things(engine) == before
    assert records(hass) == []


async def test_only_hosts_are_pruned(
    hass: HomeAssistant, engine: SimulatedEngine, admin: Context
) -> None:
    engine.run("web")
    entry = await begin(hass, engine)
    web = device(hass, "container_name:web")
    assert web
    for wrong in (web.id, "nobody"):
        with pytest.raises(ServiceValidationError) as refused:
            await prune(hass, "images", device_id=wrong, context=admin)
        assert refused.value.translation_key == "resource_unknown"
    host = host_device(hass)
    await engine.go_down(gently=False)
    await until(lambda: state(hass, "host", "connected") == "off")
    for preview in (True, False):
        with pytest.raises(HomeAssistantError):
            await prune(hass, "images", preview=preview, context=admin)
    await hass.config_entries.async_unload(entry.entry_id)
    with pytest.raises(ServiceValidationError) as refused:
        await prune(hass, "images", device_id=host, context=admin)
    assert refused.value.translation_key == "entry_not_loaded"


EVERYTHING: dict[str, Any] = {"all_images": True, "named_volumes": True}


def shop(engine: SimulatedEngine, **labels: str) -> None:
    """Run a project with a volume, beside a container without one."""
    labelled = {"com.docker.compose.project": "shop"}
    engine.add_volume("shop_db", labels=labelled)
    # of a service that has long not run
    engine.add_volume("shop_jobs", labels=labelled)
    engine.add_network("shop_default", labels=labelled)
    engine.run(
        "shop-db-1",
        labels=compose("shop", "db", more=labels),
        volumes=("shop_db", "f" * 64),
        network_mode="shop_default",
    )
    engine.run("solo", volumes=("solo-data", "e" * 64))
    engine.run("other", volumes=("other-data",))


def take_down(engine: SimulatedEngine, *names: str) -> None:
    """Remove containers, and leave what they had, as `docker compose down` does."""
    for name in names:
        engine.remove(name, force=True)


async def down(hass: HomeAssistant, engine: SimulatedEngine, *names: str) -> None:
    """Remove containers, and wait until that is known."""
    gone = {engine.find(name).id for name in names}
    take_down(engine, *names)
    entry = hass.config_entries.async_entries(DOMAIN)[0]
    known = entry.runtime_data.source.observer.roster.containers
    await until(lambda: not gone & known.keys())


async def test_what_is_gone_but_kept_keeps_its_volumes(
    hass: HomeAssistant, engine: SimulatedEngine, admin: Context
) -> None:
    shop(engine)
    await begin(hass, engine)
    await down(hass, engine, "shop-db-1", "solo")
    await until(lambda: state(hass, "container_name:solo", "state") == "unavailable")
    engine.add_volume("nobodys")
    shown = await prune(hass, "volumes", "networks", **EVERYTHING)
    assert names(shown) == {"nobodys"}
    await prune(hass, "volumes", "networks", preview=False, context=admin, **EVERYTHING)
    assert {*engine.volumes} == {
        *("shop_db", "shop_jobs", "f" * 64, "solo-data", "e" * 64, "other-data"),
    }
    assert "shop_default" in engine.networks


async def test_nobody_remembers_the_volumes_after_a_restart(
    hass: HomeAssistant, engine: SimulatedEngine, admin: Context
) -> None:
    """What was gone before Home Assistant started still is kept."""
    shop(engine)
    entry = await begin(hass, engine)
    assert await hass.config_entries.async_unload(entry.entry_id)
    take_down(engine, "solo")
    await set_up(hass, entry)
    engine.add_volume("nobodys")
    sentence = "kept all volumes: nobody knows which ones name:solo had"
    shown = await prune(hass, "volumes", **EVERYTHING)
    assert (shown["items"], shown["kept"]) == ([], [sentence])
    done = await prune(hass, "volumes", preview=False, context=admin, **EVERYTHING)
    assert done["result"] == f"removed nothing, about 0.0 MB; {sentence}"
    assert "solo-data" in engine.volumes
    # whatever else is wished is done
    assert (
        "kept"
        not in (await prune(hass, "images", preview=False, context=admin))["result"]
    )
    # as soon as it is there again, it is known what it has
    engine.run("solo", volumes=("solo-data", "e" * 64))
    await until(lambda: state(hass, "container_name:solo", "running") == "on")
    found = names(await prune(hass, "volumes", **EVERYTHING))
    assert found == {"nobodys", "shop_jobs"}


@pytest.mark.parametrize("how", ["label", "project", "container"])
async def test_what_is_protected(
    hass: HomeAssistant, engine: SimulatedEngine, admin: Context, how: str
) -> None:
    shop(engine, **({"homelab.protect": "true"} if how == "label" else {}))
    protect = {"label": [], "project": ["shop"], "container": ["shop-db*"]}[how]
    await begin(hass, engine, policy={"protect": protect}, removal={"removal_delay": 0})
    engine.add("solo-again")
    await engine.stop("shop-db-1")
    db = "container_shop/db/1"
    await until(lambda: state(hass, db, "state") == "exited")
    await prune(hass, *ALL, preview=False, context=admin, **EVERYTHING)
    assert {each.name for each in engine.containers.values()} == {
        *("shop-db-1", "solo", "other"),
    }
    assert {
        "shop_db",
        "shop_jobs",
        "f" * 64,
        "solo-data",
        "other-data",
    } <= engine.volumes.keys()
    assert "shop_default" in engine.networks


async def test_what_is_protected_keeps_its_volumes_when_its_device_is_gone(
    hass: HomeAssistant, engine: SimulatedEngine, admin: Context
) -> None:
    shop(engine)
    options = {"policy": {"protect": ["db"]}, "removal": {"removal_delay": 0}}
    entry = await begin(hass, engine, **options)
    await down(hass, engine, "shop-db-1", "solo")
    gone = ("container_shop/db/1", "container_name:solo")
    await until(lambda: not any(device(hass, each) for each in gone))
    left = {"shop_db", "shop_jobs", "f" * 64, "other-data"}
    assert names(await prune(hass, "volumes", **EVERYTHING)) == {"solo-data", "e" * 64}
    await prune(hass, "volumes", preview=False, context=admin, **EVERYTHING)
    assert {*engine.volumes} == left
    # which ones it had is forgotten with a restart, that it is protected is not
    assert await hass.config_entries.async_unload(entry.entry_id)
    await set_up(hass, entry)
    engine.add_volume("nobodys")
    shown = await prune(hass, "volumes", **EVERYTHING)
    sentence = "kept all volumes: nobody knows which ones shop/db/1 had"
    assert (shown["items"], shown["kept"]) == ([], [sentence])
    # until the list names it no more
    hass.config_entries.async_update_entry(entry, options=HOURLY)
    await hass.async_block_till_done()
    assert "nobodys" in names(await prune(hass, "volumes", **EVERYTHING))


async def test_a_refusal_does_not_stop_the_rest(
    hass: HomeAssistant, engine: SimulatedEngine, admin: Context
) -> None:
    left = litter(engine)
    old = engine.find("old").id
    gone = engine.add("gone").id
    await begin(hass, engine)
    engine.faults.answers |= {
        f"DELETE /containers/{old}": (409, f"{CANARY} holds it"),
        # somebody was faster
        f"DELETE /containers/{gone}": (404, "No such container"),
        "POST /images/prune": (409, "a prune operation is already running"),
        f"DELETE /volumes/{left['anonymous']}": (500, "busy"),
    }
    done = await prune(hass, *ALL, preview=False, context=admin)
    assert done["state"] == "succeeded"
    assert done["result"] == "; ".join(
        (
            "removed build cache, 1 networks, about 3.0 MB",
            "kept images: a prune operation is already running (409)",
            "kept old: ** holds it (409)",
            f"kept {left['anonymous']}: busy (500)",
        )
    )
    assert left["net"] not in engine.networks


async def test_nothing_but_refusals_is_a_failure(
    hass: HomeAssistant, engine: SimulatedEngine, admin: Context
) -> None:
    litter(engine)
    await begin(hass, engine)
    engine.faults.proxy = Proxy(
        {"CONTAINERS", "INFO", "SYSTEM", "VOLUMES", "NETWORKS", "IMAGES"}
    )
    before = things(engine)
    with pytest.raises(HomeAssistantError) as failed:
        await prune(hass, "containers", "images", preview=False, context=admin)
    assert failed.value.translation_key == "operation_failed"
    assert "forbidden" in str(failed.value)
    assert records(hass)[-1].state is State.FAILED
    assert things(engine) == before


@pytest.mark.parametrize("request_", ["POST /build/prune", "DELETE /volumes/{id}"])
async def test_a_lost_answer(
    hass: HomeAssistant, engine: SimulatedEngine, admin: Context, request_: str
) -> None:
    """Nobody knows whether it was done; what went before it is told."""
    litter(engine)
    await begin(hass, engine)
    engine.faults.lost.add(request_)
    with pytest.raises(HomeAssistantError) as failed:
        await prune(hass, *ALL, preview=False, context=admin)
    engine.faults.lost.clear()
    operation = records(hass)[-1]
    assert operation.state is State.UNKNOWN, operation
    assert "before that removed images" in str(failed.value)


async def test_an_engine_that_falls_silent_meanwhile(
    hass: HomeAssistant,
    engine: SimulatedEngine,
    freezer: FrozenDateTimeFactory,
    admin: Context,
) -> None:
    litter(engine)
    bench = Bench(hass=hass, engine=engine, freezer=freezer)
    await bench.begin()

    def edit(request: str, said: Any) -> Any:
        engine.faults.silent = request == "POST /images/prune"
        return said

    engine.faults.edit = edit
    # it may take long: the answer is that it runs
    pruning = asyncio.create_task(prune(hass, "images", preview=False, context=admin))
    await bench.pass_time(400, step=5, enough=pruning.done)
    assert pruning.result()["state"] == "running"
    await bench.pass_time(3000, step=20)
    assert records(hass)[-1].is_open
    await bench.pass_time(700, step=5, enough=lambda: not records(hass)[-1].is_open)
    assert records(hass)[-1].state is State.UNKNOWN
    engine.faults.silent = False


async def test_a_proxy_that_hides_what_is_used(
    hass: HomeAssistant, engine: SimulatedEngine, admin: Context
) -> None:
    litter(engine)
    await begin(hass, engine)
    engine.faults.proxy = Proxy({"CONTAINERS", "INFO", "POST"})
    before = things(engine)
    with pytest.raises(HomeAssistantError) as failed:
        await prune(hass, "images", context=admin)
    assert failed.value.translation_key == "proxy_forbids"
    assert "SYSTEM=1" in str(failed.value)
    with pytest.raises(HomeAssistantError, match="SYSTEM=1"):
        await prune(hass, "images", preview=False, context=admin)
    assert things(engine) == before
    assert records(hass)[-1].state is State.FAILED


async def test_nonsense_removes_nothing(
    hass: HomeAssistant, engine: SimulatedEngine, admin: Context
) -> None:
    litter(engine)
    await begin(hass, engine)
    before = things(engine)
    engine.faults.edit = lambda request, said: (
        [] if request in {USED, "GET /networks"} else said
    )
    done = await prune(
        hass, "images", "volumes", "networks", preview=False, context=admin
    )
    assert done["result"] == "removed nothing, about 0.0 MB"
    assert things(engine) == before
