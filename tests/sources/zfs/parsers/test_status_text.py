"""The text of zpool status as versions and states without captures print it."""

from datetime import UTC, datetime

import pytest

from .captures import capture
from custom_components.homelab.source import BadAnswer
from custom_components.homelab.sources.zfs.models import (
    Activity,
    Errors,
    Group,
    Kind,
    Pool,
    ScanFunction,
    ScanState,
    State,
    Vdev,
)
from custom_components.homelab.sources.zfs.output.status_text import parse_status_text

# 0.8 on Debian 10 without -p: counters with units, days always told
OLD = b"""\
  pool: backup
 state: DEGRADED
status: One or more devices could not be opened.  Sufficient replicas exist for
\tthe pool to continue functioning in a degraded state.
action: Attach the missing device and online it using 'zpool online'.
   see: http://zfsonlinux.org/msg/ZFS-8000-2Q
  scan: scrub repaired 1.50K in 1 days 03:25:12 with 2 errors on Sun Mar 14 03:49:13 2021
config:

\tNAME                                  STATE     READ WRITE CKSUM
\tbackup                                DEGRADED     0     0     0
\t  raidz2-0                            DEGRADED     0     0     0
\t    ata-WDC_WD40EFRX-68N32N0_WD-WCC7  ONLINE       0     0  1.2K
\t    14807975228228307538              UNAVAIL      0     0     0  was /dev/disk/by-id/ata-ST4000-part1
\t    replacing-2                       UNAVAIL      0     0     0  insufficient replicas
\t      old                             FAULTED     37 4.51K     0  too many errors
\t      sdq                             ONLINE       0     0     0  block size: 512B configured, 4096B native  (awaiting resilver)
\tlogs\t
\t  mirror-1                            ONLINE       0     0     0
\t    nvme0n1p1                         ONLINE       0     0     0  (trimming)
\t    nvme1n1p1                         ONLINE       0     0     0  (100% trimmed, completed at Sun 14 Mar 2021 12:00:00 AM UTC)
\tcache
\t  sdz                                 REMOVED      0     0     0

errors: 3 data errors, use '-v' for a list
"""

# 2.1 with a draid that is rebuilt: two scans, distributed spares (rouben/zfswatcher#24)
DRAID = b"""\
  pool: aggr0
 state: DEGRADED
  scan: scrub repaired 0B in 2 days 10:05:20 with 0 errors on Tue Jul 11 10:29:22 2023
  scan: resilver (draid3:19d:24c:2s-0) in progress since Mon Jul 24 19:40:55 2023
\t334T scanned at 2.13G/s, 306T issued 1.95G/s, 359T total
\t13.9T resilvered, 92.97% done, 1 days 03:22:35 to go
config:

\tNAME                   STATE     READ WRITE CKSUM
\taggr0                  DEGRADED     0     0     0
\t  draid3:19d:24c:2s-0  DEGRADED     0     0     0
\t    0a-0               ONLINE       0     0     0  (resilvering)
\t    spare-1            DEGRADED     0     0     0
\t      0a-1             FAULTED      0    12     0  external device fault
\t      draid3-0-0       ONLINE       0     0     0  (resilvering)
\tspares
\t  draid3-0-0           INUSE     currently in use
\t  draid3-0-1           AVAIL
\t  0b-7                 INUSE     in use by pool 'other pool'

errors: No known data errors
"""

# FreeBSD: labels with slashes, spaces in the pool's name and in a file's
FREEBSD = b"""\
  pool: my pool.2
 state: SUSPENDED
status: One or more devices are faulted in response to IO failures.
action: Make sure the affected devices are connected, then run 'zpool clear'.
   see: https://openzfs.github.io/openzfs-docs/msg/ZFS-8000-HC
config:

\tNAME                                            STATE     READ WRITE CKSUM
\tmy pool.2                                       UNAVAIL      0     0     0  insufficient replicas
\t  gptid/3b659bbd-0c5f-11ec-9b3e-000c29b9e4b4    ONLINE       0     0     0
\t  gpt/disk ONLINE 7                             FAULTED      3     1     0  too many errors
\t  /mnt/some where/file  ONLINE 0                ONLINE       0     0     0

errors: List of errors unavailable: pool I/O is currently suspended
"""

# a pool of the cache file whose disks are gone: neither scan nor errors are told
GONE = b"""\
  pool: usb
 state: UNAVAIL
status: One or more devices could not be opened.  There are insufficient
\treplicas for the pool to continue functioning.
action: Attach the missing device and online it using 'zpool online'.
   see: https://openzfs.github.io/openzfs-docs/msg/ZFS-8000-3C
config:

\tNAME                   STATE     READ WRITE CKSUM
\tusb                    UNAVAIL      0     0     0  insufficient replicas
\t  9223372036854775809  UNAVAIL      0     0     0  was /srv/images/usb.img
"""


def _one(raw: bytes) -> tuple[Pool, dict[str, Vdev]]:
    (pool,) = parse_status_text(raw)
    return pool, {vdev.name: vdev for vdev in pool.walk()}


def test_text_of_0_8() -> None:
    pool, vdevs = _one(OLD)
    assert pool.message == "ZFS-8000-2Q"
    assert pool.data_errors == 3
    (scan,) = pool.scans
    assert scan.started == datetime(2021, 3, 13, 0, 24, 1, tzinfo=UTC)
    assert (scan.processed, scan.errors) == (1536, 2)
    assert [vdev.name for vdev in pool.vdevs] == ["raidz2-0", "mirror-1", "sdz"]
    assert vdevs["raidz2-0"].kind is Kind.RAIDZ2
    wd = vdevs["ata-WDC_WD40EFRX-68N32N0_WD-WCC7"]
    assert wd.errors == Errors(read=0, write=0, checksum=1229)


def test_missing_and_replaced_disks() -> None:
    _, vdevs = _one(OLD)
    missing = vdevs["14807975228228307538"]
    assert missing.state is State.UNAVAIL
    assert missing.note == "was /dev/disk/by-id/ata-ST4000-part1"
    assert missing.path == "/dev/disk/by-id/ata-ST4000-part1"
    assert missing.kind is Kind.DISK
    replacing = vdevs["replacing-2"]
    assert replacing.kind is Kind.REPLACING
    assert [vdev.name for vdev in replacing.children] == ["old", "sdq"]
    assert vdevs["old"].errors == Errors(read=37, write=4618, checksum=0)
    assert vdevs["sdq"].note == "block size: 512B configured, 4096B native"
    assert vdevs["sdq"].activities == (Activity.AWAITING_RESILVER,)


def test_trim_is_what_is_done_and_no_note() -> None:
    _, vdevs = _one(OLD)
    assert vdevs["nvme0n1p1"].activities == (Activity.TRIMMING,)
    assert vdevs["nvme1n1p1"].activities == ()
    assert vdevs["nvme1n1p1"].note is None


@pytest.mark.parametrize(
    ("note", "activities"),
    [
        (b"(42% trimmed, started at Fri Nov 20 03:16:27 2026)", (Activity.TRIMMING,)),
        (b"(42% trimmed, suspended, started at Fri Nov 20 03:16:27 2026)", ()),
        (
            b"(7% initialized, started at Fri Nov 20 03:16:27 2026)  (untrimmed)",
            (Activity.INITIALIZING,),
        ),
        (b"(initializing)", (Activity.INITIALIZING,)),
        (b"(uninitialized)  (trim unsupported)", ()),
        (
            b"(removing)  (repairing)  (trimming)",
            (Activity.REMOVING, Activity.REPAIRING, Activity.TRIMMING),
        ),
        (b"(non-allocating)", (Activity.NON_ALLOCATING,)),
    ],
)
def test_activities(note: bytes, activities: tuple[Activity, ...]) -> None:
    raw = capture("single-disk", "status").replace(
        b"vda       ONLINE       0     0     0",
        b"vda       ONLINE       0     0     0  " + note,
    )
    _, vdevs = _one(raw)
    assert vdevs["vda"].activities == activities
    assert vdevs["vda"].note is None


def test_brackets_of_a_note_stay() -> None:
    raw = capture("single-disk", "status").replace(
        b"vda       ONLINE       0     0     0",
        b"vda       UNAVAIL      0     0     0  unsupported feature(s)  (removing)",
    )
    _, vdevs = _one(raw)
    assert vdevs["vda"].note == "unsupported feature(s)"
    assert vdevs["vda"].activities == (Activity.REMOVING,)


def test_draid_is_rebuilt_beside_a_scrub() -> None:
    pool, vdevs = _one(DRAID)
    scrub, rebuild = pool.scans
    assert scrub.state is ScanState.FINISHED
    assert rebuild.function is ScanFunction.REBUILD
    assert rebuild.vdev == "draid3:19d:24c:2s-0"
    assert rebuild.percent == 92.97
    assert rebuild.remaining == 24 * 3600 + 3 * 3600 + 22 * 60 + 35
    assert rebuild.processed == round(13.9 * 1024**4)
    assert vdevs["draid3:19d:24c:2s-0"].kind is Kind.DRAID
    assert vdevs["0a-0"].activities == (Activity.RESILVERING,)
    assert vdevs["0a-1"].note == "external device fault"


def test_spares_have_no_counters() -> None:
    pool, _ = _one(DRAID)
    distributed, other, lent = (v for v in pool.vdevs if v.group is Group.SPARE)
    assert distributed.kind is other.kind is Kind.DISTRIBUTED_SPARE
    assert (distributed.state, other.state) == (State.INUSE, State.AVAIL)
    assert distributed.errors == Errors()
    assert distributed.errors.total is None
    assert lent.note == "in use by pool 'other pool'"


def test_names_with_spaces_and_slashes() -> None:
    pool, vdevs = _one(FREEBSD)
    assert pool.name == "my pool.2"
    assert pool.state is State.SUSPENDED
    assert pool.data_errors is None
    assert [vdev.name for vdev in pool.vdevs] == [
        "gptid/3b659bbd-0c5f-11ec-9b3e-000c29b9e4b4",
        "gpt/disk ONLINE 7",
        "/mnt/some where/file  ONLINE 0",
    ]
    assert vdevs["gpt/disk ONLINE 7"].state is State.FAULTED
    assert vdevs["gpt/disk ONLINE 7"].kind is Kind.DISK
    assert vdevs["/mnt/some where/file  ONLINE 0"].kind is Kind.FILE


def test_a_pool_that_cannot_be_opened() -> None:
    pool, vdevs = _one(GONE)
    assert pool.state is State.UNAVAIL
    assert pool.data_errors is None
    assert pool.scans == ()
    assert vdevs["9223372036854775809"].kind is Kind.FILE


def test_several_pools_in_one_answer() -> None:
    pools = parse_status_text(OLD + b"\n" + DRAID + b"\n" + FREEBSD + b"\n" + GONE)
    assert [pool.name for pool in pools] == ["backup", "aggr0", "my pool.2", "usb"]
    assert pools == tuple(_one(raw)[0] for raw in (OLD, DRAID, FREEBSD, GONE))


def test_captured_pools_of_one_host() -> None:
    solo, tank = parse_status_text(capture("after-clear", "status-p"))
    assert (solo.name, solo.data_errors, len(solo.vdevs)) == ("solo", 27, 1)
    assert solo.status == (
        "One or more devices has experienced an error resulting in data corruption. "
        "Applications may be affected."
    )
    assert (tank.name, tank.status, len([*tank.walk()])) == ("tank", None, 7)


def test_a_checkpoint_belongs_to_no_scan() -> None:
    pool, _ = _one(capture("mirror-checkpoint", "status"))
    (scan,) = pool.scans
    assert scan.function is ScanFunction.RESILVER


def test_a_warning_on_a_checkpoint_belongs_to_no_scan() -> None:
    warning = b"    scan warning: skipped blocks that are only referenced.\n"
    raw = capture("mirror-checkpoint", "status")
    with_warning = raw.replace(b"checkpoint: ", warning + b"checkpoint: ")
    assert parse_status_text(with_warning) == parse_status_text(raw)


LIST = b"""\
errors: Permanent errors have been detected in the following files:

        /tank/media/film.mkv
        tank/vm@auto:<0x1>
        <0x42>:<0x0>
"""


def test_files_with_errors_are_counted() -> None:
    raw = capture("single-disk", "status")
    listed = raw.replace(b"errors: No known data errors\n", LIST)
    assert _one(listed)[0].data_errors == 3
    two = parse_status_text(listed + b"\n" + raw)
    assert [pool.data_errors for pool in two] == [3, 0]


@pytest.mark.parametrize(
    "line",
    [
        b"errors: List of errors unavailable (insufficient privileges)\n",
        b"errors: Keine bekannten Datenfehler\n",
        b"errors: 1,2K data errors, use '-v' for a list\n",
        b"errors: No known data err",
        LIST[:-10],
        LIST[:70],
        b"",
    ],
)
def test_a_number_of_errors_that_is_not_told(line: bytes) -> None:
    raw = capture("single-disk", "status")
    pool, _ = _one(raw.replace(b"errors: No known data errors\n", line))
    assert pool.data_errors is None


def test_statistics_of_deduplication_are_passed_over() -> None:
    raw = capture("single-disk", "status")
    more = b"\n dedup: DDT entries 12, size 451B on disk, 145B in core\n\nbucket\n"
    assert parse_status_text(raw + more) == parse_status_text(raw)


def test_a_text_that_lost_its_tabs() -> None:
    """Texts in bug reports have spaces in their place (Inner-Heaven/libzetta-rs#64)."""
    raw = capture("mirror-spare-inuse", "status")
    assert parse_status_text(raw.expandtabs(8)) == parse_status_text(raw)
    assert parse_status_text(raw.replace(b"\n", b"\r\n")) == parse_status_text(raw)


def test_the_time_of_the_answer_is_passed_over() -> None:
    raw = capture("single-disk", "status")
    assert parse_status_text(b"1795144364\n" + raw) == parse_status_text(raw)


def test_a_name_that_breaks_the_columns() -> None:
    raw = capture("single-disk", "status").replace(
        b"  vda       ONLINE ", b"  a disk of a long name  ONLINE "
    )
    _, vdevs = _one(raw)
    assert vdevs["a disk of a long name"].state is State.ONLINE
    assert vdevs["a disk of a long name"].errors == Errors(read=0, write=0, checksum=0)


def test_columns_that_are_not_known() -> None:
    raw = capture("single-disk", "status")
    raw = raw.replace(b"WRITE CKSUM", b"WRITE CKSUM  SLOW POWER   DIO")
    raw = raw.replace(
        b"vda       ONLINE       0     0     0",
        b"vda       ONLINE  " + b"   1     2     3     4    on     5  too many errors",
    )
    _, vdevs = _one(raw)
    assert vdevs["vda"].errors == Errors(read=1, write=2, checksum=3)
    assert vdevs["vda"].note == "too many errors"


def test_words_and_numbers_of_another_language_are_unknown() -> None:
    raw = capture("scrub-running", "status").replace(b"33.44%", b"33,44%")
    raw = raw.replace(b"Fri Nov 20", b"Fr Nov 20").replace(
        b"vda     ONLINE", b"vda     EN LINEA"
    )
    raw = raw.replace(b"state: ONLINE", b"state: EN LINEA")
    pool, vdevs = _one(raw)
    (scan,) = pool.scans
    assert (scan.state, scan.percent, scan.started) == (ScanState.RUNNING, None, None)
    assert pool.state is None
    assert vdevs["vda"].state is None
    assert vdevs["vdb"].state is State.ONLINE


def test_absurd_numbers_are_unknown() -> None:
    raw = capture("single-disk", "status")
    raw = raw.replace(
        b"vda       ONLINE       0     0     0",
        b"vda       ONLINE   18446744073709551615 16.0E    -5",
    )
    _, vdevs = _one(raw)
    assert vdevs["vda"].errors == Errors()
    assert vdevs["vda"].note is None


def test_a_group_that_is_not_known() -> None:
    raw = capture("all-classes", "status").replace(b"\tcache\n", b"\ttiering\n")
    _, vdevs = _one(raw)
    assert vdevs["vdj"].group is None
    assert vdevs["vdk"].group is Group.SPARE


def test_a_disk_below_a_pool_of_no_row() -> None:
    raw = capture("single-disk", "status").replace(
        b"\tsingle      ONLINE       0     0     0\n", b""
    )
    pool, vdevs = _one(raw)
    assert pool.errors == Errors()
    assert vdevs["vda"].state is State.ONLINE


def test_rows_that_are_too_deep_stay_shallow() -> None:
    table, end = capture("single-disk", "status").split(b"\n\nerrors")
    rows = [b"\t" + b"  " * depth + b"x   ONLINE" for depth in range(1500)]
    pool, _ = _one(b"\n".join([table, *rows]) + b"\n\nerrors" + end)
    deepest, vdevs = 0, pool.vdevs
    while vdevs:
        deepest, vdevs = deepest + 1, vdevs[-1].children
    assert deepest <= 9
    assert hash(pool)


def test_rows_are_bounded() -> None:
    raw = capture("single-disk", "status").replace(b"vda   ", b"x" * 50_000)
    assert all(len(vdev.name) <= 4096 for vdev in _one(raw)[0].walk())


def test_a_row_without_state() -> None:
    raw = capture("single-disk", "status").replace(
        b"\t  vda       ONLINE       0     0     0\n", b"\t  vda\n"
    )
    _, vdevs = _one(raw)
    assert vdevs["vda"].state is None
    assert vdevs["vda"].errors == Errors()


def test_no_configuration() -> None:
    raw = (
        b"  pool: x\n state: FAULTED\nconfig: The configuration cannot be determined.\n"
    )
    assert _one(raw)[0].vdevs == ()


@pytest.mark.parametrize(
    "raw",
    [
        b"sh: zpool: command not found\n",
        b"  pool: x\n state: ONLINE\n",
        b"  pool: x\n state: ONLINE\nconfig:\n\n\tNOM   ETAT\n\tx     ONLINE\n",
        # cut off in the table
        *(capture("degraded", "status")[:length] for length in (300, 600, 650, 700)),
    ],
)
def test_what_is_no_answer(raw: bytes) -> None:
    with pytest.raises(BadAnswer) as error:
        parse_status_text(raw)
    assert error.value.reason == "bad_answer"


@pytest.mark.parametrize("raw", [b"", b"\n", capture("none", "status")])
def test_no_pools(raw: bytes) -> None:
    assert parse_status_text(raw) == ()
