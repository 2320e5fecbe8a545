"""What a disk says of its own health, unless it sleeps."""

from dataclasses import dataclass

import orjson

from ....source import BadAnswer
from .document import facts

_SLEEPING = ("STANDBY", "SLEEP")
# hours since the first disk was made, with some reserve
_LONGEST = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Smart:
    """A disk's own words; `as_of` is added when they are old."""

    passed: bool | None = None
    temperature: int | None = None
    power_on_hours: int | None = None
    asleep: bool = False


def parse_smart(raw: bytes) -> Smart:
    """Read `smartctl -j`; its exit code says less than what it prints."""
    try:
        document = facts(orjson.loads(raw))
    except orjson.JSONDecodeError as error:
        raise BadAnswer(f"not the JSON of smartctl: {error}") from None
    if "smartctl" not in document:
        raise BadAnswer("not the JSON of smartctl")
    passed = facts(document.get("smart_status")).get("passed")
    return Smart(
        passed=passed if isinstance(passed, bool) else None,
        temperature=_number(
            facts(document.get("temperature")).get("current"), -90, 250
        ),
        power_on_hours=_number(
            facts(document.get("power_on_time")).get("hours"), 0, _LONGEST
        ),
        asleep=_is_asleep(document),
    )


def _is_asleep(document: object) -> bool:
    messages = facts(facts(document).get("smartctl")).get("messages")
    said = [
        str(facts(message).get("string"))
        for message in (messages if isinstance(messages, list) else ())
    ]
    mode = facts(facts(document).get("power_mode")).get("name")
    return any(
        f"IN {word}" in text.upper() for word in _SLEEPING for text in said
    ) or any(word in str(mode).upper() for word in _SLEEPING)


def _number(value: object, low: int, high: int) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if low <= value <= high else None
