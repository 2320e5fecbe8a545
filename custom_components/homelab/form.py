"""What a source asks before there is an entry: pages, and what comes of them."""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

import probatio

from homeassistant.core import HomeAssistant


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """A far end that answered: who it is, and what the entry will keep of it."""

    identity: str
    title: str
    data: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Step:
    """One page of a source's form.

    Both functions see all answers so far. `submit` returns the key of the next page
    or, after a real connection, the candidate; it may keep what it found in the
    answers, which are the entry's data when credentials or addresses are changed.
    """

    key: str
    schema: Callable[[Mapping[str, Any]], probatio.Schema]
    submit: Callable[
        [HomeAssistant, MutableMapping[str, Any]], Awaitable[Candidate | str]
    ]
    placeholders: Callable[[Mapping[str, Any]], Mapping[str, str]] = lambda _: {}
