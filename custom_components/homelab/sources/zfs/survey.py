"""All pools with all their parts, put together of what the tools print of them."""

from collections.abc import Collection
from dataclasses import dataclass

from ...source import BadAnswer
from .models import Pool, ScanState
from .output.identity import joined, measured
from .output.listing import POOL_COLUMNS, parse_guids, parse_list
from .output.quantity import count
from .output.status_json import parse_status_json
from .output.status_text import parse_status_text
from .output.version import Version
from .shell import Shell

_GONE = "no such pool"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a survey has found; `gone` are those that the tool does not know."""

    pools: tuple[Pool, ...] = ()
    gone: frozenset[str] = frozenset()


async def survey(
    shell: Shell, version: Version, names: Collection[str], *, everything: bool
) -> Found:
    """Ask about these pools, or about all; where that fails, about each by itself."""
    try:
        pools = await _survey(shell, version, *(() if everything else names))
    except BadAnswer as error:
        if error.reason != BadAnswer.default:
            raise
        first = error
    else:
        return Found(pools=pools, gone=frozenset(names) - {pool.name for pool in pools})
    if everything:
        # what changed meanwhile is asked again
        try:
            pools = await _survey(shell, version)
        except BadAnswer as error:
            if error.reason != BadAnswer.default:
                # what was given up because of what it printed may not have ended yet
                raise first if error.reason == "too_slow" else error from None
        else:
            gone = frozenset(names) - {pool.name for pool in pools}
            return Found(pools=pools, gone=gone)
    return await _one_by_one(shell, version, names, first)


async def _one_by_one(
    shell: Shell, version: Version, names: Collection[str], first: BadAnswer
) -> Found:
    """Let a pool that cannot be asked about hide no other."""
    pools: list[Pool] = []
    gone: set[str] = set()
    for name in names:
        try:
            pools += await _survey(shell, version, name)
        except BadAnswer as error:
            if error.reason != BadAnswer.default:
                raise first if error.reason == "too_slow" else error from None
            if _GONE in str(error):
                gone.add(name)
    if not pools and not gone:
        raise first
    return Found(pools=tuple(pools), gone=frozenset(gone))


async def _survey(shell: Shell, version: Version, *names: str) -> tuple[Pool, ...]:
    read = _by_json if version.has_json else _by_text
    pools = await read(shell, *names)
    if not pools:
        return ()
    return measured(pools, parse_list(await shell.ask("sizes", *names)))


async def _by_json(shell: Shell, *names: str) -> tuple[Pool, ...]:
    raw = await shell.ask("status_json", *names)
    pools = parse_status_json(raw)
    if any(s.state is ScanState.RUNNING for pool in pools for s in pool.scans):
        pools = parse_status_json(raw, at=await _clock(shell))
    if all(pool.guid and all(v.guid for v in pool.walk()) for pool in pools):
        return pools
    by_guid = parse_status_text(await shell.ask("status_guids", *names))
    return joined(pools, by_guid, {})


async def _clock(shell: Shell) -> int | None:
    """Return the host's time, which tells when a scan will end, and nothing else."""
    try:
        completed = await shell.look("clock")
    except BadAnswer:
        return None
    return count(completed.stdout.decode(errors="replace").strip())


async def _by_text(shell: Shell, *names: str) -> tuple[Pool, ...]:
    pools = parse_status_text(await shell.ask("status_text", *names))
    if not pools:
        return ()
    by_guid = parse_status_text(await shell.ask("status_guids", *names))
    by_path = parse_status_text(await shell.ask("status_paths", *names))
    guids = parse_guids(await shell.ask("pools", *names), POOL_COLUMNS)
    return joined(pools, by_guid, guids, by_path)
