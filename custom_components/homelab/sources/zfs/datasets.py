"""File systems and volumes, and their snapshots."""

import asyncio
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from time import monotonic

from ...source import BadAnswer
from .facts import DatasetFacts, ZfsHost
from .models import Dataset
from .output.listing import DATASET_COLUMNS, parse_datasets
from .output.snapshots import SnapshotCounter, Snapshots
from .shell import Shell

# the pools' first level
DEFAULT = ("*/*",)
ANY_DEPTH = "**"
DEEPEST = 64
# a pool's snapshots are listed so often at most, so long, and so many
HOURLY = 3600.0
DEADLINE = 120.0
MOST = 200_000
_BATCH = 500

# when a pool was last seen to do something, and whether nothing is new since then
type Active = Callable[[str], int | None]
type Rests = Callable[[str, int | None], bool]


class Datasets:
    """What of the pools' content is shown."""

    def __init__(
        self, shell: Shell, patterns: Collection[str], active: Active, rests: Rests
    ) -> None:
        """Know of none; patterns are compared level by level."""
        self._active = active
        self._rests = rests
        # when each pool had last done something when it was listed
        self._seen: dict[str, int | None] = {}
        self._shell = shell
        self._patterns = tuple(patterns) or DEFAULT
        self._known: dict[str, tuple[Dataset, str, datetime]] = {}
        self._snapshots: dict[str, Snapshots] = {}
        self._listed: dict[str, float] = {}
        self._stale: frozenset[str] = frozenset()

    def name(self, guid: str) -> str | None:
        """Return the name of a dataset."""
        known = self._known.get(guid)
        return known[0].name if known else None

    async def look(self, host: ZfsHost) -> None:
        """List what is in the pools that are not quiet; keep the rest."""
        names = {facts.pool.name: guid for guid, facts in host.pools.items()}
        due = [
            name
            for name in names
            if name not in self._seen or not self._rests(name, self._seen[name])
        ]
        seen = {name: self._active(name) for name in due}
        self._known = {k: v for k, v in self._known.items() if v[1] in host.pools}
        found: dict[str, tuple[Dataset, str, datetime]] = {}
        try:
            if due:
                raw = await self._shell.ask("datasets", str(self._depth()), *due)
                now = datetime.now(UTC)
                for dataset in parse_datasets(raw, DATASET_COLUMNS):
                    pool = names.get(dataset.name.partition("/")[0])
                    if dataset.guid and pool and self._is_wanted(dataset.name):
                        found[dataset.guid] = (dataset, pool, now)
        except BadAnswer as error:
            if error.reason != "too_slow" or not self._known:
                raise
            self._stale = frozenset(self._known)
            return
        self._seen |= seen
        asked = {names[name] for name in due}
        kept = {k: v for k, v in self._known.items() if v[1] not in asked}
        self._stale = frozenset(kept)
        self._known = {**kept, **found}

    async def count(self, host: ZfsHost, wanted: Collection[str]) -> None:
        """Count the snapshots of pools in which somebody wants to know."""
        now = monotonic()
        pools = {
            known[1]
            for guid, known in self._known.items()
            if guid in wanted and guid not in self._stale
        }
        for guid in pools:
            if now - self._listed.get(guid, -HOURLY) >= HOURLY and guid in host.pools:
                self._listed[guid] = now
                await self._count(guid, host.pools[guid].pool.name)

    async def _count(self, pool: str, name: str) -> None:
        counter, lines, number = SnapshotCounter(), [b""], 0
        try:
            async with (
                asyncio.timeout(DEADLINE),
                self._shell.stream("snapshots", name, silence=DEADLINE) as stream,
            ):
                async for line in stream:
                    lines.append(line)
                    number += 1
                    if len(lines) > _BATCH:
                        counter.feed(b"\n".join(lines)[1:] + b"\n")
                        lines = [b""]
                    if number > MOST:
                        raise BadAnswer("too many snapshots")
                counter.feed(b"\n".join(lines)[1:] + b"\n" if lines[1:] else b"")
                if stream.end is None or stream.end.code != 0:
                    raise BadAnswer("no whole list of snapshots")
        except BadAnswer, TimeoutError:
            # how many there are is not known any more
            for guid, known in self._known.items():
                if known[1] == pool:
                    self._snapshots.pop(guid, None)
            return
        found = counter.found()
        for guid, known in self._known.items():
            if known[1] == pool:
                self._snapshots[guid] = found.get(
                    known[0].name, Snapshots(count=0, newest=None)
                )

    def facts(self) -> Mapping[str, DatasetFacts]:
        """Return what is shown."""
        return {
            guid: DatasetFacts(
                dataset=dataset,
                pool=pool,
                snapshots=self._snapshots.get(guid),
                as_of=at if guid in self._stale else None,
            )
            for guid, (dataset, pool, at) in sorted(
                self._known.items(), key=lambda item: item[1][0].name
            )
        }

    def _depth(self) -> int:
        if any(ANY_DEPTH in pattern.split("/") for pattern in self._patterns):
            return DEEPEST
        return max(pattern.count("/") for pattern in self._patterns)

    def _is_wanted(self, name: str) -> bool:
        return any(matches(name, pattern) for pattern in self._patterns)


def matches(name: str, pattern: str) -> bool:
    """Compare level by level; two asterisks at the end stand for all that is below."""
    levels, wanted = name.split("/"), pattern.split("/")
    if wanted[-1] == ANY_DEPTH and len(levels) >= len(wanted):
        wanted = wanted[:-1]
        levels = levels[: len(wanted)]
    return len(levels) == len(wanted) and all(
        fnmatchcase(level, each) for level, each in zip(levels, wanted, strict=True)
    )
