"""What every script here prints, runs and gives up on."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
import os
from pathlib import Path
import subprocess
import sys
import time
from typing import NoReturn

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".cache"
# uv trusts what the machine trusts, as apt does: also a company's own authority
TRUST = {"UV_SYSTEM_CERTS": "true", "UV_NATIVE_TLS": "true"}


class Missing(Exception):
    """Something is missing that a person has to provide; the text says what."""


def stop(reason: str) -> NoReturn:
    """End with one sentence that says what is missing or went wrong."""
    print(f"\n{reason}", file=sys.stderr, flush=True)
    raise SystemExit(1)


@contextmanager
def step(what: str) -> Iterator[None]:
    """Say what is being done, and how long it took."""
    print(f"· {what} …", flush=True)
    begin = time.monotonic()
    yield
    print(f"  done in {time.monotonic() - begin:.1f} s", flush=True)


def run(
    *command: str | Path,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    timeout: float | None = None,
) -> str:
    """Run a command quietly; a failure carries the end of what it printed."""
    done = subprocess.run(
        [str(part) for part in command],
        env={**TRUST, **os.environ, **(env or {})},
        cwd=cwd,
        timeout=timeout,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        check=False,
    )
    if done.returncode:
        tail = "\n".join(done.stdout.splitlines()[-15:])
        raise Missing(f"{Path(command[0]).name} failed:\n{tail}")
    return done.stdout
