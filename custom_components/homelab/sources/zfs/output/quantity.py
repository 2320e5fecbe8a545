"""Numbers, identities and times as the tools print them; what makes no sense is None."""

from datetime import UTC, datetime
import re

# a counter of 64 bits that ran below zero comes out above this: 2^64 - x, or "16.0E"
LIMIT = 2**63
_UNITS = "KMGTPE"
_NUMBER = re.compile(r"([0-9]{1,20})B?|([0-9]{1,6}(?:\.[0-9]{1,3})?)([KMGTPE])B?")
_GUID = re.compile(r"[1-9][0-9]{0,19}")
_DECIMAL = re.compile(r"([0-9]{1,30}(?:\.[0-9]{1,4})?)[x%]?")
_MONTHS = "JanFebMarAprMayJunJulAugSepOctNovDec"
_MOMENT = re.compile(
    r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) +"
    r"(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) +"
    r"([0-9]{1,2}) +([0-9]{2}):([0-9]{2}):([0-9]{2})"
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


def decimal(value: object) -> float | None:
    """Read a number with a fraction: "33.44", "1.52x", "7%"; not one with a comma."""
    match = _DECIMAL.fullmatch(_text(value))
    return float(match[1]) if match else None


def ratio(value: object) -> float | None:
    """Read a ratio, which is never nothing: "1.00", "1.52x"."""
    return decimal(value) or None


def percent(value: object) -> int | None:
    """Read a whole share of hundred: 7, "7", "7%"."""
    number = decimal(value)
    return int(number) if number is not None and number <= 100 else None


def progress(done: int | None, total: int | None) -> float | None:
    """Return how much is done, to the two digits that the tool prints.

    A scan may issue a little more than it had expected to: that is all of it.
    """
    if done is None or not total or total < 0:
        return None
    return min(float(f"{100 * done / total:.2f}"), 100.0)


def moment(value: object) -> datetime | None:
    """Read a time: seconds since 1970, or what ctime prints in UTC."""
    match = _MOMENT.fullmatch(value.strip()) if isinstance(value, str) else None
    if match:
        month = _MONTHS.index(match[1]) // 3 + 1
        day, hour, minute, second, year = (int(part) for part in match.groups()[1:])
        try:
            return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
        except ValueError:
            return None
    seconds = count(value)
    if not seconds or seconds > _LAST:
        return None
    return datetime.fromtimestamp(seconds, UTC)


def earlier(ended: datetime | None, seconds: int | None) -> datetime | None:
    """Return when began what ended then and took so long."""
    if ended is None or seconds is None:
        return None
    return moment(int(ended.timestamp()) - seconds)


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
    unit = 1 << (number.bit_length() - 1) // 10 * 10
    if number % unit == 0:
        return number
    shown = (f"{number / unit:.{digits}f}" for digits in (2, 1, 0))
    text = next(text for text in shown if len(text) < 5)
    return count(round(float(text) * unit))
