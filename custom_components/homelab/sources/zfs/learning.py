"""What holds for as long as a login lasts: versions, disks, what may be done there."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from ...source import BadAnswer
from .models import Pool
from .output.blocks import Blocks, Geoms
from .output.version import Version, parse_version
from .permissions import Permissions, Way, parse_delegated, parse_permissions
from .shell import Shell

FREEBSD = "FreeBSD"
# a GUID and the path where it was found
type _Part = tuple[str | None, str]
_TELLING = ("no_zpool", "zpool_forbidden", "too_slow")


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """Which system runs there, and how it is called."""

    system: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """What was found out at the beginning of a login."""

    login: int
    version: Version
    permissions: Permissions
    blocks: Blocks | Geoms
    has_smartctl: bool
    # parts of pools that were known when `blocks` was asked; None before the first
    parts: frozenset[_Part] | None = None

    def may_smart(self, device: str | None) -> bool:
        """Whether a disk may be asked for its health."""
        return bool(
            self.has_smartctl and device and self.permissions.way("smart", device)
        )


async def meet(shell: Shell) -> Machine:
    """Ask which system it is."""
    words = (await shell.ask("machine")).decode(errors="replace").split()
    if len(words) != 2:
        raise BadAnswer(f"not a system: {' '.join(words)[:100]}")
    return Machine(system=words[0], name=words[1])


async def identify(shell: Shell, machine: Machine) -> str:
    """Return what outlives addresses and restarts."""
    row = "host_uuid" if machine.system == FREEBSD else "machine_id"
    completed = await shell.look(row)
    words = completed.stdout.decode(errors="replace").split()
    found = words[0].lower() if words else ""
    if len(found) < 32 or not found.replace("-", "").isalnum():
        raise BadAnswer("no machine-id", reason="no_machine_id")
    return found


async def learn(shell: Shell, machine: Machine) -> Learned:
    """Find out what runs there and what is allowed, without doing anything."""
    version = await _version(shell)
    identity = (await shell.look("user")).stdout
    allowed = (await shell.look("allowed")).stdout
    return Learned(
        login=shell.logins,
        version=version,
        permissions=parse_permissions(identity, allowed),
        blocks=await _blocks(shell, machine),
        has_smartctl=(await shell.look("smartctl")).code == 0,
    )


async def _blocks(shell: Shell, machine: Machine) -> Blocks | Geoms:
    if machine.system == FREEBSD:
        geoms = (await shell.look("geoms")).stdout
        return Geoms(geoms, (await shell.look("labels")).stdout)
    return Blocks((await shell.look("blocks")).stdout)


async def with_disks(
    shell: Shell, machine: Machine, learned: Learned, pools: Iterable[Pool]
) -> Learned:
    """Ask for the disks anew when pools lie on others, or elsewhere, than before."""
    found = {(v.guid, v.path) for pool in pools for v in pool.walk() if v.path}
    if learned.parts is None:
        return replace(learned, parts=frozenset(found))
    if found <= learned.parts:
        return learned
    try:
        blocks = await _blocks(shell, machine)
    except BadAnswer:
        # it is asked again at the next look
        return learned
    return replace(learned, blocks=blocks, parts=learned.parts | found)


async def _version(shell: Shell) -> Version:
    try:
        version = parse_version(await shell.ask("version"))
    except BadAnswer as error:
        if error.reason in _TELLING:
            raise
        raise BadAnswer(str(error), reason="zfs_unknown_version") from None
    if version.release is None:
        raise BadAnswer(version.userland, reason="zfs_unknown_version")
    return version


async def with_delegated(shell: Shell, learned: Learned, *pools: str) -> Learned:
    """Find out what was delegated to the user in pools that were not looked at yet."""
    permissions = learned.permissions
    new = [
        pool
        for pool in pools
        if pool not in permissions.delegated
        and permissions.way("snapshot", pool) is not Way.PLAIN
    ]
    delegated = dict(permissions.delegated)
    for pool in new:
        try:
            raw = (await shell.look("delegated", pool)).stdout
        except BadAnswer:
            # not known, so not offered; it is asked again the next time
            continue
        delegated[pool] = parse_delegated(raw, permissions)
    return replace(learned, permissions=replace(permissions, delegated=delegated))
