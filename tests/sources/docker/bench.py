"""A Docker host whose clock stands still, on both ends, until a test turns it."""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
import time
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from pytest_homeassistant_custom_component.common import MockConfigEntry

from demo.engine import Container, SimulatedEngine
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er

from .host import docker_entry, set_up, shown
from custom_components.homelab.const import DOMAIN
from tests.common import until

# no poll of anything but the numbers
HOURLY = {"polling": {"state_interval": 3600}}
STATS = "GET /containers/{id}/stats"
WEB = "container_name:web"
SIZES = {"KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
# busy enough to be seen behind one decimal
BUSY = {"cores": 1.3, "memory": 400_000_000, "cache": 100_000_000}


@dataclass(kw_only=True)
class Bench:
    """Home Assistant and an engine; every timer of both waits for `pass_time`."""

    hass: HomeAssistant
    engine: SimulatedEngine
    freezer: FrozenDateTimeFactory
    options: dict[str, Any] = field(default_factory=lambda: HOURLY)
    url: str = ""

    def add(self) -> MockConfigEntry:
        """Add an entry, not set up yet."""
        entry = docker_entry(self.hass, self.engine, options=self.options, url=self.url)
        machine = self.engine.machine
        if machine.is_podman:
            # which has no id of its own
            text = f"{machine.name}\n{machine.root}"
            id_ = sha256(text.encode()).hexdigest()[:32]
            self.hass.config_entries.async_update_entry(entry, unique_id=id_)
        return entry

    @property
    def entry(self) -> MockConfigEntry:
        """Return the entry."""
        entry = self.hass.config_entries.async_entries(DOMAIN)[0]
        assert isinstance(entry, MockConfigEntry)
        return entry

    def choose(self, name: str, *keys: str, enabled: bool) -> None:
        """Enable or disable sensors of a container before they are there."""
        by = None if enabled else er.RegistryEntryDisabler.USER
        for key in keys:
            er.async_get(self.hass).async_get_or_create(
                "sensor",
                DOMAIN,
                f"{self.entry.unique_id}_container_name:{name}_{key}",
                config_entry=self.entry,
                disabled_by=by,
            )

    async def begin(self) -> MockConfigEntry:
        """Set the host up, and wait until it is at rest."""
        # whoever has only just started has not taken anything yet
        self.freezer.tick(100)
        entries = self.hass.config_entries.async_entries(DOMAIN)
        entry = self.entry if entries else self.add()
        await set_up(self.hass, entry)
        self.feed = entry.runtime_data.feeds["numbers"]
        await until(lambda: all(f.answered for f in entry.runtime_data.feeds.values()))
        # whoever listens to events lists once more
        await until(lambda: self.engine.requests["GET /containers/json"] >= 2)
        await until(lambda: self.engine.in_flight == Counter({"GET /events": 1}))
        await self.hass.async_block_till_done()
        return entry

    async def pass_time(
        self,
        seconds: float,
        *,
        step: float = 0.5,
        enough: Callable[[], bool] = lambda: False,
    ) -> float:
        """Let time pass for both, step by step; return how much until it was enough."""
        passed = 0.0
        while passed < seconds and not enough():
            self.freezer.tick(step)
            passed += step
            await self.breathe()
        return passed

    async def until(
        self, happened: Callable[[], bool], seconds: float = 5, *, step: float = 0.05
    ) -> None:
        """Let time pass until something has happened."""
        await self.pass_time(seconds, step=step, enough=happened)
        assert happened(), "it never happened"

    async def breathe(self) -> None:
        """Let both ends, and the executor, do what is due now."""
        for _ in range(20):
            await asyncio.sleep(0)
        await asyncio.get_running_loop().run_in_executor(None, time.sleep, 0.0003)

    async def next_round(self, seconds: float = 15, *, takes: float = 0) -> float:
        """Let an interval pass, until all were asked and all is shown; return how long.

        Each poll has its own part of a second, so that not all hosts poll at once.
        """
        before, begin = self.feed.data, self.engine.seconds
        self.freezer.tick(seconds - 0.5)
        await self.pass_time(1 + takes, step=0.1, enough=self._has_news(before))
        await until(self._has_news(before))
        await self.hass.async_block_till_done()
        return self.engine.seconds - begin

    def _has_news(self, before: object) -> Callable[[], bool]:
        return lambda: self.feed.data is not before

    def number(self, key: str, resource: str = WEB) -> float | None:
        """Return what a sensor shows, amounts in bytes; None is unknown."""
        found = shown(self.hass, resource, key)
        assert found and found.state != "unavailable", f"{resource} {key} is {found}"
        if found.state == "unknown":
            return None
        unit = str(found.attributes.get("unit_of_measurement")).removesuffix("/s")
        return float(found.state) * SIZES.get(unit, 1)

    def known(self, key: str, resource: str = WEB) -> float:
        """Return what a sensor shows, which is not unknown."""
        found = self.number(key, resource)
        assert found is not None, f"{resource} {key} is unknown"
        return found


def counters(engine: SimulatedEngine, container: Container) -> dict[str, int]:
    """Return a container's counters as they are now."""
    usage = container.usage
    return {name: usage.total(name, engine.seconds) for name in usage.meters}
