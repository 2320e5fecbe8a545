"""What disks say of their own health: asked one by one, none beside one that hangs."""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from time import monotonic

from ...source import BadAnswer
from .facts import SmartFacts, ZfsHost
from .output.smart import Smart, parse_smart
from .permissions import Permissions, Way
from .shell import Rest, Shell

# a disk that did not answer is left alone for so long, twice as long each time
REST = 3600.0
LONGEST_REST = 86400.0
GRACE = 2.0


class Health:
    """The last words of each disk."""

    def __init__(self, shell: Shell) -> None:
        """Ask nothing yet."""
        self._shell = shell
        self._facts: dict[str, SmartFacts] = {}
        self._rests: dict[str, Rest] = {}

    def awake(self) -> None:
        """Rest no longer: somebody wants to know now."""
        self._rests.clear()

    async def look(
        self, host: ZfsHost, wanted: Collection[str], permissions: Permissions
    ) -> Mapping[str, SmartFacts]:
        """Ask these disks, unless they sleep; what is not told now is as it was."""
        asked = {
            guid: disk.block.device
            for guid, disk in host.disks.items()
            if guid in wanted and disk.has_smart and disk.block
        }
        for guid, device in asked.items():
            is_sudo = permissions.way("smart", device) is Way.SUDO
            self._take(guid, await self._read(device, sudo=is_sudo))
        self._facts = {g: f for g, f in self._facts.items() if g in host.disks}
        return dict(self._facts)

    async def _read(self, device: str, *, sudo: bool) -> Smart | None:
        rest = self._rests.setdefault(device, Rest())
        if monotonic() < rest.until:
            return None
        try:
            # its exit code tells of the disk, not only of the command
            completed = await self._shell.look("smart", device, sudo=sudo)
        except BadAnswer as error:
            if error.reason == "too_slow" and error.sent:
                pause = min(REST * 2**rest.hangs, LONGEST_REST)
                rest.until = monotonic() + pause
                rest.hangs = min(rest.hangs + 1, 10)
                # what can be ended has ended then, and hinders no other disk
                await asyncio.sleep(GRACE)
            return None
        rest.hangs = 0
        try:
            return parse_smart(completed.stdout)
        except BadAnswer:
            return None

    def _take(self, guid: str, smart: Smart | None) -> None:
        before = self._facts.get(guid)
        if smart and not (smart.asleep and before):
            now = datetime.now(UTC)
            self._facts[guid] = SmartFacts(smart=smart, asleep=smart.asleep, at=now)
        elif before:
            self._facts[guid] = replace(
                before,
                asleep=smart.asleep if smart else before.asleep,
                as_of=before.at,
            )
