"""What may not lose anything, whatever else is tidied up."""

from collections.abc import Collection

from .host import Host
from .kind import ResourceKey


def spared(host: Host, there: Collection[str]) -> frozenset[str]:
    """Return the resources that are protected, or gone but kept for now.

    `there` are those that the source knows of: it hears earlier that one is gone.
    """
    here, known = {*host.present()}, {*host.present(), *host.devices.keys()}
    return frozenset(
        key[1]
        for key in known
        if key[0] in host.kinds
        and (_is_marked(host, key) or _is_kept(host, key, there, here))
    )


def _is_kept(
    host: Host, key: ResourceKey, there: Collection[str], here: set[ResourceKey]
) -> bool:
    """Whether something is gone, but its device is not: only a name may be left of it."""
    gone = key[1] not in there or host.devices.is_absent(key)
    return gone and (key in here or host.devices.id(key) is not None)


def _is_marked(host: Host, key: ResourceKey) -> bool:
    facts = host.facts(key, None)
    marked = facts is not None and host.kinds[key[0]].guard(facts) is not None
    return marked or host.is_protected(key)
