"""What runs on the host: versions, and what the kernel tells without being asked."""

import pytest

from .captures import capture
from custom_components.homelab.source import BadAnswer
from custom_components.homelab.sources.zfs.models import Arc, State
from custom_components.homelab.sources.zfs.output.kstat import (
    parse_arcstats,
    parse_pool_state,
)
from custom_components.homelab.sources.zfs.output.version import Version, parse_version

DEBIAN = Version(userland="2.3.9-0+deb13u1", kernel="2.3.9-0+deb13u1")


@pytest.mark.parametrize("name", ["version", "version-j"])
def test_version(name: str) -> None:
    version = parse_version(capture("none", name))
    assert version == DEBIAN
    assert version.release == (2, 3, 9)
    assert version.has_json


@pytest.mark.parametrize(
    ("raw", "release", "has_json"),
    [
        (b"zfs-0.8.3-1ubuntu12.18\nzfs-kmod-2.0.2-1ubuntu5\n", (0, 8, 3), False),
        (b"zfs-2.1.14-FreeBSD_gd99134be8\n", (2, 1, 14), False),
        (b"zfs-2.2.99-1\r\nzfs-kmod-2.2.99-1\r\n", (2, 2, 99), False),
        (b"zfs-2.2.2-1\nzfs-kmod-v2023120100-zfs_0eb787a7e\n", (2, 2, 2), False),
        (b"zfs-2.3.0-rc1\nzfs-kmod-2.3.0-rc1\n", (2, 3, 0), True),
        (b"zfs-2.10\n", (2, 10, 0), True),
        (b"zfs-3\n", None, False),
    ],
)
def test_versions(
    raw: bytes, release: tuple[int, int, int] | None, has_json: bool
) -> None:
    version = parse_version(raw)
    assert version.release == release
    assert version.has_json is has_json


def test_a_module_may_be_named_by_its_date() -> None:
    version = parse_version(b"zfs-2.2.2-1\nzfs-kmod-v2023120100-zfs_0eb787a7e\n")
    assert version.kernel == "v2023120100-zfs_0eb787a7e"


def test_tools_and_module_may_differ() -> None:
    raw = b"zfs-kmod-2.0.2-1ubuntu5\nzfs-0.8.3-1ubuntu12.18\n"
    version = parse_version(raw)
    assert (version.userland, version.kernel) == (
        "0.8.3-1ubuntu12.18",
        "2.0.2-1ubuntu5",
    )


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"sh: zpool: not found\n",
        b"zfs-kmod-2.3.9-1\n",
        b"{",
        b"{}",
        b'{"zfs_version":{"userland":7}}',
    ],
)
def test_no_version(raw: bytes) -> None:
    with pytest.raises(BadAnswer) as error:
        parse_version(raw)
    assert error.value.reason == "bad_answer"


@pytest.mark.parametrize(
    ("raw", "state"),
    [
        (capture("all-classes", "kstat-state"), State.ONLINE),
        (b"SUSPENDED\n", State.SUSPENDED),
        (b"DEGRADED", State.DEGRADED),
        (b"kstat.zfs.tank.misc.state: UNAVAIL\n", State.UNAVAIL),
        (b"SUSPEN", None),
        (b"", None),
        (b"\xff\xfe", None),
    ],
)
def test_state_of_a_pool(raw: bytes, state: State | None) -> None:
    assert parse_pool_state(raw) is state


def test_arcstats() -> None:
    assert parse_arcstats(capture("arc", "arcstats")) == Arc(
        size=9375280, hits=45433, misses=47
    )


def test_arcstats_of_freebsd() -> None:
    raw = b"kstat.zfs.misc.arcstats.hits: 12\nkstat.zfs.misc.arcstats.size: 34\n"
    assert parse_arcstats(raw) == Arc(size=34, hits=12, misses=None)


def test_absurd_counters_are_unknown() -> None:
    raw = b"hits 4 18446744073709551615\nmisses 4 -1\nsize 4 7\n"
    assert parse_arcstats(raw) == Arc(size=7, hits=None, misses=None)


@pytest.mark.parametrize("raw", [b"", b"cat: no such file\n", b"c 4 7\n"])
def test_no_arcstats(raw: bytes) -> None:
    with pytest.raises(BadAnswer):
        parse_arcstats(raw)
