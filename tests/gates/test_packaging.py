"""What HACS, Home Assistant and GitHub read of the repository, and nobody runs."""

import hashlib
import json
import os
from pathlib import Path
import re
import struct
import subprocess
import sys
from typing import Any
import zipfile

from packaging.version import Version
from PIL import Image
import pytest
import yaml

from custom_components.homelab.const import DOMAIN

ROOT = Path(__file__).resolve().parents[2]
INTEGRATION = ROOT / "custom_components" / DOMAIN
BRAND = INTEGRATION / "brand"
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))

ICONS = {
    "icon.png": 256,
    "icon@2x.png": 512,
    "dark_icon.png": 256,
    "dark_icon@2x.png": 512,
}
HACS_SCHEMA: dict[str, type] = {
    "content_in_root": bool,
    "country": list,
    "filename": str,
    "hacs": str,
    "hide_default_branch": bool,
    "homeassistant": str,
    "name": str,
    "persistent_directory": str,
    "zip_release": bool,
}
HACS_NEEDS = {
    "codeowners",
    "documentation",
    "domain",
    "issue_tracker",
    "name",
    "version",
}
PINNED_ACTION = re.compile(
    r"uses: (?P<action>[\w.-]+/[\w./-]+)@[0-9a-f]{40} # (v\d+\.\d+\.\d+|main|master)"
)
# put together from parts, or this file would hold what it forbids
REGISTRIES = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("yarnpkg", "com"),
        ("crates", "io"),
        ("rubygems", "org"),
        ("deb", "debian", "org"),
        ("security", "debian", "org"),
        ("snapshot", "debian", "org"),
        ("archive", "ubuntu", "com"),
        ("alpinelinux", "org"),
        ("artifactory", ""),
    )
]
HOST_IN_ADDRESS = re.compile(r"https?://(?:[^\s/@]*@)?([\w-]+(?:\.[\w-]+)*\.[a-z]+)")


@pytest.fixture(autouse=True)
def _custom_integrations() -> None:
    """Start no Home Assistant: there is nothing here that it would run."""


@pytest.fixture(autouse=True)
def _no_complaints() -> None:
    """Let these tests read files, as no loop is kept waiting by them."""


def read_json(path: Path) -> dict[str, Any]:
    """Return what a JSON file holds."""
    content: dict[str, Any] = json.loads(path.read_text())
    return content


def build(output: Path, *arguments: str) -> Path:
    """Build a release into a folder; return the zip."""
    run_script("build", "--output", str(output), *arguments)
    return output / "homelab.zip"


def run_script(name: str, *arguments: str) -> None:
    """Run one of the repository's scripts."""
    command = (sys.executable, str(ROOT / "scripts" / name), *arguments)
    subprocess.run(command, check=True, capture_output=True)


@pytest.fixture(name="package", scope="module")
def _package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the zip of a release."""
    return build(tmp_path_factory.mktemp("release"), "--version", "1.2.3")


@pytest.mark.parametrize(("name", "size"), ICONS.items())
def test_icon_is_a_transparent_square_that_fills_its_edges(
    name: str, size: int
) -> None:
    content = (BRAND / name).read_bytes()
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    width, height, depth, colour = struct.unpack(">IIBB", content[16:26])
    assert (width, height) == (size, size)
    assert (depth, colour) == (8, 6), "8 bits each of red, green, blue and alpha"
    with Image.open(BRAND / name) as image:
        assert image.getbbox() == (0, 0, size, size), "trimmed"
        assert image.getchannel("A").getextrema() == (0, 255)


def test_brand_holds_only_what_home_assistant_serves() -> None:
    assert {path.name for path in BRAND.iterdir()} == set(ICONS)


def test_dark_icons_differ() -> None:
    """A variant that is the same would only be weight."""
    for name in ("icon.png", "icon@2x.png"):
        assert (BRAND / name).read_bytes() != (BRAND / f"dark_{name}").read_bytes()


def test_icons_are_what_the_script_draws(tmp_path: Path) -> None:
    run_script("draw_brand", "--output", str(tmp_path))
    for name in ICONS:
        # pixels, as how a PNG is packed may differ from one processor to another
        with Image.open(tmp_path / name) as drawn, Image.open(BRAND / name) as kept:
            assert drawn.tobytes() == kept.tobytes()


def test_hacs_manifest_keeps_to_the_schema() -> None:
    hacs = read_json(ROOT / "hacs.json")
    assert hacs["name"] == "Homelab"
    assert hacs["homeassistant"] == "2026.10.0"
    assert hacs["zip_release"] is True
    assert hacs["filename"] == "homelab.zip"
    for key, value in hacs.items():
        assert isinstance(value, HACS_SCHEMA[key]), key


def test_manifest_has_its_keys_in_order() -> None:
    manifest = read_json(INTEGRATION / "manifest.json")
    assert set(manifest) >= HACS_NEEDS
    first, second, *others = manifest
    assert (first, second) == ("domain", "name")
    assert others == sorted(others)
    assert manifest["domain"] == DOMAIN == INTEGRATION.name
    for key in ("documentation", "issue_tracker"):
        assert manifest[key].startswith("https://github.com/homelab-ha/homelab")


def test_version_is_plain() -> None:
    version = read_json(INTEGRATION / "manifest.json")["version"]
    assert str(Version(version)) == version
    assert version.endswith(".dev0"), "a release gets its version from its tag"


def test_license_is_complete() -> None:
    text = (ROOT / "LICENSE").read_text()
    assert "Apache License" in text
    assert "Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text


def test_workflows_are_all_there() -> None:
    names = {path.stem for path in WORKFLOWS}
    assert names >= {"tests", "hassfest", "hacs", "nightly", "release"}


def test_repository_yaml_is_read() -> None:
    """GitHub and prek say nothing useful about YAML that they cannot read."""
    paths = [*ROOT.glob(".github/**/*.yml"), ROOT / ".pre-commit-config.yaml"]
    for path in paths:
        assert isinstance(yaml.safe_load(path.read_text()), dict), path.name


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
class TestWorkflow:
    """What holds for each workflow."""

    def test_actions_are_pinned_by_commit(self, path: Path) -> None:
        lines = [line for line in path.read_text().splitlines() if "uses:" in line]
        found = [PINNED_ACTION.fullmatch(line.strip(" -")) for line in lines]
        assert all(found), lines
        assert len(found) == sum("uses" in step for step in self.steps(path))

    def test_rights_are_the_least(self, path: Path) -> None:
        workflow = yaml.safe_load(path.read_text())
        assert workflow["permissions"] == {"contents": "read"}
        for job in workflow["jobs"].values():
            if "permissions" in job:
                assert path.stem == "release"
                assert job["permissions"] == {"contents": "write"}

    def test_checkout_leaves_no_credentials(self, path: Path) -> None:
        for step in self.steps(path):
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"] == {"persist-credentials": False}

    def test_hacs_ignores_nothing(self, path: Path) -> None:
        for step in self.steps(path):
            if step.get("uses", "").startswith("hacs/action@"):
                assert step["with"]["category"] == "integration"
                assert "ignore" not in step["with"]

    def test_commands_hold_no_expression(self, path: Path) -> None:
        """An expression in a command lets a tag or a branch name run code."""
        assert not any("${{" in step.get("run", "") for step in self.steps(path))

    def steps(self, path: Path) -> list[dict[str, Any]]:
        jobs = yaml.safe_load(path.read_text())["jobs"].values()
        return [step for job in jobs for step in job["steps"]]


def test_build_holds_the_integration_at_its_root(package: Path) -> None:
    with zipfile.ZipFile(package) as archive:
        names = archive.namelist()
        manifest = json.loads(archive.read("manifest.json"))
        license_ = archive.read("LICENSE")
        modes = {entry.external_attr >> 16 for entry in archive.infolist()}
    assert manifest == {
        **read_json(INTEGRATION / "manifest.json"),
        "version": "1.2.3",
    }
    assert list(manifest) == list(read_json(INTEGRATION / "manifest.json"))
    assert license_ == (ROOT / "LICENSE").read_bytes()
    assert {"__init__.py", "sources/__init__.py", "brand/icon.png"} <= set(names)
    assert not [name for name in names if "__pycache__" in name or ".pyc" in name]
    assert modes == {0o100644}, "plain files only: no links, no folders"


def test_build_says_its_checksum(package: Path) -> None:
    digest = hashlib.sha256(package.read_bytes()).hexdigest()
    sums = package.with_name("SHA256SUMS").read_text()
    assert sums == f"{digest}  homelab.zip\n"


def test_build_makes_the_same_bytes_again(package: Path, tmp_path: Path) -> None:
    again = build(tmp_path, "--version", "1.2.3")
    assert again.read_bytes() == package.read_bytes()


def test_build_takes_the_version_of_the_manifest(tmp_path: Path) -> None:
    with zipfile.ZipFile(build(tmp_path)) as archive:
        manifest = json.loads(archive.read("manifest.json"))
    assert manifest == read_json(INTEGRATION / "manifest.json")


@pytest.mark.parametrize("version", ["1.2.3.dev4", "1.2.3b1"])
def test_build_takes_a_version_before_the_release(version: str, tmp_path: Path) -> None:
    with zipfile.ZipFile(build(tmp_path, "--version", version)) as archive:
        assert json.loads(archive.read("manifest.json"))["version"] == version


@pytest.mark.parametrize("version", ["v1.2.3", "1.2", "1.2.3-rc1", "latest", "1.2.3\n"])
def test_build_refuses_another_version(version: str, tmp_path: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError) as refused:
        build(tmp_path, "--version", version)
    assert b"is no version: use X.Y.Z" in refused.value.stderr
    assert not list(tmp_path.iterdir())


def test_no_file_names_a_registry() -> None:
    """What is installed comes from where the machine says, never from an address here."""
    names = [name.encode() for name in (*REGISTRIES, *configured_mirrors())]
    found = [
        (path.relative_to(ROOT).as_posix(), name.decode())
        for path in repository_files()
        for name in names
        if name in path.read_bytes()
    ]
    assert not found


def repository_files() -> list[Path]:
    """Return what git keeps, or would keep once it is added."""
    command = ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    listed = subprocess.check_output(command, cwd=ROOT, text=True)
    paths = [ROOT / name for name in listed.split("\0") if name]
    return [path for path in paths if path.is_file()]


def configured_mirrors() -> set[str]:
    """Return the hosts that this machine installs from, which are nobody else's."""
    settings = [
        value
        for name, value in os.environ.items()
        if re.match(r"(PIP|UV|NPM_CONFIG)_", name, re.IGNORECASE)
    ]
    home = Path.home()
    files = [
        Path("/etc/pip.conf"),
        home / ".config" / "pip" / "pip.conf",
        home / ".pip" / "pip.conf",
        home / ".config" / "uv" / "uv.toml",
        home / ".npmrc",
        Path("/etc/apt/sources.list"),
        *Path("/etc/apt/sources.list.d").glob("*"),
    ]
    settings += [path.read_text() for path in files if path.is_file()]
    lines = [line for text in settings for line in text.splitlines()]
    active = [line for line in lines if not line.lstrip().startswith("#")]
    hosts = {host for line in active for host in HOST_IN_ADDRESS.findall(line)}
    # uv may be told to take interpreters from there; so does the nightly workflow
    return hosts - {"github.com"}
