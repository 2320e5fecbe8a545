"""What is asked before there is an entry: where, who, and whether it is the machine."""

from collections.abc import Mapping, MutableMapping
from typing import Any

import probatio

from homeassistant.core import HomeAssistant
from homeassistant.helpers.selector import (
    BooleanSelector,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)

from ...form import Candidate, Step
from ...source import AuthenticationFailed, BadAnswer
from ...transports.fingerprint import fingerprint
from ...transports.ssh import SshAddress, SshConnection
from ...transports.ssh_keys import check_private_key, fetch_host_key
from .client import ZfsClient
from .shell import rest_at

SECRETS = frozenset({"password", "private_key", "passphrase"})
KEPT = ("host", "port", "username", "host_key", *sorted(SECRETS))
HOST_KEY_DEADLINE = 15

type Answers = MutableMapping[str, Any]

# what may be allowed, as people call it
_WORDS = {
    "scrub_start": "start scrubs",
    "scrub_pause": "pause scrubs",
    "scrub_stop": "stop scrubs",
    "clear_errors": "clear errors",
    "trim": "trim",
    "snapshot": "make snapshots",
    "smart": "ask disks for their health",
}

_TEXT = TextSelector()
_MANY_LINES = TextSelector(TextSelectorConfig(multiline=True))
_PASSWORD = TextSelector(TextSelectorConfig(type=TextSelectorType.PASSWORD))
_PORT = NumberSelector(
    NumberSelectorConfig(min=1, max=65535, step=1, mode=NumberSelectorMode.BOX)
)
_CREDENTIALS: dict[probatio.Marker, Any] = {
    probatio.Optional("password"): _PASSWORD,
    probatio.Optional("private_key"): _MANY_LINES,
    probatio.Optional("passphrase"): _PASSWORD,
}
_LOGIN: dict[probatio.Marker, Any] = {
    probatio.Required("host"): _TEXT,
    probatio.Required("port", default=22): _PORT,
    probatio.Required("username"): _TEXT,
    **_CREDENTIALS,
}
_CONFIRM = {probatio.Required("confirm_fingerprint", default=False): BooleanSelector()}


def connect(data: Mapping[str, Any]) -> SshConnection:
    """Return the connection of an entry; nothing is connected yet."""
    return SshConnection(
        SshAddress(
            host=data["host"],
            port=int(data["port"]),
            username=data["username"],
            host_key=data["host_key"],
            password=data.get("password"),
            private_key=data.get("private_key"),
            passphrase=data.get("passphrase"),
        )
    )


def place(data: Mapping[str, Any]) -> str:
    """Return where the machine of an entry is, and as whom it is asked."""
    return f"{data['username']}@{data['host']}:{int(data['port'])}"


async def _submit_login(hass: HomeAssistant, answers: Answers) -> Candidate | str:
    answers["port"] = int(answers["port"])
    await _check_key(answers)
    offered = await fetch_host_key(
        answers["host"], answers["port"], deadline=HOST_KEY_DEADLINE
    )
    if offered == answers.get("host_key"):
        return await _look(answers)
    answers["offered_key"] = offered
    answers["fingerprint"] = fingerprint(offered)
    return "host_key"


async def _submit_host_key(hass: HomeAssistant, answers: Answers) -> Candidate | str:
    if not answers["confirm_fingerprint"]:
        raise BadAnswer(reason="host_key_rejected", field="confirm_fingerprint")
    # a person has said so: it stays confirmed, whatever else has to be mended
    answers["host_key"] = answers["offered_key"]
    try:
        return await _look(answers)
    except AuthenticationFailed as error:
        # the page before is where that can be mended
        raise AuthenticationFailed(
            str(error), reason=error.reason, field="password"
        ) from None


async def _submit_reauth(hass: HomeAssistant, answers: Answers) -> Candidate | str:
    await _check_key(answers)
    return await _look(answers)


async def _check_key(answers: Answers) -> None:
    if key := answers.get("private_key"):
        try:
            await check_private_key(key, answers.get("passphrase"))
        except BadAnswer:
            # what cannot be read is not kept: left blank, it means none the next time
            for name in ("private_key", "passphrase"):
                answers.pop(name, None)
            raise


async def _look(answers: Mapping[str, Any]) -> Candidate:
    """Make a real connection, and look at what is there and allowed."""
    data = {name: answers[name] for name in KEPT if name in answers}
    client = ZfsClient(connect(data), rest=rest_at(place(data)))
    try:
        identity = await client.identify()
        host = await client.pools()
    finally:
        await client.close()
    allowed = {key for pool in host.pools.values() for key in pool.may}
    if any(disk.has_smart for disk in host.disks.values()):
        allowed.add("smart")
    if client.may_snapshot:
        allowed.add("snapshot")
    return Candidate(
        identity=identity,
        title=host.name,
        data=data,
        notes={
            "pools": _listed([pool.pool.name for pool in host.pools.values()]),
            "allowed": _listed([w for key, w in _WORDS.items() if key in allowed]),
            "forbidden": _listed(
                [w for key, w in _WORDS.items() if key not in allowed]
            ),
        },
    )


def _listed(words: list[str]) -> str:
    return ", ".join(words) or "none"


FORM = (
    Step(
        key="zfs",
        schema=lambda _: probatio.Schema(_LOGIN),
        submit=_submit_login,
    ),
    Step(
        key="host_key",
        schema=lambda _: probatio.Schema(_CONFIRM),
        submit=_submit_host_key,
        placeholders=lambda answers: {"fingerprint": answers["fingerprint"]},
    ),
    Step(
        key="reauth_confirm",
        schema=lambda _: probatio.Schema(_CREDENTIALS),
        submit=_submit_reauth,
    ),
)
