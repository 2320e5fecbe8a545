"""What a person has to put right on a machine, reported for as long as it is so."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from homeassistant.core import callback

from .issues import clear_fault, report_fault
from .kind import ResourceKey

if TYPE_CHECKING:
    from .host import Host


class Faults:
    """The repair issues about one host's resources."""

    def __init__(self, host: Host) -> None:
        """Nothing is known to be wrong."""
        self._host = host
        self._reported: dict[str, Mapping[str, str]] = {}

    @callback
    def look(self, key: ResourceKey) -> None:
        """Report what is wrong with a resource, and clear what no longer is."""
        host = self._host
        facts = host.facts(key, None)
        for fault in host.kinds[key[0]].faults:
            issue_id = "_".join((fault.key, host.entry.entry_id, *filter(None, key)))
            found = None if facts is None else fault.found(facts)
            if found is None:
                if self._reported.pop(issue_id, None) is not None:
                    clear_fault(host.hass, issue_id)
            elif self._reported.get(issue_id) != found:
                self._reported[issue_id] = found
                names = {"name": host.entry.title, "resource": host.devices.name(key)}
                report_fault(host.hass, issue_id, fault.key, {**names, **found})

    @callback
    def clear(self) -> None:
        """Forget all: nobody looks any more."""
        for issue_id in self._reported:
            clear_fault(self._host.hass, issue_id)
        self._reported.clear()
