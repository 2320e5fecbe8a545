"""The two tools that everything else is installed with: uv, and patchelf where needed."""

from functools import cache
from pathlib import Path
import shutil
import sys

import _debian
from _steps import CACHE, ROOT, Missing, run, step

PINNED = ROOT / "requirements" / "bootstrap.txt"


@cache
def find_uv() -> Path:
    """Return uv: the one on PATH, or the pinned one fetched into the cache."""
    found = shutil.which("uv")
    return Path(found) if found else fetch_pinned("uv")


def fetch_pinned(name: str) -> Path:
    """Install the pinned tools, checked against their hashes, into the cache."""
    folder = CACHE / "bootstrap"
    tool = folder / "bin" / name
    if not tool.exists() or (folder / PINNED.name).read_text() != PINNED.read_text():
        with step("Fetching uv"):
            shutil.rmtree(folder, ignore_errors=True)
            flags = ("--require-hashes", "--no-deps", "-r", PINNED)
            run(*_pip(), "install", "-q", "--target", folder, *flags)
            shutil.copy(PINNED, folder)
    return tool


def _pip() -> tuple[str | Path, ...]:
    """Return a pip: this Python's, or Debian's wheel of it, which runs as it is."""
    try:
        run(sys.executable, "-m", "pip", "--version")
    except Missing:
        folder = CACHE / "pip"
        wheels = "usr/share/python-wheels/pip-*.whl"
        if not any(folder.glob(wheels)):
            _debian.unpack(("python3-pip-whl",), folder)
        return (sys.executable, next(folder.glob(wheels)) / "pip")
    return (sys.executable, "-m", "pip")
