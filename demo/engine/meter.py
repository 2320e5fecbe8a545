"""What a container uses: counters that grow and levels that swing, known for any time."""

from dataclasses import dataclass, field
import math
import random

# how far a pace swings about its mean, so that numbers move as real ones do
SWING = 0.3


@dataclass(kw_only=True, slots=True)
class Meter:
    """A counter that grows at a pace, in units a second."""

    pace: float
    period: float
    base: float = 0
    since: float = 0
    halted: bool = True

    def total(self, at: float) -> int:
        """Return what has been counted until then."""
        if self.halted or at <= self.since:
            return int(self.base)
        past = at - self.since
        turn = 2 * math.pi / self.period
        swung = SWING / turn * (1 - math.cos(turn * past))
        return int(self.base + self.pace * (past + swung))

    def settle(self, at: float) -> None:
        """Keep what has been counted, so that the pace may change from now on."""
        self.base = self.total(at)
        self.since = at


@dataclass(kw_only=True, slots=True)
class Usage:
    """The counters and levels of one container; paces are in units a second."""

    seed: int
    cores: float = 0.05
    memory: int = 50_000_000
    cache: int = 8_000_000
    received: float = 2_000
    sent: float = 1_000
    read: float = 500
    written: float = 3_000
    processes: int = 3
    meters: dict[str, Meter] = field(init=False)

    def __post_init__(self) -> None:
        """Give each counter a swing of its own."""
        dice = random.Random(self.seed)  # noqa: S311
        paces = {
            "cpu": self.cores * 1e9,
            "received": self.received,
            "sent": self.sent,
            "read": self.read,
            "written": self.written,
        }
        self.meters = {
            name: Meter(pace=pace, period=dice.uniform(40, 400))
            for name, pace in paces.items()
        }

    def total(self, name: str, at: float) -> int:
        """Return the value of a counter."""
        return self.meters[name].total(at)

    def level(self, at: float) -> int:
        """Return the memory in use, which swings by a twentieth."""
        turn = 2 * math.pi / self.meters["cpu"].period
        return int(self.memory * (1 + math.sin(turn * at) / 20))

    def change(self, at: float, **paces: float) -> None:
        """Let counters go on at other paces, in units a second (`cpu` in cores)."""
        for name, pace in paces.items():
            self.meters[name].settle(at)
            self.meters[name].pace = pace * 1e9 if name == "cpu" else pace

    def begin(self, at: float) -> None:
        """Count from zero, as a container does that starts."""
        for meter in self.meters.values():
            meter.base, meter.since, meter.halted = 0, at, False

    def halt(self, at: float) -> None:
        """Stand still, as what is paused or has ended does."""
        for meter in self.meters.values():
            meter.settle(at)
            meter.halted = True

    def resume(self, at: float) -> None:
        """Go on where it stood still."""
        for meter in self.meters.values():
            meter.since, meter.halted = at, False
