"""What `scripts/bench` has measured: each figure beside its target."""

from collections.abc import Sequence
from dataclasses import dataclass
import json
from pathlib import Path
import platform

COLUMNS = ("figure", "target", "value", "")


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """One figure; the target is the most that it may be."""

    name: str
    target: float
    value: float
    unit: str

    @property
    def is_met(self) -> bool:
        """Whether it is at most what it may be."""
        return self.value <= self.target

    @property
    def row(self) -> tuple[str, ...]:
        """Return it as people read it."""
        word = "pass" if self.is_met else "miss"
        amounts = (f"{amount:.3g} {self.unit}" for amount in (self.target, self.value))
        return (self.name, *amounts, word)


def report(figures: Sequence[Figure]) -> str:
    """Set the figures in columns, with the machine that they were measured on."""
    lines = [COLUMNS, *(figure.row for figure in figures)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    table = "\n".join(
        "  ".join(map(str.ljust, line, widths)).rstrip() for line in lines
    )
    return f"{table}\n\nMeasured on {_machine()}."


def summary(figures: Sequence[Figure]) -> str:
    """Return the one line that programs read."""
    rows = [
        {"name": f.name, "target": f.target, "value": round(f.value, 4), "unit": f.unit}
        for f in figures
    ]
    is_met = all(figure.is_met for figure in figures)
    return json.dumps({"figures": rows, "ok": is_met}, separators=(",", ":"))


def _machine() -> str:
    """Say what sort of machine this is, without its name."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    models = [
        line.partition(":")[2].strip()
        for line in lines
        if line.startswith("model name")
    ]
    model = models[0] if models else platform.machine()
    return f"{len(models) or 1} cores of {model}, Linux {platform.release()}"
