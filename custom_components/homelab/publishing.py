"""When a number is worth a state write: rounded first, then compared with the last one."""

from dataclasses import dataclass
import math
from typing import Any, Final

PUBLISH_INTERVAL: Final = 60


@dataclass(frozen=True, kw_only=True, slots=True)
class Scale:
    """How one sort of number is rounded, where it lies, and what counts as a jump."""

    decimals: int | None = None
    significant: int = 3
    points: float = 0
    share: float = 0
    low: float = 0
    high: float = math.inf

    def contains(self, value: Any) -> bool:
        """Whether the value lies in its domain; whatever does not is never shown."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        try:
            number = float(value)
        except OverflowError:
            return False
        return math.isfinite(number) and self.low <= number <= self.high

    def rounded(self, value: float) -> float:
        """Round to what people read."""
        if self.decimals is not None:
            return round(float(value), self.decimals)
        if not value:
            return value
        places = self.significant - 1 - math.floor(math.log10(abs(value)))
        return round(value, places)

    def jumps(self, old: float, new: float) -> bool:
        """Whether the step from one value to the next is worth showing at once."""
        return abs(new - old) >= max(self.points, self.share * abs(old))


CPU_PERCENT = Scale(decimals=1, points=5, high=100)
PERCENT = Scale(decimals=1, points=2, high=100)
AMOUNT = Scale(points=1, share=0.05)
RATE = Scale(points=1024, share=0.2)
OPERATION_RATE = Scale(points=1, share=0.2)
TEMPERATURE = Scale(decimals=1, points=1, low=-90, high=250)
