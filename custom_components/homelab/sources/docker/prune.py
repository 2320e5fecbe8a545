"""What nobody uses any more: shown first, then removed piece by piece."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
import re
from typing import Any, override

from ...source import BadAnswer, SourceError
from .engine import (
    cache_size,
    image_size,
    image_users,
    is_idle,
    volume_size,
    volume_users,
)
from .errors import Missing, translated
from .identity import PROJECT
from .models import Container
from .reading import a_count, a_list, a_mapping, a_text

# the last one leads from a swarm's networks to the machine's
PREDEFINED = frozenset({"bridge", "host", "none", "docker_gwbridge"})
_ANONYMOUS = re.compile(r"[0-9a-f]{64}")


class What(StrEnum):
    """What can be pruned."""

    CONTAINERS = "containers"
    IMAGES = "images"
    NETWORKS = "networks"
    VOLUMES = "volumes"
    BUILD_CACHE = "build_cache"


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """One thing that would go."""

    what: What
    id: str
    name: str
    size: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Wishes:
    """What is to be pruned, and whose things are left alone whatever it is."""

    what: frozenset[What]
    all_images: bool = False
    named_volumes: bool = False
    # resources that are protected, or gone but kept
    spared: frozenset[str] = frozenset()
    # what containers have that are there, or were a moment ago
    volumes: frozenset[str] = frozenset()
    # by name or id
    networks: frozenset[str] = frozenset()


def plan(
    usage: object,
    networks: object,
    wishes: Wishes,
    containers: Mapping[str, Container],
    volumes_of: Mapping[str, frozenset[str]],
) -> list[Item]:
    """Say what would go; `volumes_of` remembers those of containers that are gone."""
    whole = a_mapping(usage)
    found: list[Item] = []
    for what, rows in (
        (What.CONTAINERS, _containers(whole, wishes, containers)),
        (What.NETWORKS, _networks(networks, wishes, containers)),
        (What.IMAGES, _images(whole, wishes)),
        (What.VOLUMES, _volumes(whole, wishes, volumes_of)),
        (What.BUILD_CACHE, _cache(whole)),
    ):
        if what in wishes.what:
            found += rows
    return found


def _rows(whole: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    return [a_mapping(each) for each in a_list(whole.get(key))]


def _containers(
    whole: Mapping[str, Any], wishes: Wishes, containers: Mapping[str, Container]
) -> Iterator[Item]:
    sizes = {
        str(each.get("Id")): a_count(each.get("SizeRw"))
        for each in _rows(whole, "Containers")
    }
    for each in containers.values():
        spared = not wishes.spared.isdisjoint({each.resource, each.project})
        kept = spared or each.protected or each.ours
        if each.has_ended and not kept:
            yield Item(
                what=What.CONTAINERS,
                id=each.id,
                name=each.name,
                size=sizes.get(each.id),
            )


def _networks(
    networks: object, wishes: Wishes, containers: Mapping[str, Container]
) -> Iterator[Item]:
    # what is stopped is in no network, but cannot be started without its own
    held = _projects(wishes) | {each.project for each in containers.values()}
    for row in map(a_mapping, a_list(networks)):
        if (id_ := a_text(row.get("Id"))) is None or _serves_others(row):
            continue
        name = a_text(row.get("Name")) or id_
        used = PREDEFINED | wishes.networks
        project = a_text(a_mapping(row.get("Labels")).get(PROJECT))
        if project not in held - {None} and used.isdisjoint({id_, name}):
            yield Item(what=What.NETWORKS, id=id_, name=name, size=None)


def _serves_others(network: Mapping[str, Any]) -> bool:
    """Whether a swarm's other machines may need a network, or networks its settings."""
    marked = network.get("Ingress") is True or network.get("ConfigOnly") is True
    return marked or network.get("Scope") == "swarm"


def networks_of(rows: object) -> frozenset[str]:
    """Return the networks that containers name, by the list of those: by name and id.

    Of what is stopped, the engine itself counts none.
    """
    found: set[str | None] = set()
    for row in map(a_mapping, a_list(rows)):
        found.add(a_text(a_mapping(row.get("HostConfig")).get("NetworkMode")))
        joined = a_mapping(a_mapping(row.get("NetworkSettings")).get("Networks"))
        for name, settings in joined.items():
            found |= {name, a_text(a_mapping(settings).get("NetworkID"))}
    return frozenset(filter(None, found))


def _images(whole: Mapping[str, Any], wishes: Wishes) -> Iterator[Item]:
    for row in _rows(whole, "Images"):
        names = [str(n) for n in a_list(row.get("RepoTags")) if n != "<none>:<none>"]
        if image_users(row) != 0 or (names and not wishes.all_images):
            continue
        if id_ := a_text(row.get("Id")):
            name = names[0] if names else id_.removeprefix("sha256:")[:12]
            yield Item(what=What.IMAGES, id=id_, name=name, size=image_size(row))


def _volumes(
    whole: Mapping[str, Any],
    wishes: Wishes,
    volumes_of: Mapping[str, frozenset[str]],
) -> Iterator[Item]:
    if unknown_volumes(wishes, volumes_of):
        return
    projects = _projects(wishes)
    held = wishes.volumes.union(*(volumes_of.get(each, ()) for each in wishes.spared))
    for row in _rows(whole, "Volumes"):
        name = a_text(row.get("Name"))
        if name is None or volume_users(row) != 0 or name in held:
            continue
        labels = a_mapping(row.get("Labels"))
        # a project that is down for the night has left only its label
        if labels.get(PROJECT) in projects:
            continue
        if wishes.named_volumes or _ANONYMOUS.fullmatch(name):
            yield Item(what=What.VOLUMES, id=name, name=name, size=volume_size(row))


def _projects(wishes: Wishes) -> set[str]:
    """Return the projects that are spared, and those of containers that are."""
    return {each.partition("/")[0] for each in wishes.spared}


def unknown_volumes(
    wishes: Wishes, volumes_of: Mapping[str, frozenset[str]]
) -> list[str]:
    """Return the spared containers of which nobody remembers what they had."""
    containers = {each for each in wishes.spared if ":" in each or "/" in each}
    return sorted(containers - volumes_of.keys())


def _cache(whole: Mapping[str, Any]) -> Iterator[Item]:
    for row in _rows(whole, "BuildCache"):
        if is_idle(row) and (id_ := a_text(row.get("ID"))):
            name = a_text(row.get("Description")) or id_
            yield Item(what=What.BUILD_CACHE, id=id_, name=name, size=cache_size(row))


def total(items: Collection[Item]) -> int:
    """Add up what is known of their sizes."""
    return sum(item.size or 0 for item in items)


class Tidying:
    """What has gone so far, and what has not."""

    def __init__(self, kept: Collection[str]) -> None:
        """Nothing has gone yet; `kept` are sentences about what is left alone."""
        self._gone: Counter[What] = Counter()
        self._freed = 0
        self._kept = [*kept]
        self._refused = False

    @contextmanager
    def removing(self, name: str, path: str) -> Iterator[None]:
        """Remember a refusal and go on; of a lost answer, say what went before it."""
        try:
            with translated(path, acts=True):
                yield
        except Missing:
            # somebody else was faster
            pass
        except SourceError as error:
            if isinstance(error, BadAnswer) and not error.sent:
                self._kept.append(f"kept {name}: {error}")
                self._refused = True
                return
            text = f"{name}: {error}; before that {self}"
            raise type(error)(text, reason=error.reason, sent=error.sent) from None

    def note(self, what: What, size: int | None) -> None:
        """Count what has gone."""
        self._gone[what] += 1
        self._freed += size or 0

    @override
    def __str__(self) -> str:
        """Say what has gone."""
        parts = [
            str(of) if of in {What.IMAGES, What.BUILD_CACHE} else f"{count} {of}"
            for of, count in self._gone.items()
        ]
        text = ", ".join(parts).replace("_", " ") or "nothing"
        return f"removed {text}, about {self._freed / 1e6:.1f} MB"

    def result(self) -> str:
        """Say how it went; nothing but refusals is a failure."""
        text = "; ".join((str(self), *self._kept))
        if self._refused and not self._gone:
            raise BadAnswer(text)
        return text
