"""The one image of the demo's containers: Debian's static busybox and nothing else."""

import io
from pathlib import Path
import shutil
import tarfile

from _steps import run

IMAGE = "busybox"
FOLDERS = ("bin", "data", "etc", "tmp")


def is_static() -> bool:
    """Whether busybox is there, and needs no library."""
    found = shutil.which("busybox")
    # a program that needs some names its loader near its beginning
    return bool(found) and b"ld-linux" not in Path(str(found)).read_bytes()[:8192]


def archive() -> bytes:
    """Return a file system with busybox under all its names, as tar."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as tar:
        for name in FOLDERS:
            folder = tarfile.TarInfo(name)
            folder.type, folder.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(folder)
        tar.add(str(shutil.which("busybox")), "bin/busybox")
        for name in run("busybox", "--list").split():
            if name != "busybox":
                link = tarfile.TarInfo(f"bin/{name}")
                link.type, link.linkname = tarfile.SYMTYPE, "busybox"
                tar.addfile(link)
        _add(tar, "etc/motd", b"hello\n")
    return written.getvalue()


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), 0o644
    tar.addfile(entry, io.BytesIO(content))
