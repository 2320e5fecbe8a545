"""The ZFS source."""
