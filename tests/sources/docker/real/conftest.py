"""Real engines, which tests ask themselves, from the loop that Home Assistant runs in."""

from tests.fakes.real_engine import engine_of_session, plain_engine, real_engine
from tests.fakes.real_podman import real_podman
from tests.plain import _no_complaints

__all__ = [
    "_no_complaints",
    "engine_of_session",
    "plain_engine",
    "real_engine",
    "real_podman",
]
