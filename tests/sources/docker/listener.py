"""Listens to an engine in a process of its own, and says what memory that takes."""

import asyncio
from pathlib import Path
import sys

from custom_components.homelab.sources.docker.client import DockerClient
from custom_components.homelab.sources.docker.connection import open_api


def resident() -> float:
    """Return what this process holds, in MiB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    [found] = [line for line in lines if line.startswith("VmRSS")]
    return int(found.split()[1]) / 1024


async def main(url: str, seconds: float) -> None:
    """Follow, and print how much more than at rest was held at most."""
    data = {"name": "NAS", "url": url}
    client = DockerClient(await open_api(data), data)
    await client.identify()
    await client.state()

    async def follow() -> None:
        async for _ in client.follow():
            pass

    following = asyncio.create_task(follow())
    await asyncio.sleep(1)
    rest = most = resident()
    print("listening", flush=True)
    end = asyncio.get_running_loop().time() + seconds
    while asyncio.get_running_loop().time() < end:
        await asyncio.sleep(0.1)
        most = max(most, resident())
    print(most - rest, flush=True)
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)
    await client.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], float(sys.argv[2])))
