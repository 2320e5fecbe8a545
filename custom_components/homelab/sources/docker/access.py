"""What the engine, or a proxy before it, lets us do: learned without doing anything."""

from asyncio import gather
from collections.abc import Mapping
from typing import Final

from .api import Api

# names begin with a letter or a digit: no container and no volume is called this
NOBODY: Final = "-homelab-nobody"
# each is refused with 404 where it is allowed, and with a refusal where it is not
PROBES: Mapping[str, tuple[str, str]] = {
    **{
        action: ("POST", f"containers/{NOBODY}/{action}")
        for action in ("start", "stop", "restart", "pause", "unpause", "kill")
    },
    "remove_container": ("DELETE", f"containers/{NOBODY}"),
    "remove_image": ("DELETE", f"images/sha256:{'0' * 64}"),
    "remove_volume": ("DELETE", f"volumes/{NOBODY}"),
}


async def learn(api: Api, before: frozenset[str]) -> tuple[frozenset[str], bool]:
    """Return what is allowed, and whether all of that is certain.

    Of what nobody could answer now, `before` is still the best that is known.
    """
    answers = await gather(*(api.probe(verb, path) for verb, path in PROBES.values()))
    allowed = {
        name
        for name, answer in zip(PROBES, answers, strict=True)
        if answer or (answer is None and name in before)
    }
    return frozenset(allowed), None not in answers
