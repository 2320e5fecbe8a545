"""File systems and volumes, and their snapshots."""

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from time import monotonic

from ...source import BadAnswer
from .contents import Contents
from .facts import DatasetFacts, ZfsHost
from .models import Dataset
from .output.listing import DATASET_COLUMNS, parse_datasets
from .output.snapshots import SnapshotCounter, Snapshots
from .quietness import Mark, Quietness
from .shell import Shell

# the pools' first level
DEFAULT = ("*/*",)
ANY_DEPTH = "**"
DEEPEST = 64
# a pool's snapshots are listed so often at most, so long, and so many
HOURLY = 3600.0
DEADLINE = 120.0
MOST = 200_000
FRESH = timedelta(minutes=1)

# whether nothing is new in a pool since then
type Rests = Callable[[str, Mark], bool]


class Datasets:
    """What of the pools' content is shown."""

    def __init__(
        self,
        shell: Shell,
        patterns: Collection[str],
        contents: Contents,
        quietness: Quietness,
        rests: Rests,
    ) -> None:
        """Know what an earlier client found; patterns are compared level by level."""
        self._shell = shell
        self._patterns = tuple(patterns) or DEFAULT
        self._quietness = quietness
        self._rests = rests
        if contents.patterns != self._patterns:
            # others are wanted now
            contents.forget()
            contents.patterns = self._patterns
        self._contents = contents
        # lines that made no sense
        self.dropped = 0
        self._stale = frozenset(contents.known)

    def name(self, guid: str) -> str | None:
        """Return the name of a dataset."""
        known = self._contents.known.get(guid)
        return known[0].name if known else None

    async def look(self, host: ZfsHost) -> None:
        """List what is in the pools that are not quiet; keep the rest."""
        contents = self._contents
        names = {facts.pool.name: guid for guid, facts in host.pools.items()}
        marks = {
            name: self._quietness.mark(name)
            for name in names
            if (mark := contents.marks.get(name)) is None or not self._rests(name, mark)
        }
        for guid, known in [*contents.known.items()]:
            if known[1] not in host.pools:
                del contents.known[guid]
        try:
            with self._quietness.asking(marks):
                found = await self._list(marks)
        except BadAnswer:
            self._stale = frozenset(contents.known)
            if not contents.known:
                raise
            return
        now = datetime.now(UTC)
        asked = {names[name] for name in found}
        kept = {k: v for k, v in contents.known.items() if v[1] not in asked}
        contents.known.clear()
        contents.known |= kept
        for name, datasets in found.items():
            contents.marks[name] = marks[name]
            for dataset in datasets:
                if dataset.guid and self._is_wanted(dataset.name):
                    contents.known[dataset.guid] = (dataset, names[name], now)
        self._stale = frozenset(kept)

    async def _list(self, pools: Collection[str]) -> dict[str, list[Dataset]]:
        """List all at once; where that fails each pool by itself, which hides no other."""
        try:
            return await self._ask(pools) if pools else {}
        except BadAnswer as error:
            if error.reason != BadAnswer.default or len(pools) < 2:
                raise
            first = error
        found: dict[str, list[Dataset]] = {}
        for pool in pools:
            try:
                found |= await self._ask([pool])
            except BadAnswer as error:
                if error.reason != BadAnswer.default:
                    raise
        if not found:
            raise first
        return found

    async def _ask(self, pools: Iterable[str]) -> dict[str, list[Dataset]]:
        raw = await self._shell.ask("datasets", str(self._depth()), *pools)
        found: dict[str, list[Dataset]] = {pool: [] for pool in pools}
        # thousands of them take longer than anybody should have to wait
        listed = await asyncio.to_thread(parse_datasets, raw, DATASET_COLUMNS)
        for dataset in listed:
            if (pool := dataset.name.partition("/")[0]) in found:
                found[pool].append(dataset)
        return found

    async def count(self, host: ZfsHost, wanted: Collection[str]) -> None:
        """Count the snapshots of pools in which somebody wants to know."""
        now = monotonic()
        pools = {
            known[1]
            for guid, known in self._contents.known.items()
            if guid in wanted and (guid not in self._stale or _is_fresh(known[2]))
        }
        for guid in pools:
            if (
                now - self._contents.listed.get(guid, -HOURLY) >= HOURLY
                and guid in host.pools
            ):
                self._contents.listed[guid] = now
                name = host.pools[guid].pool.name
                with self._quietness.asking([name]):
                    await self._count(guid, name)

    async def _count(self, pool: str, name: str) -> None:
        counter, number = SnapshotCounter(), 0
        try:
            async with (
                asyncio.timeout(DEADLINE),
                self._shell.stream("snapshots", name, silence=DEADLINE) as stream,
            ):
                async for line in stream:
                    counter.feed(line)
                    number += 1
                    if number > MOST:
                        raise BadAnswer("too many snapshots")
                if stream.end is None or stream.end.code != 0 or counter.dropped:
                    self.dropped += counter.dropped
                    raise BadAnswer("no whole list of snapshots")
        except BadAnswer, TimeoutError:
            # how many there are is not known any more
            for guid, known in self._contents.known.items():
                if known[1] == pool:
                    self._contents.snapshots.pop(guid, None)
            return
        found = counter.found()
        for guid, known in self._contents.known.items():
            if known[1] == pool:
                self._contents.snapshots[guid] = found.get(
                    known[0].name, Snapshots(count=0, newest=None)
                )

    def facts(self) -> Mapping[str, DatasetFacts]:
        """Return what is shown."""
        return {
            guid: DatasetFacts(
                dataset=dataset,
                pool=pool,
                snapshots=self._contents.snapshots.get(guid),
                as_of=at if guid in self._stale else None,
            )
            for guid, (dataset, pool, at) in sorted(
                self._contents.known.items(), key=lambda item: item[1][0].name
            )
        }

    def _depth(self) -> int:
        if any(ANY_DEPTH in pattern.split("/") for pattern in self._patterns):
            return DEEPEST
        return max(pattern.count("/") for pattern in self._patterns)

    def _is_wanted(self, name: str) -> bool:
        return any(matches(name, pattern) for pattern in self._patterns)


def _is_fresh(at: datetime) -> bool:
    """Whether a pool has been asked just now: its disks are still awake."""
    return datetime.now(UTC) - at < FRESH


def matches(name: str, pattern: str) -> bool:
    """Compare level by level; two asterisks at the end stand for all that is below."""
    levels, wanted = name.split("/"), pattern.split("/")
    if wanted[-1] == ANY_DEPTH and len(levels) >= len(wanted):
        wanted = wanted[:-1]
        levels = levels[: len(wanted)]
    return len(levels) == len(wanted) and all(
        fnmatchcase(level, each) for level, each in zip(levels, wanted, strict=True)
    )
