"""One frame of a container's counters, as far as it makes sense."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .reading import a_count, a_list, a_mapping

# No machine has so much memory; engines write such limits for none.
_MEMORY_END = 2**60
_MOST_CORES = 2**16


@dataclass(frozen=True, kw_only=True, slots=True)
class Frame:
    """One answer of the engine; None is unknown."""

    at: float | None = None
    # what all cores together took since the start, for the container and in the whole:
    # nanoseconds, or with Windows the container's alone in tenths of microseconds
    cpu_used: int | None = None
    host_used: int | None = None
    cpus: int | None = None
    listed_cpus: int | None = None
    windows: bool = False
    memory: int | None = None
    memory_limit: int | None = None
    # by interface: bytes received and sent
    networks: Mapping[str, tuple[int | None, int | None]] | None = None
    block_read: int | None = None
    block_written: int | None = None
    pids: int | None = None
    # how many of these were numbers that cannot be
    absurd: int = 0


def parse_frame(raw: Mapping[str, Any], *, networked: bool = True) -> Frame | None:
    """Read a frame; None for the empty one of a container that does not run.

    Who uses another container's network is told that one's traffic, too.
    """
    stamp, cpu = str(raw.get("read") or ""), a_mapping(raw.get("cpu_stats"))
    memory = a_mapping(raw.get("memory_stats"))
    if stamp.startswith("0001-") or not (cpu or memory):
        return None
    usage, pids = a_mapping(cpu.get("cpu_usage")), a_mapping(raw.get("pids_stats"))
    listed = usage.get("percpu_usage")
    windows = _is_windows(raw, cpu)
    read, written = _blocks(raw, windows)
    return Frame(
        at=_moment(stamp),
        # whatever runs has taken some: 0 is a controller that does not count
        cpu_used=a_count(usage.get("total_usage")) or None,
        host_used=a_count(cpu.get("system_cpu_usage")) or None,
        cpus=_cores(raw.get("num_procs") if windows else cpu.get("online_cpus")),
        listed_cpus=_cores(len(listed)) if isinstance(listed, list) else None,
        windows=windows,
        memory=_memory(memory),
        memory_limit=_bytes(memory.get("limit")),
        networks=_networks(raw.get("networks")) if networked else None,
        block_read=read,
        block_written=written,
        pids=a_count(pids.get("current")),
        absurd=_is_absurd(memory.get("usage"), _MEMORY_END)
        + sum(map(_is_absurd, _counters(raw, cpu, pids))),
    )


def _counters(
    raw: Mapping[str, Any], cpu: Mapping[str, Any], pids: Mapping[str, Any]
) -> Iterator[object]:
    yield from (a_mapping(cpu.get("cpu_usage")).get("total_usage"), pids.get("current"))
    yield cpu.get("system_cpu_usage")
    for each in map(a_mapping, a_mapping(raw.get("networks")).values()):
        yield from (each.get("rx_bytes"), each.get("tx_bytes"))
    blocks = a_mapping(raw.get("blkio_stats")).get("io_service_bytes_recursive")
    yield from (a_mapping(each).get("value") for each in a_list(blocks))


def _is_absurd(raw: object, end: int = 2**63) -> bool:
    """Whether something is a number, but none that could be."""
    if not isinstance(raw, int) or isinstance(raw, bool):
        return False
    return not 0 <= raw < end


def _moment(stamp: str) -> float | None:
    try:
        moment = datetime.fromisoformat(stamp)
    except ValueError:
        return None
    # a time without a zone says nothing about when
    return moment.timestamp() if moment.tzinfo and moment.year > 1970 else None


def _is_windows(raw: Mapping[str, Any], cpu: Mapping[str, Any]) -> bool:
    """Tell Windows apart, which older engines do not name in the frame."""
    if system := raw.get("os_type"):
        return bool(system == "windows")
    return bool(a_count(raw.get("num_procs"))) and "system_cpu_usage" not in cpu


def _cores(raw: object) -> int | None:
    cores = a_count(raw)
    return cores if cores and cores <= _MOST_CORES else None


def _bytes(raw: object) -> int | None:
    """Return an amount of memory; nothing runs without any: its controller is off."""
    amount = a_count(raw)
    return amount if amount and amount < _MEMORY_END else None


def _memory(raw: Mapping[str, Any]) -> int | None:
    """Return what the docker command shows: without the files read long ago."""
    if "privateworkingset" in raw and "usage" not in raw:
        return _bytes(raw["privateworkingset"])
    usage = _bytes(raw.get("usage"))
    if usage is None:
        return None
    details = a_mapping(raw.get("stats"))
    for key in ("total_inactive_file", "inactive_file"):
        inactive = a_count(details.get(key))
        if inactive is not None and inactive < usage:
            return usage - inactive
    return usage


def _networks(
    raw: object,
) -> dict[str, tuple[int | None, int | None]] | None:
    """Read the interfaces; a container in another's network has none of its own."""
    found = {
        name: (a_count(each.get("rx_bytes")), a_count(each.get("tx_bytes")))
        for name, each in a_mapping(raw).items()
        if isinstance(each, Mapping)
    }
    return found or None


def _blocks(raw: Mapping[str, Any], windows: bool) -> tuple[int | None, int | None]:
    """Return the bytes read and written; without any entry nobody has counted."""
    if windows:
        storage = a_mapping(raw.get("storage_stats"))
        sizes = ("read_size_bytes", "write_size_bytes")
        return a_count(storage.get(sizes[0])), a_count(storage.get(sizes[1]))
    entries = a_mapping(raw.get("blkio_stats")).get("io_service_bytes_recursive")
    found: dict[str, list[int | None]] = {"read": [], "write": []}
    for entry in entries if isinstance(entries, list) else ():
        # the whole word: Podman counts `rios` and `wios` beside the bytes
        word = str(a_mapping(entry).get("op")).lower()
        if word in found:
            found[word].append(a_count(a_mapping(entry).get("value")))
    return sum_of(found["read"]), sum_of(found["write"])


def sum_of(counts: Iterable[int | None]) -> int | None:
    """Add up what is known in full."""
    known = [*counts]
    if not known or None in known:
        return None
    return a_count(sum(filter(None, known)))
