"""The demo's entries in Home Assistant: made once, then looked at."""

from collections.abc import Mapping, Sequence
import json
from pathlib import Path
import subprocess
import time
from typing import Any

from _steps import ROOT, Missing, step

from demo.far_end import FarEnd
from demo.flow import DOMAIN, prove_that_it_loads, walk
from demo.report import Census, Row
from demo.rest import Rest

ENTRIES = f"/api/config/config_entries/entry?domain={DOMAIN}"
FRONT_END = ("get_services", "get_config", "get_panels", "frontend/get_themes")
QUESTIONS = ("config/device_registry/list", "config/entity_registry/list", "get_states")
DEADLINE = 120
# Home Assistant does not try these again
HOPELESS = {"migration_error", "setup_error"}


def connect(rest: Rest, far_ends: Sequence[FarEnd], folder: Path) -> dict[str, str]:
    """Make the entries that are not there yet; return all their ids by title."""
    prove_that_it_loads(rest)
    record = folder / "entries.json"
    made: dict[str, str] = json.loads(record.read_text()) if record.exists() else {}
    present = {each["entry_id"] for each in rest.get(ENTRIES)}
    for far_end in far_ends:
        if made.get(far_end.title) not in present:
            with step(f"Connecting {far_end.title}"):
                made[far_end.title] = walk(rest, far_end)
            # at once: an entry that is not remembered cannot be made a second time
            record.write_text(json.dumps(made))
    return made


def await_entries(
    rest: Rest, python: Path, far_ends: Sequence[FarEnd], ids: Mapping[str, str]
) -> list[Row]:
    """Wait until every entry is loaded with its entities, or for long enough."""
    deadline = time.monotonic() + DEADLINE
    while True:
        rows = _look(rest, python, far_ends, ids)
        settled = all(row.is_well or row.state in HOPELESS for row in rows)
        if settled or time.monotonic() > deadline:
            return rows
        time.sleep(1)


def _look(
    rest: Rest, python: Path, far_ends: Sequence[FarEnd], ids: Mapping[str, str]
) -> list[Row]:
    states = {each["entry_id"]: each["state"] for each in rest.get(ENTRIES)}
    census = Census.of(*ask(rest, python, QUESTIONS))
    return [
        Row(
            title=far_end.title,
            kind=far_end.kind,
            state=states.get(entry_id, "missing"),
            far_end=far_end.reality,
            devices=census.devices[entry_id],
            entities=census.entities[entry_id],
            unavailable=census.unavailable[entry_id],
        )
        for far_end in far_ends
        for entry_id in (ids[far_end.title],)
    ]


def check_front_end(rest: Rest, python: Path, *, loaded: bool) -> None:
    """Ask what a browser asks before it shows anything, our actions among it."""
    services = ask(rest, python, FRONT_END)[0]
    if loaded and "homelab" not in services:
        raise Missing("Home Assistant does not know the integration's actions.")


def ask(rest: Rest, python: Path, types: Sequence[str]) -> list[Any]:
    """Ask over the WebSocket, through a Python that has a client for it."""
    done = subprocess.run(
        (python, "-I", ROOT / "demo" / "ask.py"),
        input=json.dumps({"url": rest.url, "token": rest.token, "types": types}),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise Missing(f"Home Assistant's WebSocket failed: {done.stderr.strip()}")
    results: list[Any] = json.loads(done.stdout)
    return results
