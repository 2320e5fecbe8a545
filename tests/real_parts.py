"""Tests on real parts: chosen with --all, counted per part, never fewer than once."""

from collections import Counter
from collections.abc import Generator
import json
import os
from pathlib import Path

import pytest

FLOOR = Path(__file__).with_name("real_floor.json")
PASSED = pytest.StashKey[Counter[str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer --all."""
    parser.addoption("--all", action="store_true", help="run tests on real parts, too")


def pytest_configure(config: pytest.Config) -> None:
    """Begin to count."""
    config.stash[PASSED] = Counter()


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Leave out what takes real parts or long, unless asked for."""
    if config.getoption("--all"):
        return
    chosen = [item for item in items if not (_part(item) or _is_thorough(item))]
    config.hook.pytest_deselected(items=[i for i in items if i not in chosen])
    items[:] = chosen


def _part(item: pytest.Item) -> str:
    marker = item.get_closest_marker("real")
    return str(marker.args[0]) if marker else ""


def _is_thorough(item: pytest.Item) -> bool:
    return item.get_closest_marker("thorough") is not None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Count each test on a real part that passed."""
    report = yield
    if report.when == "call" and report.passed and (part := _part(item)):
        item.config.stash[PASSED][part] += 1
    return report


def shortfall(passed: Counter[str], floor: dict[str, int]) -> dict[str, str]:
    """Return the parts of which fewer tests passed than must."""
    return {
        part: f"{passed[part]} of {wanted}"
        for part, wanted in floor.items()
        if passed[part] < wanted
    }


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """With CI=true a part that was missing is an error, like a failed test."""
    config = session.config
    missing = shortfall(config.stash[PASSED], json.loads(FLOOR.read_text()))
    if config.getoption("--all") and missing and os.environ.get("CI") == "true":
        session.exitstatus = exitstatus or pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say how many tests ran on each real part."""
    if not config.getoption("--all"):
        return
    passed = config.stash[PASSED]
    floor = json.loads(FLOOR.read_text())
    terminalreporter.section("real parts")
    for part in sorted({*passed, *floor}):
        terminalreporter.write_line(
            f"{part}: {passed[part]} (at least {floor.get(part, 0)})"
        )
    if not passed and not floor:
        terminalreporter.write_line("none yet")
    for part, count in shortfall(passed, floor).items():
        terminalreporter.write_line(f"too few on {part}: {count}", red=True)
