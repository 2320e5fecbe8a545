"""Which container is which: what its labels and its name say of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
import re
from typing import Any
from urllib.parse import urlsplit

from .models import Container
from .reading import a_text

PROJECT = "com.docker.compose.project"
SERVICE = "com.docker.compose.service"
NUMBER = "com.docker.compose.container-number"
ONE_OFF = "com.docker.compose.oneoff"
DEPENDS_ON = "com.docker.compose.depends_on"
# ours, on containers
PROTECT = "homelab.protect"
URL = "homelab.url"
NAME = "homelab.name"
_YES = {"true", "1", "yes", "on"}
# while compose replaces a container, the new one has the old one's id before its name
_REPLACING = re.compile(r"^[0-9a-f]{12}_(?=.)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Identity:
    """What outlives a container, and what people call it."""

    resource: str
    name: str
    title: str


def identify(labels: Mapping[str, Any], name: object) -> Identity:
    """Tell who a container is; compose's are known by project, service and number."""
    plain = str(name or "").lstrip("/")
    project, service = a_text(labels.get(PROJECT)), a_text(labels.get(SERVICE))
    once = str(labels.get(ONE_OFF)).lower() == "true"
    own = a_text(labels.get(NAME))
    if not (project and service) or once:
        return Identity(resource=f"name:{plain}", name=plain, title=own or plain)
    number = str(labels.get(NUMBER) or 1)
    parts = (each.replace("/", "%2F") for each in (project, service, number))
    title = service if number == "1" else f"{service} {number}"
    return Identity(
        resource="/".join(parts),
        name=_REPLACING.sub("", plain),
        title=own or title,
    )


def describe(id_: str, name: object, labels: Mapping[str, Any]) -> Container:
    """Return what labels and name alone say of a container."""
    identity = identify(labels, name)
    return Container(
        id=id_,
        resource=identity.resource,
        name=identity.name,
        title=identity.title,
        project=a_text(labels.get(PROJECT)),
        service=a_text(labels.get(SERVICE)),
        depends_on=frozenset(_dependencies(labels.get(DEPENDS_ON))),
        url=_url(labels.get(URL)),
        protected=str(labels.get(PROTECT)).lower() in _YES,
    )


def _dependencies(raw: object) -> Iterable[str]:
    """Read `db:service_healthy:true,cache:service_started:false`."""
    words = (part.partition(":")[0].strip() for part in str(raw or "").split(","))
    return filter(None, words)


def _url(raw: object) -> str | None:
    text = a_text(raw) or ""
    try:
        parts = urlsplit(text)
        # not every number is a port
        _ = parts.port
    except ValueError:
        return None
    fits = parts.scheme in {"http", "https"} and parts.hostname and text.isprintable()
    return text if fits and " " not in text else None
