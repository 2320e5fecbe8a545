"""The vocabulary of every source: SourceType > Feed > ResourceKind > descriptions."""

from collections.abc import (
    AsyncGenerator,
    Awaitable,
    Callable,
    Iterable,
    Iterator,
    Mapping,
)
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

import probatio

from homeassistant.components.binary_sensor import BinarySensorEntityDescription
from homeassistant.components.button import ButtonEntityDescription
from homeassistant.components.event import EventEntityDescription
from homeassistant.components.sensor import SensorEntityDescription
from homeassistant.components.switch import SwitchEntityDescription
from homeassistant.components.update import UpdateEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant

from .action import Action
from .form import Step
from .looking import Fault, Live, ReadLogs
from .policy import Guard
from .publishing import Scale
from .source import Source

HOST: Final = "host"
OWN: Final = "own"

# A resource's kind and its id; the host's own id is empty.
type ResourceKey = tuple[str, str]
HOST_KEY: Final[ResourceKey] = (HOST, "")


@dataclass(frozen=True, kw_only=True)
class Facts[R]:
    """What descriptions of all platforms have in common.

    `feed` names the feed whose facts the functions read, the kind's first by default.
    `exists` reads those of the first; where it is false, the entity is added as soon as
    it becomes true.
    """

    value: Callable[[R], Any] = lambda _: None
    feed: str | None = None
    exists: Callable[[Any], bool] | None = None
    attributes: Callable[[R], Mapping[str, Any]] | None = None
    placeholders: Mapping[str, str] | None = None


@dataclass(frozen=True, kw_only=True)
class SensorDescription[R](SensorEntityDescription, Facts[R]):
    """A sensor; with a scale it is rounded, checked and published at the entry's pace."""

    value: Callable[[R], str | float | date | datetime | None]
    scale: Scale | None = None


@dataclass(frozen=True, kw_only=True)
class BinarySensorDescription[R](BinarySensorEntityDescription, Facts[R]):
    """A binary sensor."""

    value: Callable[[R], bool | None]


@dataclass(frozen=True, kw_only=True)
class SwitchDescription[R](SwitchEntityDescription, Facts[R]):
    """A switch; it shows what is, not what was asked for."""

    value: Callable[[R], bool | None]
    turn_on: Action[Any]
    turn_off: Action[Any]
    entity_category: EntityCategory | None = EntityCategory.CONFIG


@dataclass(frozen=True, kw_only=True)
class ButtonDescription[R](ButtonEntityDescription, Facts[R]):
    """A button."""

    press: Action[Any]
    entity_category: EntityCategory | None = EntityCategory.CONFIG


@dataclass(frozen=True, kw_only=True, slots=True)
class Release:
    """What is installed, what could be, and how far an installation has come."""

    installed: str | None
    latest: str | None
    title: str | None = None
    summary: str | None = None
    url: str | None = None
    in_progress: bool = False
    percentage: float | None = None


@dataclass(frozen=True, kw_only=True)
class UpdateDescription[R](UpdateEntityDescription, Facts[R]):
    """An update; without an action it only tells."""

    value: Callable[[R], Release | None]
    install: Action[Any] | None = None
    entity_category: EntityCategory | None = EntityCategory.CONFIG


@dataclass(frozen=True, kw_only=True, slots=True)
class Occurrence:
    """One thing that happened, for an event entity; `about` becomes its device_id."""

    type: str
    attributes: Mapping[str, Any]
    about: ResourceKey | None = None


@dataclass(frozen=True, kw_only=True)
class EventDescription[R](EventEntityDescription, Facts[R]):
    """An event; `occurred` says what happened between two states of its resource."""

    event_types: list[str]
    occurred: Callable[[R, R], Iterable[Occurrence]]


type Description = (
    SensorDescription[Any]
    | BinarySensorDescription[Any]
    | SwitchDescription[Any]
    | ButtonDescription[Any]
    | UpdateDescription[Any]
    | EventDescription[Any]
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Device:
    """How a resource shows itself as a device."""

    name: str
    manufacturer: str | None = None
    model: str | None = None
    sw_version: str | None = None
    serial_number: str | None = None
    configuration_url: str | None = None


@dataclass(frozen=True, kw_only=True)
class ResourceKind[R]:
    """One sort of thing: where its facts are, what device it is, all its entities.

    `find` has a function per feed that returns the things by resource id, or None where
    a snapshot does not tell which there are. The first feed says what exists; in it,
    parents stand before their children.
    """

    key: str
    find: Mapping[str, Callable[[Any], Mapping[str, Any] | None]]
    device: Callable[[R], Device]
    parent: Callable[[R], ResourceKey] = lambda _: HOST_KEY
    # what the protect list is compared with, besides the device's name and the id;
    # a thing that acts on others carries their names and guards as well
    names: Callable[[R], Iterable[str]] = lambda _: ()
    guard: Callable[[R], Guard | None] = lambda _: None
    # those that it acts on: whatever protects one of them protects it
    members: Callable[[R], Iterable[ResourceKey]] = lambda _: ()
    entities: tuple[Description, ...]
    # actions that no entity has
    actions: tuple[Action[R], ...] = ()
    faults: tuple[Fault[R], ...] = ()
    logs: ReadLogs | None = None

    def all_actions(self) -> Iterator[Action[Any]]:
        """Yield whatever can be done to it."""
        yield from self.actions
        for description in self.entities:
            match description:
                case SwitchDescription():
                    yield from (description.turn_on, description.turn_off)
                case ButtonDescription():
                    yield description.press
                case UpdateDescription(install=Action() as install):
                    yield install


def find_all(
    kinds: Iterable[ResourceKind[Any]], feed: str, data: Any
) -> tuple[frozenset[str], dict[ResourceKey, Any]]:
    """Return of which kinds a feed's snapshot tells, and all things in it."""
    found = {
        kind.key: things
        for kind in kinds
        if (find := kind.find.get(feed)) and (things := find(data)) is not None
    }
    pairs = ((kind, id_) for kind, things in found.items() for id_ in things)
    return frozenset(found), {pair: found[pair[0]][pair[1]] for pair in pairs}


@dataclass(frozen=True, kw_only=True, slots=True)
class Interval:
    """Seconds between two reads: an option, and where it may lie."""

    option: str
    default: int
    minimum: int
    maximum: int


@dataclass(frozen=True, kw_only=True)
class Feed[S: Source, D]:
    """Facts that arrive together at one pace: polled, followed, or both.

    A feed without `fetch` is pushed: the far end decides when, and silence for two
    intervals and the deadline means that contact is lost. `sparing` says that `fetch`
    takes the resources that have an enabled entity of this feed, and asks no others.
    `removes` says that what a followed snapshot lacks was removed by an explicit event.
    """

    key: str
    interval: Interval
    fetch: Callable[..., Awaitable[D]] | None = None
    sparing: bool = False
    follow: Callable[[S], AsyncGenerator[D]] | None = None
    deadline: float = 20
    removes: bool = False


@dataclass(frozen=True, kw_only=True)
class SourceType[S: Source]:
    """How one sort of far end is asked for, opened and read.

    `open` only makes the client, of an entry's data and its options: it asks nothing yet
    and raises nothing; what it takes has been checked by the form. The first feed is the one that must answer. The first step of the form carries the
    source's own key; the step `reauth_confirm` asks for new credentials only.
    """

    key: str
    open: Callable[[HomeAssistant, Mapping[str, Any], Mapping[str, Any]], Awaitable[S]]
    feeds: tuple[Feed[S, Any], ...]
    kinds: tuple[ResourceKind[Any], ...]
    form: tuple[Step, ...]
    secrets: frozenset[str]
    live: tuple[Live[S], ...] = ()
    # called before what a person wants to know now: what is left alone is asked, too
    wake: Callable[[S], None] | None = None
    # sections of its own in the options: their fields, as a form shows them
    options: Mapping[str, Mapping[probatio.Marker, Any]] = field(default_factory=dict)
