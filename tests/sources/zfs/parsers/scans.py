"""Scans as both forms of zpool status tell them, from the same numbers."""

from typing import Any

from .tool import nice, taken, when

DAY = 1_795_140_000


def finished(
    function: str, *, start: int, seconds: int, processed: int, errors: int
) -> tuple[str, dict[str, Any]]:
    """Tell of a scrub or a resilver that has ended."""
    did = "scrub repaired" if function == "SCRUB" else "resilvered"
    text = (
        f"  scan: {did} {nice(processed)} in {taken(seconds)} "
        f"with {errors} errors on {when(start + seconds)}\n"
    )
    stats = {
        "function": function,
        "state": "FINISHED",
        "start_time": start,
        "end_time": start + seconds,
        "to_examine": processed + 1,
        "examined": processed,
        "processed": processed,
        "errors": errors,
        "issued": processed,
    }
    return text, {"scan_stats": stats}


def canceled(function: str, *, start: int, seconds: int) -> tuple[str, dict[str, Any]]:
    """Tell of one that was canceled."""
    text = f"  scan: {function.lower()} canceled on {when(start + seconds)}\n"
    stats = {
        "function": function,
        "state": "CANCELED",
        "start_time": start,
        "end_time": start + seconds,
        "processed": 77,
        "errors": 1,
    }
    return text, {"scan_stats": stats}


def under_way(
    function: str,
    *,
    start: int,
    elapsed: int,
    total: int,
    skipped: int,
    issued: int,
    processed: int,
    pause: int = 0,
) -> tuple[str, dict[str, Any]]:
    """Tell of one that goes on, or is paused, `elapsed` seconds after its start."""
    name = "scrub" if function == "SCRUB" else "resilver"
    text = f"  scan: {name} in progress since {when(start)}\n"
    if pause:
        text = f"  scan: scrub paused since {when(pause)}\n"
        text += f"\tscrub started on {when(start)}\n"
    left = total - skipped
    rate = issued // (elapsed or 1)
    text += f"\t{nice(total)} / {nice(total)} scanned, "
    text += f"{nice(issued)} / {nice(left)} issued at {nice(rate)}/s\n"
    text += f"\t{nice(processed)} {'repaired' if name == 'scrub' else 'resilvered'}, "
    done = f"{100 * issued / left:.2f}" if left else "-nan" if not issued else "inf"
    text += f"{done}% done"
    begun = processed if name == "resilver" else issued
    if pause:
        text += "\n"
    elif left >= issued and rate >= 10 * 1024 * 1024 and begun:
        text += f", {taken((left - issued) // rate)} to go\n"
    else:
        text += ", no estimated completion time\n"
    stats = {
        "function": function,
        "state": "SCANNING",
        "start_time": start,
        "end_time": 0,
        "to_examine": total,
        "examined": total,
        "skipped": skipped,
        "processed": processed,
        "errors": 0,
        "pass_start": start,
        "scrub_pause": pause,
        "scrub_spent_paused": 0,
        "issued_bytes_per_scan": issued,
        "issued": issued,
    }
    return text, {"scan_stats": stats}
