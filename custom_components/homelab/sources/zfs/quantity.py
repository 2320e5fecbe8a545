"""Numbers, identities and times as the tools print them; what makes no sense is None."""

from datetime import UTC, datetime
import re

# a counter of 64 bits that ran below zero comes out above this: 2^64 - x, or "16.0E"
LIMIT = 2**63
_UNITS = "KMGTPE"
_NUMBER = re.compile(r"([0-9]{1,20})B?|([0-9]{1,6}(?:\.[0-9]{1,3})?)([KMGTPE])B?")
_GUID = re.compile(r"[1-9][0-9]{0,19}")
_RATIO = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,4})?)x?")
_PERCENT = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,4})?)%?")
_MONTHS = [
    "Jan",
    "Feb",
    "Mar",
    "Apr",
    "May",
    "Jun",
    "Jul",
    "Aug",
    "Sep",
    "Oct",
    "Nov",
    "Dec",
]
_MOMENT = re.compile(
    r"[A-Z][a-z]{2} +([A-Z][a-z]{2}) +([0-9]{1,2}) +([0-9]{2}):([0-9]{2}):([0-9]{2})"
    r" +(?:(?:UTC|GMT) +)?([0-9]{4})"
)
_DURATION = re.compile(
    r"(?:([0-9]{1,6}) days? )?([0-9]{1,6}):([0-9]{2}):([0-9]{2})"
    r"|([0-9]{1,6})h([0-9]{1,2})m"
)
# the last second of the year 9999
_LAST = 253402300799


def _text(value: object) -> str:
    if isinstance(value, int):
        return str(value) if 0 <= value < 2**64 else ""
    return value if isinstance(value, str) else ""


def count(value: object) -> int | None:
    """Read a number of things or bytes: 401, "401", "1.2K", "36.5M", "0B"."""
    match = _NUMBER.fullmatch(_text(value))
    if match is None:
        return None
    exact, short, unit = match.groups()
    number = (
        int(exact)
        if exact is not None
        else round(float(short) * 1024 ** (_UNITS.index(unit) + 1))
    )
    return number if number < LIMIT else None


def guid(value: object) -> str | None:
    """Read a GUID: an unsigned number of 64 bits, kept as text in decimal."""
    text = _text(value)
    if _GUID.fullmatch(text) is None or int(text) >= 2**64:
        return None
    return text


def ratio(value: object) -> float | None:
    """Read a ratio: "1.00", "1.52x"."""
    match = _RATIO.fullmatch(_text(value))
    return float(match[1]) or None if match else None


def percent(value: object) -> float | None:
    """Read a share of hundred: 7, "7", "7%", "33.44"."""
    match = _PERCENT.fullmatch(_text(value))
    number = float(match[1]) if match else None
    return number if number is not None and number <= 100 else None


def progress(done: int | None, total: int | None) -> float | None:
    """Return how much is done, to the two digits that the tool prints.

    A scan may issue a little more than it had expected to: that is all of it.
    """
    if done is None or not total or total < 0:
        return None
    return min(float(f"{100 * done / total:.2f}"), 100.0)


def moment(value: object) -> datetime | None:
    """Read a time: seconds since 1970, or what ctime prints in UTC."""
    if isinstance(value, str) and (match := _MOMENT.fullmatch(value.strip())):
        month, day, hour, minute, second, year = match.groups()
        if month not in _MONTHS:
            return None
        try:
            return datetime(
                int(year),
                _MONTHS.index(month) + 1,
                int(day),
                int(hour),
                int(minute),
                int(second),
                tzinfo=UTC,
            )
        except ValueError:
            return None
    seconds = count(value)
    if not seconds or seconds > _LAST:
        return None
    return datetime.fromtimestamp(seconds, UTC)


def duration(text: str) -> int | None:
    """Read a time that something took or will take, in seconds."""
    match = _DURATION.fullmatch(text)
    if match is None:
        return None
    days, hours, minutes, seconds, only_hours, only_minutes = (
        int(part or 0) for part in match.groups()
    )
    return (
        ((days * 24 + hours + only_hours) * 60 + minutes + only_minutes) * 60
    ) + seconds


def rounded(number: int | None) -> int | None:
    """Round a number of bytes to what is left of it when the tool prints it."""
    if number is None or number < 1024:
        return number
    power = (number.bit_length() - 1) // 10
    if number % 1024**power == 0:
        return number
    for digits in (2, 1, 0):
        text = f"{number / 1024**power:.{digits}f}"
        if len(text) < 5 or digits == 0:
            break
    return round(float(text) * 1024**power)
