"""The datasets that are known, and when each pool was last asked about them."""

from dataclasses import dataclass, field
from datetime import datetime

from .models import Dataset
from .output.snapshots import Snapshots
from .quietness import Mark


@dataclass(slots=True)
class Contents:
    """What was found in the pools of a machine."""

    patterns: tuple[str, ...] = ()
    # by GUID: the dataset, the GUID of its pool, and when it was seen so
    known: dict[str, tuple[Dataset, str, datetime]] = field(default_factory=dict)
    marks: dict[str, Mark] = field(default_factory=dict)
    snapshots: dict[str, Snapshots] = field(default_factory=dict)
    # by the pool's GUID: when its snapshots were last listed
    listed: dict[str, float] = field(default_factory=dict)

    def forget(self) -> None:
        """Know of none."""
        for each in (self.known, self.marks, self.snapshots, self.listed):
            each.clear()
