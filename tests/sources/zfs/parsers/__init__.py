"""The parsers of the ZFS source: pure, so that they need no Home Assistant."""
