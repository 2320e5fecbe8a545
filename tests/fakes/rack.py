"""A rack of boxes on shelves: a source that is polled, followed and acted upon."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, MutableMapping
from dataclasses import dataclass, field, replace
from typing import Any

import probatio

from homeassistant.components.sensor import SensorStateClass
from homeassistant.const import PERCENTAGE
from homeassistant.core import HomeAssistant

from custom_components.homelab.acting import mutating
from custom_components.homelab.action import Action, Risk
from custom_components.homelab.form import Candidate, Step
from custom_components.homelab.kind import (
    HOST_KEY,
    BinarySensorDescription,
    ButtonDescription,
    Device,
    EventDescription,
    Feed,
    Interval,
    Occurrence,
    Release,
    ResourceKey,
    ResourceKind,
    SensorDescription,
    SourceType,
    SwitchDescription,
    UpdateDescription,
)
from custom_components.homelab.own import (
    CONNECTED,
    OPERATION,
    OWN_COST,
    PENDING_APPROVALS,
)
from custom_components.homelab.policy import Guard
from custom_components.homelab.publishing import CPU_PERCENT, RATE, TEMPERATURE
from custom_components.homelab.source import CannotConnect


@dataclass(frozen=True, kw_only=True, slots=True)
class Box:
    """What the rack says of one box."""

    name: str
    shelf: str | None = None
    running: bool = True
    version: str = "1.0"
    latest: str | None = None
    installing: float | None = None
    temperature: float | None = None
    note: str | None = None
    grace: float = 10
    guard: Guard | str | None = None
    service: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Rack:
    """Everything on the rack."""

    boxes: Mapping[str, Box] = field(default_factory=dict)
    shelves: tuple[str, ...] = ()
    firmware: Release | None = None

    def having(self, **boxes: Box | None) -> Rack:
        """Return a rack with some boxes put in, exchanged or taken out."""
        merged = {**self.boxes, **boxes}
        kept = {name: box for name, box in merged.items() if box is not None}
        return replace(self, boxes=kept)


@dataclass(frozen=True, kw_only=True, slots=True)
class Stats:
    """What a box uses."""

    load: float | None = None
    rate: float | None = None


class FarEnd:
    """The machine at the far end, which tests command."""

    def __init__(self) -> None:
        """A healthy rack with nothing on it."""
        self.identity = "rack-1"
        self.snapshots: dict[str, Any] = {"boxes": Rack(), "stats": {}, "disk": 0}
        self.errors: dict[str, Exception] = {}
        self.hangs: set[str] = set()
        self.gates: dict[str, asyncio.Event] = {}
        self.identifications = 0
        self.fetches: Counter[str] = Counter()
        self.asked: list[str] = []
        self.calls: list[tuple[str, str]] = []
        self.steps: list[float | None] = []
        self.words = ""
        self.push_during_fetch = 0
        self.open_sources = 0
        self.streams: list[asyncio.Queue[Any]] = []
        self.streams_opened = 0

    @property
    def rack(self) -> Rack:
        """What the first feed answers."""
        rack: Rack = self.snapshots["boxes"]
        return rack

    @rack.setter
    def rack(self, rack: Rack) -> None:
        self.snapshots["boxes"] = rack

    def break_off(self) -> None:
        """Let nothing through any more, and end every stream."""
        for question in ("identity", "boxes", "stats", "disk", "stream"):
            self.errors[question] = CannotConnect("no route")
        self.send(CannotConnect("connection reset"))

    def send(self, snapshot: Any) -> None:
        """Send a snapshot, or an error that ends the stream, to whoever follows."""
        if isinstance(snapshot, Rack):
            self.rack = snapshot
        for stream in self.streams:
            stream.put_nowait(snapshot)


FAR_ENDS: dict[str, FarEnd] = {}


class RackSource:
    """The client of a rack."""

    dropped = 0

    def __init__(self, far: FarEnd) -> None:
        """Hold a connection until closed."""
        self.far = far
        far.open_sources += 1

    async def identify(self) -> str:
        """Ask who it is."""
        self.far.identifications += 1
        return str(await self._ask("identity", self.far.identity))

    async def boxes(self) -> Rack:
        """Ask what is on the rack."""
        rack: Rack = await self.fetch("boxes")
        if self.far.push_during_fetch:
            self.far.push_during_fetch -= 1
            boxes = {n: replace(b, version="pushed") for n, b in rack.boxes.items()}
            for stream in self.far.streams:
                stream.put_nowait(replace(rack, boxes=boxes))
            for _ in range(5):
                await asyncio.sleep(0)
        return rack

    async def fetch(self, feed: str) -> Any:
        """Ask for a feed's facts."""
        self.far.fetches[feed] += 1
        answer = self.far.snapshots[feed]
        return await self._ask(feed, answer)

    async def _ask(self, question: str, answer: Any) -> Any:
        self.far.asked.append(question)
        if question in self.far.hangs:
            await asyncio.Event().wait()
        if gate := self.far.gates.get(question):
            await gate.wait()
        if error := self.far.errors.get(question):
            raise error
        return answer

    async def follow(self) -> AsyncGenerator[Rack]:
        """Yield the rack whenever it changes."""
        queue: asyncio.Queue[Any] = asyncio.Queue()
        await self._ask("stream", None)
        self.far.streams.append(queue)
        self.far.streams_opened += 1
        try:
            while True:
                item = await queue.get()
                if item is None:
                    return
                if isinstance(item, Exception):
                    raise item
                yield item
        finally:
            self.far.streams.remove(queue)

    async def act(self, action: str, resource_id: str) -> None:
        """Do something to a box."""
        await self._ask(action, None)
        self.far.calls.append((action, resource_id))

    @mutating
    async def start(self, resource_id: str) -> None:
        """Start a box."""
        await self.act("start", resource_id)
        box = self.far.rack.boxes[resource_id]
        self.far.rack = self.far.rack.having(
            **{resource_id: replace(box, running=True)}
        )

    @mutating
    async def stop(self, resource_id: str) -> None:
        """Stop a box."""
        await self.act("stop", resource_id)
        box = self.far.rack.boxes[resource_id]
        rack = self.far.rack.having(**{resource_id: replace(box, running=False)})
        self.far.rack = rack

    @mutating
    async def shake(self, resource_id: str) -> None:
        """Shake a box."""
        await self.act("shake", resource_id)

    @mutating
    async def install(
        self, resource_id: str, progress: Callable[[float | None], None]
    ) -> str:
        """Bring a box up to date, as far as the test lets it."""
        for percentage in self.far.steps:
            progress(percentage)
            await self._ask("step", None)
        await self.act("install", resource_id)
        return f"{resource_id} is up to date"

    @mutating
    async def spin(self, resource_id: str) -> None:
        """Turn the drive."""
        await self.act("spin", resource_id)

    @mutating
    async def empty(self, resource_id: str, *, shelf: str) -> str:
        """Empty a shelf of the rack, however long it takes."""
        await self.act("empty", shelf)
        return f"{shelf} is empty {self.far.words}"

    async def close(self) -> None:
        """Hang up."""
        await self._ask("close", None)
        self.far.open_sources -= 1


def _moved(before: Box, after: Box) -> Iterable[Occurrence]:
    if before.running != after.running:
        kind = "started" if after.running else "stopped"
        yield Occurrence(type=kind, attributes={"version": after.version})


def _box_parent(box: Box) -> ResourceKey:
    return ("shelf", box.shelf) if box.shelf else HOST_KEY


START = Action[Box](
    key="start",
    risk=Risk.ROUTINE,
    perform=RackSource.start,
    wished=lambda box: box.running,
)
STOP = Action[Box](
    key="stop",
    risk=Risk.DISRUPTIVE,
    perform=RackSource.stop,
    deadline=lambda box: box.grace + 30,
    threatens=True,
    wished=lambda box: not box.running,
)
SHAKE = Action[Box](
    key="shake",
    risk=Risk.DESTRUCTIVE,
    perform=RackSource.shake,
    deadline=5,
    threatens=True,
)
INSTALL = Action[Box](
    key="update",
    risk=Risk.DISRUPTIVE,
    perform=RackSource.install,
    deadline=1800,
    patience=120,
    threatens=True,
)
EMPTY = Action[Rack](
    key="empty", risk=Risk.DISRUPTIVE, perform=RackSource.empty, followed=True
)

HOST = ResourceKind[Rack](
    key="host",
    find={"boxes": lambda rack: {"": rack}, "disk": lambda disk: {"": disk}},
    device=lambda rack: Device(name="Rack", manufacturer="Smith", model="Steel"),
    entities=(
        CONNECTED,
        PENDING_APPROVALS,
        OPERATION,
        SensorDescription[Rack](key="boxes", value=lambda rack: len(rack.boxes)),
        SensorDescription[int](key="disk", feed="disk", value=lambda disk: disk),
        UpdateDescription[Rack](key="firmware", value=lambda rack: rack.firmware),
        *OWN_COST,
    ),
    actions=(EMPTY,),
)

SHELF = ResourceKind[str](
    key="shelf",
    find={"boxes": lambda rack: {name: name for name in rack.shelves}},
    device=lambda name: Device(name=f"Shelf {name}"),
    entities=(SensorDescription[str](key="label", value=lambda name: name),),
)

BOX = ResourceKind[Box](
    key="box",
    find={"boxes": lambda rack: rack.boxes, "stats": lambda stats: stats},
    device=lambda box: Device(name=box.name, sw_version=box.version),
    parent=_box_parent,
    names=lambda box: (box.service,) if box.service else (),
    guard=lambda box: Guard(box.guard) if box.guard else None,
    entities=(
        BinarySensorDescription[Box](key="up", value=lambda box: box.running),
        SensorDescription[Box](
            key="version",
            value=lambda box: box.version,
            attributes=lambda box: {"note": box.note},
        ),
        SensorDescription[Box](
            key="temperature",
            exists=lambda box: box.temperature is not None,
            state_class=SensorStateClass.MEASUREMENT,
            value=lambda box: box.temperature,
            scale=TEMPERATURE,
        ),
        SensorDescription[Box](
            key="slot_1",
            translation_key="slot",
            placeholders={"number": "1"},
            value=lambda box: box.shelf,
        ),
        SensorDescription[Stats](
            key="load",
            feed="stats",
            native_unit_of_measurement=PERCENTAGE,
            state_class=SensorStateClass.MEASUREMENT,
            value=lambda stats: stats.load,
            scale=CPU_PERCENT,
        ),
        SensorDescription[Stats](
            key="rate",
            feed="stats",
            state_class=SensorStateClass.MEASUREMENT,
            entity_registry_enabled_default=False,
            value=lambda stats: stats.rate,
            scale=RATE,
        ),
        SwitchDescription[Box](
            key="running", value=lambda box: box.running, turn_on=START, turn_off=STOP
        ),
        ButtonDescription[Box](key="shake", press=SHAKE),
        UpdateDescription[Box](
            key="image",
            value=lambda box: Release(
                installed=box.version,
                latest=box.latest or box.version,
                in_progress=box.installing is not None,
                percentage=box.installing,
            ),
            install=INSTALL,
        ),
        EventDescription[Box](
            key="moves", event_types=["started", "stopped"], occurred=_moved
        ),
    ),
)

SPIN = Action[int](
    key="spin",
    risk=Risk.ROUTINE,
    perform=RackSource.spin,
    wished=lambda turns: turns > 100,
)

DRIVE = ResourceKind[int](
    key="drive",
    find={"disk": lambda turns: {"d": turns} if turns else {}},
    device=lambda _: Device(name="Drive"),
    entities=(
        SensorDescription[int](key="turns", value=lambda turns: turns),
        ButtonDescription[int](key="spin", press=SPIN),
    ),
)

FIELDS = probatio.Schema(
    {
        probatio.Required("address"): str,
        probatio.Optional("token", default=""): str,
    }
)


async def _submit(
    hass: HomeAssistant, answers: MutableMapping[str, Any]
) -> Candidate | str:
    source = await _open(hass, answers, {})
    try:
        identity = await source.identify()
    finally:
        await source.close()
    if source.far.errors.get("asks"):
        return "label"
    return Candidate(identity=identity, title="Rack", data=dict(answers))


async def _submit_label(
    hass: HomeAssistant, answers: MutableMapping[str, Any]
) -> Candidate | str:
    identity = FAR_ENDS[answers["address"]].identity
    return Candidate(identity=identity, title=answers["label"], data=dict(answers))


async def _open(
    hass: HomeAssistant, data: Mapping[str, Any], options: Mapping[str, Any]
) -> RackSource:
    return RackSource(FAR_ENDS[data["address"]])


SOURCE = SourceType[RackSource](
    key="rack",
    open=_open,
    feeds=(
        Feed(
            key="boxes",
            interval=Interval(
                option="stats_interval", default=30, minimum=5, maximum=300
            ),
            fetch=RackSource.boxes,
            follow=RackSource.follow,
            removes=True,
        ),
        Feed(
            key="stats",
            interval=Interval(
                option="iostat_interval", default=15, minimum=5, maximum=60
            ),
            fetch=lambda source: source.fetch("stats"),
            deadline=5,
        ),
        Feed(
            key="disk",
            interval=Interval(
                option="disk_usage_interval", default=3600, minimum=60, maximum=86400
            ),
            fetch=lambda source: source.fetch("disk"),
        ),
    ),
    kinds=(HOST, SHELF, BOX, DRIVE),
    form=(
        Step(key="rack", schema=lambda _: FIELDS, submit=_submit),
        Step(
            key="label",
            schema=lambda _: probatio.Schema({probatio.Required("label"): str}),
            submit=_submit_label,
            placeholders=lambda answers: {"address": answers["address"]},
        ),
        Step(
            key="reauth_confirm",
            schema=lambda _: probatio.Schema({probatio.Required("token"): str}),
            submit=_submit,
        ),
    ),
    secrets=frozenset({"token"}),
)
