"""What a person compares of a server's key; apart from what needs all of asyncssh."""

from base64 import b64encode
from binascii import a2b_base64
from hashlib import sha256

from ..source import BadAnswer


def fingerprint(public_key_line: str) -> str:
    """Return the fingerprint of "ssh-ed25519 AAAA…" as OpenSSH shows it: "SHA256:…"."""
    try:
        _algorithm, key, *_comment = public_key_line.split()
        digest = sha256(a2b_base64(key, strict_mode=True)).digest()
    except ValueError:
        raise BadAnswer(
            "not a public key", reason="invalid_key", field="host_key"
        ) from None
    return "SHA256:" + b64encode(digest).decode().rstrip("=")
