"""The sources: the architecture is this list.

Each name is a module that holds a `SOURCE`; it is imported when its first entry is
loaded or its form is opened, because some of them bring heavy libraries.
"""

SOURCE_TYPES: tuple[str, ...] = ()
