"""A beacon that reports when it likes: a source that only pushes."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, MutableMapping
from typing import Any

import probatio

from homeassistant.core import HomeAssistant

from custom_components.homelab.form import Candidate, Step
from custom_components.homelab.kind import (
    Device,
    Feed,
    Interval,
    ResourceKind,
    SensorDescription,
    SourceType,
)
from custom_components.homelab.own import CONNECTED
from custom_components.homelab.source import CannotConnect

BEACONS: dict[str, Beacon] = {}


class Beacon:
    """The client, which waits for reports; tests put them in."""

    dropped = 0

    def __init__(self) -> None:
        """No report yet."""
        self.reports: asyncio.Queue[int | CannotConnect] = asyncio.Queue()

    async def identify(self) -> str:
        """Its reports are signed: it is who the entry says."""
        return "rack-1"

    async def follow(self) -> AsyncGenerator[int]:
        """Yield each report."""
        while True:
            report = await self.reports.get()
            if isinstance(report, CannotConnect):
                raise report
            yield report

    async def close(self) -> None:
        """Stop listening."""


async def _open(
    hass: HomeAssistant, data: Mapping[str, Any], options: Mapping[str, Any]
) -> Beacon:
    return BEACONS[data["address"]]


async def _submit(
    hass: HomeAssistant, answers: MutableMapping[str, Any]
) -> Candidate | str:
    return Candidate(identity="rack-1", title="Beacon", data=dict(answers))


SOURCE = SourceType[Beacon](
    key="beacon",
    open=_open,
    feeds=(
        Feed(
            key="report",
            interval=Interval(
                option="report_interval", default=10, minimum=5, maximum=300
            ),
            follow=Beacon.follow,
            deadline=5,
        ),
    ),
    kinds=(
        ResourceKind[int](
            key="host",
            find={"report": lambda brightness: {"": brightness}},
            device=lambda _: Device(name="Beacon"),
            entities=(
                CONNECTED,
                SensorDescription[int](key="brightness", value=lambda value: value),
            ),
        ),
    ),
    form=(Step(key="beacon", schema=lambda _: probatio.Schema({}), submit=_submit),),
    secrets=frozenset(),
)
