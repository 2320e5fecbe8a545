"""The whole client against a real OpenSSH, with and without the forced command."""

from pathlib import Path
import sys

import pytest

from .test_commands import TOOLS, WRAPPER
from custom_components.homelab.acting import acting
from custom_components.homelab.source import BadAnswer
from custom_components.homelab.sources.zfs.client import ZfsClient
from custom_components.homelab.sources.zfs.models import State
from custom_components.homelab.transports.ssh import SshConnection
from tests.fakes.openssh import OpenSsh
from tests.plain import _custom_integrations, _no_complaints, _own_folder, _sources

__all__ = ["_custom_integrations", "_no_complaints", "_own_folder", "_sources"]

ROOT = Path(__file__).parents[3]
TANK = "16241634347029219780"


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """Return a folder with the tools of a simulated host."""
    folder = tmp_path / "tools"
    folder.mkdir()
    state = tmp_path / "state.json"
    state.write_text('{"machine": {}, "cases": ["mirror-cksum", "all-classes"]}')
    for name in TOOLS:
        (folder / name).write_text(
            f"#!/bin/sh\ncd {ROOT} && exec {sys.executable} -m demo.zfs.tool "
            f'{state} {name} "$@"\n'
        )
        (folder / name).chmod(0o755)
    (folder / "id").write_text(
        '#!/bin/sh\n[ "$1" = -u ] && echo 0 || echo "uid=0(root)"\n'
    )
    return folder


async def look(server: OpenSsh, *, scrubs: bool) -> None:
    """Look at everything once, and do what is allowed."""
    client = ZfsClient(SshConnection(server.address()), interval=1)
    try:
        assert await client.identify() == "0123456789abcdef0123456789abcdef"
        host = await client.pools()
        assert host.pools[TANK].state is State.ONLINE
        assert host.pools[TANK].has_problem
        assert len(host.pools) == 2 and len(host.disks) > 12
        assert len(await client.datasets(())) == 4
        smart = await client.disks({("disk", guid) for guid in host.disks})
        assert bool(smart) is scrubs
        stream = client.follow()
        assert (await anext(stream)).pools.keys() == host.pools.keys()
        await stream.aclose()
        with acting():
            if scrubs:
                await client.scrub_start(TANK)
            else:
                with pytest.raises(BadAnswer):
                    await client.scrub_start(TANK)
    finally:
        await client.close()
    assert server.logins == 1


@pytest.mark.real("openssh")
@pytest.mark.parametrize("words", ["", " scrub smart"])
async def test_through_the_forced_command(
    tmp_path: Path, tools: Path, socket_enabled: None, words: str
) -> None:
    wrapper = tmp_path / "homelab-zfs"
    line = "\nPATH=/usr/sbin:"
    assert WRAPPER.read_text().count(line) == 1
    wrapper.write_text(WRAPPER.read_text().replace(line, f"\nPATH={tools}:/usr/sbin:"))
    wrapper.chmod(0o755)
    server = OpenSsh(
        folder=tmp_path, restriction=f'restrict,command="{wrapper}{words}"'
    )
    async with server.serving():
        await look(server, scrubs=bool(words))


@pytest.mark.real("openssh")
async def test_through_a_shell(
    tmp_path: Path, tools: Path, socket_enabled: None
) -> None:
    shim = tmp_path / "shim"
    change = f"'s#PATH=#PATH={tools}:#'"
    shim.write_text(
        f'#!/bin/sh\nexec sh -c "$(printf %s "$SSH_ORIGINAL_COMMAND" | sed {change})"\n'
    )
    shim.chmod(0o755)
    server = OpenSsh(folder=tmp_path, restriction=f'restrict,command="{shim}"')
    async with server.serving():
        await look(server, scrubs=True)
