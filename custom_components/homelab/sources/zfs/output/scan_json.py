"""Scans in the JSON of `zpool status`, told as the tool's text tells them.

The JSON keeps more than the text prints: when a canceled scan began, how much a removal
copied to the byte. That is left out here, so that both ways give the same scans. Only
what the text hides altogether is kept: the scrub before the last error scrub.
"""

from collections.abc import Iterator

from ..models import Scan, ScanFunction, ScanState
from .document import Facts, facts
from .quantity import count, moment, progress, rounded

# below it the tool does not dare to tell when a scan will end: 10 MiB/s
_SLOWEST = 10 * 1024 * 1024
_LONGEST = 30 * 24 * 3600
_FUNCTIONS = {"SCRUB": ScanFunction.SCRUB, "RESILVER": ScanFunction.RESILVER}
_STATES = {
    "SCANNING": ScanState.RUNNING,
    "ERRORSCRUBBING": ScanState.RUNNING,
    "ACTIVE": ScanState.RUNNING,
    "FINISHED": ScanState.FINISHED,
    "COMPLETE": ScanState.FINISHED,
    "CANCELED": ScanState.CANCELED,
}
_NOT_PAUSED = (None, 0, "0", "-", "")


def read_scans(pool: Facts, at: int | None) -> tuple[Scan, ...]:
    """Read all scans of a pool; `at` is the host's time, without it no end is told."""
    stats = facts(pool.get("scan_stats"))
    main = _scan(stats, at)
    rebuilds = tuple(
        scan
        for name, value in facts(stats.get("rebuild_stats")).items()
        if (scan := _rebuild(name, facts(value)))
    )
    if main and main.function is ScanFunction.RESILVER and rebuilds:
        main, rebuilds = (None, rebuilds) if _newer(rebuilds, main) else (main, ())
    others: Iterator[Scan | None] = (
        read(facts(pool.get(key)), at)
        for key, read in (("removal_stats", _removal), ("raidz_expand_stats", _expand))
    )
    found = (main, _error_scrub(stats), *rebuilds, *others)
    return tuple(scan for scan in found if scan)


def _newer(rebuilds: tuple[Scan, ...], resilver: Scan) -> bool:
    """Tell which of both the tool speaks of: what is under way, else the last one."""
    if resilver.state is ScanState.RUNNING:
        return False
    if any(scan.state is ScanState.RUNNING for scan in rebuilds):
        return True
    ends = [scan.ended for scan in rebuilds if scan.ended]
    return bool(ends) and (resilver.ended is None or max(ends) > resilver.ended)


def _state(word: object, pause: object) -> ScanState | None:
    state = _STATES.get(word) if isinstance(word, str) else None
    if state is ScanState.RUNNING and pause not in _NOT_PAUSED:
        return ScanState.PAUSED
    return state


def _number(stats: Facts, *keys: str) -> int:
    """Add up what is known of these."""
    return sum(count(stats.get(key)) or 0 for key in keys)


def _scan(stats: Facts, at: int | None) -> Scan | None:
    word = stats.get("function")
    function = _FUNCTIONS.get(word) if isinstance(word, str) else None
    state = _state(stats.get("state"), stats.get("scrub_pause"))
    if function is None or state is None:
        return None
    done = count(stats.get("issued"))
    total = _number(stats, "to_examine") - _number(stats, "skipped")
    under_way = state in (ScanState.RUNNING, ScanState.PAUSED)
    canceled = state is ScanState.CANCELED
    return Scan(
        function=function,
        state=state,
        percent=progress(done, total) if under_way else None,
        remaining=_remaining(stats, total, at) if state is ScanState.RUNNING else None,
        started=None if canceled else moment(stats.get("start_time")),
        ended=None if under_way else moment(stats.get("end_time")),
        processed=None if canceled else rounded(count(stats.get("processed"))),
        errors=count(stats.get("errors")) if state is ScanState.FINISHED else None,
    )


def _remaining(stats: Facts, total: int, at: int | None) -> int | None:
    """Tell what the tool would: nothing before it has begun to issue what it found."""
    start = count(stats.get("pass_start"))
    if at is None or start is None:
        return None
    elapsed = at - start - _number(stats, "scrub_spent_paused") or 1
    issued = _number(stats, "issued")
    rate = _number(stats, "issued_bytes_per_scan") // elapsed
    begun = "processed" if stats.get("function") == "RESILVER" else "issued"
    if elapsed < 0 or total < issued or rate < _SLOWEST or not _number(stats, begun):
        return None
    return (total - issued) // rate


def _error_scrub(stats: Facts) -> Scan | None:
    state = _state(stats.get("err_scrub_state"), stats.get("err_scrub_pause"))
    if stats.get("err_scrub_func") != "ERRORSCRUB" or state is None:
        return None
    done = count(stats.get("err_scrub_examined"))
    total = _number(stats, "err_scrub_examined", "err_scrub_to_examine")
    under_way = state in (ScanState.RUNNING, ScanState.PAUSED)
    return Scan(
        function=ScanFunction.ERROR_SCRUB,
        state=state,
        percent=progress(done, total) if under_way else None,
        started=None
        if state is ScanState.CANCELED
        else moment(stats.get("err_scrub_start_time")),
        ended=None if under_way else moment(stats.get("err_scrub_end_time")),
    )


def _rebuild(name: str, stats: Facts) -> Scan | None:
    state = _state(stats.get("state"), None)
    if state is None:
        return None
    running = state is ScanState.RUNNING
    done = count(stats.get("scanned"))
    total = _number(stats, "to_scan")
    milliseconds = _number(stats, "pass_time") // 1_000_000 + 1
    rate = _number(stats, "pass_scanned") // milliseconds * 1000
    known = running and done is not None and done <= total and rate >= _SLOWEST
    return Scan(
        function=ScanFunction.REBUILD,
        state=state,
        vdev=name,
        percent=progress(done, total + 1) if running else None,
        remaining=(total - (done or 0)) // rate if known else None,
        started=moment(stats.get("start_time")) if running else None,
        ended=None if running else moment(stats.get("end_time")),
        processed=None
        if state is ScanState.CANCELED
        else rounded(count(stats.get("rebuilt"))),
        errors=count(stats.get("errors")) if state is ScanState.FINISHED else None,
    )


def _copying(stats: Facts, done: str, total: str, at: int | None) -> int | None:
    """Tell for how many seconds a copy will go on, from how long it has."""
    start = count(stats.get("start_time"))
    copied = _number(stats, done) or 1
    left = _number(stats, total) - copied
    if at is None or start is None or left < 0:
        return None
    seconds = left // (copied // max(at - start, 1) or 1)
    return seconds if seconds < _LONGEST else None


def _copied(stats: Facts, key: str, state: ScanState) -> int | None:
    number = count(stats.get(key))
    if number is None or state is ScanState.CANCELED:
        return None
    return rounded(number if state is ScanState.FINISHED else max(number, 1))


def _removal(stats: Facts, at: int | None) -> Scan | None:
    state = _state(stats.get("state"), None)
    if state is None:
        return None
    running = state is ScanState.RUNNING
    name = stats.get("name")
    left = _copying(stats, "copied", "to_copy", at) if running else None
    copied = _copied(stats, "copied", state)
    return Scan(
        function=ScanFunction.REMOVE,
        state=state,
        vdev=name
        if isinstance(name, str) and state is not ScanState.FINISHED
        else None,
        percent=progress(_number(stats, "copied") or 1, count(stats.get("to_copy")))
        if running
        else None,
        remaining=left // 60 * 60 if left is not None else None,
        started=moment(stats.get("start_time")) if running else None,
        ended=None if running else moment(stats.get("end_time")),
        processed=copied,
    )


def _expand(stats: Facts, at: int | None) -> Scan | None:
    state = _state(stats.get("state"), stats.get("waiting_for_resilver"))
    if state is None:
        return None
    under_way = state in (ScanState.RUNNING, ScanState.PAUSED)
    name, number = stats.get("name"), count(stats.get("expanding_vdev"))
    return Scan(
        function=ScanFunction.EXPAND,
        state=state,
        vdev=f"{name}-{number}" if number is not None else None,
        percent=progress(_number(stats, "reflowed") or 1, count(stats.get("to_reflow")))
        if under_way
        else None,
        remaining=_copying(stats, "reflowed", "to_reflow", at)
        if state is ScanState.RUNNING
        else None,
        started=moment(stats.get("start_time")),
        ended=None if under_way else moment(stats.get("end_time")),
        processed=_copied(stats, "reflowed", state),
    )
