"""Tests of the ways to reach a far end."""
