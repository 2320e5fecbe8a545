"""What is on the pictures; run by the Python that has what drives a browser.

Reads `{"chromium", "url", "token"}` on standard input.
"""

import json
from pathlib import Path
import re
import sys
import time
from typing import Any

from _camera import Camera, camera
import yaml

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "pictures"
OURS = "/config/integrations/integration/homelab"
ADD = "/config/integrations/dashboard/add?domain=homelab"
CARDS = re.compile(
    r"^```yaml\n(type: vertical-stack\n.*?)^```$", re.MULTILINE | re.DOTALL
)
# what a history is to have before it is worth a picture, in seconds
PAST = 240


def devices(camera: Camera) -> None:
    """Look at the pages of a few devices."""
    camera.go("/config/devices/dashboard")
    known = camera.ask("config/device_registry/list")
    ids = {each["name"]: each["id"] for each in known}
    camera.act("button", "press", "button.tank_start_scrub")
    # the pool first: the scrub of a simulated one is soon over
    for name, device, height in (
        ("pool", "tank", 1000),
        ("docker-host", "NAS", 860),
        ("container", "player", 900),
    ):
        camera.go(f"/config/devices/device/{ids[device]}", height=height)
        camera.see("Download diagnostics")
        camera.take(name)


def entries(camera: Camera) -> None:
    """Look at the integration, and at the options of an entry."""
    camera.go(OURS)
    camera.see("NAS")
    # a hundred rows of devices would hide that there is another entry
    camera.press("ha-config-entry-row .expand-button")
    camera.take("integration")
    camera.go(OURS, width=700, height=900)
    camera.press("ha-config-entry-row button[aria-label=Configure]")
    camera.click("Polling")
    camera.click("Operations")
    camera.take("options")


def flow(camera: Camera) -> None:
    """Look at the menu, and at the form of a Docker host."""
    camera.go(ADD, width=700, height=540)
    camera.click("OK")
    camera.see("What do you want to connect?")
    camera.take("menu")
    camera.go(ADD, width=700, height=620)
    camera.click("OK")
    camera.click("Docker host")
    camera.see("Submit")
    camera.fill("NAS", "ssh://homelab@nas.lan")
    camera.take("form")


def example() -> list[dict[str, Any]]:
    """Return the cards of the README's example."""
    found = CARDS.search((ROOT / "README.md").read_text())
    if not found:
        raise ValueError("The README has no cards.")
    cards: list[dict[str, Any]] = yaml.safe_load(found[1])["cards"]
    for card in cards:
        if "hours_to_show" in card:
            # of a Home Assistant that has only just been started
            card["hours_to_show"] = PAST / 3600
    return cards


def dashboard(camera: Camera, began: float) -> None:
    """Look at the README's example, with a container that somebody has stopped."""
    camera.go("/config/dashboard")
    camera.act("switch", "turn_off", "switch.library_running")
    where = {"url_path": "home-lab", "title": "Homelab"}
    camera.ask("lovelace/dashboards/create", **where)
    cards = example()
    columns = [{"type": "vertical-stack", "cards": c} for c in (cards[:3], cards[3:])]
    view = {"title": "Homelab", "cards": columns}
    camera.ask(
        "lovelace/config/save", url_path=where["url_path"], config={"views": [view]}
    )
    time.sleep(max(0, began + PAST - time.monotonic()))
    camera.go(f"/{where['url_path']}/0", width=1000, height=780)
    camera.see("Not running")
    camera.take("dashboard")


def main() -> None:
    """Take all of them; the dashboard last, as it is to have a history."""
    began = time.monotonic()
    FOLDER.mkdir(exist_ok=True)
    with camera(folder=FOLDER, **json.load(sys.stdin)) as seen:
        flow(seen)
        entries(seen)
        devices(seen)
        dashboard(seen, began)


if __name__ == "__main__":
    main()
