"""Podman's service from Debian, where it starts; what is simulated of it is so."""

import asyncio
import json
import time

import pytest

from demo.engine import Flavour, Machine, SimulatedEngine
from demo.engine.moment import SECOND

from tests.fakes.real_podman import RealPodman

pytestmark = pytest.mark.real("podman")
NAME = "web"


def test_who_it_is(real_podman: RealPodman) -> None:
    said = real_podman.ask("GET", "/version")
    assert said["Components"][0]["Name"] == "Podman Engine"
    first, second = (real_podman.ask("GET", "/info")["ID"] for _ in range(2))
    assert first != second


def test_a_container(real_podman: RealPodman) -> None:
    real_podman.run(NAME, Labels={"a": "b"})
    (row,) = real_podman.ask("GET", "/v1.41/containers/json")
    assert row["Names"] == [f"/{NAME}"] and row["State"] == "running"
    assert "HostConfig" not in row
    frame = real_podman.ask("GET", f"/v1.41/containers/{NAME}/stats?stream=0")
    assert frame["name"] == NAME and "Id" in frame
    assert frame["preread"].startswith("0001")
    assert frame["memory_stats"]["usage"] > 0


def test_it_tells_what_is_simulated(real_podman: RealPodman) -> None:
    real_podman.run(NAME)
    since = time.time()
    statuses = []
    for call in ("stop?t=1", "start", "pause", "unpause", "kill?signal=KILL", "kill"):
        path = f"/v1.41/containers/{NAME}/{call}"
        statuses.append(real_podman.request("POST", path)[0])
        # it notices ends by and by
        time.sleep(0.3)
    real_podman.request("DELETE", f"/v1.41/containers/{NAME}")
    simulated = SimulatedEngine(Machine(flavour=Flavour.PODMAN, api="1.41"))
    simulated.run(NAME)
    simulated.chronicle.kept.clear()
    asyncio.run(simulated.stop(NAME))
    simulated.start(NAME)
    simulated.pause(NAME)
    simulated.unpause(NAME)
    simulated.kill(NAME)
    simulated.remove(NAME)
    ours = [each.action for each in simulated.chronicle.kept]
    assert ours == _told(real_podman, since)
    assert statuses == [204, 204, 204, 204, 204, 500]


def _told(podman: RealPodman, since: float) -> list[str]:
    """Return what it told, without what it repeats at will."""
    path = f"/v1.41/events?since={int(since)}&until={int(time.time()) + 1}"
    said = map(json.loads, podman.request("GET", path)[1].splitlines())
    told: list[str] = []
    for event in said:
        action = event["Action"]
        # whether it tells of a stop depends on who is first
        at_will = action == "stop" or (action == "cleanup" and told[-1:] == [action])
        if event["timeNano"] > since * SECOND and not at_will:
            told.append(action)
    return told
