"""The rules of the proxy, simulated and in a real haproxy."""

import asyncio
import time

from aiohttp import ClientError, ClientSession
import pytest

from demo.engine import Proxy

from tests.fakes.real_engine import RealEngine

READ = ("CONTAINERS", "INFO")
CASES = (
    ((), "GET /_ping", True),
    ((), "HEAD /_ping", True),
    ((), "GET /v1.41/version", True),
    ((), "GET /events?until=1", True),
    ((), "GET /containers/json", False),
    ((), "GET /info", False),
    ((), "POST /containers/nobody/stop", False),
    (READ, "GET /v1.41/containers/json", True),
    (READ, "GET /containers/nobody/json", True),
    (READ, "GET /info", True),
    (READ, "GET /images/json", False),
    (READ, "GET /system/df", False),
    (READ, "POST /containers/nobody/stop", False),
    # alone it does nothing: the rule about methods stands before it
    ((*READ, "ALLOW_STOP"), "POST /containers/nobody/stop", False),
    (("POST", "ALLOW_STOP"), "POST /containers/nobody/stop", True),
    (("POST", "ALLOW_STOP"), "POST /containers/nobody/start", False),
    (("POST", "ALLOW_START"), "POST /containers/nobody/start", True),
    (("POST", "ALLOW_RESTARTS"), "POST /containers/nobody/restart", True),
    (("POST", "ALLOW_RESTARTS"), "POST /containers/nobody/kill", True),
    (("POST", "ALLOW_RESTARTS"), "POST /containers/nobody/pause", False),
    (("POST", "ALLOW_RESTARTS"), "POST /containers/no!body/stop", False),
    ((*READ, "POST"), "POST /containers/nobody/pause", True),
    ((*READ, "POST"), "POST /containers/_homelab/kill", True),
    ((*READ, "POST"), "POST /volumes/prune", False),
    ((*READ, "POST"), "DELETE /containers/nobody", True),
    (("IMAGES", "VOLUMES", "SYSTEM"), "GET /volumes", True),
    (("IMAGES", "VOLUMES", "SYSTEM"), "GET /v1.41/system/df", True),
)
GRANULAR = (
    (READ, "GET /containers/nobody/logs?stdout=1", False),
    ((*READ, "ALLOW_LOGS"), "GET /containers/nobody/logs?stdout=1", True),
    ((*READ, "POST"), "POST /containers/nobody/kill", False),
    ((*READ, "POST", "ALLOW_KILL"), "POST /containers/nobody/kill", True),
    ((*READ, "POST"), "POST /containers/nobody/stop", True),
    ((*READ, "POST"), "DELETE /containers/nobody", False),
    ((*READ, "DELETE"), "DELETE /containers/nobody", True),
)
ALL = [
    *((*case, False) for case in CASES),
    *((*case, True) for case in GRANULAR),
]


@pytest.mark.parametrize(("variables", "wanted", "passes", "granular"), ALL)
def test_rules(
    variables: tuple[str, ...], wanted: str, *, passes: bool, granular: bool
) -> None:
    method, path = wanted.split()
    proxy = Proxy(variables, granular=granular)
    assert proxy.refuses(method, path.partition("?")[0]) is not passes


def test_what_is_open_can_be_closed() -> None:
    assert Proxy(closed=["EVENTS"]).refuses("GET", "/events")


@pytest.mark.real("docker")
@pytest.mark.usefixtures("socket_enabled")
@pytest.mark.parametrize(
    ("variables", "granular"), [*dict.fromkeys((case[0], case[3]) for case in ALL)]
)
async def test_rules_of_a_real_one(
    real_engine: RealEngine, variables: tuple[str, ...], *, granular: bool
) -> None:
    url = real_engine.proxy(*variables, granular=granular)
    async with ClientSession(url) as client:
        await _answers(client)
        for asked, wanted, passes, kind in ALL:
            if (asked, kind) == (variables, granular):
                method, path = wanted.split()
                async with client.request(method, path) as answer:
                    assert (answer.status != 403) is passes, wanted
                    if not passes:
                        assert answer.content_type == "text/html"
                        assert "403 Forbidden" in await answer.text()


async def _answers(client: ClientSession) -> None:
    deadline = time.monotonic() + 10
    while True:
        try:
            async with client.get("/_ping") as answer:
                assert answer.status == 200
                return
        except ClientError:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.05)
