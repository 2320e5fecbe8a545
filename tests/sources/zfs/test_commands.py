"""The table of commands, and the forced command that lets exactly these through."""

import asyncio
import os
from pathlib import Path
import shlex
import subprocess

import pytest

from custom_components.homelab.source import BadAnswer
from custom_components.homelab.sources.zfs.commands import (
    PREFIX,
    READS,
    SUDO,
    WRITES,
    family,
)
from custom_components.homelab.transports.ssh import SshConnection
from tests.fakes.openssh import OpenSsh
from tests.plain import _custom_integrations, _no_complaints, _own_folder

__all__ = ["_custom_integrations", "_no_complaints", "_own_folder"]

WRAPPER = (
    Path(__file__).parents[3] / "custom_components/homelab/sources/zfs/homelab-zfs"
)
ALL = ("scrub", "clear", "trim", "snapshot", "smart")
# names that each row takes, as the client gives them
NAMES: dict[str, tuple[str, ...]] = {
    "sysctls": ("kstat.zfs.tank.misc.state", "kstat.zfs.tank.misc.guid"),
    "iostat": ("10",),
    "status_json": ("tank", "my pool"),
    "status_text": ("tank",),
    "status_guids": ("tank",),
    "status_paths": ("tank",),
    "sizes": ("tank",),
    "pools": ("tank",),
    "datasets": ("1", "tank", "my pool"),
    "snapshots": ("tank",),
    "delegated": ("tank",),
    "smart": ("/dev/disk/by-id/ata-WDC_WD40EFRX-68N32N0_WD-WCC7K0",),
    **dict.fromkeys(WRITES, ("my pool",)),
    "snapshot": ("tank/with space@before-update",),
}
# what prints the words that it is called with, one on a line
ECHO = """\
#!/bin/sh
for each in "${0##*/}" "$@"; do printf '%s\\n' "$each"; done
"""
TOOLS = (
    *("uname", "cat", "sysctl", "id", "date", "lsblk", "geom", "glabel", "zpool"),
    *("zfs", "smartctl", "find", "pgrep", "sudo"),
)
ROWS = {**READS, **WRITES}


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """Return a folder with every tool, none of which does anything."""
    folder = tmp_path / "tools"
    folder.mkdir()
    for name in TOOLS:
        (folder / name).write_text(ECHO)
        (folder / name).chmod(0o755)
    # it asks who it is
    (folder / "id").write_text('#!/bin/sh\n[ "$1" = -u ] && echo 0 || echo id\n')
    return folder


@pytest.fixture
def wrapper(tmp_path: Path, tools: Path) -> Path:
    """Return the forced command, which looks for tools in that folder first."""
    text = WRAPPER.read_text()
    line = "\nPATH=/usr/sbin:"
    assert text.count(line) == 1
    copy = tmp_path / "homelab-zfs"
    copy.write_text(text.replace(line, f"\nPATH={tools}:/usr/sbin:"))
    copy.chmod(0o755)
    return copy


def run(wrapper: Path, text: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [wrapper, *words],
        env={"SSH_ORIGINAL_COMMAND": text, "ZPOOL_VDEV_NAME_GUID": "1"},
        capture_output=True,
        text=True,
        timeout=10,
        check=False,
    )


@pytest.mark.parametrize("key", ROWS)
def test_every_row_of_the_table_is_let_through(wrapper: Path, key: str) -> None:
    row, names = ROWS[key], NAMES.get(key, ())
    done = run(wrapper, row.text(*names), *ALL)
    assert done.returncode == 0, done.stderr
    if key == "allowed":
        assert done.stdout == f"homelab-zfs may: {' '.join(ALL)}\n"
    elif key != "user":
        assert done.stdout.splitlines() == shlex.split(row.line(*names))


@pytest.mark.parametrize("key", [*WRITES, "smart"])
def test_what_changes_something_needs_its_word(wrapper: Path, key: str) -> None:
    text = ROWS[key].text(*NAMES[key])
    assert run(wrapper, text).returncode == 77
    assert run(wrapper, text, "nothing", "else").returncode == 77
    # root needs no sudo: it is left out
    with_sudo = ROWS[key].text(*NAMES[key], sudo=True)
    done = run(wrapper, with_sudo, *ALL)
    assert done.stdout.splitlines() == shlex.split(ROWS[key].line(*NAMES[key]))


def test_others_than_root_use_sudo(wrapper: Path, tools: Path) -> None:
    (tools / "id").write_text("#!/bin/sh\necho 1000\n")
    done = run(wrapper, WRITES["scrub_start"].text("tank", sudo=True), "scrub")
    assert done.stdout.split() == ["sudo", "-n", "zpool", "scrub", "tank"]
    done = run(wrapper, READS["allowed"].text(), "scrub")
    assert done.stdout.splitlines()[0] == "homelab-zfs may: scrub"
    assert done.stdout.split()[3:] == ["sudo", "-n", "-l"]


@pytest.mark.parametrize(
    "line",
    [
        "",
        "sh",
        "reboot",
        "zpool",
        "zpool destroy tank",
        "zpool scrub",
        "zpool scrub tank other",
        "zpool scrub -w",
        "zpool scrub -w tank",
        "zpool scrub 'ta;nk'",
        "zpool scrub 'tank",
        "zpool scrub 'tank'x",
        "zpool scrub ''",
        "zpool scrub  tank",
        "zpool scrub tank ",
        "zpool scrub $(reboot)",
        "zpool scrub `reboot`",
        "zpool scrub tank; reboot",
        "zpool scrub tank\nreboot",
        "zpool scrub tank\treboot",
        "zpool status -jp --json-int -c upath",
        "zpool status -jp --json-intx",
        "zpool iostat -Hpvyg -lq -T u 1 2",
        "zpool iostat -Hpvyg -lq -T u 1000",
        "zpool iostat -Hpvyg -lq -T u tank",
        "zfs snapshot tank",
        "zfs snapshot tank@",
        "zfs snapshot -r tank@x",
        "zfs snapshot tank@x@y",
        "zfs snapshot '-r tank@x'",
        "zfs destroy tank@x",
        "zfs allow tank user",
        f"{READS['datasets'].words} 1",
        f"{READS['datasets'].words} tank 1",
        "smartctl -n standby -j -i -H -A -s off",
        "smartctl -n standby -j -i -H -A /etc/shadow",
        "smartctl -n standby -j -i -H -A /dev/../etc/shadow",
        f"{READS['sysctls'].words} kern.securelevel=0",
        "cat /etc/shadow",
        "cat /etc/machine-id /var/lib/dbus/machine-id /etc/shadow",
        "sudo -n -l -U root",
        "sudo -n zpool status -gp tank",
        "sudo zpool scrub tank",
        f"{READS['kstats'].words} -delete",
    ],
)
def test_nothing_else_is_let_through(wrapper: Path, line: str) -> None:
    done = run(wrapper, PREFIX + line, *ALL)
    assert (done.returncode, done.stdout) == (77, ""), line
    assert done.stderr.startswith("homelab-zfs: not allowed")


def test_what_stands_before_a_command_is_part_of_it(wrapper: Path) -> None:
    for text in ("uname -sn", PREFIX.replace("LC_ALL=C", "LC_ALL=de") + "uname -sn"):
        assert run(wrapper, text).returncode == 77
    environment = {"SSH_ORIGINAL_COMMAND": "", "PATH": os.environ["PATH"]}
    done = subprocess.run([wrapper], env=environment, check=False, capture_output=True)
    assert done.returncode == 77


def test_names_are_quoted_and_options_are_refused() -> None:
    assert WRITES["scrub_start"].line("my pool") == "zpool scrub 'my pool'"
    assert WRITES["clear_errors"].text("t", sudo=True) == f"{PREFIX}{SUDO}zpool clear t"
    for name in ("-a", "--help"):
        with pytest.raises(BadAnswer):
            WRITES["scrub_start"].line(name)
    with pytest.raises(BadAnswer):
        WRITES["scrub_start"].line("two\nlines")


def test_what_hangs_together() -> None:
    assert family(READS["status_json"].text()) == "zpool"
    assert family(READS["datasets"].text("1", "tank")) == "zfs"
    assert family(READS["snapshots"].text("tank")) == "snapshots"
    assert family(READS["iostat"].text("1")) == family(READS["iostat"].text("10"))
    disks = {family(READS["smart"].text(f"/dev/sd{n}", sudo=True)) for n in "ab"}
    assert disks == {"smart"}
    assert family(READS["smartctl"].text()) not in disks


@pytest.mark.real("openssh")
async def test_a_real_sshd_with_the_forced_command(
    tmp_path: Path, wrapper: Path, socket_enabled: None
) -> None:
    server = OpenSsh(folder=tmp_path, restriction=f'restrict,command="{wrapper} scrub"')
    async with server.serving():
        connection = SshConnection(server.address())
        try:
            names = NAMES["status_json"]
            done = await connection.run(READS["status_json"].text(*names), deadline=10)
            wanted = shlex.split(READS["status_json"].line(*names))
            assert done.stdout.decode().splitlines() == wanted
            for text, code in (
                (WRITES["scrub_start"].text("tank"), 0),
                (WRITES["trim"].text("tank"), 77),
                ("zpool scrub tank", 77),
                ("", 77),
            ):
                done = await connection.run(text, deadline=10)
                assert done.code == code, text
        finally:
            await connection.close()


@pytest.mark.real("openssh")
async def test_a_real_shell_understands_every_row(
    tmp_path: Path, tools: Path, socket_enabled: None
) -> None:
    """Without the forced command a shell takes the text apart: to the same words."""
    shim = tmp_path / "shim"
    shim.write_text(
        "#!/bin/sh\n"
        f'exec sh -c "$(printf %s "$SSH_ORIGINAL_COMMAND" | sed \'s#PATH=#PATH={tools}:#\')"\n'
    )
    shim.chmod(0o755)
    (tools / "id").write_text(ECHO)
    server = OpenSsh(folder=tmp_path, restriction=f'restrict,command="{shim}"')
    async with server.serving():
        connection = SshConnection(server.address())
        try:
            rows = [(key, READS[key].line(*NAMES.get(key, ()))) for key in READS]
            rows += [(key, WRITES[key].line(*NAMES[key])) for key in WRITES]
            async with asyncio.timeout(30):
                for key, line in rows:
                    done = await connection.run(PREFIX + line, deadline=10)
                    assert done.stdout.decode().splitlines() == shlex.split(line), key
        finally:
            await connection.close()
