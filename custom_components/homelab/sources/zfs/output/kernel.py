"""What the kernel tells of pools and of the cache without any lock."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
import re

from ....source import BadAnswer
from ..commands import KSTATS
from ..models import Arc, State
from .kstat import parse_arcstats, parse_pool_state
from .quantity import guid

_FILE = re.compile(
    rb"^" + KSTATS.encode() + rb"/(?:([^\n]+)/(state|guid)|arcstats):([^\n]*)$",
    re.MULTILINE,
)
_SYSCTL = re.compile(
    rb"^kstat\.zfs\.([^\n]+)\.misc\.(state|guid): *([^\n]*)$", re.MULTILINE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelPool:
    """A pool as the kernel has it."""

    state: State | None = None
    guid: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Kernel:
    """What was read; `lists_all` says that there are no pools besides these."""

    pools: Mapping[str, KernelPool]
    arc: Arc | None
    lists_all: bool


def parse_kstats(raw: bytes) -> Kernel:
    """Read what grep printed of the files below /proc: all pools are there."""
    rows: list[tuple[bytes, bytes, bytes]] = []
    counters: list[bytes] = []
    for pool, key, value in _FILE.findall(raw):
        if pool:
            rows.append((pool, key, value))
        else:
            counters.append(value)
    return Kernel(
        pools=_pools(rows), arc=_arc(b"\n".join(counters)), lists_all=bool(counters)
    )


def parse_sysctls(raw: bytes) -> Kernel:
    """Read what sysctl printed: the pools that it was asked for."""
    return Kernel(pools=_pools(_SYSCTL.findall(raw)), arc=_arc(raw), lists_all=False)


def _pools(rows: Iterable[tuple[bytes, bytes, bytes]]) -> Mapping[str, KernelPool]:
    found: dict[str, dict[bytes, bytes]] = {}
    for pool, key, value in rows:
        found.setdefault(pool.decode(errors="replace"), {})[key] = value
    return {
        name: KernelPool(
            state=parse_pool_state(said.get(b"state", b"")),
            guid=guid(said.get(b"guid", b"").decode(errors="replace").strip()),
        )
        for name, said in found.items()
    }


def _arc(raw: bytes) -> Arc | None:
    try:
        return parse_arcstats(raw)
    except BadAnswer:
        return None


def sysctl_names(pools: Iterable[str]) -> tuple[str, ...]:
    """Return the names under which FreeBSD tells the state of pools."""
    plain = (name for name in pools if re.fullmatch(r"[\w:-]+", name, re.ASCII))
    return tuple(
        f"kstat.zfs.{name}.misc.{key}" for name in plain for key in ("state", "guid")
    )
