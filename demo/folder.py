"""The configuration folder of the demo's Home Assistant."""

from collections.abc import Mapping
from datetime import UTC, datetime
import fcntl
import json
from pathlib import Path
import shutil
import time
from typing import Any

from _steps import ROOT, Missing, step

from demo.rest import HOST

SETTINGS = """\
homeassistant:
  name: Homelab demo
  latitude: 51.48
  longitude: -0.01
  elevation: 0
  unit_system: metric
  currency: EUR
  country: GB
  time_zone: UTC
  internal_url: http://{host}:{port}
frontend:
history:
logbook:
recorder:
energy:
config:
my:
search:
sun:
automation: !include automations.yaml
script: !include scripts.yaml
scene: !include scenes.yaml
"""
# what people make in the user interface is kept here
OWN_FILES = ("automations.yaml", "scripts.yaml", "scenes.yaml")


def make_folder(folder: Path, port: int) -> None:
    """Write what Home Assistant needs to know before it starts; keep the rest."""
    components = folder / "custom_components"
    components.mkdir(parents=True, exist_ok=True)
    integration = components / "homelab"
    integration.unlink(missing_ok=True)
    integration.symlink_to(ROOT / "custom_components" / "homelab")
    settings = SETTINGS.format(host=HOST, port=port)
    (folder / "configuration.yaml").write_text(settings)
    for name in OWN_FILES:
        (folder / name).touch()
    _write_http(folder, port)
    _write_once(folder, "onboarding", 4, 1, {"done": ["core_config"]})
    _write_once(folder, "core.config_entries", 1, 5, {"entries": [_marketplace()]})


def discard_unfinished(folder: Path) -> None:
    """Begin anew where the first start was interrupted before it was complete."""
    if folder.exists() and not (folder / "complete").exists():
        with step("Removing the folder of a demo that was interrupted"):
            shutil.rmtree(folder)


def await_end_of_last(folder: Path) -> None:
    """Wait for a Home Assistant of an interrupted demo, which is about to end."""
    lock = folder / ".ha_run.lock"
    if not lock.exists() or not _is_held(lock):
        return
    with step("Waiting for the last demo to end"):
        deadline = time.monotonic() + 15
        while _is_held(lock):
            if time.monotonic() > deadline:
                raise Missing("This checkout's demo is already running: end it first.")
            time.sleep(0.5)


def _is_held(lock: Path) -> bool:
    with lock.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _write_http(folder: Path, port: int) -> None:
    """Set the address; what YAML says is a trial that ends after five minutes."""
    stable = {
        "server_host": [HOST],
        "server_port": port,
        "cors_allowed_origins": [],
        "login_attempts_threshold": -1,
        "ip_ban_enabled": True,
        "ssl_profile": "intermediate_v6",
        "use_x_frame_options": True,
        "created_at": _now(),
        "error": None,
        "error_message": None,
    }
    data = {"stable": stable, "pending": None, "yaml_migration_done": True}
    _write(folder, "http", 3, 1, data)


def _marketplace() -> dict[str, Any]:
    """Return the entry of a store that is turned off, so that it asks nobody."""
    return {
        "created_at": _now(),
        "data": {},
        "disabled_by": "user",
        "discovery_keys": {},
        "domain": "marketplace",
        "entry_id": "demo_marketplace",
        "minor_version": 1,
        "modified_at": _now(),
        "options": {},
        "pref_disable_new_entities": False,
        "pref_disable_polling": False,
        "source": "system",
        "subentries": [],
        "title": "",
        "unique_id": None,
        "version": 1,
    }


def _now() -> str:
    return datetime.now(UTC).isoformat()


def _write_once(
    folder: Path, key: str, version: int, minor: int, data: Mapping[str, Any]
) -> None:
    if not (folder / ".storage" / key).exists():
        _write(folder, key, version, minor, data)


def _write(
    folder: Path, key: str, version: int, minor: int, data: Mapping[str, Any]
) -> None:
    content = {"version": version, "minor_version": minor, "key": key, "data": data}
    (folder / ".storage").mkdir(mode=0o700, exist_ok=True)
    (folder / ".storage" / key).write_text(json.dumps(content, indent=2))
