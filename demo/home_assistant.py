"""Home Assistant as `hass` starts it, kept to this machine and to its parent's life."""

import ctypes
import signal
import sys
from unittest.mock import patch

PR_SET_PDEATHSIG = 1
NO_SOCKETS = {"interfaces": [], "unicast": True}


def main() -> int:
    """Run until told to end, or until the process that started this is gone."""
    # before the imports, which take a second: a killed demo leaves nothing running
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)

    from homeassistant.__main__ import main as run
    from homeassistant.components import zeroconf

    # any use of Home Assistant's web client would listen to the network for mDNS
    with patch.object(zeroconf, "_async_get_zc_args", lambda _: NO_SOCKETS):
        return run()


if __name__ == "__main__":
    sys.exit(main())
