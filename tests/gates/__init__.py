"""Rules that hold for ever, checked on the files themselves."""
