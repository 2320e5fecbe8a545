"""A simulated ZFS host: real captures of OpenZFS, behind a real SSH server."""
