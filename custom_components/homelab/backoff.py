"""How long to wait before the next attempt."""

import random

LONGEST = 60


def pause(attempts: int) -> float:
    """Return seconds that grow with the attempts, never the same for two hosts."""
    jitter = random.uniform(0.75, 1.25)  # noqa: S311 - nobody has to guess it
    return min(LONGEST, 2.0 ** min(attempts, 7) / 2) * jitter
