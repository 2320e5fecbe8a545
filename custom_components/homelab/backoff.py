"""How long to wait before the next attempt."""

import random

LONGEST = 30
# seconds after which a stream counts as one that works
STEADY = 10


def pause(attempts: int, at_least: float = 0) -> float:
    """Return seconds that grow with the attempts, never the same for two hosts."""
    jitter = random.uniform(0.75, 1.25)  # noqa: S311 - nobody has to guess it
    return max(at_least, min(LONGEST, 2.0 ** min(attempts, 6) / 2) * jitter)


def count(attempts: int, lasted: float) -> int:
    """Count an attempt that has lasted so many seconds; what worked begins anew."""
    return 1 if lasted > STEADY else attempts + 1
