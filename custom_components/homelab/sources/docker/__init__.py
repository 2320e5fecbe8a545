"""Docker hosts: engines with their containers, reached by socket, TCP, TLS or SSH."""

from collections.abc import Mapping
from pathlib import Path
import socket
from typing import Any

from homeassistant.core import HomeAssistant

from ...kind import Feed, Interval, SourceType
from ...looking import Live
from ...ours import Surroundings
from .client import DockerClient
from .connection import open_api
from .entities import DISK, KINDS, NUMBERS, STATE
from .form import FORM, SECRETS


async def _open(
    hass: HomeAssistant, data: Mapping[str, Any], _: Mapping[str, Any]
) -> DockerClient:
    surroundings = await hass.async_add_executor_job(_look_around)
    return DockerClient(await open_api(data), data, surroundings)


def _look_around() -> Surroundings:
    """Read in which container this process runs, if in any."""
    texts = [
        path.read_text() if path.exists() else ""
        for path in (Path("/proc/self/cgroup"), Path("/proc/self/mountinfo"))
    ]
    return Surroundings.read(
        cgroup=texts[0], mountinfo=texts[1], host_name=socket.gethostname()
    )


def _seconds(option: str, default: int, minimum: int, maximum: int) -> Interval:
    return Interval(option=option, default=default, minimum=minimum, maximum=maximum)


SOURCE = SourceType[DockerClient](
    key="docker",
    open=_open,
    feeds=(
        Feed(
            key=STATE,
            interval=_seconds("state_interval", 60, 10, 3600),
            fetch=DockerClient.state,
            follow=DockerClient.follow,
            # each answer has a deadline of its own; this is for an engine that is slow
            deadline=120,
            removes=True,
        ),
        Feed(
            key=NUMBERS,
            interval=_seconds("stats_interval", 15, 5, 300),
            fetch=DockerClient.numbers,
            sparing=True,
            deadline=120,
        ),
        Feed(
            key=DISK,
            interval=_seconds("disk_usage_interval", 6 * 3600, 3600, 7 * 86400),
            fetch=DockerClient.disk_usage,
            deadline=900,
        ),
    ),
    kinds=KINDS,
    form=FORM,
    secrets=SECRETS,
    live=(
        Live(
            key="containers",
            kind="container",
            rows="containers",
            follow=DockerClient.watch,
        ),
    ),
)
