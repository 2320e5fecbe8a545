"""A far end's way through the integration's real config flow."""

from collections.abc import Mapping
from typing import Any

from _steps import Missing

from demo.far_end import FarEnd
from demo.rest import Refused, Rest

FLOW = "/api/config/config_entries/flow"
DOMAIN = "homelab"


def prove_that_it_loads(rest: Rest) -> None:
    """Open the config flow, which Home Assistant imports the integration for."""
    result = _send(rest, FLOW, {"handler": DOMAIN}, "The integration")
    if result["type"] != "menu" and result.get("reason") != "no_sources":
        raise Missing(f"The config flow began with {_describe(result)}.")


def walk(rest: Rest, far_end: FarEnd) -> str:
    """Make a far end's entry as a user would, and return the entry's id."""
    result = _send(rest, FLOW, {"handler": DOMAIN}, far_end.title)
    path = f"{FLOW}/{result['flow_id']}"
    if result["type"] != "menu":
        raise Missing(f"{far_end.title}: no menu but {_describe(result)}.")
    result = _send(rest, path, {"next_step_id": far_end.kind}, far_end.title)
    for name, answers in far_end.answers:
        if result["type"] != "form" or result["step_id"] != name or result["errors"]:
            raise Missing(f"{far_end.title}: no step {name} but {_describe(result)}.")
        result = _send(rest, path, answers, far_end.title)
    if result["type"] != "create_entry":
        raise Missing(f"{far_end.title}: no entry but {_describe(result)}.")
    return str(result["result"]["entry_id"])


def _send(rest: Rest, path: str, body: Mapping[str, Any], who: str) -> dict[str, Any]:
    try:
        result: dict[str, Any] = rest.post(path, body)
    except Refused as error:
        raise Missing(f"{who} did not get through its config flow: {error}.") from error
    return result


def _describe(result: Mapping[str, Any]) -> str:
    """Say what a flow answered, with its errors or its reason."""
    if result["type"] == "form":
        errors = ", ".join(
            f"{at}: {why}" for at, why in (result["errors"] or {}).items()
        )
        return f"the form {result['step_id']} ({errors or 'no errors'})"
    reason = result.get("reason")
    return f"{result['type']}" + (f" ({reason})" if reason else "")
