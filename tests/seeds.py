"""Seeds of tests that draw lots: printed, so that a failure can be had again."""

import os
import random

import pytest

SEEDS = pytest.StashKey[dict[str, int]]()


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    """Return a seed: a new one each time, or the one in HOMELAB_SEED."""
    drawn = int(os.environ.get("HOMELAB_SEED", random.randrange(10**9)))
    request.config.stash.setdefault(SEEDS, {})[request.node.nodeid] = drawn
    return drawn


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Print them."""
    for test, drawn in config.stash.get(SEEDS, {}).items():
        terminalreporter.write_line(f"HOMELAB_SEED={drawn} was used by {test}")
