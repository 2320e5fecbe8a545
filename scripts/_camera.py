"""A browser that looks at Home Assistant, and keeps small pictures of what it sees."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
import io
import json
from pathlib import Path
import time
from typing import Any

from PIL import Image
from playwright.sync_api import Locator, Page, sync_playwright

FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update"),
    "--disable-sync",
)
# until what slides and fades in has come to rest
REST = 1.5
COLOURS = 256
LARGEST = 150_000
DIALOG = "dialog-data-entry-flow"
ASK = "message => document.querySelector('home-assistant').hass.callWS(message)"


class Camera:
    """One window that somebody is logged in to."""

    def __init__(self, page: Page, url: str, folder: Path) -> None:
        """Write to a folder."""
        self._page = page
        self._url = url
        self._folder = folder

    def go(self, path: str, *, width: int = 1280, height: int = 800) -> None:
        """Open a page of Home Assistant in a window of a size."""
        self._page.set_viewport_size({"width": width, "height": height})
        self._page.goto(f"{self._url}{path}")

    def ask(self, kind: str, **more: Any) -> Any:
        """Ask over the WebSocket that the page has."""
        self.await_home()
        return self._page.evaluate(ASK, {"type": kind, **more})

    def act(self, domain: str, action: str, entity_id: str) -> None:
        """Do something to an entity, as whoever is logged in."""
        what = {"domain": domain, "service": action}
        self.ask("call_service", **what, target={"entity_id": entity_id})

    def await_home(self) -> None:
        """Wait until the page knows Home Assistant."""
        known = "document.querySelector('home-assistant')?.hass?.states"
        self._page.wait_for_function(known)

    def see(self, text: str) -> Locator:
        """Wait for a text, and return where it is."""
        place = self._page.get_by_text(text, exact=True).locator("visible=true").first
        place.wait_for()
        return place

    def click(self, text: str) -> None:
        """Click on a text as soon as it is there."""
        self.see(text).click()

    def press(self, button: str) -> None:
        """Press the first button of a kind."""
        self._page.locator(button).first.click()

    def fill(self, *texts: str) -> None:
        """Fill in the fields of a dialog, from the first one on."""
        for number, text in enumerate(texts):
            self._page.locator(f"{DIALOG} input").nth(number).fill(text)

    def take(self, name: str) -> None:
        """Keep what is in sight, with few colours: it is text on plain ground."""
        self._page.wait_for_load_state("networkidle")
        # a button that has the pointer or the focus looks as if it were special
        self._page.mouse.move(0, 0)
        time.sleep(REST)
        seen = Image.open(io.BytesIO(self._page.screenshot(animations="disabled")))
        path = self._folder / f"{name}.png"
        few = seen.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
        few.save(path, optimize=True)
        size = path.stat().st_size
        print(f"  {path.name}: {size / 1000:.0f} kB", flush=True)
        if size > LARGEST:
            raise ValueError(f"{path.name} has more than {LARGEST} bytes")


@contextmanager
def camera(chromium: str, url: str, token: str, folder: Path) -> Iterator[Camera]:
    """Open a browser with somebody logged in, and close it in the end."""
    until = time.time() + 86400
    kept: Mapping[str, Any] = {
        "hassTokens": {
            "access_token": token,
            "token_type": "Bearer",
            "expires_in": 86400,
            "expires": int(until * 1000),
            "hassUrl": url,
            "clientId": f"{url}/",
            "refresh_token": "",
        },
        # no room for what is the same on each page
        "dockedSidebar": "always_hidden",
    }
    stored = [{"name": key, "value": json.dumps(kept[key])} for key in kept]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=[*FLAGS])
        context = browser.new_context(
            locale="en-GB",
            timezone_id="UTC",
            storage_state={"origins": [{"origin": url, "localStorage": stored}]},
        )
        yield Camera(context.new_page(), url, folder)
        browser.close()
