"""What the engine says of its containers to models."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
import re

from ...source import BadAnswer
from .models import Container, Health, State
from .reading import a_count, a_list, a_mapping, a_text, a_time, a_truth

PROJECT = "com.docker.compose.project"
SERVICE = "com.docker.compose.service"
NUMBER = "com.docker.compose.container-number"
ONE_OFF = "com.docker.compose.oneoff"
DEPENDS_ON = "com.docker.compose.depends_on"
# ours, on containers
PROTECT = "homelab.protect"
URL = "homelab.url"
NAME = "homelab.name"

GRACE = 10.0
# Podman has words of its own
_STATES = {
    "configured": State.CREATED,
    "initialized": State.CREATED,
    "stopping": State.RUNNING,
    "stopped": State.EXITED,
    "up": State.RUNNING,
}
# while compose replaces a container, the new one has the old one's id before its name
_REPLACING = re.compile(r"^[0-9a-f]{12}_(?=.)")
_HEALTH = re.compile(r"\((?:health: )?(starting|healthy|unhealthy)\)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """What the list says of a container: enough to see whether it has changed."""

    id: str
    name: str
    state: State | None
    health: Health | None


def a_state(raw: object) -> State | None:
    """Return a state; None for a word that nobody knows."""
    word = str(raw or "").lower()
    return State(word) if word in set(State) else _STATES.get(word)


def a_health(raw: object) -> Health | None:
    """Return what a check says; None without one."""
    word = str(raw or "").lower()
    return Health(word) if word in set(Health) else None


def parse_rows(raw: object) -> list[Row]:
    """Read the list of containers."""
    if not isinstance(raw, list):
        raise BadAnswer("the list of containers is none")
    rows = []
    for each in map(a_mapping, raw):
        # one with a slash inside is another container's link to it
        names = [n for n in a_list(each.get("Names")) if "/" not in str(n)[1:]]
        if (id_ := a_text(each.get("Id"))) is None:
            continue
        found = _HEALTH.search(str(each.get("Status") or ""))
        rows.append(
            Row(
                id=id_,
                name=_plain_name(names[0] if names else ""),
                state=a_state(each.get("State")),
                health=a_health(found[1]) if found else None,
            )
        )
    return rows


def _plain_name(raw: object) -> str:
    return _REPLACING.sub("", str(raw or "").lstrip("/"))


def identify(labels: Mapping[str, object], name: str) -> tuple[str, str]:
    """Return what outlives a container, and what people call it."""
    name = _plain_name(name)
    project, service = a_text(labels.get(PROJECT)), a_text(labels.get(SERVICE))
    if not (project and service) or str(labels.get(ONE_OFF)).lower() == "true":
        return f"name:{name}", name
    number = str(labels.get(NUMBER) or 1)
    title = service if number == "1" else f"{service} {number}"
    return f"{project}/{service}/{number}", title


def parse_container(raw: object) -> Container:
    """Read what the engine says of one container."""
    whole = a_mapping(raw)
    config, host = a_mapping(whole.get("Config")), a_mapping(whole.get("HostConfig"))
    state = a_mapping(whole.get("State"))
    if (id_ := a_text(whole.get("Id"))) is None:
        raise BadAnswer("a container without an id")
    labels = a_mapping(config.get("Labels"))
    name = _plain_name(whole.get("Name"))
    resource, title = identify(labels, name)
    does = a_state(state.get("Status"))
    check = a_mapping(config.get("Healthcheck")).get("Test")
    said = a_mapping(state.get("Health") or state.get("Healthcheck")).get("Status")
    running = does in {State.RUNNING, State.PAUSED}
    return Container(
        id=id_,
        resource=resource,
        name=name,
        title=a_text(labels.get(NAME)) or title,
        project=a_text(labels.get(PROJECT)),
        service=a_text(labels.get(SERVICE)),
        depends_on=_dependencies(labels.get(DEPENDS_ON)),
        image=a_text(config.get("Image")),
        created=str(whole.get("Created") or ""),
        state=does,
        checked=a_health(said) is not None or _is_check(check),
        health=a_health(said) if running else None,
        # the engine keeps the last one while it runs again
        exit_code=None if running else a_count(state.get("ExitCode")),
        oom_killed=a_truth(state.get("OOMKilled")),
        restart_count=a_count(whole.get("RestartCount")),
        started_at=a_time(state.get("StartedAt")) if running else None,
        stop_signal=str(config.get("StopSignal") or "SIGTERM"),
        grace=_grace(config.get("StopTimeout")),
        tty=config.get("Tty") is True,
        networked=_is_networked(host.get("NetworkMode")),
        url=_url(labels.get(URL)),
        protected=str(labels.get(PROTECT)).lower() in {"true", "1", "yes", "on"},
        volumes=frozenset(_volumes(whole.get("Mounts"))),
    )


def _is_check(test: object) -> bool:
    return isinstance(test, list) and bool(test) and test[0] != "NONE"


def _grace(raw: object) -> float:
    seconds = a_count(raw)
    return GRACE if seconds is None else float(min(seconds, 3600))


def _is_networked(raw: object) -> bool:
    # what shares a network shares its counters, too
    mode = str(raw or "")
    return mode not in {"host", "none"} and not mode.startswith("container:")


def _url(raw: object) -> str | None:
    text = a_text(raw)
    return text if text and text.startswith(("http://", "https://")) else None


def _dependencies(raw: object) -> frozenset[str]:
    """Read `db:service_healthy:true,cache:service_started:false`."""
    words = (part.partition(":")[0].strip() for part in str(raw or "").split(","))
    return frozenset(filter(None, words))


def _volumes(raw: object) -> Iterable[str]:
    for mount in raw if isinstance(raw, list) else ():
        found = a_mapping(mount)
        if found.get("Type") == "volume" and (name := a_text(found.get("Name"))):
            yield name


def published_ports(raw: object) -> frozenset[int]:
    """Return the ports of the machine that lead into a container."""
    ports = a_mapping(a_mapping(a_mapping(raw).get("NetworkSettings")).get("Ports"))
    bound = [each for each in ports.values() if isinstance(each, list)]
    found = (str(a_mapping(each).get("HostPort")) for many in bound for each in many)
    return frozenset(int(port) for port in found if port.isdigit())


def own_addresses(raw: object) -> frozenset[str]:
    """Return where a container is reached: addresses, names and aliases."""
    whole = a_mapping(raw)
    settings = a_mapping(whole.get("NetworkSettings"))
    networks = a_mapping(settings.get("Networks")).values()
    found = {_plain_name(whole.get("Name"))}
    for network in map(a_mapping, networks):
        found |= {str(network.get(k)) for k in ("IPAddress", "GlobalIPv6Address")}
        for key in ("Aliases", "DNSNames"):
            names = network.get(key)
            found |= {str(name) for name in names} if isinstance(names, list) else set()
    return frozenset(found - {"", "None"})
