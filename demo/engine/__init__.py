"""A simulated Docker engine: real enough for clients, obedient enough for tests."""

from demo.engine.container import Container, Health, Refusal, State, compose
from demo.engine.faults import Faults, OneShot
from demo.engine.machine import Flavour, Machine
from demo.engine.proxy import Proxy
from demo.engine.server import SimulatedEngine

__all__ = [
    "Container",
    "Faults",
    "Flavour",
    "Health",
    "Machine",
    "OneShot",
    "Proxy",
    "Refusal",
    "SimulatedEngine",
    "State",
    "compose",
]
