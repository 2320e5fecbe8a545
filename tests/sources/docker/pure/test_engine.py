"""What an engine says of itself."""

from typing import Any

import pytest

from custom_components.homelab.source import BadAnswer
from custom_components.homelab.sources.docker.engine import parse_engine
from custom_components.homelab.sources.docker.models import Engine

VERSION = {
    "Version": "27.1.1",
    "ApiVersion": "1.46",
    "Components": [{"Name": "Engine"}],
}
INFO: dict[str, Any] = {
    "ID": "AAAA:BBBB",
    "Name": "nas",
    "OperatingSystem": "Debian",
    "NCPU": 4,
    "Images": 12,
    "MemoryLimit": True,
    "DockerRootDir": "/var/lib/docker",
    "Warnings": None,
}


def test_docker() -> None:
    assert parse_engine(VERSION, INFO) == Engine(
        id="AAAA:BBBB",
        version="27.1.1",
        cpus=4,
        images=12,
    )


def test_podman_is_told_by_its_machine_and_its_storage() -> None:
    version = {**VERSION, "Components": [{"Name": "Podman Engine"}]}
    # Podman makes up another id for each answer
    first, second = (parse_engine(version, {**INFO, "ID": each}) for each in ("x", "y"))
    assert first.podman
    assert first.id == second.id != "x"
    other = parse_engine(version, {**INFO, "DockerRootDir": "/home/me"})
    assert other.id != first.id


def test_warnings() -> None:
    port = (
        "WARNING: API is accessible on http://0.0.0.0:2375 without encryption.\n"
        "         Access to the remote API is equivalent to root access on the host."
    )
    info = {**INFO, "MemoryLimit": False, "Warnings": [port, "WARNING: No swap limit"]}
    found = parse_engine(VERSION, info)
    assert found.open_ports == ("http://0.0.0.0:2375",)
    assert found.warnings == (port, "WARNING: No swap limit")
    assert not found.counts_memory
    for own in ("127.0.0.1", "[::1]"):
        local = port.replace("0.0.0.0", own)  # noqa: S104
        assert not parse_engine(VERSION, {**INFO, "Warnings": [local]}).open_ports


@pytest.mark.parametrize(
    ("version", "info", "reason"),
    [
        ({}, INFO, "not_docker"),
        ("<html>", INFO, "not_docker"),
        ({"ApiVersion": "x.y"}, INFO, "not_docker"),
        ({"ApiVersion": "1.39"}, INFO, "api_too_old"),
        (VERSION, {}, "not_docker"),
        (VERSION, {"Name": "nas"}, "not_docker"),
    ],
)
def test_what_is_no_engine(version: object, info: object, reason: str) -> None:
    with pytest.raises(BadAnswer) as error:
        parse_engine(version, info)
    assert error.value.reason == reason
