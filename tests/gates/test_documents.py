"""What people read of the repository says what is there, and claims no more than that."""

from collections.abc import Iterable, Iterator
import json
from pathlib import Path
import re
from typing import Any

import pytest
import yaml

from custom_components.homelab import source
from custom_components.homelab.const import DOMAIN
from custom_components.homelab.operation import State

ROOT = Path(__file__).resolve().parents[2]
INTEGRATION = ROOT / "custom_components" / DOMAIN
README = ROOT / "README.md"
ARCHITECTURE = ROOT / "ARCHITECTURE.md"
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
ENGLISH = INTEGRATION / "translations" / "en.json"

TIERS = {
    "bronze": [
        "action-setup",
        "appropriate-polling",
        "brands",
        "common-modules",
        "config-flow",
        "config-flow-test-coverage",
        "dependency-transparency",
        "docs-actions",
        "docs-conditions",
        "docs-high-level-description",
        "docs-installation-instructions",
        "docs-removal-instructions",
        "docs-triggers",
        "entity-event-setup",
        "entity-unique-id",
        "has-entity-name",
        "runtime-data",
        "test-before-configure",
        "test-before-setup",
        "unique-config-entry",
    ],
    "silver": [
        "action-exceptions",
        "config-entry-unloading",
        "docs-configuration-parameters",
        "docs-installation-parameters",
        "entity-unavailable",
        "integration-owner",
        "log-when-unavailable",
        "parallel-updates",
        "reauthentication-flow",
        "test-coverage",
    ],
    "gold": [
        "devices",
        "diagnostics",
        "discovery",
        "discovery-update-info",
        "docs-data-update",
        "docs-examples",
        "docs-known-limitations",
        "docs-supported-devices",
        "docs-supported-functions",
        "docs-troubleshooting",
        "docs-use-cases",
        "dynamic-devices",
        "entity-category",
        "entity-device-class",
        "entity-disabled-by-default",
        "entity-translations",
        "exception-translations",
        "icon-translations",
        "reconfiguration-flow",
        "repair-issues",
        "stale-devices",
    ],
    "platinum": ["async-dependency", "inject-websession", "strict-typing"],
}
RULES = [rule for rules in TIERS.values() for rule in rules]
# what may be open: never add to this, a rule that is done stays done
MAY_BE_OPEN = {
    "dependency-transparency",
    "discovery",
    "discovery-update-info",
    "docs-conditions",
    "docs-triggers",
}
# the section of the README that answers each rule about documents
SECTIONS = {
    "docs-actions": "Actions",
    "docs-conditions": "Conditions",
    "docs-configuration-parameters": "Options",
    "docs-data-update": "How data is updated",
    "docs-examples": "Examples",
    "docs-high-level-description": "What it is",
    "docs-installation-instructions": "Installation",
    "docs-installation-parameters": "Set-up",
    "docs-known-limitations": "Known limitations",
    "docs-removal-instructions": "Removal",
    "docs-supported-devices": "Supported devices",
    "docs-supported-functions": "Supported functions",
    "docs-triggers": "Triggers",
    "docs-troubleshooting": "Troubleshooting",
    "docs-use-cases": "What it is for",
}
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
BLOCK = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture(autouse=True)
def _custom_integrations() -> None:
    """Start no Home Assistant: there is nothing here that it would run."""


@pytest.fixture(autouse=True)
def _no_complaints() -> None:
    """Let these tests read files, as no loop is kept waiting by them."""


@pytest.fixture(autouse=True)
def _sources() -> None:
    """Leave the sources alone."""


def quality_scale() -> dict[str, dict[str, str]]:
    """Return every rule's status and comment, short forms written out."""
    content = yaml.safe_load((INTEGRATION / "quality_scale.yaml").read_text())
    return {
        rule: {"status": entry} if isinstance(entry, str) else entry
        for rule, entry in content["rules"].items()
    }


def rules_with(status: str) -> set[str]:
    """Return the rules of one status."""
    return {
        rule for rule, entry in quality_scale().items() if entry["status"] == status
    }


def read_json(path: Path) -> dict[str, Any]:
    """Return what a JSON file holds."""
    content: dict[str, Any] = json.loads(path.read_text())
    return content


def prose(path: Path) -> str:
    """Return a document without its blocks of code."""
    return BLOCK.sub("", path.read_text())


def docs() -> str:
    """Return all pages that the README links to."""
    return "\n".join(path.read_text() for path in sorted(ROOT.glob("docs/**/*.md")))


def undescribed(names: Iterable[str], page: str) -> set[str]:
    """Return the names that a page does not have in its text."""
    text = prose(ROOT / "docs" / f"{page}.md")
    return {name for name in names if f"`{name}`" not in text}


def anchors(path: Path) -> set[str]:
    """Return what can be linked to in a document, as GitHub names its headings."""
    headings = HEADING.findall(prose(path))
    return {re.sub(r"[^\w -]", "", each).lower().replace(" ", "-") for each in headings}


def sections(path: Path) -> dict[str, str]:
    """Return a document's sections by their headings of the second level."""
    _, *parts = re.split(r"^## ", prose(path), flags=re.MULTILINE)
    return {
        title.strip(): text
        for title, _, text in (part.partition("\n") for part in parts)
    }


# --- the quality scale -------------------------------------------------------------


def test_the_scale_has_all_rules_and_no_other() -> None:
    assert len(RULES) == len(set(RULES)) == 54
    assert set(quality_scale()) == set(RULES)


def test_the_scale_is_well_formed() -> None:
    for rule, entry in quality_scale().items():
        assert set(entry) <= {"status", "comment"}, rule
        assert entry["status"] in {"done", "todo", "exempt"}, rule
        if entry["status"] == "exempt":
            assert entry.get("comment", "").strip(), f"{rule} is exempt without reason"


def test_what_is_open_is_listed_and_only_shrinks() -> None:
    listed = (ROOT / "quality_scale_open.txt").read_text().splitlines()
    assert listed == sorted(set(listed))
    assert set(listed) == rules_with("todo")
    assert set(listed) <= MAY_BE_OPEN, "a rule that was done is open again"


def test_the_manifest_claims_no_more_than_the_scale_shows() -> None:
    claim = read_json(INTEGRATION / "manifest.json").get("quality_scale", "custom")
    tiers = [*TIERS]
    assert claim in {"custom", *tiers}
    claimed = tiers[: tiers.index(claim) + 1] if claim in tiers else []
    missing = {rule for tier in claimed for rule in TIERS[tier]} & rules_with("todo")
    assert not missing, f"{claim} is claimed, but these are open: {sorted(missing)}"


# --- the README --------------------------------------------------------------------


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.startswith("docs-")])
def test_the_readme_has_the_sections_that_the_scale_asks_for(rule: str) -> None:
    if rule in rules_with("done"):
        text = sections(README).get(SECTIONS[rule], "")
        assert len(text.split()) > 20, f"{SECTIONS[rule]!r} says too little"


def test_the_readme_names_both_commands() -> None:
    text = README.read_text()
    for command in ("scripts/demo", "scripts/test"):
        assert command in text
        assert (ROOT / command).is_file()


def test_the_readme_leads_to_hacs_and_to_the_form() -> None:
    text = README.read_text()
    redirect = "https://my.home-assistant.io/redirect"
    owner, repository = "homelab-ha", "homelab"
    hacs = f"owner={owner}&repository={repository}&category=integration"
    assert f"({redirect}/hacs_repository/?{hacs})" in text
    assert f"({redirect}/config_flow_start/?domain={DOMAIN})" in text
    assert read_json(ROOT / "hacs.json")["homeassistant"] in text


# --- the other pages ---------------------------------------------------------------


def test_the_documents_are_there() -> None:
    names = {path.name for path in DOCUMENTS}
    expected = ("README", "ARCHITECTURE", "CONTRIBUTING", "SECURITY", "CHANGELOG")
    assert names >= {f"{name}.md" for name in expected}


@pytest.mark.parametrize(
    "path", DOCUMENTS, ids=lambda p: p.relative_to(ROOT).as_posix()
)
def test_links_lead_somewhere(path: Path) -> None:
    for link in LINK.findall(prose(path)):
        if link.startswith(("https://", "mailto:")):
            continue
        name, _, anchor = link.partition("#")
        target = path.parent / name if name else path
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target), link


def test_every_page_can_be_reached_from_the_readme() -> None:
    found, left = set(), [README]
    while left:
        path = left.pop()
        if path in found or path.suffix != ".md":
            continue
        found.add(path)
        names = [link.partition("#")[0] for link in LINK.findall(prose(path))]
        left += [
            (path.parent / name).resolve()
            for name in names
            if name and not name.startswith(("https://", "mailto:"))
        ]
    assert found >= set(DOCUMENTS)


def test_every_option_is_described() -> None:
    options = read_json(ENGLISH)["options"]
    pages = docs()
    for step in options["step"].values():
        for part in step["sections"].values():
            for key, name in part["data"].items():
                assert f"{name} (`{key}`)" in pages


def test_every_error_has_a_way_out() -> None:
    english = read_json(ENGLISH)
    given = {kind.default for kind in source.SourceError.__subclasses__()}
    keys = {*english["config"]["error"], *english["exceptions"], *given}
    assert not undescribed(keys, "troubleshooting")


def test_every_action_is_described() -> None:
    services = yaml.safe_load((INTEGRATION / "services.yaml").read_text())
    text = README.read_text()
    for service, details in services.items():
        assert f"`{DOMAIN}.{service}`" in text
        assert not undescribed({f"{DOMAIN}.{service}"}, "operations")
        assert not undescribed(details.get("fields", {}), "operations")


def test_every_state_of_an_operation_is_described() -> None:
    assert not undescribed(State, "operations")


def test_every_refusal_of_an_operation_is_described() -> None:
    """Those that operations raise, and those that end the flow of their repair."""
    issue = read_json(ENGLISH)["issues"]["operation_pending"]
    assert not undescribed(issue["fix_flow"]["abort"], "operations")


def test_tests_that_security_rests_on_are_there() -> None:
    named = set(re.findall(r"`(test_\w+)`", prose(ROOT / "SECURITY.md")))
    there = {
        name
        for path in ROOT.glob("tests/**/test_*.py")
        for name in re.findall(r"def (test_\w+)", path.read_text())
    }
    assert named
    assert named <= there


# --- the architecture --------------------------------------------------------------


def tree() -> Iterator[str]:
    """Yield each path of the tree of files, as it is drawn."""
    (drawn,) = (
        block
        for block in BLOCK.findall(ARCHITECTURE.read_text())
        if f"custom_components/{DOMAIN}/" in block
    )
    above: list[tuple[int, str]] = []
    for line in drawn.splitlines()[1:-1]:
        depth = len(line) - len(line.lstrip())
        # names stand before the gap, what they are for after it
        for name in re.split(r" {2,}", line.strip())[0].split():
            above = [each for each in above if each[0] < depth]
            yield "".join([*(folder for _, folder in above), name])
            if name.endswith("/"):
                above.append((depth, name))


def test_what_the_architecture_names_is_there() -> None:
    drawn = [*tree()]
    missing = [name for name in drawn if not (ROOT / name).exists()]
    assert not missing
    assert all((ROOT / name).is_dir() == name.endswith("/") for name in drawn)


def test_the_architecture_names_every_module() -> None:
    modules = {path.relative_to(ROOT).as_posix() for path in INTEGRATION.glob("*.py")}
    assert modules <= set(tree())


def test_the_architecture_is_one_page() -> None:
    assert len(ARCHITECTURE.read_text().splitlines()) <= 150
