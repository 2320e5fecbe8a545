"""Addresses: what is understood, and what is refused before anything is asked."""

import pytest

from custom_components.homelab.source import BadAnswer
from custom_components.homelab.sources.docker.address import Address, Way, parse_address


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("unix:///run/d.sock", Address(way=Way.SOCKET, path="/run/d.sock")),
        (" unix:///a%20b ", Address(way=Way.SOCKET, path="/a b")),
        ("tcp://nas", Address(way=Way.PLAIN, host="nas", port=2375)),
        ("tcp://nas:99", Address(way=Way.PLAIN, host="nas", port=99)),
        ("http://proxy:2375/", Address(way=Way.PLAIN, host="proxy", port=2375)),
        ("https://nas", Address(way=Way.TLS, host="nas", port=2376)),
        ("https://[::1]:1", Address(way=Way.TLS, host="::1", port=1)),
        (
            "ssh://me@nas",
            Address(
                way=Way.SSH,
                host="nas",
                port=22,
                username="me",
                path="/var/run/docker.sock",
            ),
        ),
        (
            "ssh://a%40b@nas:2222/run/user/1000/docker.sock",
            Address(
                way=Way.SSH,
                host="nas",
                port=2222,
                username="a@b",
                path="/run/user/1000/docker.sock",
            ),
        ),
    ],
)
def test_understood(url: str, expected: Address) -> None:
    assert parse_address(url) == expected


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/var/run/docker.sock",
        "unix://",
        "unix://host/path",
        "unix:///",
        "unix:///a\0b",
        "tcp://",
        "tcp://nas/path",
        "tcp://nas:port",
        "tcp://nas:99999",
        "http://proxy?x=1",
        "https://nas#x",
        "ssh://nas",
        "ssh://me:secret@nas",
        "npipe:////./pipe/docker_engine",
        "ftp://nas",
        "http://[::1",
    ],
)
def test_refused(url: str) -> None:
    with pytest.raises(BadAnswer) as error:
        parse_address(url)
    assert (error.value.reason, error.value.field) == ("invalid_url", "url")
    assert "secret" not in str(error.value)


@pytest.mark.parametrize(
    ("url", "loopback"),
    [
        ("tcp://localhost", True),
        ("tcp://127.0.0.9", True),
        ("tcp://[::1]", True),
        ("tcp://192.0.2.1", False),
        ("tcp://nas", False),
    ],
)
def test_what_stays_on_this_machine(url: str, loopback: bool) -> None:
    assert parse_address(url).is_loopback is loopback


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("unix:///x", "http://docker"),
        ("ssh://me@nas", "http://docker"),
        ("tcp://nas:1", "http://nas:1"),
        ("https://[::1]:1", "https://[::1]:1"),
    ],
)
def test_where_requests_go(url: str, base: str) -> None:
    assert parse_address(url).base == base
