"""The virtual environments: for tests, for the demo's Home Assistant, for pictures."""

from pathlib import Path
import shutil

from _python import find_python
from _steps import CACHE, ROOT, run, step
from _tools import find_uv

ENVIRONMENTS = ("test", "demo", "pictures")


def prepare(name: str) -> Path:
    """Return an environment's folder, installed exactly as its pinned file says."""
    pinned = ROOT / "requirements" / f"{name}.txt"
    folder = CACHE / "environments" / name
    stamp = folder / "installed.txt"
    if stamp.exists() and stamp.read_text() == pinned.read_text():
        return folder
    CACHE.mkdir(exist_ok=True)
    python = find_python()
    with step(f"Installing what {name} needs (a minute or two the first time)"):
        shutil.rmtree(folder, ignore_errors=True)
        uv = find_uv()
        run(uv, "venv", "-q", "--python", python, folder)
        target = ("--python", folder / "bin" / "python")
        flags = ("--require-hashes", "--no-deps", "--compile-bytecode")
        cache = {"UV_CACHE_DIR": str(CACHE / "uv")}
        run(uv, "pip", "install", "-q", *target, *flags, "-r", pinned, env=cache)
        # written last: an interrupted installation is done again
        stamp.write_text(pinned.read_text())
    return folder
