"""What was interrupted or never heard of again: looked at once more."""

from .const import OPERATIONS
from .host import Host
from .operation import Operation, State


async def look_once(host: Host) -> None:
    """Look at whatever ended unknown, when its entry is loaded again."""
    for operation in [*host.hass.data[OPERATIONS].ledger.records.values()]:
        ours = operation.entry_id == host.entry.entry_id
        if ours and operation.state is State.UNKNOWN and not operation.looked:
            if operation.kind in host.kinds and not host.home(operation.key).answered:
                await host.home(operation.key).async_refresh()
            await look_at(host, operation)


async def look_at(host: Host, operation: Operation) -> None:
    """Find out whether what ended unknown has succeeded after all."""
    move = host.hass.data[OPERATIONS].ledger.move
    action = host.actions(operation.kind).get(operation.action)
    facts = host.facts(operation.key, None) if action else None
    if facts is not None and action and action.wished and action.wished(facts):
        await move(operation, State.SUCCEEDED, looked=True, error=None)
    else:
        await move(operation, State.UNKNOWN, announced=False, looked=True)
