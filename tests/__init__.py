"""Tests of the integration, through Home Assistant's public surface."""
