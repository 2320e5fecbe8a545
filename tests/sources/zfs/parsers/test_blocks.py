"""The disks behind the paths of a pool, by every name that they are given."""

import pytest

from custom_components.homelab.sources.zfs.output.blocks import Blocks, Geoms

LINUX = (
    'NAME="sda" KNAME="sda" PKNAME="" TYPE="disk" ROTA="1" MODEL="Old" SERIAL="" '
    'WWN="" PARTUUID=""\n'
    'NAME="sdb" KNAME="sdb" PKNAME="" TYPE="disk" ROTA="1" MODEL="WDC WD40" '
    'SERIAL="WD-WCC7K0" WWN="0x50014ee2b1234567" PARTUUID=""\n'
    'NAME="sdb1" KNAME="sdb1" PKNAME="sdb" TYPE="part" ROTA="1" MODEL="" SERIAL="" '
    'WWN="0x50014ee2b1234567" PARTUUID="8f6f-01"\n'
    'NAME="sdc" KNAME="sdc" PKNAME="" TYPE="disk" ROTA="1" MODEL="Short" SERIAL="1" '
    'WWN="" PARTUUID=""\n'
    'NAME="sdd" KNAME="sdd" PKNAME="" TYPE="disk" ROTA="1" MODEL="Elements" '
    'SERIAL="57583431" WWN="" PARTUUID=""\n'
    'NAME="nvme0n1" KNAME="nvme0n1" PKNAME="" TYPE="disk" ROTA="0" MODEL="Evo" '
    'SERIAL="S4EV NF0" WWN="eui.0025385b71b0e1f2" PARTUUID=""\n'
    'NAME="crypt" KNAME="dm-0" PKNAME="sdb1" TYPE="crypt" ROTA="1" MODEL="" SERIAL="" '
    'WWN="" PARTUUID=""\n'
    'NAME="lost" KNAME="dm-1" PKNAME="gone" TYPE="crypt" ROTA="1" MODEL="" SERIAL="" '
    'WWN="" PARTUUID=""\n'
)


@pytest.mark.parametrize(
    ("path", "device"),
    [
        ("/dev/sdb1", "/dev/sdb"),
        ("/dev/mapper/crypt", "/dev/sdb"),
        ("/dev/mapper/lost", None),
        ("/dev/disk/by-partuuid/8F6F-01", "/dev/sdb"),
        ("/dev/disk/by-partuuid/8f6f-02", None),
        ("/dev/disk/by-id/ata-WDC_WD40_WD-WCC7K0-part1", "/dev/sdb"),
        ("/dev/disk/by-id/wwn-0x50014ee2b1234567-part1", "/dev/sdb"),
        ("/dev/disk/by-id/scsi-350014ee2b1234567-part1", "/dev/sdb"),
        ("/dev/disk/by-id/scsi-350014ee2b1234567", "/dev/sdb"),
        ("/dev/disk/by-id/scsi-SATA_WDC_WD40_WD-WCC7K0-part1", "/dev/sdb"),
        ("/dev/disk/by-id/usb-WD_Elements_57583431-0:0-part1", "/dev/sdd"),
        ("/dev/disk/by-id/nvme-Evo_S4EV_NF0-part1", "/dev/nvme0n1"),
        ("/dev/disk/by-id/nvme-Evo_S4EV_NF0_1-part1", "/dev/nvme0n1"),
        ("/dev/disk/by-id/nvme-Evo_S4EV_NF0_2", "/dev/nvme0n1"),
        ("/dev/disk/by-id/nvme-eui.0025385b71b0e1f2-part1", "/dev/nvme0n1"),
        ("/dev/disk/by-id/ata-Short_1-part3", "/dev/sdc"),
        ("/dev/disk/by-id/ata-Short_2-part1", None),
        ("/dev/disk/by-id/ata-Old_", None),
        ("/dev/disk/by-id/scsi-3", None),
        ("/pools/file", None),
    ],
)
def test_names_of_linux(path: str, device: str | None) -> None:
    found = Blocks(LINUX.encode()).find(path)
    assert (found and found.device) == device


def test_what_is_told_of_a_disk() -> None:
    blocks = Blocks(LINUX.encode())
    flash = blocks.find("/dev/disk/by-id/nvme-Evo_S4EV_NF0_1-part1")
    assert flash and flash.rotating is False
    assert (flash.model, flash.serial) == ("Evo", "S4EV NF0")
    old = blocks.find("/dev/sda")
    assert old and old.rotating is True
    assert (old.model, old.serial) == ("Old", None)


GEOMS = """\
Geom name: ada0
Providers:
1. Name: ada0
   Mediasize: 4000787030016 (3.6T)
   descr: WDC WD40
   ident: WD-WCC7K0
   rotationrate: 5400
Geom name: nda0
Providers:
1. Name: nda0
   descr: Evo: fast
   ident: S4EV
   rotationrate: 0
Geom name: vtbd0
Providers:
1. Name: vtbd0
   descr: (null)
   ident: (null)
   rotationrate: unknown
"""
LABELS = """\
                              gpt/tank0     N/A  ada0p2
gptid/0a1b2c3d-0000-11ef-8000-001122334455  N/A  ada0p3
                         gpt/my own label   N/A  nda0p1
                       diskid/DISK-S4EVp1x  N/A  ada0
                         diskid/DISK-S4EV   N/A  nda0
                            label/secret    N/A  ada0p4.eli
"""


@pytest.mark.parametrize(
    ("path", "device"),
    [
        ("/dev/ada0", "/dev/ada0"),
        ("/dev/ada0p2", "/dev/ada0"),
        ("/dev/ada0s1a", "/dev/ada0"),
        ("/dev/ada0p2.eli", "/dev/ada0"),
        ("/dev/gpt/tank0", "/dev/ada0"),
        ("/dev/gpt/tank0.eli", "/dev/ada0"),
        ("/dev/gptid/0a1b2c3d-0000-11ef-8000-001122334455.eli", "/dev/ada0"),
        ("/dev/gpt/my own label", "/dev/nda0"),
        ("/dev/label/secret", "/dev/ada0"),
        ("/dev/diskid/DISK-S4EV", "/dev/nda0"),
        ("/dev/diskid/DISK-S4EVp1", "/dev/nda0"),
        ("/dev/diskid/DISK-S4EVp1.eli", "/dev/nda0"),
        ("/dev/diskid/DISK-OTHERp1", None),
        ("/dev/da7", None),
        ("/pools/file", None),
    ],
)
def test_names_of_freebsd(path: str, device: str | None) -> None:
    found = Geoms(GEOMS.encode(), LABELS.encode()).find(path)
    assert (found and found.device) == device


def test_what_a_driver_does_not_know() -> None:
    geoms = Geoms(GEOMS.encode(), b"")
    unknown = geoms.find("/dev/vtbd0")
    assert unknown
    assert (unknown.model, unknown.serial, unknown.rotating) == (None, None, None)
    flash = geoms.find("/dev/nda0")
    assert flash and flash.rotating is False
    assert (flash.model, flash.serial) == ("Evo: fast", "S4EV")


LABELLED = "".join(
    f'NAME="{name}" KNAME="{name}" PKNAME="{above}" TYPE="{kind}" ROTA="1" '
    f'PARTUUID="" PARTLABEL="{label}"\n'
    for name, above, kind, label in (
        ("sda", "", "disk", ""),
        ("sda1", "sda", "part", "upper\\x20bay"),
        ("sda2", "sda", "part", "zfs"),
        ("sdb", "", "disk", ""),
        ("sdb1", "sdb", "part", "zfs"),
    )
)


@pytest.mark.parametrize(
    ("label", "device"),
    [("upper\\x20bay", "/dev/sda"), ("zfs", None), ("none", None), ("", None)],
)
def test_a_label_tells_a_disk_where_only_one_has_it(
    label: str, device: str | None
) -> None:
    found = Blocks(LABELLED.encode()).find(f"/dev/disk/by-partlabel/{label}")
    assert (found.device if found else None) == device
