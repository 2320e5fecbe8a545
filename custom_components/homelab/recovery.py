"""What was interrupted: looked at once, when its entry is loaded again."""

from .const import OPERATIONS
from .host import Host
from .operation import State


async def look_once(host: Host) -> None:
    """Find out whether what ended unknown has succeeded after all."""
    ledger = host.hass.data[OPERATIONS].ledger
    for operation in [*ledger.records.values()]:
        ours = operation.entry_id == host.entry.entry_id
        if not ours or operation.looked or operation.state is not State.UNKNOWN:
            continue
        if operation.kind in host.kinds and not host.home(operation.key).answered:
            await host.home(operation.key).async_refresh()
        action = host.actions(operation.kind).get(operation.action)
        facts = host.facts(operation.key, None) if action else None
        if facts is not None and action and action.wished and action.wished(facts):
            await ledger.move(operation, State.SUCCEEDED, looked=True, error=None)
        else:
            await ledger.move(operation, State.UNKNOWN, announced=False, looked=True)
