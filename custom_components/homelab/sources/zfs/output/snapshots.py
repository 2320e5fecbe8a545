"""How many snapshots there are: a stream that is counted, never kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from .quantity import moment

# longer rows than this the tools have none
_LONGEST = 4096
# beyond so many datasets a pool is not told apart any more
_MOST = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshots:
    """How many snapshots a dataset has, and when the newest was made."""

    count: int
    newest: datetime | None


class SnapshotCounter:
    """Reads `zfs list -Hp -t snapshot -o name,creation` as it comes.

    There may be columns in between: what was made when stands last.
    """

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._newest: dict[str, datetime | None] = {}
        # how many lines made no sense, were too long or too many
        self.dropped = 0

    def feed(self, line: bytes) -> None:
        """Count the snapshot in this line, which is without its end."""
        name, tab, creation = line.decode(errors="replace").partition("\t")
        dataset, at, snapshot = name.partition("@")
        if (
            len(line) > _LONGEST
            or not (dataset and at and snapshot and tab)
            or (dataset not in self._counts and len(self._counts) >= _MOST)
        ):
            self.dropped += 1
        else:
            self._count(dataset, moment(creation.rpartition("\t")[2].strip()))

    def _count(self, dataset: str, made: datetime | None) -> None:
        self._counts[dataset] = self._counts.get(dataset, 0) + 1
        newest = self._newest.get(dataset)
        if made and (newest is None or made > newest):
            self._newest[dataset] = made

    def found(self) -> Mapping[str, Snapshots]:
        """Return what was counted, by dataset."""
        return {
            dataset: Snapshots(count=number, newest=self._newest.get(dataset))
            for dataset, number in self._counts.items()
        }
