"""The Docker source on real engines."""
