"""Sources made up for the tests of the engine."""
