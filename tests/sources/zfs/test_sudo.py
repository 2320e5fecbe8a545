"""The lines of sudo that the documents offer, with a real sudo behind a real OpenSSH."""

from collections.abc import Generator
from pathlib import Path
import re
import shutil
import tempfile

import pytest

from custom_components.homelab.acting import acting
from custom_components.homelab.source import BadAnswer
from custom_components.homelab.sources.zfs.permissions import (
    Permissions,
    Way,
    parse_permissions,
)
from custom_components.homelab.sources.zfs.shell import Rest, Shell
from custom_components.homelab.transports.ssh import SshConnection
from tests.fakes.openssh import OpenSsh
from tests.plain import _custom_integrations, _no_complaints, _own_folder, _sources

__all__ = ["_custom_integrations", "_no_complaints", "_own_folder", "_sources"]

DOCUMENT = Path(__file__).parents[3] / "docs" / "zfs-access.md"
UID = 47_011
ACCOUNT = f"homelab:*:{UID}:{UID}::/nonexistent:/bin/sh\n"
# a mount namespace of its own: the machine's own files stay as they are
NAMESPACE = """\
set -e
mount --make-rprivate /
for name in passwd group sudoers; do mount --bind "{folder}/$name" "/etc/$name"; done
exec "$@"
"""
TOOL = """\
#!/bin/sh
echo "${0##*/} as $(/usr/bin/id -u):$(printf ' <%s>' "$@")"
"""


@pytest.fixture
def folder() -> Generator[Path]:
    """Return a folder that another user can look into."""
    made = Path(tempfile.mkdtemp(prefix="hl-sudo-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


def prepare(folder: Path, rules: str) -> OpenSsh:
    """Return a server of a machine with a user, tools and rules of its own."""
    tools = folder / "sbin"
    tools.mkdir()
    for name in ("zpool", "zfs", "smartctl"):
        (tools / name).write_text(TOOL)
        (tools / name).chmod(0o755)
    for name, line in (
        ("passwd", ACCOUNT),
        ("group", f"homelab:x:{UID}:\n"),
    ):
        (folder / name).write_text(Path("/etc", name).read_text() + line)
    sudoers = folder / "sudoers"
    sudoers.write_text(
        f'Defaults secure_path="{tools}:/usr/bin:/bin"\nDefaults !syslog\n'
        f"root ALL=(ALL:ALL) ALL\n{rules.replace('/usr/sbin/', f'{tools}/')}"
    )
    sudoers.chmod(0o440)
    namespace = NAMESPACE.format(folder=folder)
    return OpenSsh(
        folder=folder,
        username="homelab",
        within=("unshare", "--mount", "sh", "-c", namespace, "sh"),
    )


def offered() -> str:
    """Return the lines of the document, and what it says of odd names."""
    text = DOCUMENT.read_text()
    block = re.search(r"```text\n(homelab ALL=.*?)```", text, re.DOTALL)
    assert block
    assert r"`my\ pool` and `my\:pool`" in text
    odd = "".join(
        f"homelab ALL=(root) NOPASSWD: /usr/sbin/zpool scrub {name}\n"
        for name in (r"my\ pool", r"my\:pool")
    )
    return block[1] + odd


async def learned(shell: Shell) -> Permissions:
    identity = (await shell.look("user")).stdout
    return parse_permissions(identity, (await shell.look("allowed")).stdout)


@pytest.mark.real("sudo")
async def test_the_lines_that_are_offered(folder: Path, socket_enabled: None) -> None:
    server = prepare(folder, offered())
    async with server.serving():
        connection = SshConnection(server.address())
        shell = Shell(connection, Rest())
        try:
            may = await learned(shell)
            assert (may.user, may.is_root) == ("homelab", False)
            assert may.of_pool("tank") == {
                *("scrub_start", "scrub_pause", "scrub_stop"),
                *("clear_errors", "trim"),
            }
            for name in ("my pool", "my:pool"):
                assert may.of_pool(name) == {"scrub_start"}
            assert not may.of_pool("other")
            assert may.way("smart", "/dev/sda") is Way.SUDO
            assert may.way("smart", "/dev/sdc") is None
            with acting():
                for name in ("tank", "my pool", "my:pool"):
                    said = await shell.change("scrub_start", name, sudo=True)
                    assert said == f"zpool as 0: <scrub> <{name}>"
                said = await shell.change("clear_errors", "tank", sudo=True)
                assert said == "zpool as 0: <clear> <tank>"
            smart = await shell.ask("smart", "/dev/sda", sudo=True)
            assert smart.startswith(b"smartctl as 0: <-n> <standby>")
        finally:
            await connection.close()


@pytest.mark.real("sudo")
@pytest.mark.parametrize(
    "rules",
    [
        "homelab ALL=(root) PASSWD: /usr/sbin/zpool scrub tank\n",
        "homelab ALL=(root) /usr/sbin/zpool scrub tank\n",
        "homelab ALL=(daemon) NOPASSWD: /usr/sbin/zpool scrub tank\n",
        "homelab ALL=(root) NOPASSWD: /usr/sbin/zpool scrub other\n",
        "homelab ALL=(root) NOPASSWD: /usr/sbin/zpool scrub -s tank\n",
        "homelab ALL=(root) NOPASSWD: ALL, !/usr/sbin/zpool scrub tank\n",
        "",
    ],
    ids=("password", "no-tag", "other-user", "other-pool", "stop", "negated", "none"),
)
async def test_what_sudo_refuses_is_known_without_trying(
    folder: Path, socket_enabled: None, rules: str
) -> None:
    server = prepare(folder, rules)
    async with server.serving():
        connection = SshConnection(server.address())
        shell = Shell(connection, Rest())
        try:
            assert "scrub_start" not in (await learned(shell)).of_pool("tank")
            # and so it is
            with acting(), pytest.raises(BadAnswer):
                await shell.change("scrub_start", "tank", sudo=True)
        finally:
            await connection.close()
