"""What the engine says of its containers to models."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
import re
from typing import Any

from ...source import BadAnswer
from .identity import describe, identify
from .life import LONGEST_GRACE
from .models import Container, Health, State
from .reading import a_count, a_list, a_mapping, a_text, a_time, a_truth

GRACE = 10.0
# Podman has words of its own
_STATES = {
    "configured": State.CREATED,
    "initialized": State.CREATED,
    "stopping": State.RUNNING,
    "stopped": State.EXITED,
    "up": State.RUNNING,
}
_HEALTH = re.compile(r"\((?:health: )?(starting|healthy|unhealthy)\)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """What the list says of a container: enough to see whether it has changed."""

    id: str
    name: str
    state: State | None
    health: Health | None
    labels: Mapping[str, Any]

    def described(self) -> Container:
        """Return what is known of it without asking about it."""
        return replace(describe(self.id, self.name, self.labels), state=self.state)


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
        labels = a_mapping(each.get("Labels"))
        found = _HEALTH.search(str(each.get("Status") or ""))
        rows.append(
            Row(
                id=id_,
                name=identify(labels, names[0] if names else "").name,
                state=a_state(each.get("State")),
                health=a_health(found[1]) if found else None,
                labels=labels,
            )
        )
    return rows


def parse_container(raw: object) -> Container:
    """Read what the engine says of one container."""
    whole = a_mapping(raw)
    config, host = a_mapping(whole.get("Config")), a_mapping(whole.get("HostConfig"))
    state = a_mapping(whole.get("State"))
    if (id_ := a_text(whole.get("Id"))) is None:
        raise BadAnswer("a container without an id")
    known = describe(id_, whole.get("Name"), a_mapping(config.get("Labels")))
    does = a_state(state.get("Status"))
    check = a_mapping(config.get("Healthcheck")).get("Test")
    said = a_mapping(state.get("Health") or state.get("Healthcheck")).get("Status")
    running = does in {State.RUNNING, State.PAUSED}
    return replace(
        known,
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
        volumes=frozenset(_volumes(whole.get("Mounts"))),
    )


def _is_check(test: object) -> bool:
    return isinstance(test, list) and bool(test) and test[0] != "NONE"


def _grace(raw: object) -> float:
    if raw == -1:
        # for ever, as far as anybody waits
        return LONGEST_GRACE
    seconds = a_count(raw)
    return GRACE if seconds is None else float(min(seconds, LONGEST_GRACE))


def _is_networked(raw: object) -> bool:
    # what shares a network shares its counters, too
    mode = str(raw or "")
    return mode not in {"host", "none"} and not mode.startswith("container:")


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
    found = {str(whole.get("Name") or "").lstrip("/")}
    for network in map(a_mapping, networks):
        found |= {str(network.get(k)) for k in ("IPAddress", "GlobalIPv6Address")}
        for key in ("Aliases", "DNSNames"):
            names = network.get(key)
            found |= {str(name) for name in names} if isinstance(names, list) else set()
    return frozenset(found - {"", "None"})
