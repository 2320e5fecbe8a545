"""Counters to rates: nothing until two samples are known, nothing across a reset."""

from collections.abc import Hashable
from dataclasses import dataclass, field


@dataclass(slots=True)
class Rates:
    """The last sample of each counter, and what it grew per second since."""

    _samples: dict[Hashable, tuple[float, float]] = field(default_factory=dict)

    def add(self, counter: Hashable, value: float | None, at: float) -> float | None:
        """Take a counter's new value; return its rate per second where one is known."""
        if value is None:
            self._samples.pop(counter, None)
            return None
        before = self._samples.get(counter)
        self._samples[counter] = (value, at)
        if before is None or at <= before[1] or value < before[0]:
            return None
        return (value - before[0]) / (at - before[1])
