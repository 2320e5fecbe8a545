"""Numbers out of frames: held against the docker command's own arithmetic.

That arithmetic stands in docker/cli, cli/command/container/stats_helpers.go; it is
written here a second time, from there.
"""

from collections.abc import Mapping
from dataclasses import asdict, replace
import json
from pathlib import Path
import re
from time import perf_counter
from typing import Any

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.homelab.sources.docker.stats import (
    Frame,
    Numbers,
    measure,
    parse_frame,
)

CASES = Path(__file__).parents[1] / "cases" / "stats"


def capture(case: str, name: str = "second") -> dict[str, Any]:
    raw: dict[str, Any] = json.loads((CASES / case / f"{name}.json").read_bytes())
    return raw


def frame(raw: Mapping[str, Any]) -> Frame:
    parsed = parse_frame(raw)
    assert parsed
    return parsed


def sample_before(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Make a frame of the sample that the engine itself remembered."""
    return {"read": raw["preread"], "cpu_stats": raw["precpu_stats"]}


def numbers(
    case: str, *, podman: bool = False, cpus: int | None = None, first: bool = True
) -> Numbers:
    """Measure a case: against its first frame, or the engine's own sample before."""
    raw = capture(case)
    before = None
    if (CASES / case / "first.json").exists() and first:
        before = parse_frame(capture(case, "first"))
    elif "preread" in raw and first:
        before = parse_frame(sample_before(raw))
    return measure(before, frame(raw), podman=podman, cpus=cpus)


# the command's arithmetic


def cli_cpu(before: Mapping[str, Any], now: Mapping[str, Any]) -> float:
    """CalculateCPUPercentUnix."""
    cpu = now["cpu_usage"]["total_usage"] - before["cpu_usage"]["total_usage"]
    system = now["system_cpu_usage"] - before["system_cpu_usage"]
    cores = now.get("online_cpus") or len(now["cpu_usage"].get("percpu_usage") or ())
    return cpu / system * cores * 100 if cpu > 0 and system > 0 else 0.0


def cli_memory(memory: Mapping[str, Any]) -> int:
    """CalculateMemUsageUnixNoCache."""
    usage: int = memory["usage"]
    details = memory.get("stats") or {}
    if "total_inactive_file" in details and details["total_inactive_file"] < usage:
        return usage - int(details["total_inactive_file"])
    if details.get("inactive_file", 0) < usage:
        return usage - int(details.get("inactive_file", 0))
    return usage


def cli_network(raw: Mapping[str, Any]) -> tuple[int, int]:
    """CalculateNetwork."""
    networks = raw.get("networks", {}).values()
    return sum(n["rx_bytes"] for n in networks), sum(n["tx_bytes"] for n in networks)


LINUX = [
    "v1-engine-20.10",
    "v1-engine-28.5",
    "v1-stream",
    "printed-20.10",
    "printed-28.5",
    "v2-busy",
    "v2-idle",
    "old-1.9",
    "paused",
    "host-network",
    "v2-first-of-stream",
    "v1-inactive-file",
]


@pytest.mark.parametrize("case", LINUX)
def test_memory_is_what_the_command_shows(case: str) -> None:
    raw = capture(case)["memory_stats"]
    found = numbers(case)
    assert found.memory == cli_memory(raw)
    assert found.memory_limit == raw["limit"]
    assert found.memory_percent == pytest.approx(cli_memory(raw) / raw["limit"] * 100)


@pytest.mark.parametrize(
    "case", ["v1-engine-20.10", "v1-engine-28.5", "v1-stream", "paused"]
)
def test_cpu_of_two_frames_is_what_the_command_would_show(case: str) -> None:
    raw, cpus = capture(case), capture(case)["cpu_stats"]["online_cpus"]
    expected = cli_cpu(capture(case, "first")["cpu_stats"], raw["cpu_stats"])
    found = numbers(case)
    assert found.cpu_cores == pytest.approx(expected)
    assert found.cpu == pytest.approx(expected / cpus)


@pytest.mark.parametrize(
    "case", ["printed-20.10", "printed-28.5", "v2-busy", "v2-idle", "rootless"]
)
def test_cpu_of_a_frame_with_the_sample_before_it(case: str) -> None:
    raw = capture(case)
    expected = cli_cpu(raw["precpu_stats"], raw["cpu_stats"])
    found = numbers(case)
    assert found.cpu_cores == pytest.approx(expected)
    assert found.cpu == pytest.approx(expected / raw["cpu_stats"]["online_cpus"])


def test_known_values() -> None:
    """Worked out by hand, so that both arithmetics cannot err alike."""
    busy = numbers("v2-busy")
    # 1.960054 s of 11.93 s that twelve cores had
    assert busy.cpu == pytest.approx(16.42962, abs=1e-5)
    assert busy.cpu_cores == pytest.approx(197.15547, abs=1e-4)
    assert busy.memory == 85_823_488 - 18_722_816
    assert busy.memory_percent == pytest.approx(0.199435, abs=1e-6)
    assert (busy.received, busy.sent) == (160_605, 3_996)
    assert (busy.block_read, busy.block_written) == (56_963_072, 98_304)
    assert busy.pids == 20
    stream = numbers("v1-stream")
    assert stream.cpu_cores == pytest.approx(9.138507, abs=1e-6)
    # 202 bytes in 1.006098539 s
    assert stream.receive_rate == pytest.approx(200.77556, abs=1e-3)
    assert stream.send_rate == 0


def human(amount: float, units: list[str], base: float, digits: int) -> str:
    """Print an amount as docker/go-units does, which the command prints with."""
    unit = 0
    while amount >= base and unit < len(units) - 1:
        amount, unit = amount / base, unit + 1
    return f"{amount:.{digits}g}{units[unit]}"


@pytest.mark.parametrize("case", ["printed-20.10", "printed-28.5"])
def test_the_command_printed_the_same(case: str) -> None:
    row = (CASES / case / "printed.txt").read_text().splitlines()[1]
    _, name, cpu, memory, share, network, _, pids = re.split(r"\s{2,}", row.strip())
    found = numbers(case)
    assert found.memory and found.memory_limit and found.received and found.sent
    binary, decimal = ["B", "KiB", "MiB", "GiB"], ["B", "kB", "MB", "GB"]
    assert name == "busy"
    assert cpu == f"{found.cpu_cores:.2f}%"
    sizes = [human(n, binary, 1024, 4) for n in (found.memory, found.memory_limit)]
    assert memory == " / ".join(sizes)
    assert share == f"{found.memory_percent:.2f}%"
    rates = [human(n, decimal, 1000, 3) for n in (found.received, found.sent)]
    assert network == " / ".join(rates)
    assert pids == str(found.pids)


@pytest.mark.parametrize("case", ["v1-engine-20.10", "v1-engine-28.5"])
def test_network_rates_are_between_the_two_frames(case: str) -> None:
    before, now = cli_network(capture(case, "first")), cli_network(capture(case))
    found = numbers(case)
    assert (found.received, found.sent) == now
    # asked for five seconds apart
    assert found.receive_rate == pytest.approx((now[0] - before[0]) / 5, rel=0.02)
    assert found.send_rate == pytest.approx((now[1] - before[1]) / 5, rel=0.02)


def test_nothing_is_compared_with_nothing() -> None:
    alone = numbers("v2-busy", first=False)
    assert alone.cpu is alone.cpu_cores is alone.receive_rate is None
    assert alone.send_rate is alone.read_rate is alone.write_rate is None
    assert alone.memory and alone.received and alone.block_read and alone.pids


@pytest.mark.parametrize("case", ["stopped-20.10", "stopped-28.5", "stopped-in-stream"])
def test_a_container_that_does_not_run_has_no_frame(case: str) -> None:
    assert parse_frame(capture(case)) is None


def test_newer_engines_say_only_who_does_not_run() -> None:
    assert parse_frame({"id": "5c", "name": "/gone", "os_type": "linux"}) is None
    assert parse_frame({}) is None


def test_a_paused_container_takes_nothing() -> None:
    assert numbers("paused").cpu == 0


def test_hosts_network_is_not_the_containers() -> None:
    found = numbers("host-network")
    assert found.received is found.sent is found.receive_rate is None


def test_without_entries_block_io_is_unknown() -> None:
    for case in ("rootless", "v1-engine-28.5"):
        found = numbers(case)
        assert found.block_read is found.block_written is None
        assert found.read_rate is found.write_rate is None


def test_controllers_that_are_off_count_nothing() -> None:
    """The container computed all the time; the command shows 0.00% and 0B."""
    found = numbers("v2-no-controllers", cpus=2)
    assert found == Numbers()


@pytest.mark.parametrize("memory", [{}, {"usage": 0}, {"usage": 0, "limit": 0}])
def test_memory_without_its_controller(memory: dict[str, int]) -> None:
    raw = {**capture("v1-stream"), "memory_stats": memory}
    found = measure(None, frame(raw), podman=False, cpus=4)
    assert found.memory is found.memory_percent is found.memory_limit is None


def test_memory_without_a_limit() -> None:
    raw = {**capture("v1-stream"), "memory_stats": {"usage": 5, "limit": 0}}
    found = measure(None, frame(raw), podman=False, cpus=4)
    assert (found.memory, found.memory_percent) == (5, None)


def test_memory_above_its_limit_is_no_share() -> None:
    raw = {**capture("v1-stream"), "memory_stats": {"usage": 52, "limit": 50}}
    assert measure(None, frame(raw), podman=False, cpus=4).memory_percent == 100
    raw["memory_stats"] = {"usage": 60, "limit": 50}
    assert measure(None, frame(raw), podman=False, cpus=4).memory_percent is None


def test_more_inactive_than_used_is_not_subtracted() -> None:
    memory = {"usage": 10, "limit": 50, "stats": {"total_inactive_file": 11}}
    raw = {**capture("v1-stream"), "memory_stats": memory}
    assert frame(raw).memory == 10
    memory["stats"] = {"total_inactive_file": 11, "inactive_file": 4}
    assert frame(raw).memory == 6
    # the first of the two is that of the container's own groups as well
    memory["stats"] = {"inactive_file": 4, "total_inactive_file": 7}
    assert frame(raw).memory == 3


def test_old_engines_do_not_count_the_cores() -> None:
    raw = capture("old-1.9")
    before = sample_before({**raw, "preread": "2016-01-16T22:16:54.3-08:00"})
    raw["cpu_stats"]["cpu_usage"]["total_usage"] += 394_000_000
    raw["cpu_stats"]["cpu_usage"]["percpu_usage"] = [1] * 32
    pair = parse_frame(before), frame(raw)
    # a tenth of all that four cores had, though 32 are listed
    found = measure(*pair, podman=False, cpus=4)
    assert found.cpu == pytest.approx(10)
    assert found.cpu_cores == pytest.approx(40)
    found = measure(*pair, podman=False, cpus=None)
    assert found.cpu_cores == pytest.approx(320)
    del raw["cpu_stats"]["cpu_usage"]["percpu_usage"]
    found = measure(pair[0], frame(raw), podman=False, cpus=None)
    assert (found.cpu, found.cpu_cores) == (pytest.approx(10), None)
    assert measure(pair[0], frame(raw), podman=False, cpus=4).cpu_cores == (
        pytest.approx(40)
    )


def test_podman_is_measured_by_the_wall() -> None:
    # 3,835,950,000 - 3,835,656,000 ns in 5.004772407 s; its own formula gives 14 %
    found = numbers("podman-5.7", podman=True, cpus=8)
    assert found.cpu_cores == pytest.approx(0.0058744, abs=1e-6)
    assert found.cpu == pytest.approx(0.0058744 / 8, abs=1e-7)
    assert numbers("podman-5.7").cpu_cores == pytest.approx(14.08856, abs=1e-5)
    assert (found.block_read, found.block_written) == (45_178_880, 1_200_000)
    first, second = capture("podman-5.8", "first"), capture("podman-5.8")
    used = [each["cpu_stats"]["cpu_usage"]["total_usage"] for each in (first, second)]
    found = numbers("podman-5.8", podman=True, cpus=2)
    assert found.cpu_cores == pytest.approx((used[1] - used[0]) / 5e9 * 100, rel=0.02)
    assert found.cpu_cores and found.cpu == pytest.approx(found.cpu_cores / 2)
    assert found.memory == second["memory_stats"]["usage"]


def test_podman_without_two_times() -> None:
    raw = capture("podman-5.8", "first")
    raw["read"] = "never"
    found = measure(frame(raw), frame(capture("podman-5.8")), podman=True, cpus=2)
    assert found.cpu is None


def test_windows() -> None:
    found = numbers("windows-1.13", cpus=64)
    assert found.memory == 59_961_344
    assert found.memory_limit is found.memory_percent is found.cpu is None
    raw = capture("windows-1.12")
    first = capture("windows-1.12")
    first["read"] = raw["preread"]
    first["cpu_stats"]["cpu_usage"]["total_usage"] -= 80_000_000
    found = measure(frame(first), frame(raw), podman=False, cpus=None)
    # 8 s of the 32 that as many cores had in 1.0000101 s
    assert found.cpu == pytest.approx(24.99975, abs=1e-4)
    assert found.cpu_cores == pytest.approx(799.992, abs=1e-2)
    assert (found.block_read, found.block_written) == (37_215_744, 30_659_072)


def test_newer_engines_name_the_system() -> None:
    raw = capture("windows-1.12")
    assert frame({**raw, "os_type": "windows"}).windows
    assert not frame({**raw, "os_type": "linux"}).windows


def test_without_the_hosts_time_cpu_is_unknown() -> None:
    """docker/for-win issue 1837."""
    raw = capture("v1-stream")
    del raw["cpu_stats"]["system_cpu_usage"]
    found = measure(
        frame(capture("v1-stream", "first")), frame(raw), podman=False, cpus=4
    )
    assert found.cpu is found.cpu_cores is None
    assert found.memory


def counting(**counters: Any) -> Frame:
    return replace(frame(capture("v2-busy")), **counters)


def test_a_counter_that_begins_anew_skips_only_itself() -> None:
    before = counting(
        at=100.0,
        cpu_used=10**9,
        host_used=10**10,
        networks={"eth0": (1000, 500)},
        block_read=50,
        block_written=70,
    )
    after = counting(
        at=110.0,
        cpu_used=10**8,
        host_used=2 * 10**10,
        networks={"eth0": (900, 700)},
        block_read=60,
        block_written=20,
    )
    found = measure(before, after, podman=False, cpus=12)
    assert found.cpu is found.receive_rate is found.write_rate is None
    assert (found.send_rate, found.read_rate) == (20, 1)


def test_interfaces_that_come_and_go_give_no_rate() -> None:
    before = counting(at=100.0, networks={"eth0": (10, 10)})
    after = counting(at=110.0, networks={"eth0": (20, 20), "eth1": (5, 5)})
    found = measure(before, after, podman=False, cpus=12)
    assert (found.receive_rate, found.received) == (None, 25)
    found = measure(after, replace(after, at=120.0), podman=False, cpus=12)
    assert found.receive_rate == 0


def test_an_interface_that_does_not_count_hides_the_sum() -> None:
    raw = {**capture("v2-busy")}
    raw["networks"] = {"a": {"rx_bytes": 5, "tx_bytes": 6}, "b": {"rx_bytes": None}}
    found = measure(None, frame(raw), podman=False, cpus=12)
    assert found.received is found.sent is None


def test_a_clock_that_stands_or_runs_back_gives_no_rate() -> None:
    now = counting(at=100.0)
    for then in (100.0, 101.0):
        found = measure(counting(at=then), now, podman=True, cpus=12)
        assert found.receive_rate is found.cpu is None


def test_nothing_is_faster_than_the_fastest() -> None:
    before = counting(at=0.0, networks={"eth0": (0, 0)})
    after = counting(at=1.0, networks={"eth0": (12_500_000_000, 12_500_000_001)})
    found = measure(before, after, podman=False, cpus=12)
    assert (found.receive_rate, found.send_rate) == (12.5e9, None)


def test_two_clocks_may_disagree_a_bit() -> None:
    before = counting(cpu_used=0, host_used=0)
    after = counting(cpu_used=105, host_used=100)
    assert measure(before, after, podman=False, cpus=12).cpu == 100
    after = counting(cpu_used=111, host_used=100)
    assert measure(before, after, podman=False, cpus=12).cpu is None


@pytest.mark.parametrize(
    "value", [-1, True, "7", 2**63, 2**64, float("nan"), 1.5, None, [], {}]
)
def test_what_cannot_be_is_unknown(value: object) -> None:
    raw = capture("v2-busy")
    raw["memory_stats"]["usage"] = value
    raw["cpu_stats"]["cpu_usage"]["total_usage"] = value
    raw["networks"]["eth0"]["rx_bytes"] = value
    raw["blkio_stats"]["io_service_bytes_recursive"][0]["value"] = value
    raw["pids_stats"]["current"] = value
    found = measure(parse_frame(sample_before(raw)), frame(raw), podman=False, cpus=2)
    assert found.memory is found.cpu is found.received is None
    assert found.block_read is found.pids is None
    assert found.block_written == 98_304 and found.sent == 3_996


def test_what_cannot_be_is_counted() -> None:
    before = counting(at=0.0, networks={"eth0": (0, 0)}, cpu_used=0, host_used=0)
    after = counting(
        at=1.0,
        networks={"eth0": (12_500_000_001, 12_500_000_001)},
        cpu_used=111,
        host_used=100,
        memory=60,
        memory_limit=50,
    )
    assert measure(before, after, podman=False, cpus=12).dropped == 4
    # what is unknown, or began anew, is nothing odd
    assert measure(None, after, podman=False, cpus=12).dropped == 1
    assert measure(after, before, podman=False, cpus=12).dropped == 0
    raw = capture("v2-busy")
    assert measure(None, frame(raw), podman=False, cpus=2).dropped == 0
    raw["memory_stats"] |= {"usage": 2**60, "limit": 2**64 - 1}
    raw["cpu_stats"]["cpu_usage"]["total_usage"] = -1
    raw["cpu_stats"]["system_cpu_usage"] = 2**63
    raw["networks"]["eth0"]["rx_bytes"] = 2**64
    raw["blkio_stats"]["io_service_bytes_recursive"][0]["value"] = -7
    raw["pids_stats"]["current"] = True
    assert measure(None, frame(raw), podman=False, cpus=2).dropped == 5


def test_no_host_has_so_many_cores() -> None:
    raw = capture("v2-busy")
    raw["cpu_stats"]["online_cpus"] = 2**16 + 1
    found = measure(
        parse_frame(sample_before(raw)), frame(raw), podman=False, cpus=None
    )
    assert found.cpu and found.cpu_cores is None


@pytest.mark.parametrize(
    ("stamp", "at"),
    [
        ("2022-03-03T15:06:37.9523371Z", 1646319997.952337),
        ("2026-08-06T23:49:32.787286539+02:00", 1786052972.787286),
        ("2016-01-16T22:16:55.349404243-08:00", 1453011415.349404),
        ("2016-01-16T22:16:55Z", 1453011415 - 8 * 3600),
        ("2016-01-16T22:16:55", None),
        ("1969-12-31T23:59:59Z", None),
        ("2016-13-16T22:16:55Z", None),
        ("", None),
    ],
)
def test_times(stamp: str, at: float | None) -> None:
    found = frame({**capture("v2-busy"), "read": stamp}).at
    assert found == (at if at is None else pytest.approx(at, abs=1e-6))


# whatever an engine may write

ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.sampled_from([2**63 - 1, 2**63, 2**64, -1, 0]),
    st.floats(),
    st.text(max_size=8),
    st.just([]),
    st.just({}),
)


@st.composite
def mutated(draw: st.DrawFn) -> dict[str, Any]:
    """Break a real frame in a few places."""
    raw = capture(draw(st.sampled_from(sorted(p.name for p in CASES.iterdir()))))
    for _ in range(draw(st.integers(0, 6))):
        holder: Any = raw
        while True:
            keys = list(holder) if isinstance(holder, dict) else range(len(holder))
            if not keys:
                break
            key = draw(st.sampled_from(list(keys)))
            if isinstance(holder[key], dict | list) and draw(st.booleans()):
                holder = holder[key]
                continue
            if isinstance(holder, dict) and draw(st.booleans()):
                del holder[key]
            else:
                holder[key] = draw(ODD)
            break
    return raw


@settings(max_examples=300, deadline=None)
@given(
    first=mutated(),
    second=mutated(),
    podman=st.booleans(),
    cpus=st.none() | st.integers(1, 512),
)
def test_no_frame_is_too_odd(
    first: dict[str, Any], second: dict[str, Any], podman: bool, cpus: int | None
) -> None:
    begun = perf_counter()
    after = parse_frame(second)
    before = parse_frame(first)
    if after is None:
        return
    found = measure(before, after, podman=podman, cpus=cpus)
    took = perf_counter() - begun
    size = len(json.dumps(first)) + len(json.dumps(second))
    # it takes some hundredths of a millisecond; this is the order of magnitude
    assert took < 0.010 * max(size / 1024, 1)
    for key, value in asdict(found).items():
        if value is None:
            continue
        assert not isinstance(value, bool)
        ends = {
            "cpu": 100,
            "memory_percent": 100,
            "cpu_cores": 100 * 2**16,
            "memory": 2**60,
            "memory_limit": 2**60,
        }
        end = 12.5e9 if key.endswith("_rate") else ends.get(key, 2**63 - 1)
        assert 0 <= value <= end, key


def test_every_capture_says_where_it_is_from() -> None:
    cases = [*CASES.iterdir()]
    assert len(cases) >= 20
    assert all((case / "source.txt").read_text().strip() for case in cases)
