"""What else is read of a host: disks, permissions, the kernel; and what is made of it."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from custom_components.homelab.source import BadAnswer
from custom_components.homelab.sources.zfs.actions import (
    SCRUB_PAUSE,
    SCRUB_START,
    SCRUB_STOP,
)
from custom_components.homelab.sources.zfs.adding import add_up
from custom_components.homelab.sources.zfs.entities import DATASET_ENTITIES
from custom_components.homelab.sources.zfs.facts import (
    DatasetFacts,
    DiskFacts,
    PoolFacts,
    ZfsHost,
    disk_name,
    lay_out,
)
from custom_components.homelab.sources.zfs.happenings import happened
from custom_components.homelab.sources.zfs.models import (
    Dataset,
    Kind,
    Pool,
    Sample,
    Scan,
    ScanFunction,
    ScanState,
    State,
    Vdev,
    Work,
)
from custom_components.homelab.sources.zfs.output.blocks import Blocks, Geoms
from custom_components.homelab.sources.zfs.output.kernel import (
    parse_kstats,
    parse_sysctls,
    sysctl_names,
)
from custom_components.homelab.sources.zfs.output.smart import Smart, parse_smart
from custom_components.homelab.sources.zfs.permissions import (
    Permissions,
    Way,
    parse_delegated,
    parse_permissions,
)
from custom_components.homelab.sources.zfs.quietness import Quietness
from tests.plain import _custom_integrations, _no_complaints, _own_folder, _sources

__all__ = ["_custom_integrations", "_no_complaints", "_own_folder", "_sources"]

LSBLK = rb"""
NAME="sda" KNAME="sda" PKNAME="" TYPE="disk" ROTA="1" MODEL="WDC\x20WD40" SERIAL="WD-1" WWN="0x50014ee2" PARTUUID=""
NAME="sda1" KNAME="sda1" PKNAME="sda" TYPE="part" ROTA="1" MODEL="" SERIAL="" WWN="0x50014ee2" PARTUUID="6E1D-aa"
NAME="luks-1" KNAME="dm-0" PKNAME="sda1" TYPE="crypt" ROTA="1" MODEL="" SERIAL="" WWN="" PARTUUID=""
NAME="nvme0n1" KNAME="nvme0n1" PKNAME="" TYPE="disk" ROTA="0" MODEL="Samsung SSD" SERIAL="S 4" WWN="eui.0025" PARTUUID=""
NAME="odd" KNAME="odd" PKNAME="odd" TYPE="part" ROTA="" MODEL="" SERIAL="" WWN="" PARTUUID=""
"""
GEOM = b"""Geom name: ada0
Providers:
1. Name: ada0
   Mediasize: 4000787030016 (3.6T)
   descr: WDC WD40EFRX
   ident: WD-1
   rotationrate: 5400

Geom name: nda0
Providers:
1. Name: nda0
   descr: Samsung SSD
   rotationrate: 0

Geom name: da0
Providers:
1. Name: da0
   rotationrate: unknown
"""
LABELS = (
    b"gptid/3b659bbd-1   N/A  ada0p2\n              gpt/disk1  N/A  da0p1\nbroken\n"
)


@pytest.mark.parametrize(
    ("path", "device"),
    [
        ("/dev/sda", "/dev/sda"),
        ("/dev/sda1", "/dev/sda"),
        ("/dev/disk/by-partuuid/6e1d-AA", "/dev/sda"),
        ("/dev/mapper/luks-1", "/dev/sda"),
        ("/dev/dm-0", "/dev/sda"),
        ("/dev/disk/by-id/ata-WDC_WD40_WD-1-part1", "/dev/sda"),
        ("/dev/disk/by-id/wwn-0x50014ee2-part1", "/dev/sda"),
        ("/dev/disk/by-id/nvme-eui.0025", "/dev/nvme0n1"),
        ("/dev/disk/by-id/nvme-Samsung_SSD_S_4", "/dev/nvme0n1"),
        ("/dev/disk/by-partuuid/none", None),
        ("/dev/disk/by-id/ata-other", None),
        ("/dev/odd", None),
        ("", None),
    ],
)
def test_disks_of_linux_by_any_of_their_names(path: str, device: str | None) -> None:
    found = Blocks(LSBLK).find(path)
    assert (found.device if found else None) == device


def test_what_is_told_of_a_disk() -> None:
    found = Blocks(LSBLK).find("/dev/sda")
    assert found and (found.model, found.serial) == ("WDC WD40", "WD-1")
    assert found.rotating is True
    found = Blocks(LSBLK).find("/dev/nvme0n1")
    assert found and found.rotating is False
    assert Blocks(b"lsblk: unknown column").find("/dev/sda") is None


@pytest.mark.parametrize(
    ("path", "device", "rotating"),
    [
        ("/dev/ada0p2", "/dev/ada0", True),
        ("/dev/gptid/3b659bbd-1", "/dev/ada0", True),
        ("/dev/gptid/3b659bbd-1.eli", "/dev/ada0", True),
        ("/dev/ada0p2.eli", "/dev/ada0", True),
        ("/dev/nda0", "/dev/nda0", False),
        ("/dev/gpt/disk1", "/dev/da0", None),
        ("/dev/gpt/other", None, None),
        ("/dev/da9", None, None),
    ],
)
def test_disks_of_freebsd_by_name_and_label(
    path: str, device: str | None, rotating: bool | None
) -> None:
    found = Geoms(GEOM, LABELS).find(path)
    assert (found.device if found else None) == device
    assert (found.rotating if found else None) is rotating


RULES = b"""\
Matching Defaults entries for me on nas:
    env_reset

User me may run the following commands on nas:
    (root) NOPASSWD: /usr/sbin/zpool scrub *, !/usr/sbin/zpool scrub secret
    (ALL : ALL) SETENV: NOPASSWD: /usr/sbin/zpool clear my\\,pool,
        /usr/sbin/zpool trim tank
    (ALL) /usr/bin/ls
    (operator) NOPASSWD: ALL
"""


def test_rules_of_sudo() -> None:
    may = parse_permissions(b"uid=7(me) gid=7(me) groups=7(me)", RULES)
    assert may.way("scrub_start", "tank") is Way.SUDO
    assert may.way("scrub_start", "secret") is None
    assert may.way("clear_errors", "my,pool") is Way.SUDO
    assert may.way("clear_errors", "tank") is None
    assert may.way("trim", "tank") is Way.SUDO
    assert may.way("smart", "/dev/sda") is None
    assert may.of_pool("tank") == {"scrub_start", "scrub_pause", "scrub_stop", "trim"}


def test_who_may_everything() -> None:
    everything = b"User me may:\n    (ALL : ALL) NOPASSWD: ALL\n"
    may = parse_permissions(b"uid=7(me)", everything)
    assert may.way("snapshot", "tank@x") is Way.SUDO
    any_zpool = b"    (root) NOPASSWD: /sbin/zpool\n"
    may = parse_permissions(b"uid=7(me)", any_zpool)
    assert may.way("trim", "tank") is Way.SUDO
    assert may.way("snapshot", "tank@x") is None
    assert parse_permissions(b"uid=0(root)", b"").way("trim", "t") is Way.PLAIN
    nobody = parse_permissions(b"what?", b"sudo: a password is required\n")
    assert nobody == Permissions()
    assert nobody.way("trim", "tank") is None


def test_the_forced_command_says_what_it_lets_through() -> None:
    may = parse_permissions(b"uid=0(root)", b"homelab-zfs may: scrub smart\n")
    assert may.of_pool("tank") == {"scrub_start", "scrub_pause", "scrub_stop"}
    assert may.way("smart", "/dev/sda") is Way.PLAIN
    assert may.way("snapshot", "tank@x") is None
    none = parse_permissions(b"uid=0(root)", b"homelab-zfs may: \n")
    assert none.of_pool("tank") == frozenset()
    both = parse_permissions(b"uid=7(me)", b"homelab-zfs may: scrub\n" + RULES)
    assert both.way("scrub_stop", "tank") is Way.SUDO
    assert both.way("trim", "tank") is None


def test_what_was_delegated() -> None:
    me = Permissions(user="me", groups=frozenset({"backup"}))
    raw = (
        b"---- Permissions on tank ----\n"
        b"Permission sets:\n\t@a hold,@b\n\t@b snapshot\n"
        b"Create time permissions:\n\tdestroy\n"
        b"Local permissions:\n\tuser me rename\n"
        b"Descendent permissions:\n\tgroup backup @a\n"
        b"Local+Descendent permissions:\n\tuser you rollback\n\teveryone userprop\n\todd\n"
    )
    found = parse_delegated(raw, me)
    assert found >= {"snapshot", "hold", "userprop"}
    assert not found & {"rename", "rollback", "destroy"}
    assert parse_delegated(raw, Permissions(user="x")) == {"userprop"}
    may = replace(me, delegated={"tank": found})
    assert may.way("snapshot", "tank/media@x") is Way.PLAIN
    assert may.way("snapshot", "tank@x") is Way.PLAIN
    assert may.way("snapshot", "other@x") is None


def test_smart_and_sleep() -> None:
    assert parse_smart(b'{"smartctl":{},"smart_status":{"passed":false}}') == Smart(
        passed=False
    )
    absurd = b'{"smartctl":{},"temperature":{"current":true},"power_on_time":{"hours":-1},"smart_status":{"passed":"yes"}}'
    assert parse_smart(absurd) == Smart()
    assert parse_smart(b'{"smartctl":{},"power_mode":{"name":"SLEEP"}}').asleep
    for raw in (b"", b"[]", b"{}", b"<html>"):
        with pytest.raises(BadAnswer):
            parse_smart(raw)


def test_what_the_kernel_says() -> None:
    raw = (
        b"/proc/spl/kstat/zfs/my pool/state:ONLINE\n"
        b"/proc/spl/kstat/zfs/my pool/guid:18446744073709551615\n"
        b"/proc/spl/kstat/zfs/odd/state:WHAT\n"
        b"/proc/spl/kstat/zfs/arcstats:size                            4    1000\n"
        b"/proc/spl/kstat/zfs/arcstats:hits                            4    9\n"
        b"/proc/spl/kstat/zfs/arcstats:misses                          4    1\n"
    )
    kernel = parse_kstats(raw)
    assert kernel.pools["my pool"].state is State.ONLINE
    assert kernel.pools["my pool"].guid == "18446744073709551615"
    assert kernel.pools["odd"].state is None
    assert kernel.arc and (kernel.arc.size, kernel.arc.hits) == (1000, 9)
    assert kernel.lists_all
    nothing = parse_kstats(b"")
    assert not nothing.lists_all and nothing.arc is None
    said = parse_sysctls(b"kstat.zfs.tank.misc.state: DEGRADED\n")
    assert said.pools["tank"].state is State.DEGRADED
    assert sysctl_names(["tank", "my pool"]) == (
        "kstat.zfs.tank.misc.state",
        "kstat.zfs.tank.misc.guid",
    )


def work(reads: int | None, took: int | None = None) -> Work:
    return Work(
        read_operations=reads,
        write_operations=0,
        read_rate=reads,
        write_rate=0,
        read_latency=took,
    )


def sample(at: int, **pools: Work) -> Sample:
    return Sample(at=at, first=False, reshaped=False, pools=pools, vdevs={})


def test_seconds_add_up() -> None:
    parts = [
        sample(1, a=work(10, 100), b=work(1)),
        sample(2, a=work(30, 200), b=work(None)),
    ]
    whole = add_up(parts)
    assert whole.at == 2
    assert whole.pools["a"].read_operations == 20
    # 10 times 100 and 30 times 200
    assert whole.pools["a"].read_latency == 175
    assert whole.pools["b"].read_operations is None
    assert whole.pools["b"].read_latency is None
    assert not add_up([sample(1), sample(2, a=work(1))]).pools


def test_quiet_is_what_was_watched_and_did_nothing() -> None:
    quiet = Quietness()
    assert not quiet.is_quiet("a")
    quiet.take(replace(sample(0, a=work(0)), at=None))
    for at in range(0, 130, 10):
        quiet.take(sample(at, a=work(0), b=work(None)))
    assert quiet.is_quiet("a") and not quiet.is_quiet("b")
    # the clock of the host was set back: nothing is known any more
    quiet.take(sample(50, a=work(0)))
    assert not quiet.is_quiet("a")


def disk(name: str, path: str | None) -> Vdev:
    return Vdev(
        guid="1", name=name, kind=Kind.DISK, group=None, state=State.ONLINE, path=path
    )


@pytest.mark.parametrize(
    ("name", "path", "shown"),
    [
        ("sda", "/dev/sda1", "sda"),
        ("14807975228228307538", "/dev/sdb1", "sdb"),
        ("14807975228228307538", "/dev/disk/by-id/ata-X_1-part1", "ata-X_1"),
        ("14807975228228307538", "/dev/nvme0n1p1", "nvme0n1"),
        ("14807975228228307538", None, "14807975228228307538"),
    ],
)
def test_a_missing_disk_is_called_as_it_was(
    name: str, path: str | None, shown: str
) -> None:
    assert disk_name(disk(name, path)) == shown


def test_what_stands_there_for_a_while_is_no_device() -> None:
    inner = replace(disk("sda", None), guid="11")
    spare = Vdev(
        guid="12",
        name="spare-0",
        kind=Kind.SPARE,
        group=None,
        state=State.ONLINE,
        children=(inner,),
    )
    nameless = replace(disk("sdb", None), guid=None)
    pool = Pool(guid="9", name="t", state=State.ONLINE, vdevs=(spare, nameless))
    ((facts, _),) = lay_out(pool, None)
    assert isinstance(facts, DiskFacts)
    assert (facts.guid, facts.parent) == ("11", ("pool", "9"))


def scanning(*scans: Scan, state: State | None = State.ONLINE) -> PoolFacts:
    vdevs = (disk("sda", None),)
    pool = Pool(guid="9", name="t", state=state, scans=scans, vdevs=vdevs)
    return PoolFacts(pool=pool, state=state)


def test_what_is_wished_may_be_so_already() -> None:
    running, paused = (
        Scan(function=ScanFunction.SCRUB, state=state)
        for state in (ScanState.RUNNING, ScanState.PAUSED)
    )
    resilver = Scan(function=ScanFunction.RESILVER, state=ScanState.RUNNING)
    wishes = [action.wished for action in (SCRUB_START, SCRUB_PAUSE, SCRUB_STOP)]
    for facts, expected in (
        (scanning(running), [True, False, False]),
        (scanning(paused), [False, True, False]),
        (scanning(resilver), [False, False, True]),
        (scanning(), [False, False, True]),
    ):
        assert [wish(facts) for wish in wishes if wish] == expected
    assert scanning(state=None).has_problem is None


def test_a_quota_counts_what_it_is_about() -> None:
    value = next(d.value for d in DATASET_ENTITIES if d.key == "quota_percent")
    plain = Dataset(guid="1", name="t/a", used=50, referenced=10, quota=100)

    def percent(dataset: Dataset) -> object:
        return value(DatasetFacts(dataset=dataset, pool="9"))

    assert percent(plain) == 50
    assert percent(replace(plain, refquota=40)) == 25
    assert percent(replace(plain, quota=None)) is None
    assert percent(replace(plain, used=1000)) == 100


def seen(*scans: Scan) -> ZfsHost:
    return ZfsHost(
        name="nas",
        system="Linux",
        version=None,
        kernel_version=None,
        pools={"9": scanning(*scans)},
    )


def scrub(state: ScanState, started: int, ended: int | None = None) -> Scan:
    return Scan(
        function=ScanFunction.SCRUB,
        state=state,
        started=datetime.fromtimestamp(started, UTC),
        ended=None if ended is None else datetime.fromtimestamp(ended, UTC),
        errors=None if ended is None else 0,
    )


@pytest.mark.parametrize(
    ("before", "after", "types"),
    [
        ([], [scrub(ScanState.RUNNING, 1)], ["scrub_started"]),
        ([scrub(ScanState.RUNNING, 1)], [scrub(ScanState.PAUSED, 1)], []),
        ([scrub(ScanState.PAUSED, 1)], [scrub(ScanState.RUNNING, 1)], []),
        # the first ended unseen, and another was begun
        (
            [scrub(ScanState.RUNNING, 1)],
            [scrub(ScanState.RUNNING, 5)],
            ["scrub_started"],
        ),
        (
            [scrub(ScanState.RUNNING, 1)],
            [scrub(ScanState.FINISHED, 1, 4)],
            ["scrub_finished"],
        ),
        (
            [scrub(ScanState.FINISHED, 1, 4)],
            [scrub(ScanState.FINISHED, 1, 4)],
            [],
        ),
        (
            [scrub(ScanState.FINISHED, 1, 4)],
            [scrub(ScanState.FINISHED, 6, 7)],
            ["scrub_started", "scrub_finished"],
        ),
        ([scrub(ScanState.FINISHED, 1, 4)], [], []),
    ],
)
def test_what_happened_to_scans(
    before: list[Scan], after: list[Scan], types: list[str]
) -> None:
    assert [each.type for each in happened(seen(*before), seen(*after))] == types
