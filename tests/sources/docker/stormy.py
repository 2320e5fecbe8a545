"""An engine in a process of its own, which tells of very much when it is told to."""

import asyncio
from pathlib import Path
import sys

from demo.engine import Health, SimulatedEngine

CONTAINERS = 50


def next_line() -> str:
    """Return the next line of what this process is told; nothing is the end."""
    return sys.stdin.readline()


async def main(path: Path, rate: int, seconds: float) -> None:
    """Storm once it is told to, then let happen what must be seen after all of it."""
    async with SimulatedEngine(socket_path=path) as engine:
        for number in range(CONTAINERS):
            engine.run(f"c{number}", health=Health.STARTING)
            engine.set_health(f"c{number}", Health.HEALTHY)
        print(engine.url, flush=True)
        if await asyncio.to_thread(next_line):
            begin = asyncio.get_running_loop().time()
            await engine.storm(rate, seconds)
            engine.die("c0", 3)
            engine.set_health("c1", Health.UNHEALTHY)
            engine.run("last")
            took = asyncio.get_running_loop().time() - begin
            print(took, engine.requests["GET /events"], flush=True)
            await asyncio.to_thread(next_line)
        engine.hang_up()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))
