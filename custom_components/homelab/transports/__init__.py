"""Ways to reach a far end that more than one source uses."""
