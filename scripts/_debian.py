"""Debian packages unpacked into a folder, without root and without touching the system."""

from pathlib import Path
import shutil
import tempfile

from _steps import CACHE, Missing, run

SUITE = "forky"
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


def unpack(packages: tuple[str, ...], folder: Path) -> None:
    """Download packages of a newer Debian through a private apt root; unpack them."""
    if not shutil.which("apt-get") or not KEYRING.exists():
        raise Missing("This is no Debian, so its packages cannot be used here.")
    mirror = _mirror()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as name:
        root = Path(name)
        for part in ("lists/partial", "cache/archives/partial", "debs"):
            (root / part).mkdir(parents=True)
        (root / "status").touch()
        sources = root / "sources.list"
        sources.write_text(f"deb [signed-by={KEYRING}] {mirror} {SUITE} main\n")
        options = (
            f"Dir::Etc::sourcelist={sources}",
            "Dir::Etc::sourceparts=-",
            f"Dir::State::lists={root / 'lists'}",
            f"Dir::State::status={root / 'status'}",
            f"Dir::Cache={root / 'cache'}",
            "APT::Sandbox::User=",
        )
        apt = ["apt-get", "-q", *(word for o in options for word in ("-o", o))]
        run(*apt, "update")
        run(*apt, "download", *packages, cwd=root / "debs")
        for package in sorted((root / "debs").glob("*.deb")):
            run("dpkg", "-x", package, folder)


def _mirror() -> str:
    """Take the mirror from the machine: no address of one is written down here."""
    form = ("--format", "$(REPO_URI)", "Created-By: Packages")
    mirror = run("apt-get", "indextargets", *form).partition("\n")[0].strip()
    if not mirror:
        raise Missing("apt has no package source configured.")
    return mirror
