"""Tests on real parts: they run with --all, and are counted."""
