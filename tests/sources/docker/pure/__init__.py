"""What needs no Home Assistant."""
