"""Keys and quoting: what a person pastes, and what a shell gets to read."""

from contextlib import suppress
import shlex
import subprocess

import asyncssh
from hypothesis import given, settings, strategies as st
import pytest

from custom_components.homelab.source import BadAnswer, CannotConnect
from custom_components.homelab.transports.fingerprint import fingerprint
from custom_components.homelab.transports.ssh import quote
from custom_components.homelab.transports.ssh_keys import (
    check_private_key,
    fetch_host_key,
)
from tests.fakes.ssh_server import SshServer, line, new_key

PLAIN = new_key("ssh-ed25519")


def _text(key: asyncssh.SSHKey, form: str, passphrase: str | None = None) -> str:
    # fewer rounds than usual, which would take a second
    return key.export_private_key(form, passphrase, rounds=50).decode()


def test_fingerprints() -> None:
    for kind in ("ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256"):
        key = new_key(kind)
        assert fingerprint(line(key)) == key.get_fingerprint()
        assert fingerprint(f" {line(key)} me@home\n") == key.get_fingerprint()


@pytest.mark.parametrize(
    "text", ["", "ssh-ed25519", "ssh-ed25519 ???", "ssh-ed25519 AAA"]
)
def test_no_fingerprint(text: str) -> None:
    with pytest.raises(BadAnswer) as caught:
        fingerprint(text)
    assert (caught.value.reason, caught.value.field) == ("invalid_key", "host_key")


async def test_the_best_host_key_is_fetched() -> None:
    keys = [new_key(kind) for kind in ("ssh-rsa", "ecdsa-sha2-nistp256", "ssh-ed25519")]
    async with SshServer(host_keys=keys).serving() as server:
        assert await fetch_host_key("127.0.0.1", server.port, deadline=5) == line(
            keys[2]
        )
        # nobody has tried to log in
        assert server.attempts == 0
    async with SshServer(host_keys=keys[:1]).serving() as server:
        assert await fetch_host_key("127.0.0.1", server.port, deadline=5) == line(
            keys[0]
        )


async def test_no_host_key_is_fetched(server: SshServer) -> None:
    async with SshServer().serving() as closed:
        pass
    with pytest.raises(CannotConnect) as caught:
        await fetch_host_key("127.0.0.1", closed.port, deadline=5)
    assert caught.value.reason == "connection_refused"
    with pytest.raises(CannotConnect, match="in time"):
        await fetch_host_key("127.0.0.1", server.port, deadline=0)


@pytest.mark.parametrize("form", ["openssh", "pkcs8-pem"])
@pytest.mark.parametrize("passphrase", [None, "open sesame"])
async def test_private_keys(form: str, passphrase: str | None) -> None:
    text = _text(PLAIN, form, passphrase)
    await check_private_key(text, passphrase)
    # as a form hands over what was pasted
    await check_private_key("\r\n" + text.strip().replace("\n", "\r\n"), passphrase)
    # one too many does no harm
    await check_private_key(_text(PLAIN, form), "needless")


@pytest.mark.parametrize("form", ["openssh", "pkcs8-pem", "pkcs1-pem"])
@pytest.mark.parametrize("passphrase", [None, "", "wrong"])
async def test_wrong_passphrases(form: str, passphrase: str | None) -> None:
    key = new_key("ssh-rsa") if form == "pkcs1-pem" else PLAIN
    text = _text(key, form, "right")
    with pytest.raises(BadAnswer) as caught:
        await check_private_key(text, passphrase)
    assert (caught.value.reason, caught.value.field) == ("invalid_key", "passphrase")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hunter2",
        "schlüssel",
        line(PLAIN),
        _text(PLAIN, "openssh")[:-60],
        _text(PLAIN, "openssh").replace("A", "B"),
        "-----BEGIN HUNTER2 PRIVATE KEY-----\nAAAA\n-----END HUNTER2 PRIVATE KEY-----",
    ],
    ids=("empty", "word", "umlaut", "public", "cut", "altered", "unknown"),
)
async def test_what_is_no_private_key(text: str) -> None:
    with pytest.raises(BadAnswer) as caught:
        await check_private_key(text, None)
    assert (caught.value.reason, caught.value.field) == ("invalid_key", "private_key")
    assert "hunter2" not in str(caught.value).lower()


_KEY = _text(PLAIN, "openssh")
_PEM = _text(PLAIN, "pkcs8-pem")
_OLD = _text(new_key("ssh-rsa"), "pkcs1-pem", "right")


@settings(max_examples=300, deadline=None)
@given(
    text=st.sampled_from([_KEY, _PEM, _OLD]),
    at=st.integers(0, 2000),
    width=st.integers(0, 40),
    instead=st.text(st.characters(max_codepoint=255), max_size=8),
)
async def test_damaged_private_keys(
    text: str, at: int, width: int, instead: str
) -> None:
    at %= len(text)
    # whatever it stumbles over, this is what it says
    with suppress(BadAnswer):
        await check_private_key(text[:at] + instead + text[at + width :], "right")


@given(st.lists(st.text(st.characters(exclude_characters="\0\r\n")), min_size=1))
def test_quoted_words_are_read_as_they_were(words: list[str]) -> None:
    assert shlex.split(quote(*words)) == words


def test_a_shell_reads_them_as_they_were() -> None:
    words = ["$(id)", "`id`", "a b", "'", '"', "*", "~", "-n", "\\", "é", "", "#", "!x"]
    printed = subprocess.run(
        ["/bin/sh", "-c", quote("printf", "%s\\n", *words)],
        capture_output=True,
        check=True,
    )
    assert printed.stdout.decode().split("\n") == [*words, ""]


@pytest.mark.parametrize("sign", ["\0", "\n", "\r"])
def test_what_no_shell_gets_to_read(sign: str) -> None:
    with pytest.raises(BadAnswer):
        quote("zpool", "status", f"tank{sign}")
