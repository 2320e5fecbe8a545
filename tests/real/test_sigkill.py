"""A real Home Assistant, killed in the middle of operations again and again."""

from collections.abc import Callable
import json
import os
from pathlib import Path
import random
import subprocess
import time

import pytest

from custom_components.homelab.operation import Operation, State

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".cache" / "environments" / "demo" / "bin" / "python"
TRANSITIONS = 200
DEADLINE = 120
ENDS = {state.value for state in State} - {"pending", "running"}


def _make_folder(folder: Path) -> None:
    components = folder / "custom_components"
    components.mkdir()
    # a package of its own, which hides the one of the repository
    (components / "__init__.py").touch()
    (components / "homelab").symlink_to(ROOT / "custom_components" / "homelab")
    (components / "torture").symlink_to(ROOT / "tests" / "real" / "torture")
    (folder / "configuration.yaml").write_text(
        "torture:\nlogger:\n  default: warning\n"
    )


def _start(folder: Path) -> subprocess.Popen[bytes]:
    """Start it as `hass` does, but without any socket: the demo's launcher sees to it."""
    with (folder / "output.log").open("ab") as log:
        return subprocess.Popen(
            [PYTHON, ROOT / "demo" / "home_assistant.py", "-c", folder, "--skip-pip"],
            stdout=log,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            start_new_session=True,
        )


def _announced(folder: Path) -> list[tuple[str, str]]:
    path = folder / "announced"
    if not path.exists():
        return []
    lines = path.read_text().splitlines()
    return [(line.partition(" ")[0], line.partition(" ")[2]) for line in lines]


def _await(
    process: subprocess.Popen[bytes], folder: Path, is_so: Callable[[], bool]
) -> None:
    deadline = time.monotonic() + DEADLINE
    while not is_so():
        status = process.poll()
        words = (folder / "output.log").read_text(errors="replace")[-3000:]
        assert status is None, f"ended with {status}: {words}"
        assert time.monotonic() < deadline, words
        time.sleep(0.01)


@pytest.mark.real("home_assistant")
@pytest.mark.timeout(600)
def test_no_announced_end_is_missing(tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)
    _make_folder(tmp_path)
    kills = 0
    while len(_announced(tmp_path)) < TRANSITIONS:
        process = _start(tmp_path)
        try:
            goal = len(_announced(tmp_path)) + dice.randint(5, 50)
            _await(process, tmp_path, lambda: len(_announced(tmp_path)) >= goal)
            time.sleep(dice.uniform(0, 0.02))
        finally:
            process.kill()
            process.wait()
        kills += 1

    trail = tmp_path / ".storage" / "homelab.operations.jsonl"
    *lines, rest = trail.read_bytes().split(b"\n")
    print(f"{kills} kills, {len(lines)} lines, {len(rest)} bytes of one more")
    written = {(o.id, o.state.value) for o in map(_read, lines)}
    ends = {(id_, state) for id_, state in _announced(tmp_path) if state in ENDS}
    latest = {o.id: o.state.value for o in map(_read, lines)}
    assert ends
    assert kills >= 4
    # a compaction keeps the latest state of each; an end is only followed by another
    missing = {(id_, end) for id_, end in ends - written if latest.get(id_) not in ENDS}
    assert not missing, f"seed {seed}"
    assert not list(tmp_path.glob(".storage/*damaged*"))

    # and one that is told to end reads it all, and ends what was under way
    process = _start(tmp_path)
    try:
        before = len(_announced(tmp_path))
        _await(process, tmp_path, lambda: len(_announced(tmp_path)) > before)
    finally:
        process.terminate()
        process.wait(60)
    *lines, rest = trail.read_bytes().split(b"\n")
    assert not rest
    latest = {o.id: o.state.value for o in map(_read, lines)}
    assert "running" not in latest.values()


def _read(line: bytes) -> Operation:
    return Operation.from_dict(json.loads(line))
