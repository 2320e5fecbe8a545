"""What is known of a machine, beyond the client and the reloads of its entry."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from .contents import Contents
from .learning import Learned, with_delegated
from .quietness import Quietness
from .roster import Known
from .shell import Shell


@dataclass(slots=True)
class Memory:
    """Without it, each change of an option would wake every disk."""

    machine: str | None = None
    quietness: Quietness = field(default_factory=Quietness)
    pools: dict[str, Known] = field(default_factory=dict)
    contents: Contents = field(default_factory=Contents)
    delegated: Mapping[str, frozenset[str]] = field(default_factory=dict)
    # until it can be found out anew: of a login that there is no more
    learned: Learned | None = None

    def recognize(self, machine: str) -> None:
        """Forget everything when another machine answers in this place."""
        if self.machine not in (None, machine):
            self.quietness.forget()
            self.pools.clear()
            self.contents.forget()
            self.delegated = {}
            self.learned = None
        self.machine = machine

    async def with_delegated(
        self, shell: Shell, learned: Learned, asked: Collection[str], *, again: bool
    ) -> Learned:
        """Find out what was delegated in pools just asked about; keep it of others."""
        known = {
            name: delegated
            for name, delegated in self.delegated.items()
            if not (again and name in asked)
        }
        permissions = replace(learned.permissions, delegated=known)
        learned = replace(learned, permissions=permissions)
        learned = await with_delegated(shell, learned, *asked)
        # where nobody answers it is as it was
        found = {**self.delegated, **learned.permissions.delegated}
        permissions = replace(learned.permissions, delegated=found)
        learned = replace(learned, permissions=permissions)
        self.delegated = found
        self.learned = replace(learned, login=0)
        return learned


_MEMORIES: dict[str, Memory] = {}


def memory_at(place: str) -> Memory:
    """Return what is known of a machine: `user@host:port`."""
    return _MEMORIES.setdefault(place, Memory())
