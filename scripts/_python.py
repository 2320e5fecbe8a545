"""Finding a Python that Home Assistant accepts, on a machine that has none."""

from pathlib import Path
import shutil
import subprocess

import _debian
from _steps import CACHE, Missing, run, step
from _tools import fetch_pinned, find_uv

MINIMUM = (3, 14, 2)
WANTED = (
    "Python 3.14.2 or newer is missing and could not be fetched: install it so that "
    "python3.14 is on PATH, then run this again."
)
PACKAGES = (
    "python3.14-minimal",
    "libpython3.14-minimal",
    "libpython3.14-stdlib",
    "libc6",
    "libssl3t64",
    "libexpat1",
    "zlib1g",
    "libffi8",
    "libsqlite3-0",
    "libbz2-1.0",
    "liblzma5",
    "libreadline8t64",
    "libncursesw6",
    "libtinfo6",
    "libuuid1",
    "libzstd1",
    "libgcc-s1",
)
FROM_UV = CACHE / "python-uv"
FROM_DEBIAN = CACHE / "python-debian"


def find_python() -> Path:
    """Return a Python that is new enough: found, downloaded by uv, or Debian's."""
    on_path = shutil.which("python3.14")
    known = [Path(on_path)] if on_path else []
    known += [*_downloaded(), FROM_DEBIAN / "usr" / "bin" / "python3.14"]
    for python in known:
        if _is_new_enough(python):
            return python
    with step("Fetching Python 3.14"):
        return _download() or _unpack()


def _is_new_enough(python: Path) -> bool:
    test = f"import sys, ssl, sqlite3; sys.exit(sys.version_info < {MINIMUM})"
    try:
        return not subprocess.run([python, "-c", test], check=False).returncode
    except OSError:
        return False


def _downloaded() -> list[Path]:
    return sorted(FROM_UV.glob("cpython-3.14*/bin/python3.14"))


def _download() -> Path | None:
    settings = {
        "UV_PYTHON_INSTALL_DIR": str(FROM_UV),
        "UV_HTTP_TIMEOUT": "20",
        "UV_HTTP_RETRIES": "1",
    }
    command = (find_uv(), "python", "install", "--no-bin", "3.14")
    try:
        run(*command, env=settings, timeout=300)
    except (Missing, subprocess.TimeoutExpired):
        print("  uv could not download it; taking Debian's packages", flush=True)
    return next(filter(_is_new_enough, _downloaded()), None)


def _unpack() -> Path:
    """Unpack Debian's packages, and make their Python find its own libraries."""
    try:
        _debian.unpack(PACKAGES, FROM_DEBIAN)
    except Missing as error:
        raise Missing(f"{error} {WANTED}") from error
    python = FROM_DEBIAN / "usr" / "bin" / "python3.14"
    loader = next(FROM_DEBIAN.glob("usr/lib/*-linux-gnu/ld-linux*.so.*"))
    patchelf = fetch_pinned("patchelf")
    run(patchelf, "--set-interpreter", loader, python)
    run(patchelf, "--force-rpath", "--set-rpath", loader.parent, python)
    if not _is_new_enough(python):
        raise Missing(WANTED)
    return python
