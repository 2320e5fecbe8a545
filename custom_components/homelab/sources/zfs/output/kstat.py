"""What can be read of ZFS without asking it: files of the kernel, which never block.

Linux has them below /proc/spl/kstat/zfs; FreeBSD tells the same by sysctl, a name and a
colon before each value.
"""

import re

from ....source import BadAnswer
from ..models import Arc, State
from . import words
from .quantity import count

_COUNTER = re.compile(
    rb"^(?:kstat\.zfs\.misc\.arcstats\.)?([a-z0-9_]{1,40})(?::| +[0-9]{1,2} +) *"
    rb"([0-9]{1,20})$",
    re.MULTILINE,
)


def parse_pool_state(raw: bytes) -> State | None:
    """Read a pool's state; a word that is not known is None."""
    return words.state(raw.decode(errors="replace").rpartition(":")[2].strip())


def parse_arcstats(raw: bytes) -> Arc:
    """Read the counters of the cache."""
    found = {
        key.decode(): count(number.decode()) for key, number in _COUNTER.findall(raw)
    }
    if not {"size", "hits", "misses"} & found.keys():
        raise BadAnswer("no counters of the cache")
    return Arc(
        size=found.get("size"),
        hits=found.get("hits"),
        misses=found.get("misses"),
    )
