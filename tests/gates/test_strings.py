"""Every text is there, is used, and says something; every icon that is due as well."""

import ast
from collections.abc import Iterator, Mapping
from importlib import import_module
import json
from pathlib import Path
import re
from typing import Any

import pytest
import yaml

from custom_components.homelab.kind import (
    BinarySensorDescription,
    ButtonDescription,
    Description,
    EventDescription,
    SensorDescription,
    SourceType,
    SwitchDescription,
    UpdateDescription,
)
from custom_components.homelab.operation import State
from custom_components.homelab.own import (
    CONNECTED,
    OPERATION,
    OWN_COST,
    PENDING_APPROVALS,
)
from custom_components.homelab.policy import Rule
from custom_components.homelab.pruning import WHAT
from custom_components.homelab.sources import SOURCE_TYPES

HOMELAB = Path(__file__).parents[2] / "custom_components" / "homelab"
ENGLISH: dict[str, Any] = json.loads((HOMELAB / "translations" / "en.json").read_text())
ICONS: dict[str, Any] = json.loads((HOMELAB / "icons.json").read_text())
LANGUAGES = sorted((HOMELAB / "translations").glob("*.json"))
MODULES = sorted(HOMELAB.rglob("*.py"))
SOURCES: list[SourceType[Any]] = [import_module(name).SOURCE for name in SOURCE_TYPES]
PLATFORMS: dict[type, str] = {
    BinarySensorDescription: "binary_sensor",
    ButtonDescription: "button",
    EventDescription: "event",
    SensorDescription: "sensor",
    SwitchDescription: "switch",
    UpdateDescription: "update",
}
DESCRIPTIONS: list[Description] = [
    CONNECTED,
    OPERATION,
    PENDING_APPROVALS,
    *OWN_COST,
    *(d for source in SOURCES for kind in source.kinds for d in kind.entities),
]
# an error says what happened, and then what a person can do about it
ADVICE = re.compile(
    r"(Approve|Check|Try|try|Enter|Install|Change|Correct|Download|Look|Wait|Ask|Open|Allow|Add|"
    r"Update|Remove|Restart|Give|Use|Choose|Make|Set|Start|Confirm|Upload|Paste)\b"
)


def _leaves(tree: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(tree, str):
        yield path, tree
        return
    for key, value in tree.items():
        yield from _leaves(value, f"{path}.{key}" if path else key)


def _reasons() -> tuple[set[str], set[str]]:
    """Return the reasons that sources give, and those that only the engine gives."""
    given: dict[Path, set[str]] = {}
    for path in MODULES:
        found = given.setdefault(path, set())
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.keyword) and node.arg == "reason":
                found |= _strings(node.value)
    # the flow's own reasons are those of aborts, which have a place of their own
    ours = given.pop(HOMELAB / "coordinator.py")
    for name in ("config_flow.py", "repairs.py", "source.py"):
        given.pop(HOMELAB / name)
    defaults = {"cannot_connect", "invalid_auth", "bad_answer"}
    return defaults.union(*given.values()), ours | {"wrong_identity"}


def _strings(node: ast.AST) -> set[str]:
    return {
        part.value
        for part in ast.walk(node)
        if isinstance(part, ast.Constant) and isinstance(part.value, str) and part.value
    }


def _keywords(name: str, *arguments: str) -> set[str]:
    """Return the texts given to keyword arguments in one of our modules."""
    tree = ast.parse((HOMELAB / name).read_text())
    return {
        text
        for node in ast.walk(tree)
        if isinstance(node, ast.keyword) and node.arg in arguments
        for text in _strings(node.value)
    }


def _entity_paths() -> Iterator[str]:
    for description in DESCRIPTIONS:
        platform = PLATFORMS[type(description)]
        key = description.translation_key or description.key
        stem = f"entity.{platform}.{key}"
        yield f"{stem}.name"
        if isinstance(description, SensorDescription):
            yield from (f"{stem}.state.{o}" for o in description.options or ())
        if isinstance(description, EventDescription):
            types = f"{stem}.state_attributes.event_type.state"
            yield from (f"{types}.{name}" for name in description.event_types)


def _flow_paths() -> Iterator[str]:
    yield from ("config.step.user.title", "config.step.user.description")
    yield from (
        f"config.abort.{reason}" for reason in _keywords("config_flow.py", "reason")
    )
    for reason in ("already_configured", "reauth_successful", "reconfigure_successful"):
        yield f"config.abort.{reason}"
    for source in SOURCES:
        yield f"config.step.user.menu_options.{source.key}"
        yield f"config.step.user.menu_option_descriptions.{source.key}"
        # what is said when the entry is made: what may be done there
        yield f"config.create_entry.{source.key}"
        for page in source.form:
            stem = f"config.step.{page.key}"
            yield from (f"{stem}.title", f"{stem}.description")
            for field in page.schema({}).schema:
                yield from (f"{stem}.data.{field}", f"{stem}.data_description.{field}")


def _option_paths() -> Iterator[str]:
    yield "options.step.init.title"
    sections = {
        "polling": {
            "publish_interval",
            *(feed.interval.option for source in SOURCES for feed in source.feeds),
        },
        "policy": {
            "automate_routine",
            "routine",
            "disruptive",
            "destructive",
            "protect",
            "pending_expiry",
            "rate",
        },
        "removal": {"removal_delay"},
        **{
            section: {str(field) for field in fields}
            for source in SOURCES
            for section, fields in source.options.items()
        },
    }
    for section, fields in sections.items():
        stem = f"options.step.init.sections.{section}"
        yield from (f"{stem}.name", f"{stem}.description")
        for field in fields:
            yield from (f"{stem}.data.{field}", f"{stem}.data_description.{field}")


def _exception_keys() -> set[str]:
    """Return the keys of exceptions that our modules raise with a sentence."""
    found: set[str] = set()
    for path in MODULES:
        if path.name in ("entity.py", "issues.py", "options_flow.py"):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.keyword) and node.arg == "translation_key":
                found |= _strings(node.value)
            if isinstance(node, ast.Call) and _called(node) == "refuse":
                found |= _strings(node.args[0])
    return found


def _called(node: ast.Call) -> str:
    return node.func.id if isinstance(node.func, ast.Name) else ""


# which pages the flow of an issue has, and how it can end without mending it
ISSUES = {
    "wrong_identity": ({"confirm"}, {"still_wrong"}),
    "audit_damaged": ({"confirm"}, set()),
    "host_key_changed": ({"confirm"}, {"still_wrong"}),
    "operation_pending": (
        {"init"},
        {
            "entry_not_loaded",
            "not_allowed",
            "operation_busy",
            "operation_decided",
            "operation_unknown",
            "resource_unknown",
        },
    ),
}


def _issue_paths() -> Iterator[str]:
    tree = ast.parse((HOMELAB / "issues.py").read_text())
    names = {
        node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
    }
    assert names == set(ISSUES)
    for issue, (pages, endings) in ISSUES.items():
        yield f"issues.{issue}.title"
        for page in pages:
            stem = f"issues.{issue}.fix_flow.step.{page}"
            yield from (f"{stem}.title", f"{stem}.description")
        yield from (f"issues.{issue}.fix_flow.abort.{reason}" for reason in endings)
    for fault in (f for s in SOURCES for kind in s.kinds for f in kind.faults):
        yield from (f"issues.{fault.key}.title", f"issues.{fault.key}.description")
    for choice in ("approve", "reject"):
        yield f"issues.operation_pending.fix_flow.step.init.menu_options.{choice}"


def _service_paths() -> Iterator[str]:
    services = yaml.safe_load((HOMELAB / "services.yaml").read_text())
    for service, details in services.items():
        yield from (f"services.{service}.name", f"services.{service}.description")
        for field in details.get("fields", {}):
            stem = f"services.{service}.fields.{field}"
            yield from (f"{stem}.name", f"{stem}.description")


def _used() -> set[str]:
    sources, engine = _reasons()
    return {
        *_entity_paths(),
        *_flow_paths(),
        *_option_paths(),
        *_issue_paths(),
        *_service_paths(),
        *(f"config.error.{reason}" for reason in sources),
        *(f"exceptions.{key}.message" for key in sources | engine | _exception_keys()),
        *(f"selector.rule.options.{rule}" for rule in Rule),
        *(f"selector.operation_state.options.{state}" for state in State),
        *(f"selector.prune.options.{what}" for what in WHAT),
        *(
            f"system_health.info.{key}"
            for key in (
                "hosts",
                "hosts_connected",
                "operations_running",
                "resources",
                "states_written",
            )
        ),
    }


def test_every_text_is_there_and_every_text_is_used() -> None:
    there = {path for path, _ in _leaves(ENGLISH)}
    # attributes are named where a name reads better than the key
    there = {p for p in there if ".state_attributes." not in p or "event_type" in p}
    assert there == _used()


@pytest.mark.parametrize(("path", "text"), _leaves(ENGLISH))
def test_texts_say_something(path: str, text: str) -> None:
    assert text != path.rpartition(".")[2].replace("_", " ")
    assert text == text.strip()
    assert "http" not in text
    assert not re.search(r"<\w", text)
    assert "'{" not in text


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (path, text)
        for path, text in _leaves(ENGLISH)
        if path.startswith(("exceptions.", "config.error.", "config.abort."))
        or ".fix_flow.abort." in path
        # rejected and the like are states, not errors
        if not path.endswith("_successful")
    ],
)
def test_every_error_says_what_to_do(path: str, text: str) -> None:
    assert ADVICE.search(text), f"{path} leaves people alone"


@pytest.mark.parametrize("path", LANGUAGES, ids=lambda path: path.stem)
def test_languages_have_the_same_texts_and_placeholders(path: Path) -> None:
    other = dict(_leaves(json.loads(path.read_text())))
    english = dict(_leaves(ENGLISH))
    assert other.keys() == english.keys()
    for key, text in english.items():
        assert _placeholders(other[key]) == _placeholders(text)


def _placeholders(text: str) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", text))


def _icons(*classes: str | None) -> set[str]:
    return {
        f"{PLATFORMS[type(d)]}.{d.translation_key or d.key}"
        for d in DESCRIPTIONS
        if d.device_class in classes
    }


def test_icons_are_there_where_one_is_due_and_no_other() -> None:
    # Home Assistant would draw an eye for any word and a pylon for any rate
    due = _icons(None, "enum", "data_rate")
    there = {
        f"{platform}.{key}"
        for platform, keys in ICONS["entity"].items()
        for key in keys
    }
    assert due <= there
    # not all that has a size is a disk
    assert there - due <= _icons("data_size")


def test_every_service_has_an_icon() -> None:
    services = yaml.safe_load((HOMELAB / "services.yaml").read_text())
    assert ICONS["services"].keys() == services.keys()


@pytest.mark.parametrize(("path", "icon"), _leaves(ICONS))
def test_icons_are_material_design(path: str, icon: str) -> None:
    assert re.fullmatch(r"mdi:[a-z0-9-]+", icon), path


@pytest.mark.parametrize("description", DESCRIPTIONS, ids=lambda d: str(d.key))
def test_what_acts_is_configuration(description: Description) -> None:
    acts = isinstance(
        description, SwitchDescription | ButtonDescription | UpdateDescription
    )
    if acts:
        assert description.entity_category == "config"


def test_no_strings_file_and_no_references() -> None:
    assert not (HOMELAB / "strings.json").exists()
    assert not any("[%key:" in text for _, text in _leaves(ENGLISH))
    assert isinstance(ENGLISH, Mapping)
