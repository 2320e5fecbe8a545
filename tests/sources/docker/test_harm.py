"""What could do harm: data that goes, projects that stay down, entries that give up."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest

from demo.engine import SimulatedEngine, State, compose
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError

from .host import docker_entry, open_form, set_up, state, submit, until
from .test_operations import press, told
from .test_prune_through_ha import EVERYTHING, HOURLY, names, prune
from custom_components.homelab.acting import acting
from custom_components.homelab.const import DOMAIN
from custom_components.homelab.source import BadAnswer
from custom_components.homelab.sparing import spared
from tests.fakes.authority import Authority

USED = "GET /system/df"


def _uncounted(said: Any, *volumes: str) -> Any:
    """Say that nobody uses these volumes."""
    for row in said["Volumes"]:
        if row["Name"] in volumes:
            row["UsageData"]["RefCount"] = 0
    return said


async def _lose_while_counting(engine: SimulatedEngine, *lost: str) -> None:
    """Let a container go while the engine counts who uses what."""
    # the sensors of disk usage ask the same
    await until(lambda: engine.requests[USED] == 1 and not engine.in_flight[USED])

    def edit(request: str, said: Any) -> Any:
        if request == USED:
            engine.faults.edit = None
            engine.remove("app", force=True)
            return _uncounted(said, *lost)
        return said

    engine.faults.edit = edit


@pytest.mark.parametrize("delay", [0, 24])
@pytest.mark.parametrize("preview", [False, True])
async def test_what_goes_while_the_engine_counts_keeps_its_volumes(
    hass: HomeAssistant,
    engine: SimulatedEngine,
    admin: Context,
    preview: bool,
    delay: int,
) -> None:
    engine.run("app", volumes=("precious", "a" * 64))
    engine.run("other")
    engine.add_volume("nobodys")
    entry = docker_entry(
        hass, engine, options={**HOURLY, "removal": {"removal_delay": delay}}
    )
    await set_up(hass, entry)
    await _lose_while_counting(engine, "precious", "a" * 64)
    answer = await prune(hass, "volumes", preview=preview, context=admin, **EVERYTHING)
    assert "app" not in {each.name for each in engine.containers.values()}
    if preview:
        assert names(answer) == {"nobodys"}
    else:
        assert {*engine.volumes} == {"precious", "a" * 64}


@pytest.mark.parametrize("again", [False, True])
async def test_what_is_known_to_be_gone_before_the_engine_has_counted(
    hass: HomeAssistant, engine: SimulatedEngine, admin: Context, again: bool
) -> None:
    """What it had is not forgotten, even if it is back with something else."""
    engine.run("app", volumes=("old-data",))
    engine.add_volume("nobodys")
    # gone means forgotten here, but not at that moment
    options = {**HOURLY, "removal": {"removal_delay": 0}}
    entry = docker_entry(hass, engine, options=options)
    await set_up(hass, entry)
    await until(lambda: engine.requests[USED] == 1 and not engine.in_flight[USED])
    engine.faults.edit = lambda request, said: _slowly(engine, request, said)
    pruning = asyncio.create_task(
        prune(hass, "volumes", preview=False, context=admin, **EVERYTHING)
    )
    await until(lambda: engine.in_flight[USED] == 1)
    engine.faults.delay = 0
    engine.remove("app", force=True)
    new = {engine.run("app", volumes=("new-data",)).id} if again else set()
    known = entry.runtime_data.source.observer.roster.containers
    await until(lambda: known.keys() == new)
    if not again:
        await until(lambda: state(hass, "container_name:app", "running") is None)
    assert not pruning.done()
    await pruning
    assert {*engine.volumes} == ({"old-data", "new-data"} if again else {"old-data"})


def _slowly(engine: SimulatedEngine, request: str, said: Any) -> Any:
    """Let only the question after the list take its time."""
    if request == "GET /containers/json":
        engine.faults.edit = None
        engine.faults.delay = 2
    return said


async def test_what_the_source_misses_is_spared_before_the_host_hears_of_it(
    hass: HomeAssistant, engine: SimulatedEngine
) -> None:
    engine.run("app")
    entry = docker_entry(hass, engine, options=HOURLY)
    await set_up(hass, entry)
    host = entry.runtime_data
    assert "name:app" not in spared(host, {"name:app"})
    assert "name:app" in spared(host, set())


def _by_running(engine: SimulatedEngine) -> None:
    """List as dangling what an engine does: it counts only what runs."""

    def edit(request: str, said: Any) -> Any:
        if request != "GET /networks":
            return said
        busy = {c.network for c in engine.containers.values() if c.is_up}
        return [network for network in said if network["Name"] not in busy]

    engine.faults.edit = edit


async def test_networks_of_what_is_stopped_stay(
    hass: HomeAssistant, engine: SimulatedEngine, admin: Context
) -> None:
    engine.run("app", labels={"homelab.protect": "true"}, network_mode="backend")
    engine.add("never", network_mode="frontend")
    engine.run("other", network_mode="busy")
    engine.add_network("left-over")
    await engine.stop("app")
    _by_running(engine)
    await set_up(hass, docker_entry(hass, engine, options=HOURLY))
    assert names(await prune(hass, "networks", context=admin)) == {"left-over"}
    done = await prune(hass, "networks", preview=False, context=admin)
    assert done["result"] == "removed 1 networks, about 0.0 MB"
    assert {"backend", "frontend", "busy", "bridge"} <= {*engine.networks}
    engine.start("app")


async def test_what_was_not_counted_is_not_unused(
    hass: HomeAssistant, engine: SimulatedEngine, admin: Context
) -> None:
    engine.run("app", volumes=("in-use",))
    engine.add_image("idle:1", size=9_000_000)

    def edit(request: str, said: Any) -> Any:
        if request == USED:
            for row in said["Volumes"]:
                row["UsageData"]["RefCount"] = -1
            for row in said["Images"]:
                row["Containers"] = -1
        return said

    engine.faults.edit = edit
    entry = docker_entry(hass, engine, options=HOURLY)
    await set_up(hass, entry)
    shown = await prune(hass, "volumes", "images", context=admin, **EVERYTHING)
    assert (shown["items"], shown["bytes"], shown["kept"]) == ([], 0, [])
    usage = await entry.runtime_data.source.disk_usage()
    assert usage.reclaimable == 0


def shop(engine: SimulatedEngine) -> None:
    """Run a shop whose jobs need the web, that needs the database; mail needs nobody."""
    engine.run("shop-db-1", labels=compose("shop", "db"))
    engine.run("shop-web-1", labels=compose("shop", "web", depends_on=["db"]))
    engine.run("shop-job-1", labels=compose("shop", "job", depends_on=["web"]))
    engine.run("shop-mail-1", labels=compose("shop", "mail"))


async def fail_to_restart(
    hass: HomeAssistant, engine: SimulatedEngine, admin: Context
) -> str:
    """Restart the shop, and return why that failed."""
    engine.asked.clear()
    with pytest.raises(HomeAssistantError) as failed:
        await press(hass, "project_shop", "restart", admin)
    assert failed.value.translation_placeholders
    return failed.value.translation_placeholders["detail"]


def up(engine: SimulatedEngine) -> set[str]:
    """Return what runs."""
    return {c.name for c in engine.containers.values() if c.state is State.RUNNING}


async def test_a_restart_that_cannot_stop_one_leaves_none_down(
    hass: HomeAssistant, engine: SimulatedEngine, admin: Context
) -> None:
    shop(engine)
    await set_up(hass, docker_entry(hass, engine, options=HOURLY))
    web = engine.find("shop-web-1").id
    engine.faults.answers[f"POST /containers/{web}/stop"] = 500, "cannot stop"
    by_id = {each.id: each.name for each in engine.containers.values()}
    detail = await fail_to_restart(hass, engine, admin)
    assert detail == (
        "web: cannot stop (500); stopped mail, job; started job, mail; left db"
    )
    order = [by_id[id_] for id_, _, _ in (each.partition("/") for each in told(engine))]
    assert order == [
        *("shop-mail-1", "shop-job-1", "shop-web-1", "shop-job-1", "shop-mail-1"),
    ]
    assert len(up(engine)) == 4


async def test_a_restart_that_lost_an_answer_leaves_none_down(
    hass: HomeAssistant, engine: SimulatedEngine, admin: Context
) -> None:
    """Whether it was stopped nobody knows: it was, and is started again."""
    shop(engine)
    await set_up(hass, docker_entry(hass, engine, options=HOURLY))
    web = engine.find("shop-web-1").id
    engine.faults.lost.add(f"POST /containers/{web}/stop")
    detail = await fail_to_restart(hass, engine, admin)
    assert detail.startswith("web: ")
    assert detail.endswith("; stopped mail, job; started web, job, mail; left db")
    assert len(up(engine)) == 4


async def test_a_restart_that_cannot_start_one_starts_what_does_not_need_it(
    hass: HomeAssistant, engine: SimulatedEngine, admin: Context
) -> None:
    shop(engine)
    await set_up(hass, docker_entry(hass, engine, options=HOURLY))
    engine.find("shop-web-1").broken = "no such network"
    detail = await fail_to_restart(hass, engine, admin)
    assert detail == (
        "web: no such network (400); stopped mail, job, web, db; "
        "started db, mail; left job"
    )
    assert up(engine) == {"shop-db-1", "shop-mail-1"}


async def test_what_is_not_there_any_more(
    hass: HomeAssistant, engine: SimulatedEngine
) -> None:
    entry = docker_entry(hass, engine, options=HOURLY)
    await set_up(hass, entry)
    source = entry.runtime_data.source
    with acting():
        for gone in (source.start("name:nobody"), source.start_project("nobody")):
            with pytest.raises(BadAnswer, match="any more"):
                await gone


class Terminator:
    """Ends TLS before an engine, as a proxy does that knows nothing of HTTP."""

    def __init__(self, path: str) -> None:
        """Pass on what comes to a socket."""
        self._path = path
        self.alive = True
        self.refused = 0
        self.url = ""

    async def serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Pass on, or hang up at once where nobody is behind it."""
        if not self.alive:
            self.refused += 1
            writer.close()
            return
        far_reader, far_writer = await asyncio.open_unix_connection(self._path)
        await asyncio.gather(
            self._pump(reader, far_writer), self._pump(far_reader, writer)
        )

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        with suppress(OSError):
            while part := await reader.read(65536):
                writer.write(part)
                await writer.drain()
        writer.close()


OURS = Authority()


def _forgive_handshakes() -> None:
    """Leave to the terminator, which lives in the same loop, who hangs up on it."""
    loop = asyncio.get_running_loop()
    complain = loop.get_exception_handler()
    assert complain

    def listen(loop: Any, context: dict[str, Any]) -> None:
        if "incoming connection" not in context["message"]:
            complain(loop, context)

    loop.set_exception_handler(listen)


@asynccontextmanager
async def terminated(engine: SimulatedEngine) -> AsyncGenerator[Terminator]:
    """Put one before an engine; it asks for no certificate."""
    _forgive_handshakes()
    context = await asyncio.to_thread(OURS.server_context, clients=False)
    terminator = Terminator(engine.url.removeprefix("unix://"))
    server = await asyncio.start_server(terminator.serve, "127.0.0.1", 0, ssl=context)
    terminator.url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield terminator
    finally:
        engine.hang_up()
        server.close()


async def test_an_engine_that_is_away_behind_tls_is_waited_for(
    hass: HomeAssistant, engine: SimulatedEngine
) -> None:
    engine.run("plex")
    async with terminated(engine) as terminator:
        entry = docker_entry(
            hass,
            engine,
            url=terminator.url,
            ca=OURS.certificate,
            options={"polling": {"state_interval": 10}},
        )
        await set_up(hass, entry)
        await until(lambda: engine.in_flight["GET /events"] == 1)
        terminator.alive = False
        engine.hang_up()
        await until(lambda: state(hass, "host", "connected") == "off")
        before = terminator.refused
        await entry.runtime_data.main.async_refresh()
        # it was asked, it was doubted, and nobody was accused
        assert terminator.refused > before + 1
        assert not hass.config_entries.flow.async_progress_by_handler(DOMAIN)
        terminator.alive = True
        await until(lambda: state(hass, "container_name:plex", "running") == "on", 40)
        await hass.config_entries.async_unload(entry.entry_id)


async def test_in_a_form_it_is_guessed(
    hass: HomeAssistant, engine: SimulatedEngine
) -> None:
    async with terminated(engine) as terminator:
        terminator.alive = False
        page = await open_form(hass)
        page = await submit(hass, page, name="NAS", url=terminator.url)
        answers = {"ca": OURS.certificate, "verify_host": True}
        page = await submit(hass, page, **answers)
        assert page["errors"] == {"base": "invalid_auth"}
        placeholders = page["description_placeholders"]
        assert placeholders
        assert placeholders["detail"] == (
            "it hangs up without a word: it may want another certificate"
        )
