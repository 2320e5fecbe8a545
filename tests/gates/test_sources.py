"""What every source has to keep to, checked on its tables and on its syntax trees."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .test_strings import SOURCES
from custom_components.homelab.action import Action, Risk
from custom_components.homelab.kind import HOST_KEY, SourceType
from tests.fakes import beacon, rack

HOMELAB = Path(__file__).parents[2] / "custom_components" / "homelab"
# the made-up ones keep to it too: they show that it can be kept to
ALL: list[SourceType[Any]] = [*SOURCES, rack.SOURCE, beacon.SOURCE]

# how much harm each action can do; a source declares it, and this table checks it
RISKS = {
    Risk.ROUTINE: {
        "container": {"start", "restart", "unpause"},
        "project": {"start"},
        "pool": {"scrub_start", "scrub_pause", "scrub_stop", "trim"},
        "dataset": {"snapshot"},
        "host": {"check_updates", "vacuum_journal", "snapshot"},
        "unit": {"start", "restart"},
    },
    Risk.DISRUPTIVE: {
        "container": {"stop", "pause", "update", "rollback"},
        "project": {"stop", "restart", "update"},
        "pool": {"clear_errors"},
        "host": {"packages", "agent", "reboot"},
        "unit": {"stop"},
    },
    Risk.DESTRUCTIVE: {"container": {"kill", "remove"}, "host": {"prune"}},
}
# seconds; what stops or restarts a thing of its own pace adds 30 s to its grace
DEADLINES: dict[tuple[str, str], float] = {
    ("container", "kill"): 30,
    ("container", "update"): 1800,
    ("unit", "start"): 90,
    ("unit", "stop"): 90,
    ("unit", "restart"): 90,
    ("pool", "clear_errors"): 60,
    ("dataset", "snapshot"): 60,
    ("host", "reboot"): 600,
}
BY_GRACE = {("container", action) for action in ("start", "stop", "restart", "pause")}
FOLLOWED = {("host", "packages"), ("host", "prune"), ("pool", "scrub_start")}
THREATS = {"stop", "kill", "pause", "update", "rollback", "remove"}


def _actions(source: SourceType[Any]) -> Iterator[tuple[str, Action[Any]]]:
    for kind in source.kinds:
        for action in kind.all_actions():
            yield kind.key, action


@pytest.mark.parametrize("source", ALL, ids=lambda source: source.key)
def test_the_tables_hold_together(source: SourceType[Any]) -> None:
    assert source.kinds[0].key == HOST_KEY[0]
    feeds = {feed.key for feed in source.feeds}
    assert source.feeds[0].key in source.kinds[0].find
    assert len(feeds) == len(source.feeds)
    pages = [page.key for page in source.form]
    assert pages[0] == source.key
    assert "reauth_confirm" in pages or not source.secrets
    for feed in source.feeds:
        assert feed.fetch or feed.follow
        pace = feed.interval
        assert pace.minimum <= pace.default <= pace.maximum
    for kind in source.kinds:
        assert "_" not in kind.key, "identifiers are taken apart at underscores"
        assert set(kind.find) <= feeds
        actions = {action.key: action for action in kind.all_actions()}
        assert all(actions[a.key] is a for a in kind.all_actions())
        keys = [description.key for description in kind.entities]
        assert len(keys) == len(set(keys))
        for description in kind.entities:
            assert description.feed in {None, "own", *kind.find}


@pytest.mark.parametrize("source", ALL, ids=lambda source: source.key)
def test_only_marked_methods_change_anything(source: SourceType[Any]) -> None:
    for _, action in _actions(source):
        assert getattr(action.perform, "is_mutating", False), action.key


def test_actions_have_the_risk_they_have() -> None:
    for kind, action in (pair for source in SOURCES for pair in _actions(source)):
        if not action.key.startswith("script_"):
            assert action.key in RISKS[action.risk].get(kind, ()), (kind, action.key)
        assert action.threatens or action.key not in THREATS
        which = (kind, action.key)
        assert which not in DEADLINES or action.deadline == DEADLINES[which]
        assert which not in BY_GRACE or callable(action.deadline)
        assert action.followed is (which in FOLLOWED)
        assert action.key != "update" or action.patience == 120


async def test_a_marked_method_refuses_whoever_goes_around(
    request: pytest.FixtureRequest,
) -> None:
    source = rack.RackSource(rack.FarEnd())
    with pytest.raises(RuntimeError, match="outside of an operation"):
        await source.shake("a")


def test_only_operations_allows_it() -> None:
    users = {
        path.name
        for path in HOMELAB.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "acting"
    }
    assert users == {"operations.py"}


def _called(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield ast.unparse(node.func)


def test_nobody_else_reaches_a_client() -> None:
    """Everything asks through feeds; what acts is called in operations.py alone."""
    performing = set()
    for path in HOMELAB.rglob("*.py"):
        for name in _called(path):
            if name.endswith(".perform"):
                performing.add(path.name)
            if ".source." in name:
                assert (path.name, name.rpartition(".")[2]) in {
                    ("host.py", "identify"),
                    ("host.py", "close"),
                }, name
    assert performing == {"operations.py"}


def _is_marked(node: ast.AST) -> bool:
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and any(
        isinstance(mark, ast.Name) and mark.id == "mutating"
        for mark in node.decorator_list
    )


VERBS = {"post", "put", "delete", "patch"}
# what sends a request whose verb is one of its arguments
ASKING = {"request", "_request", "_query", "_do", "_do_query", "_query_json", "stream"}


def _constants(call: ast.Call) -> Iterator[str]:
    for argument in (*call.args, *(keyword.value for keyword in call.keywords)):
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
            yield argument.value.lower()


def _verb(call: ast.Call) -> bool:
    """Whether a call sends one of the verbs that change something."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    return name in VERBS or (name in ASKING and not VERBS.isdisjoint(_constants(call)))


# how a command is sent to a machine, and the table of those that only read
SENDING = {"run", "create_process", "create_subprocess_exec", "create_subprocess_shell"}
READ_LIST = "READS"


def _commands(call: ast.Call) -> bool:
    """Whether a call sends a command that does not stand in the read list."""
    if not isinstance(call.func, ast.Attribute):
        return False
    follows = call.func.attr == "stream" and "connection" in ast.unparse(
        call.func.value
    )
    if call.func.attr not in SENDING and not follows:
        return False
    words = {
        part.id for a in call.args for part in ast.walk(a) if isinstance(part, ast.Name)
    }
    return READ_LIST not in words


# aiodocker's own way to what an engine has; most of what it offers acts
OFFERED = {"containers", "images", "volumes", "networks", "system", "swarm", "services"}
# who hands out what acts: whoever calls it has to be marked
HANDING_OUT = "_acting_on"


def _reaches(call: ast.Call) -> bool:
    """Whether a call goes past our own methods to what aiodocker offers."""
    match call.func:
        case ast.Attribute(
            value=ast.Attribute(value=ast.Attribute(attr=owner), attr=of)
        ):
            return owner in {"api", "_api"} and of in OFFERED
        case ast.Attribute(value=ast.Attribute(value=ast.Name(id=owner), attr=of)):
            return owner == "api" and of in OFFERED
    return False


def _is_trespass(call: ast.Call, marked: set[str]) -> bool:
    called = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    method = {k.arg: k.value for k in call.keywords}.get("method")
    other = isinstance(method, ast.Constant) and str(method.value).lower() != "get"
    return other or called in marked or _verb(call) or _commands(call) or _reaches(call)


def trespasses(text: str) -> list[str]:
    """Return what changes something outside of a method that is marked for it."""
    tree = ast.parse(text)
    marked = [node for node in ast.walk(tree) if _is_marked(node)]
    names = {HANDING_OUT, *(getattr(node, "name", "") for node in marked)}
    handing_out = [
        node for node in ast.walk(tree) if getattr(node, "name", "") == HANDING_OUT
    ]
    inside = {id(part) for node in (*marked, *handing_out) for part in ast.walk(node)}
    return [
        f"line {node.lineno}: {ast.unparse(node.func)}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and id(node) not in inside
        and _is_trespass(node, names)
    ]


def test_every_verb_but_get_is_in_a_marked_method() -> None:
    for path in HOMELAB.rglob("*.py"):
        found = trespasses(path.read_text())
        if path.parent == HOMELAB:
            # a host runs tasks, not commands
            found = [line for line in found if not line.endswith("host.run")]
        assert not found, path


def test_trespasses_are_found() -> None:
    text = """
class Client:
    async def look(self):
        await self.session.get("/x")
        await self.session.request("GET", "/x")

    @mutating
    async def stop(self, name):
        await self.session.post(f"/{name}/stop")

    async def sneak(self):
        await self.stop("x")
        await self.session.delete("/x")
        await self.session.request("POST", "/x")
        await self.session.request(method="PUT", url="/x")
        await self._do_query("containers/prune", "POST")
        await self._do_query("containers/prune", method="POST")
        await self.observer.api.images.prune_builds()
        await api.containers.container("x").kill()
        async with self._acting_on("x") as container:
            await container.kill()
        async with self._connection.stream("zpool scrub tank") as lines:
            pass
        await self.connection.run("zpool scrub tank")

    async def read(self):
        await self.connection.run(READS["status"])
        async with self._connection.stream(READS["status"].text()) as lines:
            pass
        await self._do_query("containers/json", "GET")
        known = self.roster.containers.get("x")

    @mutating
    async def scrub(self, pool):
        await self.connection.run(WRITES["scrub"], pool)
"""
    assert len(trespasses(text)) == 11
