"""Plays what an engine told, and what it was asked meanwhile, to the causes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
import json
from pathlib import Path
from typing import Any

from custom_components.homelab.sources.docker.causes import Causes, Happening
from custom_components.homelab.sources.docker.life import in_dockers_words

CASES = Path(__file__).parents[1] / "cases" / "events"
COMPOSE = "com.docker.compose."


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What the engine answers about a container."""

    id: str
    resource: str = ""
    state: str | None = "running"
    health: str | None = None
    started_at: datetime | None = None
    oom_killed: bool | None = None
    stop_signal: str = "SIGTERM"
    grace: float = 10.0


def moment(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)


@dataclass
class Player:
    """An observer as small as can be: it knows who stands for a resource."""

    causes: Causes = field(default_factory=Causes)
    said: list[Happening] = field(default_factory=list)
    # what containers are called that were there before
    names: dict[str, str] = field(default_factory=dict)
    resources: dict[str, str] = field(default_factory=dict)
    running: set[str] = field(default_factory=set)
    stood: dict[str, str] = field(default_factory=dict)
    # whether the engine says which of its runs answers
    runs: bool = False

    def owner(self, resource: str) -> str | None:
        """Return who runs, else who is newest."""
        claims = [id_ for id_, each in self.resources.items() if each == resource]
        # the newer stands behind the older
        return max(
            enumerate(claims),
            key=lambda each: (each[1] in self.running, each[0]),
            default=(0, None),
        )[1]

    def sleep_until(self, at: float) -> None:
        """Say what becomes due on the way."""
        while (due := self.causes.next_due()) is not None and due <= at:
            said = self.causes.due(due)
            self.said += said
            if not said and self.causes.next_due() == due:
                raise AssertionError(f"due at {due}, and nothing comes of it")

    def event(self, raw: dict[str, Any]) -> None:
        """Take a line of the stream."""
        name, attributes = in_dockers_words(raw["Action"], raw["Actor"]["Attributes"])
        id_, at = raw["Actor"]["ID"], raw["timeNano"] / 1e9
        if not id_:
            return
        if name == "create" or id_ not in self.resources:
            self.resources.setdefault(id_, resource_of(attributes))
        resource = self.resources[id_]
        owns = self.owner(resource) == id_
        replaces = False
        if name == "start":
            replaces = self.stood.get(resource, id_) != id_
            self.stood[resource] = id_
            self.running.add(id_)
        self.said += self.causes.event(
            name, id_, at, attributes, resource=resource, owns=owns, replaces=replaces
        )
        if name == "die":
            self.running.discard(id_)
        if name == "destroy":
            del self.resources[id_]

    def seen(self, id_: str, facts: dict[str, Any]) -> Asked:
        """Make an answer of what an inspect said."""
        state = "running" if facts["running"] else "exited"
        return Asked(
            id=id_,
            resource=self.resources.setdefault(id_, self.names.get(id_, "unheard of")),
            state="restarting" if facts["restarting"] else state,
            started_at=datetime.fromisoformat(facts["started_at"])
            if facts["running"]
            else None,
            stop_signal=str(facts["stop_signal"] or "SIGTERM"),
            grace=facts["stop_timeout"] or 10,
            oom_killed=facts.get("oom_killed"),
        )

    def observe(self, what: dict[str, Any]) -> None:
        """Do what the observer did."""
        if "inspect" in what and what["facts"]:
            seen = self.seen(what["inspect"], what["facts"])
            self.causes.inspected(
                seen,
                auto_remove=what["facts"]["auto_remove"],
                stopped_by_user=what["facts"].get("stopped_by_user"),
            )
        elif "lost" in what:
            self.said += self.causes.lost(what["at"])
        elif "back" in what and self.runs:
            # each capture in which contact was lost is one of an engine that ended
            self.causes.answered_by("the next run")
        elif "list" in what:
            listed = [self.seen(id_, facts) for id_, facts in what["list"].items()]
            self.running |= {each.id for each in listed if each.state == "running"}
            for each in listed:
                self.causes.inspected(each)
            self.said += self.causes.listed(listed, what["at"])


def resource_of(attributes: Mapping[str, Any]) -> str:
    if service := attributes.get(f"{COMPOSE}service"):
        return f"{attributes[f'{COMPOSE}project']}/{service}"
    return str(attributes.get("name", ""))


def lines(case: str) -> Iterator[tuple[float, dict[str, Any]]]:
    for line in (CASES / f"{case}.jsonl").read_bytes().splitlines():
        raw = json.loads(line)
        told = raw.get("observer")
        yield (told["at"] if told else raw["timeNano"] / 1e9), raw


def play(case: str, *, podman: bool = False, runs: bool = False) -> list[Happening]:
    """Play a case, and wait until there is nothing more to say."""
    player = Player(runs=runs)
    player.causes.outlive(podman)
    if runs:
        player.causes.answered_by("the first run")
    for _, raw in reversed([*lines(case)]):
        if "Actor" in raw:
            name = resource_of(raw["Actor"]["Attributes"])
            player.names[raw["Actor"]["ID"]] = name
    now = 0.0
    for at, raw in lines(case):
        now = max(now, at)
        player.sleep_until(now)
        if told := raw.get("observer"):
            player.observe(told)
        else:
            player.event(raw)
    player.sleep_until(now + 1000)
    return player.said
