"""What people read of a container, out of two frames of its counters.

The numbers are those that the docker command shows, but for what is unknown: that is
None here, and 0 there.
"""

from dataclasses import dataclass, field
from typing import Final

from .frame import Frame, parse_frame, sum_of

__all__ = ["Frame", "Numbers", "measure", "parse_frame"]

# Two clocks are read one after the other: a container that takes all there is may seem
# to take a bit more. Whatever is further above that is none.
JITTER: Final = 1.1
# Nothing is faster than 100 Gbit/s: a counter that seems to be has jumped.
FASTEST: Final = 12.5e9
_LINUX_TICKS = 1e9
_WINDOWS_TICKS = 1e7


@dataclass(frozen=True, kw_only=True, slots=True)
class Numbers:
    """What people read; None is unknown."""

    # percent of the whole host, and of one core
    cpu: float | None = None
    cpu_cores: float | None = None
    memory: int | None = None
    memory_limit: int | None = None
    memory_percent: float | None = None
    # bytes per second
    receive_rate: float | None = None
    send_rate: float | None = None
    read_rate: float | None = None
    write_rate: float | None = None
    # bytes since the start
    received: int | None = None
    sent: int | None = None
    block_read: int | None = None
    block_written: int | None = None
    pids: int | None = None
    # how many values could not be, and are unknown for that
    dropped: int = field(default=0, compare=False)


def measure(
    before: Frame | None, after: Frame, *, podman: bool, cpus: int | None
) -> Numbers:
    """Compare two frames of one container; `cpus` is what the engine says it has."""
    then, sieve = before or Frame(), _Sieve(after.absurd)
    seconds = _between(then, after)
    cpu, cores = _cpu(then, after, cpus, seconds, podman, sieve)
    receive_rate, send_rate = _network_rates(then, after, seconds, sieve)
    received, sent = _network_totals(after)
    return Numbers(
        cpu=cpu,
        cpu_cores=cores,
        memory=after.memory,
        memory_limit=after.memory_limit,
        memory_percent=sieve.share(after.memory, after.memory_limit),
        receive_rate=receive_rate,
        send_rate=send_rate,
        read_rate=sieve.rate(_growth(then.block_read, after.block_read), seconds),
        write_rate=sieve.rate(
            _growth(then.block_written, after.block_written), seconds
        ),
        received=received,
        sent=sent,
        block_read=after.block_read,
        block_written=after.block_written,
        pids=after.pids,
        dropped=sieve.dropped,
    )


class _Sieve:
    """Lets through what can be, and counts what cannot."""

    def __init__(self, dropped: int) -> None:
        self.dropped = dropped

    def share(self, part: float | None, whole: float | None) -> float | None:
        """Return a percentage, for which the whole is the end."""
        if part is None or not whole:
            return None
        if part > whole * JITTER:
            self.dropped += 1
            return None
        return min(part / whole, 1.0) * 100

    def rate(self, growth: int | None, seconds: float | None) -> float | None:
        """Return what grows in a second, for which the fastest network is the end."""
        if growth is None or not seconds:
            return None
        if growth / seconds > FASTEST:
            self.dropped += 1
            return None
        return growth / seconds


def _between(before: Frame, after: Frame) -> float | None:
    if before.at is None or after.at is None or after.at <= before.at:
        return None
    return after.at - before.at


def _growth(before: int | None, after: int | None) -> int | None:
    """Return what a counter grew; nothing where it began anew."""
    if before is None or after is None or after < before:
        return None
    return after - before


def _network_rates(
    before: Frame, after: Frame, seconds: float | None, sieve: _Sieve
) -> tuple[float | None, float | None]:
    """Return bytes per second; nothing while interfaces come and go."""
    then, now = before.networks, after.networks
    if then is None or now is None or then.keys() != now.keys():
        return None, None
    received = sum_of(_growth(then[name][0], now[name][0]) for name in now)
    sent = sum_of(_growth(then[name][1], now[name][1]) for name in now)
    return sieve.rate(received, seconds), sieve.rate(sent, seconds)


def _network_totals(frame: Frame) -> tuple[int | None, int | None]:
    counters = (frame.networks or {}).values()
    return sum_of(each[0] for each in counters), sum_of(each[1] for each in counters)


def _cpu(
    before: Frame,
    after: Frame,
    cpus: int | None,
    seconds: float | None,
    podman: bool,
    sieve: _Sieve,
) -> tuple[float | None, float | None]:
    """Return the percentages of the whole host and of one core."""
    used = _growth(before.cpu_used, after.cpu_used)
    count = after.cpus or _listed(after, cpus)
    if after.windows:
        whole = seconds * _WINDOWS_TICKS * count if seconds and count else None
    elif podman:
        # its host time is not the host's; and it names the cores that a container may use
        count = cpus or count
        whole = seconds * _LINUX_TICKS * count if seconds and count else None
    else:
        whole = _growth(before.host_used, after.host_used)
    share = sieve.share(used, whole)
    return share, share * count if share is not None and count else None


def _listed(frame: Frame, cpus: int | None) -> int | None:
    """Count the cores where the engine does not: it may list some that there are not."""
    known = [count for count in (frame.listed_cpus, cpus) if count]
    return min(known, default=None)
