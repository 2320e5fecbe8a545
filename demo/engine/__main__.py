"""Run a simulated engine with the demo's containers, until it is told to end."""

import argparse
import asyncio
import ctypes
from pathlib import Path
import signal

from demo.engine.scenery import live, populate
from demo.engine.server import SimulatedEngine
from demo.services import SERVICES

PR_SET_PDEATHSIG = 1
SEED = 20261120


async def serve(socket: Path, count: int, *, still: bool = False) -> None:
    """Listen on a socket, and let the containers live, or only run."""
    engine = SimulatedEngine(socket_path=socket, seed=SEED)
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    async with engine:
        populate(engine, count)
        living = None if still else asyncio.create_task(live(engine, SEED))
        print(engine.url, flush=True)
        await ended.wait()
        if living:
            living.cancel()
        await engine.go_down()


def main() -> None:
    """Do what was asked."""
    # it ends with whoever started it, however that ends
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--socket", type=Path, required=True, help="where to listen")
    parser.add_argument(
        "--containers", type=int, default=len(SERVICES), help="how many there are"
    )
    parser.add_argument("--still", action="store_true", help="nothing befalls anybody")
    arguments = parser.parse_args()
    asyncio.run(serve(arguments.socket, arguments.containers, still=arguments.still))


if __name__ == "__main__":
    main()
