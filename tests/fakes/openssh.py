"""A real OpenSSH server on a loopback port, with keys and settings of its own."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
import os
from pathlib import Path
import pwd
import shutil
import socket

import asyncssh

from .ssh_server import line, new_key
from custom_components.homelab.transports.ssh import SshAddress

# where it is when the PATH is a user's
SSHD = shutil.which("sshd") or "/usr/sbin/sshd"
# Debian's sshd wants it to be there when it is started by root
PRIVILEGE_SEPARATION = Path("/run/sshd")
# SHLVL: or bash would read the .bashrc of whoever runs the tests for each command
SETTINGS = """\
SetEnv SHLVL=2
ListenAddress 127.0.0.1
PidFile none
UsePAM no
StrictModes no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
LogLevel VERBOSE
"""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(slots=True)
class OpenSsh:
    """The server; it lets in whoever runs the tests, with one key."""

    folder: Path
    settings: str = ""
    # what stands before the key in authorized_keys
    restriction: str = ""
    host_key: asyncssh.SSHKey = field(default_factory=new_key)
    user_key: asyncssh.SSHKey = field(default_factory=new_key)
    port: int = field(default_factory=_free_port)
    # whoever runs the tests, unless the server knows another one
    username: str = field(default_factory=lambda: pwd.getpwuid(os.getuid()).pw_name)
    # what stands before the program's name
    within: tuple[str, ...] = ()
    process: asyncio.subprocess.Process | None = None

    @property
    def log(self) -> str:
        """What it has written so far."""
        return (self.folder / "sshd.log").read_text()

    @property
    def logins(self) -> int:
        """How often somebody was let in."""
        return self.log.count("Accepted publickey")

    def address(self, passphrase: str | None = None) -> SshAddress:
        """Return how to log in."""
        key = self.user_key.export_private_key("openssh", passphrase, rounds=50)
        return SshAddress(
            host="127.0.0.1",
            port=self.port,
            username=self.username,
            host_key=line(self.host_key),
            private_key=key.decode(),
            passphrase=passphrase,
        )

    def sessions(self) -> list[int]:
        """Return the processes that serve those who are logged in."""
        assert self.process
        found = [self.process.pid]
        for pid in found:
            children = Path(f"/proc/{pid}/task/{pid}/children")
            if children.exists():
                found += [int(child) for child in children.read_text().split()]
        return [pid for pid in found[1:] if _program(pid) == "sshd"]

    @asynccontextmanager
    async def serving(self) -> AsyncGenerator[OpenSsh]:
        """Run it for as long as the test lasts."""
        self._write()
        with (self.folder / "sshd.log").open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *self.within,
                *(SSHD, "-D", "-e", "-f", self.folder / "sshd_config"),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        try:
            async with asyncio.timeout(10):
                while "Server listening" not in self.log:
                    assert self.process.returncode is None, self.log
                    await asyncio.sleep(0.01)
            yield self
        finally:
            if self.process.returncode is None:
                self.process.terminate()
            await self.process.wait()

    def _write(self) -> None:
        if os.geteuid() == 0:
            PRIVILEGE_SEPARATION.mkdir(mode=0o755, exist_ok=True)
        key = self.folder / "host_key"
        key.touch(mode=0o600)
        key.write_bytes(self.host_key.export_private_key("openssh"))
        authorized = self.folder / "authorized_keys"
        authorized.write_text(f"{self.restriction} {line(self.user_key)}\n".lstrip())
        (self.folder / "sshd_config").write_text(
            f"{self.settings}\nPort {self.port}\nHostKey {key}\n"
            f"AuthorizedKeysFile {authorized}\n{SETTINGS}"
        )


def _program(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip().removesuffix("-session")
    except OSError:
        return ""
