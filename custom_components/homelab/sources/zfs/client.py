"""A ZFS host over SSH: asked only what it may be asked now."""

from collections.abc import AsyncGenerator, Collection, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from time import monotonic

from ...rates import Rates as Counters
from ...source import BadAnswer
from ...transports.ssh import SshConnection
from .datasets import Datasets
from .facts import DatasetFacts, Rates, SmartFacts, ZfsHost
from .learning import (
    FREEBSD,
    Learned,
    Machine,
    check_left,
    identify,
    learn,
    meet,
    with_delegated,
)
from .models import Arc, Sample
from .output.kernel import Kernel, parse_kstats, parse_sysctls, sysctl_names
from .output.smart import parse_smart
from .performing import Performing
from .permissions import Way
from .roster import Roster
from .shell import Rest, Shell
from .streaming import SECOND, Iostat
from .survey import survey
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
    ) -> None:
        """Ask nothing yet."""
        self.shell = Shell(connection, rest or Rest())
        self.host = ZfsHost(name="", system="", version=None, kernel_version=None)
        self.learned: Learned | None = None
        self._connection = connection
        self._machine: Machine | None = None
        self._iostat = Iostat(self.shell, interval, lambda: bool(self.host.pools))
        self.roster = Roster(self._iostat.quietness, sleep_aware=sleep_aware)
        self.contents = Datasets(self.shell, datasets, self.roster.active, self._rests)
        self._smart: dict[str, SmartFacts] = {}
        self._counters = Counters()
        self._forced = True

    async def identify(self) -> str:
        """Return the machine's own id."""
        self._machine = await meet(self.shell)
        return await identify(self.shell, self._machine)

    async def close(self) -> None:
        """Hang up."""
        await self._iostat.close()
        await self._connection.close()

    def wake(self) -> None:
        """Leave nothing alone the next time: a person wants to know."""
        self._forced = True
        self.shell.awake()

    async def pools(self) -> ZfsHost:
        """Read all pools; about quiet ones only the kernel is asked."""
        machine = self._machine or await meet(self.shell)
        kernel = await self._read_kernel(machine)
        try:
            learned = await self._look(kernel, machine)
        except BadAnswer as error:
            if error.reason != "too_slow" or self.learned is None:
                raise
            learned = self.learned
            self.roster.keep()
        pools, vdevs, disks = self.roster.facts(kernel, learned)
        self.host = ZfsHost(
            name=machine.name,
            system=machine.system,
            version=learned.version.userland,
            kernel_version=learned.version.kernel,
            arc=kernel.arc,
            arc_size=kernel.arc.size if kernel.arc else None,
            arc_hit_rate=self._hit_rate(kernel.arc),
            link_load=self._counters.add("link", self.shell.received, monotonic()),
            pools=pools,
            vdevs=vdevs,
            disks=disks,
        )
        return self.host

    async def _read_kernel(self, machine: Machine) -> Kernel:
        if machine.system == FREEBSD:
            names = sysctl_names(self.roster.known)
            return parse_sysctls((await self.shell.look("sysctls", *names)).stdout)
        return parse_kstats((await self.shell.look("kstats")).stdout)

    async def _look(self, kernel: Kernel, machine: Machine) -> Learned:
        """Ask about the pools that are due, once a login also what may be done."""
        learned = self.learned
        is_new = learned is None or learned.login != self.shell.logins
        if is_new:
            await check_left(self.shell)
        if learned is None or is_new or self._forced:
            learned = await learn(self.shell, machine)
        due = self.roster.due(kernel, learned, forced=self._forced)
        found = await survey(self.shell, learned.version, *due.names) if due else ()
        if self.roster.take(found, due, kernel):
            self._iostat.restart()
        self._forced = False
        asked = [pool.name for pool in found]
        self.learned = await with_delegated(self.shell, learned, *asked)
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
        await self.contents.look(self.host)
        await self.contents.count(self.host, {id_ for _, id_ in readers})
        return self.contents.facts()

    def _rests(self, pool: str, seen: int | None) -> bool:
        learned = self.learned
        return learned is not None and self.roster.rests(pool, learned, seen)

    async def disks(self, readers: Readers) -> Mapping[str, SmartFacts]:
        """Ask disks how they are, but none that sleeps."""
        wanted = {id_ for _, id_ in readers}
        for guid, disk in self.host.disks.items():
            if guid in wanted and disk.has_smart and disk.block:
                await self._ask_disk(guid, disk.block.device)
        self._smart = {g: s for g, s in self._smart.items() if g in self.host.disks}
        return dict(self._smart)

    async def _ask_disk(self, guid: str, device: str) -> None:
        way = self.learned.permissions.way("smart", device) if self.learned else None
        before = self._smart.pop(guid, None)
        try:
            # its exit code tells of the disk, not only of the command
            completed = await self.shell.look("smart", device, sudo=way is Way.SUDO)
            smart = parse_smart(completed.stdout)
        except BadAnswer:
            if before:
                as_of = before.as_of or datetime.now(UTC)
                self._smart[guid] = replace(before, as_of=as_of)
            return
        if smart.asleep and before:
            as_of = before.as_of or datetime.now(UTC)
            self._smart[guid] = replace(before, asleep=True, as_of=as_of)
        else:
            self._smart[guid] = SmartFacts(smart=smart, asleep=smart.asleep)
