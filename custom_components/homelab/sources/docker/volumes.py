"""How many volumes there are: a driver that hangs or fails holds nothing else up."""

import asyncio

from ...source import SourceError
from .api import Api
from .reading import a_list, a_mapping

# the engine itself counts in milliseconds
PATIENCE = 0.5


class VolumeCount:
    """The number that was last heard; None while nobody knows it."""

    def __init__(self, api: Api) -> None:
        """Nothing was asked yet."""
        self.known: int | None = None
        self._api = api
        self._asking: asyncio.Task[None] | None = None

    async def look(self) -> None:
        """Ask again, and wait for it a moment; a late answer is taken when it comes."""
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask())
            done, _ = await asyncio.wait({self._asking}, timeout=PATIENCE)
            for asked in done:
                if not asked.cancelled():
                    # a bug belongs to whoever looks
                    asked.result()

    async def _ask(self) -> None:
        try:
            volumes = a_mapping(await self._api.read("volumes")).get("Volumes")
        except SourceError as error:
            if error.reason == "proxy_forbids":
                self.known = None
        else:
            self.known = len(a_list(volumes))

    async def close(self) -> None:
        """Wait for no answer any more."""
        if self._asking:
            self._asking.cancel()
            await asyncio.wait({self._asking})
