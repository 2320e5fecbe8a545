"""The shape of the integration: what may import what, and how large the engine may be."""

import ast
from collections.abc import Iterator
import io
from pathlib import Path
import sys
import tokenize

import pytest

ROOT = Path(__file__).parents[2]
HOMELAB = ROOT / "custom_components" / "homelab"
PURE = (
    "acting.py",
    "action.py",
    "backoff.py",
    "ours.py",
    "source.py",
    "rates.py",
    "publishing.py",
    "tail.py",
    "transports/*.py",
    "sources/*/**/*.py",
)
# what of a source is for Home Assistant
FACING = {"__init__.py", "entities.py", "form.py", "happenings.py", "kinds.py"}
# what a pure module may use besides the standard library
LIBRARIES = {"aiodocker", "aiohttp", "asyncssh", "cryptography", "orjson"}
ENGINE = (
    "source.py",
    "kind.py",
    "coordinator.py",
    "entity.py",
    "rates.py",
    "sensor.py",
    "binary_sensor.py",
    "switch.py",
    "button.py",
    "update.py",
    "event.py",
)
BUDGET = 700
# ideas of their own that the engine leans on, so that they do not grow in its place
SPLIT_OFF = ("host.py", "devices.py", "publication.py", "publishing.py")
SPLIT_OFF_BUDGET = 500

MODULES = sorted(HOMELAB.rglob("*.py"))
PURE_MODULES = sorted(
    path
    for pattern in PURE
    for path in HOMELAB.glob(pattern)
    if path.name not in FACING
)


def _imports(path: Path) -> Iterator[str]:
    """Yield the full name of everything that a module imports, anywhere in it."""
    package = ["custom_components", "homelab", *path.relative_to(HOMELAB).parts[:-1]]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            stem = ".".join([*base, *([node.module] if node.module else [])])
            yield from (f"{stem}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", PURE_MODULES, ids=lambda path: path.name)
def test_pure_modules_import_only_pure_ones(path: Path) -> None:
    pure = {
        "custom_components.homelab."
        + ".".join(p.relative_to(HOMELAB).with_suffix("").parts)
        for p in PURE_MODULES
    }
    for name in _imports(path):
        top = name.partition(".")[0]
        if top == "custom_components":
            assert any(name == p or name.startswith(f"{p}.") for p in pure), name
        else:
            assert top in sys.stdlib_module_names | LIBRARIES, name


def test_there_are_pure_modules() -> None:
    assert {"source.py", "rates.py"} <= {path.name for path in PURE_MODULES}


def _lines(path: Path) -> int:
    """Count the lines that hold code: explaining it costs nothing."""
    source = path.read_text()
    free: set[int] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(
            node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
        ) and ast.get_docstring(node):
            first = node.body[0]
            free |= set(range(first.lineno, (first.end_lineno or 0) + 1))
    layout = {
        tokenize.COMMENT,
        tokenize.NL,
        tokenize.NEWLINE,
        tokenize.INDENT,
        tokenize.DEDENT,
        tokenize.ENDMARKER,
    }
    code: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in layout:
            code |= set(range(token.start[0], token.end[0] + 1))
    return len(code - free)


@pytest.mark.parametrize(
    ("names", "budget"), [(ENGINE, BUDGET), (SPLIT_OFF, SPLIT_OFF_BUDGET)]
)
def test_the_engine_stays_within_its_budget(
    names: tuple[str, ...], budget: int
) -> None:
    sizes = {name: _lines(HOMELAB / name) for name in names}
    print(sizes, sum(sizes.values()))
    assert sum(sizes.values()) <= budget


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(HOMELAB)))
def test_the_domain_is_one_constant(path: Path) -> None:
    """It stands in const.py alone; manifest, YAML and JSON carry it as a key."""
    literals = [
        node.value
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and node.value == "homelab"
    ]
    assert len(literals) == (1 if path == HOMELAB / "const.py" else 0)


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(HOMELAB)))
def test_modules_are_of_one_idea(path: Path) -> None:
    """Tables may be long; ideas may not."""
    limit = 400 if path.name == "entities.py" else 250
    assert len(path.read_text().splitlines()) <= limit


def test_pragmas_are_rare() -> None:
    text = "\n".join(path.read_text() for path in MODULES)
    assert text.count("pragma: no cover") <= 10
