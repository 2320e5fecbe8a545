"""What befalls the demo's pools: work, scrubs that somebody starts, a disk that fails."""

import asyncio
from collections.abc import Callable
import random
import time

from demo.zfs.capture import Capture
from demo.zfs.machine import SimulatedZfs

# how long a scrub takes, and after how long which capture is shown
SCRUB = 45.0
CALM, RESILVERING, SICK = 600.0, 40.0, 60.0
HEALTHY = "scrub-paused"
OTHER = "all-classes"


def populate(machine: SimulatedZfs) -> None:
    """Have two pools, with datasets and snapshots."""
    machine.captures = [_healthy(), Capture(OTHER)]
    machine.datasets = ["media", "backups", "with space"]
    now = int(time.time())
    machine.snapshots = {
        f"tank/{name}@daily-{day}": now - day * 86400
        for name in ("media", "backups")
        for day in range(1, 8)
    }
    machine.asleep = {"/dev/vdf"}


def _healthy() -> Capture:
    capture = Capture(HEALTHY)
    capture.finish_scan()
    return capture


class Scenery:
    """The life of the pools, for as long as the server runs."""

    def __init__(self, machine: SimulatedZfs) -> None:
        """Have everything healthy, and scrubs that can be started."""
        self._machine = machine
        self._scrub: asyncio.TimerHandle | None = None
        machine.effects = {
            "zpool scrub tank": self._start_scrub,
            "zpool scrub -p tank": self._showing("scrub-paused"),
            "zpool scrub -s tank": self._end_scrub,
        }

    async def live(self) -> None:
        """Let a disk of the first pool fail from time to time."""
        while True:
            self.work()
            for case, seconds in (
                ("", CALM),
                ("resilver-running", RESILVERING),
                ("degraded", SICK),
            ):
                if case:
                    self._show(Capture(case))
                await asyncio.sleep(seconds)
            self._show(_healthy())

    def work(self) -> None:
        """Have the pools do something else from now on."""
        dice = random.Random()  # noqa: S311 - nobody has to guess it
        for capture in self._machine.captures:
            reads, writes = dice.randrange(0, 400), dice.randrange(0, 200)
            sizes = dice.randrange(4096, 131072), dice.randrange(4096, 131072)
            self._machine.work[capture.name] = (
                reads,
                writes,
                reads * sizes[0],
                writes * sizes[1],
            )

    def _show(self, capture: Capture) -> None:
        self._machine.captures[0] = capture

    def _showing(self, case: str) -> Callable[[], None]:
        def show() -> None:
            self._cancel()
            self._show(Capture(case))

        return show

    def _start_scrub(self) -> None:
        self._cancel()
        capture = Capture("scrub-running")
        # as if it had been begun just now, and is about to end
        capture.pool["scan_stats"] |= {
            "start_time": int(time.time()) - 5,
            "pass_start": int(time.time()) - 5,
        }
        self._show(capture)
        self._scrub = asyncio.get_running_loop().call_later(SCRUB, self._end_scrub)

    def _end_scrub(self) -> None:
        self._cancel()
        capture = Capture("scrub-running")
        capture.finish_scan()
        capture.pool["scan_stats"]["end_time"] = int(time.time())
        self._show(capture)

    def _cancel(self) -> None:
        if self._scrub:
            self._scrub.cancel()
        self._scrub = None
