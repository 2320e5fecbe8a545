"""How the engine describes a container: in its list, and alone."""

from collections.abc import Mapping, Sequence
from typing import Any

from demo.engine.container import Container, State
from demo.engine.events import has_label
from demo.engine.machine import number
from demo.engine.moment import SECOND, span, stamp
from demo.engine.population import Population

KNOWN_FILTERS = {"status", "label", "name", "id", "health", "ancestor", "volume"}


def status(container: Container, now: int) -> str:
    """Tell in words what a container does."""
    if container.state is State.CREATED:
        return "Created"
    if container.state is State.DEAD:
        return "Dead"
    since = container.started if container.is_up else container.finished
    time = span((now - (since or now)) / SECOND)
    if container.state is State.RESTARTING:
        return f"Restarting ({container.exit_code}) {time} ago"
    if container.state is State.EXITED:
        return f"Exited ({container.exit_code}) {time} ago"
    if container.state is State.PAUSED:
        return f"Up {time} (Paused)"
    if container.health is None:
        return f"Up {time}"
    starting = "health: " if container.health == "starting" else ""
    return f"Up {time} ({starting}{container.health})"


def matches(container: Container, filters: Mapping[str, Sequence[str]]) -> bool:
    """Whether a container is among what was asked for."""
    return all(_matches(container, key, wanted) for key, wanted in filters.items())


def _matches(container: Container, key: str, wanted: Sequence[str]) -> bool:
    match key:
        case "status":
            return container.state in wanted
        case "label":
            return all(has_label(container.labels, each) for each in wanted)
        case "name":
            return any(each.lstrip("^/") in container.name for each in wanted)
        case "id":
            return any(container.id.startswith(each) for each in wanted)
        case "health":
            return (container.health or "none") in wanted
        case "ancestor":
            return container.image in wanted or container.image_id in wanted
        case _:
            return not {*container.volumes}.isdisjoint(wanted)


def summary(
    population: Population, container: Container, api: str, now: int
) -> dict[str, Any]:
    """Return a container's row in the list."""
    command = " ".join(
        f"'{part}'" if " " in part else part for part in container.command
    )
    row: dict[str, Any] = {
        "Id": container.id,
        "Names": [f"/{container.name}"],
        "Image": container.image,
        "ImageID": container.image_id,
        "Command": command,
        "Created": container.created // SECOND,
        "Ports": _ports(container),
        "Labels": container.labels,
        "State": container.state,
        "Status": status(container, now),
        "NetworkSettings": {"Networks": _networks(population, container)},
        "Mounts": [_mount(name) for name in container.volumes],
    }
    if not population.machine.is_podman:
        row["HostConfig"] = {"NetworkMode": container.network_mode}
    if number(api) >= (1, 52):
        row["Health"] = {
            "Status": container.health or "none",
            "FailingStreak": container.failing_streak,
        }
    return row


def detail(population: Population, container: Container) -> dict[str, Any]:
    """Return what inspecting a container says."""
    path, *arguments = container.command
    return {
        "Id": container.id,
        "Created": stamp(container.created),
        "Path": path,
        "Args": arguments,
        "State": _state(population, container),
        "Image": container.image_id,
        "Name": f"/{container.name}",
        "RestartCount": container.restart_count,
        "Driver": "overlay2",
        "Platform": "linux",
        "HostConfig": {
            "NetworkMode": container.network_mode,
            "PortBindings": {},
            "RestartPolicy": {
                "Name": container.restart,
                "MaximumRetryCount": container.retries,
            },
            "AutoRemove": container.auto_remove,
            "LogConfig": {"Type": "json-file", "Config": {}},
            "Memory": container.memory_limit,
            "NanoCpus": 0,
        },
        "Mounts": [_mount(name) for name in container.volumes],
        "Config": _config(container),
        "NetworkSettings": {"Ports": {}, "Networks": _networks(population, container)},
    }


def _state(population: Population, container: Container) -> dict[str, Any]:
    state: dict[str, Any] = {
        "Status": container.state,
        "Running": container.counts_as_running,
        "Paused": container.state is State.PAUSED,
        "Restarting": container.state is State.RESTARTING,
        "OOMKilled": container.oom_killed,
        "Dead": container.state is State.DEAD,
        "Pid": container.pid,
        "ExitCode": container.exit_code,
        "Error": container.error,
        "StartedAt": stamp(container.started),
        "FinishedAt": stamp(container.finished),
    }
    if container.health or population.machine.is_podman:
        state["Health"] = {
            "Status": container.health or "",
            "FailingStreak": container.failing_streak,
            "Log": [],
        }
    return state


def _config(container: Container) -> dict[str, Any]:
    config: dict[str, Any] = {
        "Hostname": container.id[:12],
        "Tty": container.tty,
        "Env": None,
        "Cmd": [*container.command],
        "Image": container.image,
        "Labels": container.labels,
        "Entrypoint": None,
    }
    if container.stop_signal:
        config["StopSignal"] = container.stop_signal
    if container.stop_timeout is not None:
        config["StopTimeout"] = container.stop_timeout
    if container.health:
        config["Healthcheck"] = {"Test": ["CMD-SHELL", "check"]}
    return config


def _ports(container: Container) -> list[dict[str, Any]]:
    if not container.is_up:
        return []
    return [
        {"IP": "0.0.0.0", "PrivatePort": port, "PublicPort": port, "Type": "tcp"}  # noqa: S104
        for port in container.ports
    ]


def _networks(population: Population, container: Container) -> dict[str, Any]:
    if not container.network:
        return {}
    network = population.networks[container.network]
    address = f"172.17.0.{int(container.id[:2], 16)}" if container.is_up else ""
    settings = {"NetworkID": network.id, "IPAddress": address, "Aliases": None}
    return {network.name: settings}


def _mount(name: str) -> dict[str, Any]:
    return {
        "Type": "volume",
        "Name": name,
        "Source": f"/var/lib/docker/volumes/{name}/_data",
        "Destination": f"/{name[:12]}",
        "Driver": "local",
        "Mode": "z",
        "RW": True,
        "Propagation": "",
    }
