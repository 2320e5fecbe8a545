"""Which container stands for a resource, and in which order a project starts."""

from dataclasses import replace

from custom_components.homelab.sources.docker.models import Container, Health, State
from custom_components.homelab.sources.docker.parser import Row
from custom_components.homelab.sources.docker.roster import Roster, in_order, projects


def container(id_: str, **traits: object) -> Container:
    known = {"resource": "shop/web/1", "name": id_, "title": "web", "created": id_}
    return Container(id=id_, **{**known, **traits})  # type: ignore[arg-type]


def service(name: str, created: str, *depends_on: str) -> Container:
    return container(
        name,
        resource=f"shop/{name}/1",
        service=name,
        project="shop",
        created=created,
        depends_on=frozenset(depends_on),
    )


def test_the_one_that_runs_owns_it() -> None:
    roster = Roster()
    roster.take(old := container("1", state=State.RUNNING))
    roster.take(new := container("2", state=State.CREATED))
    assert roster.owner("shop/web/1") == roster.owners()["shop/web/1"] == old
    roster.take(replace(old, state=State.EXITED))
    assert roster.owner("shop/web/1") == new
    roster.take(new := replace(new, state=State.RUNNING))
    roster.drop("1")
    assert roster.owners() == {"shop/web/1": new}
    assert roster.owner("nobody") is None


def row(id_: str, name: str, state: State | None, health: Health | None) -> Row:
    return Row(id=id_, name=name, state=state, health=health, labels={})


def test_the_list_says_who_looks_different() -> None:
    roster = Roster()
    for each in ("same", "state", "name", "health", "gone"):
        roster.take(container(each, state=State.RUNNING))
    rows = [
        row("same", "same", State.RUNNING, None),
        row("state", "state", State.EXITED, None),
        row("name", "renamed", State.RUNNING, None),
        row("health", "health", None, Health.HEALTHY),
        row("new", "new", State.RUNNING, None),
    ]
    assert roster.compare(rows) == (["state", "name", "health", "new"], ["gone"])


def test_an_event_changes_what_is_known() -> None:
    roster = Roster()
    roster.take(container("1", state=State.RUNNING))
    roster.alter("1", state=State.EXITED)
    roster.alter("unknown", state=State.EXITED)
    assert roster.containers["1"].state is State.EXITED
    assert [*roster.containers] == ["1"]


def test_what_others_need_comes_first() -> None:
    web, db = service("web", "1", "db"), service("db", "3")
    cache, worker = service("cache", "2"), service("worker", "0", "web", "cache")
    assert [c.id for c in in_order([web, db, cache, worker])] == [
        "cache",
        "db",
        "web",
        "worker",
    ]


def test_who_needs_what_is_not_there_or_himself() -> None:
    lonely, own = service("lonely", "1", "gone"), service("own", "2", "own")
    assert [c.id for c in in_order([own, lonely])] == ["lonely", "own"]


def test_a_circle_is_begun_somewhere() -> None:
    a, b = service("a", "2", "b"), service("b", "1", "a")
    assert [c.id for c in in_order([a, b])] == ["b", "a"]


def test_without_labels_the_older_comes_first() -> None:
    assert [c.id for c in in_order([service("b", "2"), service("a", "1")])] == [
        "a",
        "b",
    ]


def test_projects() -> None:
    once = container("x", resource="name:shop-web-run", service="web", project="shop")
    found = projects([service("web", "1", "db"), service("db", "2"), once])
    assert [each.id for each in found["shop"].containers] == ["db", "web"]
    assert found["shop"].grace == 20
    assert found["shop"].running == 0
    assert not found["shop"].may("start")
