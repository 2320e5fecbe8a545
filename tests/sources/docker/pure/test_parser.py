"""Containers, as the engine describes them, and which of them is which."""

from datetime import UTC, datetime
from typing import Any

from hypothesis import given, strategies as st
import pytest

from custom_components.homelab.source import BadAnswer
from custom_components.homelab.sources.docker.models import Container, Health, State
from custom_components.homelab.sources.docker.parser import (
    own_addresses,
    parse_container,
    parse_rows,
    published_ports,
)

COMPOSE = {
    "com.docker.compose.project": "shop",
    "com.docker.compose.service": "web",
    "com.docker.compose.container-number": "1",
    "com.docker.compose.oneoff": "False",
    "com.docker.compose.depends_on": "db:service_healthy:true,cache:service_started:false",
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def described(**changes: Any) -> dict[str, Any]:
    """Return what the engine says of a container that runs."""
    state = {
        "Status": "running",
        "OOMKilled": False,
        "ExitCode": 0,
        "StartedAt": "2026-11-20T07:25:55.123456789Z",
        **changes.pop("state", {}),
    }
    config = {
        "Image": "nginx:1.27",
        "Labels": COMPOSE,
        "Tty": False,
        **changes.pop("config", {}),
    }
    return {
        "Id": "a" * 64,
        "Name": "/shop-web-1",
        "Created": "2026-11-20T07:25:54Z",
        "RestartCount": 2,
        "State": state,
        "Config": config,
        "HostConfig": {"NetworkMode": "shop_default"},
        "Mounts": [{"Type": "volume", "Name": "data"}, {"Type": "bind", "Name": "no"}],
        **changes,
    }


def test_a_container_of_a_project() -> None:
    assert parse_container(described()) == Container(
        id="a" * 64,
        resource="shop/web/1",
        name="shop-web-1",
        title="web",
        project="shop",
        service="web",
        depends_on=frozenset({"db", "cache"}),
        image="nginx:1.27",
        created="2026-11-20T07:25:54Z",
        state=State.RUNNING,
        restart_count=2,
        oom_killed=False,
        started_at=datetime(2026, 11, 20, 7, 25, 55, tzinfo=UTC),
        volumes=frozenset({"data"}),
    )


def labels(**more: str) -> dict[str, Any]:
    return {"Labels": {**COMPOSE, **more}}


@pytest.mark.parametrize(
    ("name", "config", "resource", "title"),
    [
        ("/shop-web-1", labels(), "shop/web/1", "web"),
        (
            "/x",
            labels(**{"com.docker.compose.container-number": "2"}),
            "shop/web/2",
            "web 2",
        ),
        (
            "/shop-web-run-1",
            labels(**{"com.docker.compose.oneoff": "True"}),
            "name:shop-web-run-1",
            "shop-web-run-1",
        ),
        ("/plex", {"Labels": None}, "name:plex", "plex"),
        ("/plex", {"Labels": {"homelab.name": "Films"}}, "name:plex", "Films"),
        # a date is no id: only compose puts the old one's id before the new one's name
        (
            "/202411201200_plex",
            {"Labels": {}},
            "name:202411201200_plex",
            "202411201200_plex",
        ),
        ("/0123456789ab_shop-web-1", labels(), "shop/web/1", "web"),
        (
            "/x",
            labels(**{"com.docker.compose.project": "a/b"}),
            "a%2Fb/web/1",
            "web",
        ),
        (
            "/x",
            {"Labels": {"com.docker.compose.project": "only a project"}},
            "name:x",
            "x",
        ),
    ],
)
def test_what_outlives_it(
    name: str, config: dict[str, Any], resource: str, title: str
) -> None:
    found = parse_container(described(Name=name, config=config))
    assert (found.resource, found.title) == (resource, title)


@pytest.mark.parametrize(
    ("status", "state", "is_on", "is_alive", "has_ended"),
    [
        ("running", State.RUNNING, True, True, False),
        ("restarting", State.RESTARTING, True, True, False),
        ("paused", State.PAUSED, False, True, False),
        ("created", State.CREATED, False, False, True),
        ("exited", State.EXITED, False, False, True),
        ("dead", State.DEAD, False, False, True),
        ("removing", State.REMOVING, False, False, True),
        ("stopping", State.RUNNING, True, True, False),
        ("configured", State.CREATED, False, False, True),
        ("a new word", None, None, False, False),
    ],
)
def test_states(
    status: str,
    state: State | None,
    is_on: bool | None,
    is_alive: bool,
    has_ended: bool,
) -> None:
    found = parse_container(described(state={"Status": status}))
    assert (found.state, found.is_on) == (state, is_on)
    assert (found.is_alive, found.has_ended) == (is_alive, has_ended)


def test_what_has_ended() -> None:
    found = parse_container(
        described(
            state={
                "Status": "exited",
                "ExitCode": 137,
                "OOMKilled": True,
                "Health": {"Status": "unhealthy"},
            }
        )
    )
    assert (found.exit_code, found.oom_killed, found.started_at) == (137, True, None)
    # what its check said last is no longer so
    assert (found.checked, found.health) == (True, None)


@pytest.mark.parametrize(
    ("state", "config", "expected"),
    [
        ({"Health": {"Status": "healthy"}}, {}, (True, Health.HEALTHY)),
        ({"Healthcheck": {"Status": "starting"}}, {}, (True, Health.STARTING)),
        ({"Health": {"Status": "none"}}, {}, (False, None)),
        ({}, {"Healthcheck": {"Test": ["CMD", "true"]}}, (True, None)),
        ({}, {"Healthcheck": {"Test": ["NONE"]}}, (False, None)),
        ({}, {}, (False, None)),
    ],
)
def test_checks(
    state: dict[str, Any],
    config: dict[str, Any],
    expected: tuple[bool, Health | None],
) -> None:
    found = parse_container(described(state=state, config=config))
    assert (found.checked, found.health) == expected


@pytest.mark.parametrize(
    ("mode", "networked"),
    [
        ("default", True),
        ("shop_default", True),
        ("host", False),
        ("none", False),
        ("container:abc", False),
    ],
)
def test_whose_network_it_is(mode: str, networked: bool) -> None:
    raw = described(HostConfig={"NetworkMode": mode})
    assert parse_container(raw).networked is networked


@pytest.mark.parametrize(
    "url",
    ["http://", "http://[oops", "http://nas:port", "ftp://nas", "http://a b", "x", ""],
)
def test_a_link_that_leads_nowhere(url: str) -> None:
    config = labels(**{"homelab.url": url})
    assert parse_container(described(config=config)).url is None


def test_labels_of_ours() -> None:
    config = labels(**{"homelab.protect": "True", "homelab.url": "https://nas/web"})
    found = parse_container(described(config=config))
    assert (found.protected, found.url) == (True, "https://nas/web")
    config = labels(**{"homelab.protect": "no", "homelab.url": "javascript:alert(1)"})
    found = parse_container(described(config=config))
    assert (found.protected, found.url) == (False, None)


@pytest.mark.parametrize(
    ("raw", "grace"), [(None, 10), (0, 0), (99, 99), (-2, 10), (-1, 3600)]
)
def test_grace(raw: int | None, grace: float) -> None:
    assert parse_container(described(config={"StopTimeout": raw})).grace == grace


def test_the_list() -> None:
    rows = parse_rows(
        [
            {
                "Id": "1",
                "Names": ["/other/alias", "/web"],
                "State": "running",
                "Status": "Up 3 hours (unhealthy)",
            },
            {"Id": "2", "Names": None, "State": "Exited", "Status": "Exited (0)"},
            {"Id": "3", "Names": [], "Status": "Up 1 second (health: starting)"},
            {"Names": ["/nobody"]},
            "nonsense",
        ]
    )
    assert [(row.id, row.name, row.state, row.health) for row in rows] == [
        ("1", "web", State.RUNNING, Health.UNHEALTHY),
        ("2", "", State.EXITED, None),
        ("3", "", None, Health.STARTING),
    ]
    assert rows[0].described() == Container(
        id="1", resource="name:web", name="web", title="web", state=State.RUNNING
    )


@pytest.mark.parametrize("raw", [None, {}, "x", 1])
def test_what_is_no_list(raw: object) -> None:
    with pytest.raises(BadAnswer):
        parse_rows(raw)


def test_where_it_is_reached() -> None:
    raw = {
        "Name": "/proxy",
        "NetworkSettings": {
            "Ports": {
                "2375/tcp": [{"HostIp": "0.0.0.0", "HostPort": "12375"}],  # noqa: S104
                "80/tcp": None,
            },
            "Networks": {
                "a": {"IPAddress": "172.18.0.2", "Aliases": ["socket-proxy"]},
                "b": {"GlobalIPv6Address": "fd00::2", "DNSNames": None},
            },
        },
    }
    assert published_ports(raw) == {12375}
    assert own_addresses(raw) == {"proxy", "172.18.0.2", "socket-proxy", "fd00::2"}


@given(JSON)
def test_nonsense_is_refused_or_empty(raw: object) -> None:
    published_ports(raw)
    own_addresses(raw)
    try:
        parse_container(raw)
        parse_rows(raw)
    except BadAnswer:
        pass


@given(st.sampled_from(["State", "Config", "HostConfig", "Mounts", "Created"]), JSON)
def test_a_part_that_is_nonsense_harms_nothing_else(part: str, raw: object) -> None:
    found = parse_container({**described(), part: raw})
    assert found.id == "a" * 64


@pytest.mark.parametrize("raw", ["never", "", None, "0001-01-01T00:00:00Z"])
def test_a_start_that_is_none(raw: str | None) -> None:
    assert parse_container(described(state={"StartedAt": raw})).started_at is None
