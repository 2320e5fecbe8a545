"""What is measured of a Home Assistant that runs: CPU, and how late it shows something."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
import time

from _hass import HomeAssistant
from _steps import Missing, step

from demo.docker_host import DockerHost
from demo.entries import ENTRIES, ask
from demo.far_end import FarEnd, reachable
from demo.flow import walk
from demo.onboarding import log_in

NANOSECONDS = 1e9
# in the first five minutes every number gets its place in the recorder's statistics, and
# Python looks once through all that was loaded
SETTLING = 330.0
ENTRY = ENTRIES.partition("?")[0]
# a container that nothing depends on
STOPPED = "console"
DEADLINE = 10.0
LOOK = 0.02


class Bench:
    """A Home Assistant, and what is measured of it."""

    def __init__(self, hass: HomeAssistant, python: Path, folder: Path) -> None:
        self._hass = hass
        self._python = python
        self._folder = folder

    def load(self, what: str, seconds: float) -> float:
        """Return how much of a core it takes, in percent."""
        with step(f"{what}: {SETTLING:g} s to settle, {seconds:g} s to measure"):
            time.sleep(SETTLING)
            began, spent = time.monotonic(), self._spent()
            time.sleep(seconds)
            share = (self._spent() - spent) / (time.monotonic() - began)
            # an access is good for half an hour
            self._hass.rest = log_in(replace(self._hass.rest, token=""))
        print(f"  {100 * share:.3f} % of a core", flush=True)
        return 100 * share

    def _spent(self) -> float:
        """Return the seconds of CPU of all threads, finer than in whole ticks."""
        threads = Path(f"/proc/{self._hass.pid}/task").iterdir()
        texts = [(thread / "schedstat").read_text() for thread in threads]
        return sum(int(text.split()[0]) for text in texts) / NANOSECONDS

    @contextmanager
    def connected(self, far_end: FarEnd) -> Iterator[None]:
        """Have a far end with its entry for as long as it is measured."""
        with reachable((far_end,), self._folder):
            entry_id = walk(self._hass.rest, far_end)
            yield
            self._hass.rest.delete(f"{ENTRY}/{entry_id}")

    def delays(self, host: DockerHost, times: int) -> list[float]:
        """Stop a container again and again; return how late Home Assistant shows it."""
        entity_id = self._switch()
        found = []
        with step(f"Stopping a container {times} times"):
            for _ in range(times):
                self._await(entity_id, "on")
                host.ask("POST", f"/containers/{STOPPED}/stop")
                shown = self._await(entity_id, "off")
                ended = host.ask("GET", f"/containers/{STOPPED}/json")["State"]
                found.append(shown - _moment(ended["FinishedAt"]))
                host.ask("POST", f"/containers/{STOPPED}/start")
        return sorted(found)

    def _switch(self) -> str:
        question = ("config/entity_registry/list",)
        (entities,) = ask(self._hass.rest, self._python, question)
        end = f"_container_name:{STOPPED}_running"
        return next(
            str(each["entity_id"])
            for each in entities
            if str(each["unique_id"]).endswith(end)
        )

    def _await(self, entity_id: str, wanted: str) -> float:
        """Wait for a state; return since when Home Assistant shows it."""
        deadline = time.monotonic() + DEADLINE
        while (state := self._look(entity_id))["state"] != wanted:
            if time.monotonic() > deadline:
                raise Missing(f"{entity_id} is {state['state']}, not {wanted}.")
            time.sleep(LOOK)
        return _moment(state["last_changed"])

    def _look(self, entity_id: str) -> dict[str, str]:
        found: dict[str, str] = self._hass.rest.get(f"/api/states/{entity_id}")
        return found


def _moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()
