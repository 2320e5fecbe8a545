"""The JSON that the tools print: one object with the version of its form."""

from collections.abc import Mapping

import orjson

from ....source import BadAnswer
from .quantity import count

type Facts = Mapping[str, object]

# tools of another major version may mean something else by the same words
MAJOR = 0


def facts(value: object) -> Facts:
    """Return an object's members; what is no object has none."""
    return value if isinstance(value, dict) else {}


def text(value: object) -> str | None:
    """Return a text; what is none, and an empty one, is None."""
    return value if isinstance(value, str) and value else None


def read_document(raw: bytes) -> Facts:
    """Read what a tool printed with -j."""
    try:
        document = facts(orjson.loads(raw))
    except orjson.JSONDecodeError as error:
        raise BadAnswer(f"not the JSON of a tool: {error}") from None
    version = facts(document.get("output_version"))
    if "vers_major" in version and count(version["vers_major"]) != MAJOR:
        raise BadAnswer(
            f"output of version {version['vers_major']}", reason="zfs_unknown_version"
        )
    return document
