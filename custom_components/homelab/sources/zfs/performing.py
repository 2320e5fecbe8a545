"""What can be done to pools and datasets; all of it is asked for by operations."""

from ...acting import mutating
from ...source import BadAnswer
from .datasets import Datasets
from .facts import ZfsHost
from .learning import Learned
from .models import State
from .permissions import Way
from .roster import Roster
from .shell import Shell


class Performing:
    """The changing half of a client."""

    shell: Shell
    contents: Datasets
    roster: Roster
    host: ZfsHost
    learned: Learned | None

    @mutating
    async def scrub_start(self, resource_id: str) -> str:
        """Begin a scrub, or go on with one that was paused."""
        return await self._change("scrub_start", self._pool(resource_id))

    @mutating
    async def scrub_pause(self, resource_id: str) -> str:
        """Pause a scrub."""
        return await self._change("scrub_pause", self._pool(resource_id))

    @mutating
    async def scrub_stop(self, resource_id: str) -> str:
        """End a scrub for good."""
        return await self._change("scrub_stop", self._pool(resource_id))

    @mutating
    async def clear_errors(self, resource_id: str) -> str:
        """Set the error counters to zero, and have a suspended pool go on."""
        return await self._change("clear_errors", self._pool(resource_id))

    @mutating
    async def trim(self, resource_id: str) -> str:
        """Tell the disks of a pool what of them is not used."""
        return await self._change("trim", self._pool(resource_id))

    @mutating
    async def snapshot(self, resource_id: str, *, name: str) -> str:
        """Make a snapshot of a dataset; ZFS refuses a name that is there already."""
        dataset = self.contents.name(resource_id)
        if dataset is None:
            raise BadAnswer("there is no such dataset any more")
        await self._change("snapshot", f"{dataset}@{name}")
        return f"{dataset}@{name}"

    @mutating
    async def _change(self, row: str, name: str) -> str:
        way = self.learned.permissions.way(row, name) if self.learned else None
        if way is None:
            raise BadAnswer("the user may not do that there", reason="zpool_forbidden")
        pool = name.partition("/")[0].partition("@")[0]
        if row != "clear_errors" and pool in self._suspended():
            raise BadAnswer(pool, reason="pool_suspended")
        # it is no longer quiet, whatever the stream has shown so far
        self.roster.touch(pool)
        return await self.shell.change(row, name, sudo=way is Way.SUDO)

    def _suspended(self) -> frozenset[str]:
        """Return the pools that whatever changes them would hang at."""
        return frozenset(
            facts.pool.name
            for facts in self.host.pools.values()
            if facts.state is State.SUSPENDED
        )

    def _pool(self, guid: str) -> str:
        if found := self.host.pools.get(guid):
            return found.pool.name
        raise BadAnswer("there is no such pool any more")
