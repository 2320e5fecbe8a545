"""Ten thousand events a second for five seconds: what they cost in memory."""

import asyncio
import os
from pathlib import Path
import sys

import pytest

from demo.engine import Health, SimulatedEngine

ROOT = Path(__file__).parents[3]
RATE, SECONDS = 10_000, 5
# MiB above rest
MOST = 16


@pytest.mark.thorough
async def test_a_storm_fits_into_little_memory(engine: SimulatedEngine) -> None:
    for number in range(50):
        engine.run(f"c{number}", health=Health.STARTING)
    listener = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.sources.docker.listener"),
        *(engine.url, str(SECONDS + 3)),
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert listener.stdout
    assert await listener.stdout.readline() == b"listening\n"
    await engine.storm(RATE, SECONDS)
    more = float(await listener.stdout.readline())
    await listener.wait()
    print(f"{more:.1f} MiB above rest")
    assert more < MOST
