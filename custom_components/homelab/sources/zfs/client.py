"""A ZFS host over SSH: asked only what it may be asked now."""

import asyncio
from collections.abc import AsyncGenerator, Collection, Mapping
from contextlib import aclosing
from dataclasses import replace
from time import monotonic

from ...rates import Rates as Counters
from ...source import BadAnswer
from ...transports.ssh import SshConnection
from .datasets import Datasets
from .facts import DatasetFacts, Rates, SmartFacts, ZfsHost
from .health import Health
from .learning import FREEBSD, Learned, Machine, identify, learn, meet, with_disks
from .memory import Memory
from .models import Arc, Sample
from .output.kernel import Kernel, parse_kstats, parse_sysctls, sysctl_names
from .performing import Performing
from .quietness import Mark
from .roster import Roster, heard_of
from .shell import Rest, Shell
from .streaming import SECOND, Iostat
from .survey import Found, survey
from .watching import Row, rows

type Readers = Collection[tuple[str, str]]


class ZfsClient(Performing):
    """The far end of one entry."""

    def __init__(
        self,
        connection: SshConnection,
        *,
        interval: int = 10,
        datasets: Collection[str] = (),
        sleep_aware: bool = True,
        rest: Rest | None = None,
        memory: Memory | None = None,
    ) -> None:
        """Ask nothing yet."""
        self.shell = Shell(connection, rest or Rest())
        self.host = ZfsHost(name="", system="", version=None, kernel_version=None)
        self.learned: Learned | None = None
        self._connection = connection
        self._machine: Machine | None = None
        self._memory = memory = memory or Memory()
        self.quietness = memory.quietness
        self._iostat = Iostat(
            self.shell, interval, lambda: bool(self.host.pools), self.quietness
        )
        self.roster = Roster(self.quietness, memory.pools, sleep_aware=sleep_aware)
        self.contents = Datasets(
            self.shell, datasets, memory.contents, self.quietness, self._rests
        )
        self._reading = asyncio.Lock()
        self._readers: Readers = ()
        self._health = Health(self.shell)
        self._counters = Counters()
        self._forced = False

    @property
    def may_snapshot(self) -> bool:
        """Whether the user may make snapshots in one of the pools."""
        learned = self.learned
        return learned is not None and any(
            learned.permissions.way("snapshot", name) for name in self.roster.known
        )

    @property
    def dropped(self) -> int:
        """How much of what was told could not be read, and was left out."""
        return self._iostat.dropped + self.contents.dropped

    async def identify(self) -> str:
        """Return the machine's own id."""
        self._machine = await meet(self.shell)
        found = await identify(self.shell, self._machine)
        self._memory.recognize(found)
        self.learned = self.learned or self._memory.learned
        return found

    async def close(self) -> None:
        """Hang up."""
        await self._iostat.close()
        await self._connection.close()

    def wake(self) -> None:
        """Leave nothing alone the next time: a person wants to know."""
        self._forced = True
        self.quietness.demand(*self.roster.known)
        self.shell.awake()
        self._health.awake()

    async def pools(self) -> ZfsHost:
        """Read all pools; about quiet ones only the kernel is asked."""
        async with self._reading:
            return await self._pools()

    async def wakings(self) -> AsyncGenerator[ZfsHost]:
        """Yield all pools as soon as one of them is no longer quiet."""
        async with aclosing(self.quietness.woken(self.pools)) as found:
            async for host in found:
                yield host

    async def _pools(self) -> ZfsHost:
        machine = self._machine or await meet(self.shell)
        kernel = await self._read_kernel(machine)
        try:
            learned = await self._look(kernel, machine)
        except BadAnswer as error:
            # what the kernel says is shown, whatever the tool says
            if self.learned is None or not self.roster.known:
                return self._bare(machine, kernel, error)
            learned = self.learned
            self.roster.keep()
        pools, vdevs, disks = self.roster.facts(kernel, learned)
        self.host = replace(
            self._plain(machine, kernel),
            version=learned.version.userland,
            kernel_version=learned.version.kernel,
            pools=pools,
            vdevs=vdevs,
            disks=disks,
        )
        return self.host

    def _plain(self, machine: Machine, kernel: Kernel) -> ZfsHost:
        """Return the host as it is without its pools."""
        return ZfsHost(
            name=machine.name,
            system=machine.system,
            version=None,
            kernel_version=None,
            arc=kernel.arc,
            arc_size=kernel.arc.size if kernel.arc else None,
            arc_hit_rate=self._hit_rate(kernel.arc),
            link_load=self._counters.add("link", self.shell.received, monotonic()),
        )

    def _bare(self, machine: Machine, kernel: Kernel, error: BadAnswer) -> ZfsHost:
        """Return what the kernel tells where a tool hangs that was never asked before."""
        pools = heard_of(kernel)
        if error.reason != "too_slow" or not (kernel.lists_all and pools):
            raise error
        self.host = replace(self._plain(machine, kernel), pools=pools, is_bare=True)
        return self.host

    async def _read_kernel(self, machine: Machine) -> Kernel:
        if machine.system == FREEBSD:
            names = sysctl_names(self.roster.known)
            return parse_sysctls((await self.shell.look("sysctls", *names)).stdout)
        completed = await self.shell.look("kstats")
        kernel = parse_kstats(completed.stdout)
        # a part of it is not the whole list
        return replace(kernel, lists_all=kernel.lists_all and completed.code == 0)

    async def _look(self, kernel: Kernel, machine: Machine) -> Learned:
        """Ask about the pools that are due, once a login also what may be done."""
        learned = self.learned
        is_new = learned is None or learned.login != self.shell.logins
        if learned is None or is_new or self._forced:
            learned = await learn(self.shell, machine)
        due = self.roster.due(kernel, learned)
        names = tuple(due.marks)
        with self.quietness.asking(names):
            found = Found()
            if due:
                found = await survey(
                    self.shell, learned.version, names, everything=due.everything
                )
            if self.roster.take(found, due, kernel):
                self._iostat.restart()
            learned = await with_disks(self.shell, machine, learned, found.pools)
            self._forced = False
            asked = [pool.name for pool in found.pools]
            self.learned = await self._memory.with_delegated(
                self.shell, learned, asked, again=is_new
            )
        return self.learned

    def _hit_rate(self, arc: Arc | None) -> float | None:
        """Return the share of what was found in the cache, when it was last used."""
        before = self.host.arc
        if not (arc and before) or None in (arc.hits, arc.misses):
            return None
        hits = (arc.hits or 0) - (before.hits or 0)
        misses = (arc.misses or 0) - (before.misses or 0)
        if hits < 0 or misses < 0:
            return None
        asked = hits + misses
        return 100 * hits / asked if asked else self.host.arc_hit_rate

    async def follow(self) -> AsyncGenerator[Rates]:
        """Yield what pools, vdevs and disks do, once an interval."""
        async for sample in self._iostat.samples(self._iostat.seconds):
            if sample is None and self._iostat.trouble:
                raise BadAnswer(self._iostat.trouble)
            yield self._rates(sample) if sample else Rates()

    def _rates(self, sample: Sample) -> Rates:
        host = self.host
        return Rates(
            pools={
                guid: sample.pools[facts.pool.name]
                for guid, facts in host.pools.items()
                if facts.pool.name in sample.pools
            },
            vdevs={g: sample.vdevs[g] for g in host.vdevs if g in sample.vdevs},
            disks={g: sample.vdevs[g] for g in host.disks if g in sample.vdevs},
        )

    async def watch(self) -> AsyncGenerator[Mapping[str, Row]]:
        """Yield every pool with all its parts, once a second."""
        yield rows(self.host, None)
        async for sample in self._iostat.samples(SECOND):
            yield rows(self.host, sample)

    async def datasets(self, readers: Readers) -> Mapping[str, DatasetFacts]:
        """Read file systems and volumes; snapshots only where somebody wants to know."""
        self._readers = readers
        await self.contents.look(self.host)
        await self.contents.count(self.host, {id_ for _, id_ in readers})
        return self.contents.facts()

    async def dataset_wakings(self) -> AsyncGenerator[Mapping[str, DatasetFacts]]:
        """Yield all datasets as soon as one of their pools is no longer quiet."""
        async with aclosing(
            self.quietness.woken(lambda: self.datasets(self._readers))
        ) as found:
            async for datasets in found:
                yield datasets

    def _rests(self, pool: str, mark: Mark) -> bool:
        learned = self.learned
        return learned is not None and self.roster.rests(pool, learned, mark)

    async def disks(self, readers: Readers) -> Mapping[str, SmartFacts]:
        """Ask disks how they are, but none that sleeps."""
        if self.learned is None:
            return {}
        wanted = {id_ for _, id_ in readers}
        return await self._health.look(self.host, wanted, self.learned.permissions)
