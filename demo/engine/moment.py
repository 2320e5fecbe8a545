"""Times as the engine writes, reads and tells them."""

from datetime import UTC, datetime
import re

SECOND = 1_000_000_000
NEVER = "0001-01-01T00:00:00Z"
DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)")
FACTORS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600}
# from so many seconds on, units of so many seconds and the word for them, or all of it
SPANS = (
    (2 * 365 * 86400, 365 * 86400, "years"),
    (60 * 86400, 30 * 86400, "months"),
    (14 * 86400, 7 * 86400, "weeks"),
    (48 * 3600, 86400, "days"),
    (2 * 3600, 3600, "hours"),
    (3600, 0, "About an hour"),
    (2 * 60, 60, "minutes"),
    (60, 0, "About a minute"),
    (2, 1, "seconds"),
    (1, 0, "1 second"),
)


def stamp(at: int | None) -> str:
    """Write nanoseconds since 1970 as RFC 3339, without trailing zeros, as Go does."""
    if at is None:
        return NEVER
    whole, part = divmod(at, SECOND)
    text = datetime.fromtimestamp(whole, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    fraction = f".{part:09}".rstrip("0").rstrip(".")
    return f"{text}{fraction}Z"


def moment(text: str, now: int) -> int | None:
    """Read a time of a query: seconds, RFC 3339, or how long ago; nothing is None."""
    if not text:
        return None
    if re.fullmatch(r"\d+(\.\d+)?", text):
        whole, _, part = text.partition(".")
        return int(whole) * SECOND + int(part.ljust(9, "0")[:9] or 0)
    parts = DURATION.findall(text)
    if "".join(number + unit for number, unit in parts) == text:
        ago = sum(float(number) * FACTORS[unit] for number, unit in parts)
        return now - int(ago * SECOND)
    return int(datetime.fromisoformat(text).timestamp() * SECOND)


def span(seconds: float) -> str:
    """Tell a span of time in the words of the engine."""
    for least, unit, word in SPANS:
        if seconds >= least:
            return f"{int(seconds // unit)} {word}" if unit else word
    return "Less than a second"
