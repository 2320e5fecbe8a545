"""Ten captured pools, each as the tree that was written by hand before the parsers."""

from pathlib import Path

import pytest

from .captures import (
    CASES,
    EXPECTED,
    at_percent,
    expected,
    expected_pools,
    is_json,
    label,
    parse,
    without_identity,
)

CAPTURES = [
    path
    for case in EXPECTED
    for path in sorted((CASES / case).glob("status*.txt"))
    # with -g the names are others: test_identity has it
    if path.stem != "status-g"
]


def test_there_are_ten_in_both_forms() -> None:
    assert len(EXPECTED) == 10
    for case in EXPECTED:
        forms = {is_json(path) for path in CAPTURES if path.parent.name == case}
        assert forms == {True, False}


@pytest.mark.parametrize("path", CAPTURES, ids=label)
def test_the_tree_is_the_one_we_want(path: Path) -> None:
    case = path.parent.name
    wanted = expected_pools(case)
    percent = expected(case).get("taken_at_other_moments", {}).get(path.name)
    if percent is not None:
        wanted = at_percent(wanted, percent)
    if is_json(path):
        assert parse(path) == wanted
    else:
        assert parse(path) == without_identity(wanted)
