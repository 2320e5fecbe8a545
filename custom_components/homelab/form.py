"""What a source asks before there is an entry: pages, and what comes of them."""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

import probatio

from homeassistant.core import HomeAssistant


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """A far end that answered: who it is, and what the entry will keep of it.

    `notes` are the placeholders of what a person reads when the entry is made.
    """

    identity: str
    title: str
    data: Mapping[str, Any]
    notes: Mapping[str, str] | None = None


@dataclass(frozen=True, kw_only=True)
class Step:
    """One page of a source's form.

    The functions see all answers so far. `prepare` looks around before the page is
    shown for the first time, and may put what it finds into the answers. `submit` returns the key of the next page
    or, after a real connection, the candidate; it may keep what it found in the
    answers, which are the entry's data when credentials or addresses are changed.
    """

    key: str
    schema: Callable[[Mapping[str, Any]], probatio.Schema]
    submit: Callable[
        [HomeAssistant, MutableMapping[str, Any]], Awaitable[Candidate | str]
    ]
    placeholders: Callable[[Mapping[str, Any]], Mapping[str, str]] = lambda _: {}
    prepare: Callable[[MutableMapping[str, Any]], Awaitable[None]] | None = None
