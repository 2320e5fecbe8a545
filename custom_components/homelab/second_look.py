"""A second look at what was asked for, just before it is done."""

from typing import Any

from .action import Action
from .host import Host
from .operation import Ending, Operation, State


async def look_again(
    host: Host, operation: Operation, action: Action[Any], *, approved: bool
) -> Ending | None:
    """Return how it ends without being done, if it does; what is protected stays so.

    An approval may come long after the request: then everything is read again first.
    """
    home = host.home(operation.key)
    if approved:
        await host.main.async_refresh()
    if approved and home is not host.main:
        await home.async_refresh()
    if reason := host.forbids(action, operation.key):
        return State.DENIED, {"error": reason}
    if not host.is_available(operation.key, None):
        return State.FAILED, {"error": "it is gone, or contact is lost"}
    if approved and action.wished and action.wished(host.facts(operation.key, None)):
        return State.SUCCEEDED, {"result": "it was as wished already"}
    return None
