"""What is asked before there is an entry: an address, and what that kind of it needs."""

from collections.abc import Mapping, MutableMapping
from typing import Any

import probatio

from homeassistant.components.file_upload import process_uploaded_file
from homeassistant.core import HomeAssistant
from homeassistant.helpers.importlib import async_import_module
from homeassistant.helpers.selector import (
    BooleanSelector,
    FileSelector,
    FileSelectorConfig,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)

from ...form import Candidate, Step
from ...source import AuthenticationFailed, BadAnswer
from ...transports.fingerprint import fingerprint
from .access import PROBES
from .address import Way, parse_address
from .client import DockerClient
from .connection import open_api
from .local import find_socket

NAME = "Docker"
SECRETS = frozenset({"key", "password", "private_key", "passphrase"})
# what an entry keeps, by the way that its engine is reached
KEPT = {
    Way.SOCKET: (),
    Way.PLAIN: (),
    Way.TLS: ("ca", "certificate", "key", "verify_host"),
    Way.SSH: ("host_key", "password", "private_key", "passphrase"),
}
FILES = ("ca", "certificate", "key")
HOST_KEY_DEADLINE = 15
LARGEST_FILE = 256 * 1024

WAYS = (
    "`unix:///var/run/docker.sock`, `tcp://host:2375`, `http://proxy:2375`, "
    "`https://host:2376`, `ssh://user@host:22/var/run/docker.sock`"
)

type Answers = MutableMapping[str, Any]

_TEXT = TextSelector()
_MANY_LINES = TextSelector(TextSelectorConfig(multiline=True))
_PASSWORD = TextSelector(TextSelectorConfig(type=TextSelectorType.PASSWORD))
_FILE = FileSelector(FileSelectorConfig(accept=".pem,.crt,.cer,.key"))
_ADDRESS = {
    probatio.Required("name", default=NAME): _TEXT,
    probatio.Required("url"): _TEXT,
}
_TLS = {
    **{probatio.Optional(name): _MANY_LINES for name in FILES},
    **{probatio.Optional(f"{name}_file"): _FILE for name in FILES},
}
_SSH = {
    probatio.Optional("password"): _PASSWORD,
    probatio.Optional("private_key"): _MANY_LINES,
    probatio.Optional("passphrase"): _PASSWORD,
}
_VERIFY = {probatio.Required("verify_host", default=True): BooleanSelector()}


async def _submit_address(hass: HomeAssistant, answers: Answers) -> Candidate | str:
    address = parse_address(answers["url"])
    if address.way is Way.SOCKET or (address.way is Way.PLAIN and address.is_loopback):
        return await _connect(hass, answers)
    return f"docker_{address.way}"


async def _submit_plain(hass: HomeAssistant, answers: Answers) -> Candidate | str:
    if not answers["confirm_plain"]:
        raise BadAnswer(reason="plain_not_confirmed", field="confirm_plain")
    return await _connect(hass, answers)


async def _submit_tls(hass: HomeAssistant, answers: Answers) -> Candidate | str:
    for name in FILES:
        if file_id := answers.pop(f"{name}_file", None):
            answers[name] = await hass.async_add_executor_job(
                _read_upload, hass, file_id, name
            )
    return await _connect(hass, answers)


def _read_upload(hass: HomeAssistant, file_id: str, name: str) -> str:
    try:
        with process_uploaded_file(hass, file_id) as path:
            if path.stat().st_size > LARGEST_FILE:
                raise ValueError("that is no certificate")
            return path.read_text("ascii")
    except ValueError:
        raise BadAnswer(reason="invalid_key", field=name) from None


async def _submit_ssh(hass: HomeAssistant, answers: Answers) -> Candidate | str:
    by_ssh = await async_import_module(hass, f"{__package__}.by_ssh")
    address = parse_address(answers["url"])
    if key := answers.get("private_key"):
        await by_ssh.check_private_key(key, answers.get("passphrase"))
    offered = await by_ssh.fetch_host_key(
        address.host, address.port, deadline=HOST_KEY_DEADLINE
    )
    if offered == answers.get("host_key"):
        return await _connect(hass, answers)
    answers["offered_key"] = offered
    answers["fingerprint"] = fingerprint(offered)
    return "host_key"


async def _submit_host_key(hass: HomeAssistant, answers: Answers) -> Candidate | str:
    if not answers["confirm_fingerprint"]:
        raise BadAnswer(reason="host_key_rejected", field="confirm_fingerprint")
    # it stays confirmed, whatever else is wrong
    answers["host_key"] = answers["offered_key"]
    try:
        return await _connect(hass, answers)
    except AuthenticationFailed as error:
        # the page before is where that can be mended
        field = "private_key" if answers.get("private_key") else "password"
        raise AuthenticationFailed(
            str(error), reason=error.reason, field=field
        ) from None


async def _submit_reauth(hass: HomeAssistant, answers: Answers) -> Candidate | str:
    if parse_address(answers["url"]).way is Way.TLS:
        return await _submit_tls(hass, answers)
    return await _connect(hass, answers)


async def _connect(hass: HomeAssistant, answers: Mapping[str, Any]) -> Candidate:
    """Make a real connection, and see what is allowed there."""
    way = parse_address(answers["url"]).way
    data = {"name": answers["name"].strip() or NAME, "url": answers["url"]}
    data |= {n: answers[n] for n in KEPT[way] if answers.get(n) not in {None, ""}}
    if not data.get("certificate"):
        # a stored key is of no use alone, and nobody can see that it is there
        data.pop("key", None)
    client = DockerClient(await open_api(data, guess=True), data)
    try:
        identity = await client.identify()
        may = await client.check()
    finally:
        await client.close()
    words = {name: name.replace("_", " ") for name in PROBES}
    return Candidate(
        identity=identity,
        title=data["name"],
        data=data,
        notes={
            "allowed": ", ".join(words[n] for n in PROBES if n in may) or "-",
            "forbidden": ", ".join(words[n] for n in PROBES if n not in may) or "-",
        },
    )


def _ask_again(answers: Mapping[str, Any]) -> probatio.Schema:
    """Ask for what an engine refused: certificates, or how to log in."""
    if "url" not in answers:
        return probatio.Schema(_TLS | _SSH)
    way = parse_address(answers["url"]).way
    return probatio.Schema({Way.TLS: _TLS, Way.SSH: _SSH}.get(way, {}))


async def _look_around(answers: Answers) -> None:
    """Suggest a socket of this machine that answers."""
    if "url" not in answers and (found := await find_socket()):
        answers["url"] = found


FORM = (
    Step(
        key="docker",
        schema=lambda _: probatio.Schema(_ADDRESS),
        submit=_submit_address,
        prepare=_look_around,
        placeholders=lambda _: {"ways": WAYS},
    ),
    Step(
        key="docker_plain",
        schema=lambda _: probatio.Schema(
            {probatio.Required("confirm_plain", default=False): BooleanSelector()}
        ),
        submit=_submit_plain,
        placeholders=lambda answers: {"url": str(answers["url"])},
    ),
    Step(
        key="docker_tls",
        schema=lambda _: probatio.Schema(_TLS | _VERIFY),
        submit=_submit_tls,
    ),
    Step(key="docker_ssh", schema=lambda _: probatio.Schema(_SSH), submit=_submit_ssh),
    Step(
        key="host_key",
        schema=lambda _: probatio.Schema(
            {probatio.Required("confirm_fingerprint", default=False): BooleanSelector()}
        ),
        submit=_submit_host_key,
        placeholders=lambda answers: {"fingerprint": answers["fingerprint"]},
    ),
    Step(key="reauth_confirm", schema=_ask_again, submit=_submit_reauth),
)
