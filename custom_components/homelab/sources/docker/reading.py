"""Single values of the engine's JSON; None for whatever cannot be what it should be."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any


def a_mapping(raw: object) -> Mapping[str, Any]:
    """Return an object of JSON; an empty one for whatever else it is."""
    return raw if isinstance(raw, Mapping) else {}


def a_list(raw: object) -> list[Any]:
    """Return a list of JSON; an empty one for whatever else it is."""
    return raw if isinstance(raw, list) else []


def a_text(raw: object) -> str | None:
    """Return a text that says something."""
    return raw if isinstance(raw, str) and raw else None


def a_count(raw: object) -> int | None:
    """Return a count; nothing below zero is one."""
    if not isinstance(raw, int) or isinstance(raw, bool):
        return None
    return raw if 0 <= raw < 2**63 else None


def a_truth(raw: object) -> bool | None:
    """Return yes or no."""
    return raw if isinstance(raw, bool) else None


def a_time(raw: object) -> datetime | None:
    """Return a moment in whole seconds; the engine's year 1 means never."""
    try:
        moment = datetime.fromisoformat(str(raw))
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return moment.replace(microsecond=0) if moment.year > 1970 else None
