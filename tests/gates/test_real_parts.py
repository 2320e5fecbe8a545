"""The count of tests on real parts: a missing part is an error, never a skip."""

from collections import Counter
import json
from pathlib import Path
import subprocess

import pytest

from tests.real_parts import FLOOR, shortfall

ROOT = Path(__file__).parents[2]
SUITE = """
import pytest

@pytest.mark.real("engine")
def test_on_the_engine():
    pass

@pytest.mark.thorough
def test_long():
    pass

def test_short():
    pass
"""


@pytest.fixture
def suite(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> pytest.Pytester:
    """Return a suite of its own with one test on a real part."""
    monkeypatch.setenv("CI", "true")
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.syspathinsert(str(ROOT))
    pytester.makeini("[pytest]\nmarkers =\n  real(part)\n  thorough\n")
    plugin = (ROOT / "tests" / "real_parts.py").read_text()
    pytester.makeconftest(plugin.replace("with_name(", 'with_name("" or '))
    pytester.makepyfile(SUITE)
    return pytester


@pytest.mark.parametrize(("floor", "code"), [(1, 0), (2, 1)])
def test_the_floor(suite: pytest.Pytester, floor: int, code: int) -> None:
    (suite.path / "real_floor.json").write_text(json.dumps({"engine": floor}))
    result = suite.runpytest_subprocess("--all")
    assert result.ret == code
    result.stdout.fnmatch_lines([f"engine: 1 (at least {floor})"])


def test_only_when_asked_for(suite: pytest.Pytester) -> None:
    (suite.path / "real_floor.json").write_text(json.dumps({"engine": 2}))
    result = suite.runpytest_subprocess()
    assert result.ret == 0
    result.assert_outcomes(passed=1, deselected=2)


def test_shortfall() -> None:
    assert shortfall(Counter(ssh=3), {"ssh": 3, "engine": 1}) == {"engine": "0 of 1"}


def test_the_floor_only_grows() -> None:
    name = str(FLOOR.relative_to(ROOT))
    history = subprocess.run(
        ["git", "log", "--format=%H", "--", name],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    now = json.loads(FLOOR.read_text())
    for commit in history:
        then = subprocess.run(
            ["git", "show", f"{commit}:{name}"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for part, count in json.loads(then).items():
            assert now.get(part, 0) >= count, f"fewer tests on {part} than in {commit}"
