"""Scans, in all wordings of 0.8 to 2.4, and as the JSON tells the same."""

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from .captures import capture
from custom_components.homelab.sources.zfs.models import (
    Pool,
    Scan,
    ScanFunction,
    ScanState,
)
from custom_components.homelab.sources.zfs.output.status_json import parse_status_json
from custom_components.homelab.sources.zfs.output.status_text import parse_status_text

START = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
END = START + timedelta(hours=1, minutes=2, seconds=3)
S, E = int(START.timestamp()), int(END.timestamp())
SINCE = "Fri Nov 20 03:00:00 2026"
ON = "Fri Nov 20 04:02:03 2026"


def _by_text(text: str) -> tuple[Scan, ...]:
    raw = capture("single-disk", "status")
    raw = raw.replace(b"config:", text.encode() + b"\nconfig:")
    return parse_status_text(raw)[0].scans


def _by_json(facts: dict[str, Any], at: int | None = None) -> tuple[Scan, ...]:
    document = orjson.loads(capture("single-disk", "status-json-int"))
    document["pools"]["single"] |= facts
    (pool,) = parse_status_json(orjson.dumps(document), at=at)
    return pool.scans


SCRUB = ScanFunction.SCRUB
RESILVER = ScanFunction.RESILVER
REBUILD = ScanFunction.REBUILD
ERROR_SCRUB = ScanFunction.ERROR_SCRUB
RUNNING, PAUSED, FINISHED, CANCELED = ScanState


@pytest.mark.parametrize(
    ("text", "scan"),
    [
        (
            f"  scan: scrub repaired 0B in 01:02:03 with 0 errors on {ON}",
            Scan(
                function=SCRUB,
                state=FINISHED,
                started=START,
                ended=END,
                processed=0,
                errors=0,
            ),
        ),
        (
            f"  scan: scrub repaired 0B in 0 days 01:02:03 with 0 errors on {ON}",
            Scan(
                function=SCRUB,
                state=FINISHED,
                started=START,
                ended=END,
                processed=0,
                errors=0,
            ),
        ),
        (
            f"  scan: scrub repaired 0 in 1h2m with 7 errors on {ON}",
            Scan(function=SCRUB, state=FINISHED, ended=END, processed=0, errors=7),
        ),
        (
            f"  scan: resilvered 1.50T in 01:02:03 with 12 errors on {ON}",
            Scan(
                function=RESILVER,
                state=FINISHED,
                started=START,
                ended=END,
                processed=3 * 2**39,
                errors=12,
            ),
        ),
        (
            f"  scan: resilvered (mirror-0) 6K in 00:00:03 with 0 errors on {ON}",
            Scan(
                function=REBUILD,
                state=FINISHED,
                vdev="mirror-0",
                ended=END,
                processed=6144,
                errors=0,
            ),
        ),
        (
            f"  scan: scrub canceled on {ON}",
            Scan(function=SCRUB, state=CANCELED, ended=END),
        ),
        (
            f"  scan: resilver canceled on {ON}",
            Scan(function=RESILVER, state=CANCELED, ended=END),
        ),
        (
            f"  scan: resilver (draid1:2d:4c:1s-0) canceled on {ON}",
            Scan(function=REBUILD, state=CANCELED, vdev="draid1:2d:4c:1s-0", ended=END),
        ),
        # 0.8 to 2.1
        (
            (
                f"  scan: scrub in progress since {SINCE}\n"
                "\t1.10T scanned at 1.02G/s, 500G issued at 480M/s, 2.20T total\n"
                "\t128K repaired, 22.19% done, 0 days 01:02:03 to go"
            ),
            Scan(
                function=SCRUB,
                state=RUNNING,
                started=START,
                percent=22.19,
                remaining=3723,
                processed=131072,
            ),
        ),
        # 0.7, still found on old hosts
        (
            (
                f"  scan: resilver in progress since {SINCE}\n"
                "\t1.10T scanned out of 2.20T at 100M/s, 3h12m to go\n"
                "\t549G resilvered, 50.00% done"
            ),
            Scan(
                function=RESILVER,
                state=RUNNING,
                started=START,
                percent=50.0,
                remaining=11520,
                processed=549 * 2**30,
            ),
        ),
        # 2.2 and later
        (
            (
                f"  scan: resilver in progress since {SINCE}\n"
                "\t0B / 374M scanned, 0B / 374M issued\n"
                "\t0B resilvered, 0.00% done, no estimated completion time"
            ),
            Scan(
                function=RESILVER,
                state=RUNNING,
                started=START,
                percent=0.0,
                processed=0,
            ),
        ),
        (
            (
                f"  scan: scrub paused since {ON}\n\tscrub started on {SINCE}\n"
                "\t1.10T scanned, 500G issued, 2.20T total\n\t0B repaired, 22.19% done"
            ),
            Scan(
                function=SCRUB,
                state=PAUSED,
                started=START,
                percent=22.19,
                processed=0,
            ),
        ),
        # more was issued than expected
        (
            f"  scan: scrub in progress since {SINCE}\n\t0B repaired, 118.18% done",
            Scan(
                function=SCRUB, state=RUNNING, started=START, percent=100.0, processed=0
            ),
        ),
        (
            f"  scan: scrub in progress since {SINCE}\n\t0B repaired, -nan% done",
            Scan(function=SCRUB, state=RUNNING, started=START, processed=0),
        ),
        (
            f" scrub: scrubbed 12 error blocks in 0 days 01:02:03 on {ON}",
            Scan(function=ERROR_SCRUB, state=FINISHED, started=START, ended=END),
        ),
        (
            (
                f" scrub: error scrub paused since {ON}\n\terror scrub started on {SINCE}\n"
                "\t12.50% done, issued I/O for 3 error blocks"
            ),
            Scan(
                function=ERROR_SCRUB,
                state=PAUSED,
                started=START,
                percent=12.5,
            ),
        ),
    ],
)
def test_wordings(text: str, scan: Scan) -> None:
    assert _by_text(text) == (scan,)


@pytest.mark.parametrize(
    "text",
    [
        "  scan: none requested",
        "  scan: resilver gestartet am Freitag",
        "  scan: ",
        "  scan:",
        "remove: something new",
    ],
)
def test_what_is_no_scan(text: str) -> None:
    assert _by_text(text) == ()


@pytest.mark.parametrize("took", ["999999 days 00:00:00", "00:99:99:99", "soon"])
def test_a_beginning_that_cannot_be_told(took: str) -> None:
    for scan in _by_text(f"  scan: resilvered 6K in {took} with 0 errors on {ON}"):
        assert scan.started is None


MB = 1024 * 1024
REBUILT: dict[str, Any] = {
    "name": "mirror-0",
    "vdev_type": "mirror",
    "start_time": S,
    "end_time": 0,
    "scanned": 600 * MB,
    "issued": 500 * MB,
    "rebuilt": 400 * MB,
    "to_scan": 1200 * MB,
    "errors": 0,
    "pass_time": 10 * 10**9,
    "pass_scanned": 600 * MB,
}
COPY: dict[str, Any] = {"start_time": S, "end_time": 0}
ERRORS: dict[str, Any] = {
    "err_scrub_func": "ERRORSCRUB",
    "err_scrub_start_time": S,
    "err_scrub_end_time": 0,
    "err_scrub_examined": 1,
    "err_scrub_to_examine": 7,
    "err_scrub_pause": 0,
}
# at this time 600 MiB were copied within 100 s
AT = S + 100


@pytest.mark.parametrize(
    ("facts", "text"),
    [
        (
            {
                "scan_stats": {
                    "rebuild_stats": {"mirror-0": REBUILT | {"state": "ACTIVE"}}
                }
            },
            (
                f"  scan: resilver (mirror-0) in progress since {SINCE}\n"
                "\t600M / 1.17G scanned at 60.0M/s, 500M / 1.17G issued at 50.0M/s\n"
                "\t400M resilvered, 50.00% done, 00:00:10 to go"
            ),
        ),
        (
            {
                "scan_stats": {
                    "rebuild_stats": {
                        "mirror-0": REBUILT | {"state": "ACTIVE", "pass_scanned": 1}
                    }
                }
            },
            (
                f"  scan: resilver (mirror-0) in progress since {SINCE}\n"
                "\t400M resilvered, 50.00% done, no estimated completion time"
            ),
        ),
        (
            {
                "scan_stats": {
                    "rebuild_stats": {
                        "mirror-0": REBUILT | {"state": "COMPLETE", "end_time": E},
                        "mirror-1": REBUILT
                        | {"name": "mirror-1", "state": "CANCELED", "end_time": E},
                        "mirror-2": REBUILT | {"state": "NONE"},
                    }
                }
            },
            (
                f"  scan: resilvered (mirror-0) 400M in 01:02:00 with 0 errors on {ON}\n"
                f"  scan: resilver (mirror-1) canceled on {ON}"
            ),
        ),
        (
            {"scan_stats": ERRORS | {"err_scrub_state": "ERRORSCRUBBING"}},
            (
                f" scrub: error scrub in progress since {SINCE}\n"
                "\t12.50% done, issued I/O for 1 error blocks"
            ),
        ),
        (
            {
                "scan_stats": ERRORS
                | {"err_scrub_state": "ERRORSCRUBBING", "err_scrub_pause": E}
            },
            (
                f" scrub: error scrub paused since {ON}\n\terror scrub started on {SINCE}\n"
                "\t12.50% done, issued I/O for 1 error blocks"
            ),
        ),
        (
            {
                "scan_stats": ERRORS
                | {"err_scrub_state": "FINISHED", "err_scrub_end_time": E}
            },
            f" scrub: scrubbed 1 error blocks in 0 days 01:02:03 on {ON}",
        ),
        (
            {
                "scan_stats": ERRORS
                | {"err_scrub_state": "CANCELED", "err_scrub_end_time": E}
            },
            f" scrub: error scrub canceled on {ON}",
        ),
        (
            {
                "removal_stats": COPY
                | {
                    "name": "/dev/sdb",
                    "state": "SCANNING",
                    "copied": 600 * MB,
                    "to_copy": 1200 * MB,
                }
            },
            (
                f"remove: Evacuation of /dev/sdb in progress since {SINCE}\n"
                "\t600M copied out of 1.17G at 6M/s, 50.00% done, 0h1m to go\n"
                "\t1.5K memory used for removed device mappings"
            ),
        ),
        (
            {
                "removal_stats": COPY
                | {
                    "name": "indirect-1",
                    "state": "FINISHED",
                    "end_time": E,
                    "copied": 76288,
                    "to_copy": 76288,
                }
            },
            (
                f"remove: Removal of vdev 1 copied 74.5K in 1h2m, completed on {ON}\n"
                "\t1.5K memory used for removed device mappings"
            ),
        ),
        (
            {
                "removal_stats": COPY
                | {"name": "mirror", "state": "CANCELED", "end_time": E, "copied": 1}
            },
            f"remove: Removal of mirror canceled on {ON}",
        ),
        (
            {
                "raidz_expand_stats": COPY
                | {
                    "name": "raidz1",
                    "expanding_vdev": 0,
                    "state": "SCANNING",
                    "reflowed": 600 * MB,
                    "to_reflow": 1200 * MB,
                    "waiting_for_resilver": 0,
                }
            },
            (
                f"expand: expansion of raidz1-0 in progress since {SINCE}\n"
                "\t600M / 1.17G copied at 6M/s, 50.00% done, 00:01:40 to go"
            ),
        ),
        (
            {
                "raidz_expand_stats": COPY
                | {
                    "name": "raidz1",
                    "expanding_vdev": 0,
                    "state": "SCANNING",
                    "reflowed": 0,
                    "to_reflow": 1200 * MB,
                    "waiting_for_resilver": 1,
                }
            },
            (
                f"expand: expansion of raidz1-0 in progress since {SINCE}\n"
                "\t1 / 1.17G copied at 1/s, 0.00% done, paused for resilver or clear"
            ),
        ),
        (
            {
                "raidz_expand_stats": COPY
                | {
                    "name": "raidz2",
                    "expanding_vdev": 3,
                    "state": "FINISHED",
                    "end_time": E,
                    "reflowed": 1229 * MB,
                    "to_reflow": 1229 * MB,
                }
            },
            f"expand: expanded raidz2-3 copied 1.20G in 01:02:03, on {ON}",
        ),
    ],
)
def test_both_ways(facts: dict[str, Any], text: str) -> None:
    scans = _by_json(facts, AT)
    assert scans
    assert scans == _by_text(text)


def _resilver(state: str, end: int) -> dict[str, Any]:
    return {"function": "RESILVER", "state": state, "start_time": S, "end_time": end}


@pytest.mark.parametrize(
    ("resilver", "rebuild", "told"),
    [
        (_resilver("SCANNING", 0), {"state": "COMPLETE", "end_time": E}, RESILVER),
        (_resilver("FINISHED", E), {"state": "ACTIVE"}, REBUILD),
        (_resilver("FINISHED", E), {"state": "COMPLETE", "end_time": E - 1}, RESILVER),
        (_resilver("FINISHED", E), {"state": "COMPLETE", "end_time": E + 1}, REBUILD),
        (_resilver("CANCELED", 0), {"state": "CANCELED", "end_time": E}, REBUILD),
        (_resilver("FINISHED", E), {"state": "CANCELED", "end_time": 0}, RESILVER),
    ],
)
def test_of_resilver_and_rebuild_the_later_is_told(
    resilver: dict[str, Any], rebuild: dict[str, Any], told: ScanFunction
) -> None:
    stats = resilver | {"rebuild_stats": {"mirror-0": REBUILT | rebuild}}
    (scan,) = _by_json({"scan_stats": stats})
    assert scan.function is told


def test_a_scrub_beside_a_rebuild() -> None:
    stats = {"function": "SCRUB", "state": "FINISHED", "end_time": E}
    stats["rebuild_stats"] = {"mirror-0": REBUILT | {"state": "ACTIVE"}}
    assert [scan.function for scan in _by_json({"scan_stats": stats})] == [
        SCRUB,
        REBUILD,
    ]


SCANNING: dict[str, Any] = {
    "function": "SCRUB",
    "state": "SCANNING",
    "start_time": S,
    "to_examine": 10**12,
    "skipped": 0,
    "issued": 10**11,
    "issued_bytes_per_scan": 10**11,
    "pass_start": S,
}


@pytest.mark.parametrize(
    ("changed", "at", "remaining"),
    [
        ({}, S + 1000, 9000),
        ({"scrub_spent_paused": 500}, S + 1500, 9000),
        # no end is told: unknown time, too slow, before the beginning, more than all
        ({}, None, None),
        ({}, S + 100_000, None),
        ({}, S - 1, None),
        ({"issued": 10**12 + 1}, S + 1000, None),
        ({"pass_start": None}, S + 1000, None),
        ({"function": "RESILVER", "processed": 0}, S + 1000, None),
        ({"function": "RESILVER", "processed": 1}, S + 1000, 9000),
        ({"scrub_pause": S + 10}, S + 1000, None),
        ({}, S, 9),
    ],
)
def test_when_a_scan_will_end(
    changed: dict[str, Any], at: int | None, remaining: int | None
) -> None:
    (scan,) = _by_json({"scan_stats": SCANNING | changed}, at)
    assert scan.remaining == remaining


@pytest.mark.parametrize(
    ("changed", "at", "remaining"),
    [
        ({}, S + 100, 60),
        ({}, None, None),
        ({"copied": 0}, S + 3_000_000, None),
        ({"copied": 1300 * MB}, S + 100, None),
        ({"start_time": 0}, S + 100, None),
        ({"start_time": "-"}, S + 100, None),
    ],
)
def test_when_a_removal_will_end(
    changed: dict[str, Any], at: int | None, remaining: int | None
) -> None:
    facts = COPY | {"state": "SCANNING", "copied": 600 * MB, "to_copy": 1200 * MB}
    (scan,) = _by_json({"removal_stats": facts | changed}, at)
    assert scan.remaining == remaining


@pytest.mark.parametrize(
    "stats",
    [
        {},
        {"function": "NONE", "state": "NONE"},
        {"function": "SCRUB", "state": "NEW"},
        {"function": "SCRUB", "state": 3},
        {"function": 7, "state": "SCANNING"},
        {"rebuild_stats": {"mirror-0": {"state": "NONE"}}},
        {"rebuild_stats": 5},
        {"err_scrub_func": "ERRORSCRUB"},
        7,
    ],
)
def test_json_without_a_scan(stats: Any) -> None:
    assert _by_json({"scan_stats": stats}) == ()
    expand = {"name": "raidz1", "state": "NONE", "expanding_vdev": 0}
    assert _by_json({"raidz_expand_stats": expand}) == ()


def test_a_pause_of_an_unreadable_time_is_a_pause() -> None:
    pause = "Fri Nov 20 04:15:04 CET 2026"
    (scan,) = _by_json({"scan_stats": SCANNING | {"scrub_pause": pause}})
    assert scan.state is PAUSED


def test_missing_and_absurd_numbers_are_unknown() -> None:
    stats = {"function": "SCRUB", "state": "SCANNING", "issued": 2**63}
    (scan,) = _by_json({"scan_stats": stats | {"to_examine": 10}})
    assert scan == Scan(function=SCRUB, state=RUNNING)
    expand = {"state": "CANCELED", "start_time": S, "end_time": E}
    (scan,) = _by_json({"raidz_expand_stats": expand})
    assert scan == Scan(
        function=ScanFunction.EXPAND, state=CANCELED, started=START, ended=END
    )
    rebuild = {"rebuild_stats": {"x": {"state": "ACTIVE"}}}
    (scan,) = _by_json({"scan_stats": rebuild})
    assert scan == Scan(function=REBUILD, state=RUNNING, vdev="x")


def test_a_pool_tells_its_scans_in_the_order_of_the_text() -> None:
    stats = {"function": "SCRUB", "state": "FINISHED"} | ERRORS
    stats |= {"err_scrub_state": "FINISHED"}
    facts = {
        "scan_stats": stats,
        "removal_stats": COPY | {"state": "CANCELED"},
        "raidz_expand_stats": COPY | {"state": "FINISHED"},
    }
    assert [scan.function for scan in _by_json(facts)] == [
        SCRUB,
        ERROR_SCRUB,
        ScanFunction.REMOVE,
        ScanFunction.EXPAND,
    ]


def test_pools_have_no_scans_of_their_own_accord() -> None:
    assert Pool(guid="1", name="x", state=None).scans == ()
