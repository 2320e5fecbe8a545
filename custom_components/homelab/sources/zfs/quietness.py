"""Whether a pool is left alone, so that its disks may sleep: told by the stream alone."""

from time import monotonic

from .models import Sample, Work

# no operation for so long: the disks may begin to sleep
QUIET = 120


class Quietness:
    """When each pool has last done something, by the clock of the host itself."""

    def __init__(self) -> None:
        """Nothing was seen yet: nothing is quiet."""
        self._active: dict[str, int] = {}
        self._last: int | None = None
        self._heard = 0.0

    def take(self, sample: Sample) -> None:
        """See what the pools did; after a gap nothing is known of before."""
        now = monotonic()
        at = sample.at if sample.at is not None else self._last
        if at is None:
            return
        if self._last is None or not 0 <= at - self._last <= QUIET:
            self._active = {}
        self._last, self._heard = at, now
        self._active = {
            name: self._active.get(name, at) if _rests(work) else at
            for name, work in sample.pools.items()
        }

    def active(self, pool: str) -> int | None:
        """Return when it was last seen to do something, or first seen at all."""
        return self._active.get(pool)

    def is_quiet(self, pool: str) -> bool:
        """Whether it has done nothing for a while, and somebody has watched it."""
        since = self._active.get(pool)
        if since is None or self._last is None or monotonic() - self._heard > QUIET:
            return False
        return self._last - since >= QUIET


def _rests(work: Work) -> bool:
    # operations are rounded down to whole ones per second: bytes tell of rarer ones
    done = (
        work.read_operations,
        work.write_operations,
        work.read_rate,
        work.write_rate,
    )
    return all(number == 0 for number in done)
