"""The stream of `zpool iostat -Hpvyg -lq -T u N`, sample by sample.

With -H there is nothing between samples but, with -T u, a line with the time; rows of
all depths stand at the left; an empty line stands before each class. So only the number
of fields says what a row is, and only -g makes rows of vdevs known by more than a place.
"""

import re

from ..models import Sample, Work
from .quantity import count

# fields of a row with its name: plain, -l, -q and -lq; rebuilds came with 2.2
_WITHOUT_LATENCY = (7, 19, 21)
_WITH_LATENCY = (17, 18, 29, 32)
_STAMP = re.compile(rb"[0-9]{1,12}")
_GUID = re.compile(r"[1-9][0-9]{0,19}")
# longer rows than this the tools have none
_LONGEST = 4096
# a host with more vdevs is not read whole
_MOST_ROWS = 10_000


class SampleReader:
    """Takes the stream's lines, without their ends; returns whole samples.

    A sample is whole when the next one begins, which is an interval later: call
    `flush` once nothing has come for a moment, then it is there at once.
    """

    def __init__(self) -> None:
        self._at: int | None = None
        self._pools: dict[str, Work] = {}
        self._vdevs: dict[str, Work] = {}
        self._shape: tuple[str, ...] | None = None
        # how many rows were not of a known form, too long or too many
        self.dropped = 0
        self._unknown = 0
        self._told = 0

    @property
    def is_first(self) -> bool:
        """Whether there is no sample yet to compare with."""
        return self._shape is None

    @property
    def is_whole(self) -> bool:
        """Whether there are the same rows as in the sample before."""
        shape = self._shape or ()
        number = len(self._pools) + len(self._vdevs)
        return number == len(shape) and (*self._pools, *self._vdevs) == shape

    @property
    def trouble(self) -> str | None:
        """Say what is wrong where no row at all was of a known form."""
        if self._shape is not None or not self._unknown:
            return None
        return f"rows of {self._unknown} fields, which no known OpenZFS prints"

    def take_dropped(self) -> int:
        """Return how many more rows were dropped since this was last asked."""
        new, self._told = self.dropped - self._told, self.dropped
        return new

    def flush(self) -> Sample | None:
        """Return the sample that is being read: nothing of it is still to come."""
        if not (self._pools or self._vdevs):
            return None
        shape = (*self._pools, *self._vdevs)
        sample = Sample(
            at=self._at,
            first=self._shape is None,
            reshaped=self._shape is not None and shape != self._shape,
            pools=self._pools,
            vdevs=self._vdevs,
        )
        self._at, self._pools, self._vdevs, self._shape = None, {}, {}, shape
        return sample

    def feed(self, line: bytes) -> Sample | None:
        """Read a line; return the sample that it completes."""
        if len(line) > _LONGEST:
            self.dropped += 1
            return None
        if not line.strip():
            return None
        if _STAMP.fullmatch(line):
            sample = self.flush()
            self._at = int(line)
            return sample
        name, *fields = line.decode(errors="replace").split("\t")
        if not name or (work := _work(fields)) is None:
            self.dropped += 1
            self._unknown = len(fields) + 1
            return None
        sample = None
        if _GUID.fullmatch(name):
            rows = self._vdevs
        else:
            rows = self._pools
            if name in rows:
                # without -T u a pool that comes again is all that tells samples apart
                sample = self.flush()
                rows = self._pools
        if len(self._pools) + len(self._vdevs) >= _MOST_ROWS:
            self.dropped += 1
        else:
            rows[name] = work
        return sample


def _work(fields: list[str]) -> Work | None:
    """Read a row's numbers; a row with another number of them is not known."""
    with_latency = len(fields) + 1 in _WITH_LATENCY
    if not with_latency and len(fields) + 1 not in _WITHOUT_LATENCY:
        return None
    numbers = [count(field) for field in fields]
    # allocated and free stand first
    read_operations, write_operations, read_rate, write_rate = numbers[2:6]
    return Work(
        read_operations=read_operations,
        write_operations=write_operations,
        read_rate=read_rate,
        write_rate=write_rate,
        read_latency=numbers[6] if with_latency else None,
        write_latency=numbers[7] if with_latency else None,
    )
