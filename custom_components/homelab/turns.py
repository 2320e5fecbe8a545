"""Requests that no person made: so many a minute, the rest in order."""

from collections import deque
from time import monotonic

MINUTE = 60
LONGEST_QUEUE = 50
APART = 0.01


class Turns:
    """When the requests of one entry may start."""

    def __init__(self) -> None:
        """Nobody has asked."""
        self._starts: deque[float] = deque()

    def claim(self, rate: int) -> float | None:
        """Return how long the next one has to wait; None when too many wait already."""
        now = monotonic()
        while self._starts and now - self._starts[0] >= MINUTE:
            self._starts.popleft()
        if sum(start > now for start in self._starts) >= LONGEST_QUEUE:
            return None
        start = now
        if len(self._starts) >= rate:
            # a little apart, so that they also start in the order they came
            start = max(now, self._starts[-rate] + MINUTE, self._starts[-1] + APART)
        self._starts.append(start)
        return start - now
