"""A real SSH server on loopback, behind which a simulated ZFS host answers."""

import argparse
import asyncio
from pathlib import Path
import signal
import time
from typing import override

import asyncssh

from demo.zfs.machine import SimulatedZfs
from demo.zfs.scenery import Scenery, populate

USER = "demo"
# on loopback, and for nothing but the demo
PASSWORD = "demo"  # noqa: S105
_OPTIONS: dict[str, object] = {"line_editor": False, "encoding": "utf-8"}


class Door(asyncssh.SSHServer):
    """Lets one user in, by password."""

    @override
    def password_auth_supported(self) -> bool:
        """Say that there is no other way."""
        return True

    @override
    def validate_password(self, username: str, password: str) -> bool:
        """Compare."""
        return (username, password) == (USER, PASSWORD)


class Host:
    """Answers commands as the machine does."""

    def __init__(self, machine: SimulatedZfs, scenery: Scenery) -> None:
        """Begin with everything as the scenery has it."""
        self._machine = machine
        self._scenery = scenery

    async def serve(self, process: "asyncssh.SSHServerProcess[str]") -> None:
        """Run one command."""
        words = self._machine.take(process.command or "")
        del self._machine.log[:-1000]
        if words[:2] == ["zpool", "iostat"]:
            await self._stream(process, int(words[-1]))
            return
        if not words:
            process.exit(77)
            return
        self._machine.clock = int(time.time())
        self._machine.hits += 1000
        answer = self._machine.run(words)
        process.stdout.write(answer.out)
        process.stderr.write(answer.err)
        process.exit(answer.code)

    async def _stream(
        self, process: "asyncssh.SSHServerProcess[str]", seconds: int
    ) -> None:
        while not process.is_closing():
            self._scenery.work()
            self._machine.clock = int(time.time()) - 1
            process.stdout.write(self._machine.sample())
            await process.stdout.drain()
            await asyncio.sleep(seconds)


def host_key(path: Path) -> asyncssh.SSHKey:
    """Return the key that the server has had since it was first started."""
    if not path.exists():
        key = asyncssh.generate_private_key("ssh-ed25519")
        path.touch(mode=0o600)
        path.write_bytes(key.export_private_key("openssh"))
    return asyncssh.read_private_key(str(path))


async def serve(port: int, key: asyncssh.SSHKey, mirrors: int) -> None:
    """Serve until somebody ends it."""
    machine = SimulatedZfs(name="simulated-zfs")
    populate(machine)
    if mirrors:
        machine.captures[0].widen(mirrors)
        del machine.captures[1:]
    scenery = Scenery(machine)
    life = asyncio.create_task(scenery.live())
    server = await asyncssh.listen(
        "127.0.0.1",
        port,
        server_host_keys=[key],
        server_factory=Door,
        process_factory=Host(machine, scenery).serve,
        **_OPTIONS,
    )
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    await ended.wait()
    life.cancel()
    server.close()


def main() -> None:
    """Read what is wanted, and serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--key", type=Path, required=True)
    parser.add_argument(
        "--mirrors", type=int, default=0, help="one pool of so many, in place of two"
    )
    arguments = parser.parse_args()
    key = host_key(arguments.key)
    asyncio.run(serve(arguments.port, key, arguments.mirrors))


if __name__ == "__main__":
    main()
