"""What the engine, or a proxy before it, lets us do: learned without doing anything."""

from asyncio import gather
from collections.abc import Mapping
from typing import Final

from .api import Api

# names begin with a letter or a digit: no container and no volume is called this
NOBODY: Final = "-homelab-nobody"
# each is refused with 404 where it is allowed, and with 403 where it is not
PROBES: Mapping[str, tuple[str, str]] = {
    **{
        action: ("POST", f"containers/{NOBODY}/{action}")
        for action in ("start", "stop", "restart", "pause", "unpause", "kill")
    },
    "remove_container": ("DELETE", f"containers/{NOBODY}"),
    "remove_image": ("DELETE", f"images/sha256:{'0' * 64}"),
    "remove_volume": ("DELETE", f"volumes/{NOBODY}"),
}


async def learn(api: Api) -> frozenset[str]:
    """Return what is allowed."""
    answers = await gather(*(api.probe(verb, path) for verb, path in PROBES.values()))
    return frozenset(
        name for name, allowed in zip(PROBES, answers, strict=True) if allowed
    )
