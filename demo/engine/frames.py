"""What a container uses, in the frames of the engines that there are."""

from typing import Any

from demo.engine.container import Container
from demo.engine.machine import Flavour, Machine, number
from demo.engine.moment import NEVER, SECOND, stamp

BLOCKS = (
    "io_service_bytes_recursive",
    "io_serviced_recursive",
    "io_queue_recursive",
    "io_service_time_recursive",
    "io_wait_time_recursive",
    "io_merged_recursive",
    "io_time_recursive",
    "sectors_recursive",
)
NO_THROTTLING = {"periods": 0, "throttled_periods": 0, "throttled_time": 0}
NO_CPU: dict[str, Any] = {
    "cpu_usage": {
        "total_usage": 0,
        "usage_in_kernelmode": 0,
        "usage_in_usermode": 0,
    },
    "throttling_data": NO_THROTTLING,
}
UNLIMITED = 9_223_372_036_854_771_712
# the kernel counts in hundredths of a second
TICK = 10_000_000
PACKET = 700
BLOCK = 4_096


def frame(
    container: Container,
    machine: Machine,
    at: int,
    before: int | None,
    owner: Container,
) -> dict[str, Any]:
    """Return the figures of a time, with those of the time before if there is one.

    The owner is whose network it uses.
    """
    if not container.is_up:
        return _empty(container, machine)
    ident = "Id" if machine.is_podman else "id"
    name = container.name if machine.is_podman else f"/{container.name}"
    figures = {
        "read": stamp(at),
        "preread": stamp(before),
        "pids_stats": {"current": container.usage.processes},
        "blkio_stats": _blocks(container, machine, at),
        "num_procs": 0,
        "storage_stats": {},
        "cpu_stats": _cpu(container, machine, at),
        "precpu_stats": NO_CPU if before is None else _cpu(container, machine, before),
        "memory_stats": _memory(container, machine, at),
        "name": name,
        ident: container.id,
    }
    if owner.has_interface or machine.is_podman:
        interface = "eth0" if owner.has_interface else "network"
        figures["networks"] = {interface: _network(owner, at)}
    return figures


def _empty(container: Container, machine: Machine) -> dict[str, Any]:
    names = {"name": f"/{container.name}", "id": container.id}
    if number(machine.api) >= (1, 52):
        return {**names, "os_type": "linux"}
    return {
        "read": NEVER,
        "preread": NEVER,
        "pids_stats": {},
        "blkio_stats": dict.fromkeys(BLOCKS),
        "num_procs": 0,
        "storage_stats": {},
        "cpu_stats": NO_CPU,
        "precpu_stats": NO_CPU,
        "memory_stats": {},
        **names,
    }


def _cpu(container: Container, machine: Machine, at: int) -> dict[str, Any]:
    total = container.usage.total("cpu", at / SECOND)
    kernel = total // 4 // TICK * TICK
    usage: dict[str, Any] = {
        "total_usage": total,
        "usage_in_kernelmode": kernel,
        "usage_in_usermode": total - kernel,
    }
    if machine.cgroup == "1":
        share = total // machine.cores
        usage["percpu_usage"] = [share] * (machine.cores - 1)
        usage["percpu_usage"].append(total - share * (machine.cores - 1))
    return {
        "cpu_usage": usage,
        "system_cpu_usage": at // TICK * TICK * machine.cores,
        "online_cpus": machine.cores,
        "throttling_data": NO_THROTTLING,
    }


def _memory(container: Container, machine: Machine, at: int) -> dict[str, Any]:
    if machine.flavour is Flavour.NO_MEMORY:
        return {}
    usage = container.usage
    used = usage.level(at / SECOND)
    limit = container.memory_limit or machine.memory
    if machine.is_podman:
        return {"usage": used, "limit": limit}
    own = used - usage.cache
    if machine.cgroup == "2":
        stats = {
            "anon": own,
            "file": usage.cache,
            "active_file": 0,
            "inactive_file": usage.cache,
            "pgfault": 1_000,
            "slab": 400_000,
        }
        return {"usage": used, "stats": stats, "limit": limit}
    most = container.memory_limit or UNLIMITED
    parts = {"cache": usage.cache, "inactive_file": usage.cache, "rss": own}
    stats = {**parts, **{f"total_{name}": value for name, value in parts.items()}}
    stats["hierarchical_memory_limit"] = most
    peak = int(usage.memory * 1.1)
    return {"usage": used, "max_usage": peak, "stats": stats, "limit": limit}


def _network(container: Container, at: int) -> dict[str, int]:
    received, sent = (
        container.usage.total(name, at / SECOND) for name in ("received", "sent")
    )
    return {
        "rx_bytes": received,
        "rx_packets": received // PACKET,
        "rx_errors": 0,
        "rx_dropped": 0,
        "tx_bytes": sent,
        "tx_packets": sent // PACKET,
        "tx_errors": 0,
        "tx_dropped": 0,
    }


def _blocks(container: Container, machine: Machine, at: int) -> dict[str, Any]:
    """Return the counters of block devices, under the names that this engine has."""
    found: dict[str, Any] = dict.fromkeys(BLOCKS)
    if machine.flavour is Flavour.ROOTLESS:
        return found
    read, written = (
        container.usage.total(name, at / SECOND) // BLOCK * BLOCK
        for name in ("read", "written")
    )
    if machine.cgroup == "1":
        amounts = {
            "Read": read,
            "Write": written,
            "Sync": written,
            "Async": read,
            "Discard": 0,
            "Total": read + written,
        }
        found = {name: [] for name in BLOCKS}
    else:
        amounts = {"read": read, "write": written}
    if machine.is_podman:
        amounts |= {"rios": read // BLOCK, "wios": written // BLOCK, "dbytes": 0}
    found[BLOCKS[0]] = [
        {"major": 254, "minor": 0, "op": name, "value": amount}
        for name, amount in amounts.items()
    ]
    return found
