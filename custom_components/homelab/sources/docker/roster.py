"""All containers of an engine, and which of them stands for each resource."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from .models import Container, Project
from .parser import Row


class Roster:
    """The containers by their ids: two may claim one resource while it is replaced."""

    def __init__(self) -> None:
        """Nothing is known yet."""
        self.containers: dict[str, Container] = {}

    def take(self, container: Container) -> None:
        """Take what the engine says of a container now."""
        self.containers[container.id] = container

    def drop(self, id_: str) -> Container | None:
        """Forget a container that is gone."""
        return self.containers.pop(id_, None)

    def alter(self, id_: str, **changes: Any) -> None:
        """Change what is known of a container, before it is looked at again."""
        if known := self.containers.get(id_):
            self.containers[id_] = replace(known, **changes)

    def compare(self, rows: Iterable[Row]) -> tuple[list[str], list[str]]:
        """Say which containers look different by the list, and which are gone."""
        rows = list(rows)
        different = [row.id for row in rows if self._differs(row)]
        gone = self.containers.keys() - {row.id for row in rows}
        return different, sorted(gone)

    def _differs(self, row: Row) -> bool:
        known = self.containers.get(row.id)
        return (
            known is None
            or (row.state is not None and known.state is not row.state)
            or known.name != row.name
            # not every engine says it in the list
            or (row.health is not None and known.health is not row.health)
        )

    def owner(self, resource: str) -> Container | None:
        """Return the container that stands for a resource now."""
        claims = [c for c in self.containers.values() if c.resource == resource]
        return max(claims, key=_claim, default=None)

    def owners(self) -> dict[str, Container]:
        """Return the containers that stand for their resources."""
        found: dict[str, Container] = {}
        for each in self.containers.values():
            other = found.get(each.resource)
            if other is None or _claim(each) > _claim(other):
                found[each.resource] = each
        return found


def _claim(container: Container) -> tuple[bool, str]:
    """What lives comes before what does not, then the newer before the older."""
    return (container.is_alive, container.created)


def projects(owners: Iterable[Container]) -> dict[str, Project]:
    """Return the compose projects, their containers in the order in which they start."""
    members: dict[str, list[Container]] = {}
    for each in owners:
        if each.project and each.is_service:
            members.setdefault(each.project, []).append(each)
    return {
        name: Project(name=name, containers=tuple(in_order(containers)))
        for name, containers in sorted(members.items())
    }


def in_order(containers: Iterable[Container]) -> list[Container]:
    """Sort what others depend on before them, then the older before the newer."""
    waiting = sorted(containers, key=lambda each: (each.created, each.resource))
    ordered: list[Container] = []
    while waiting:
        missing = {each.service for each in waiting}
        ready = next(
            (
                each
                for each in waiting
                if not (each.depends_on - {each.service}) & missing
            ),
            # they depend on each other: compose refuses that, labels do not
            waiting[0],
        )
        waiting.remove(ready)
        ordered.append(ready)
    return ordered
