"""A real Home Assistant as a process of its own."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
import socket
import subprocess
import time

from _steps import ROOT, Missing, step

from demo.folder import make_folder
from demo.onboarding import onboard
from demo.rest import HOST, Refused, Rest

RESTART = 100
START_DEADLINE = 180
STOP_DEADLINE = 60


class HomeAssistant:
    """One that is started and stopped here."""

    def __init__(self, python: Path, folder: Path, port: int) -> None:
        self.rest = Rest(port=port)
        self.log = folder / "output.log"
        self._command = (
            *(python, "-I", ROOT / "demo" / "home_assistant.py"),
            *("-c", folder, "--skip-pip", "--log-no-color"),
        )
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process that it runs as."""
        assert self._process is not None  # noqa: S101
        return self._process.pid

    def start(self) -> None:
        """Start it, out of reach of the terminal's Ctrl-C: it is told when to end."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def stop(self) -> None:
        """Ask it to end, wait until it has, and kill it if it never does."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_DEADLINE)
        except subprocess.TimeoutExpired:
            print("  it did not end by itself and is killed", flush=True)
            self._process.kill()
            self._process.wait()

    def await_answer(self) -> None:
        """Wait until it answers at its address."""
        self._await(self._answers)

    def await_running(self) -> None:
        """Wait until it has set up everything."""
        self._await(lambda: self.rest.get("/api/config")["state"] == "RUNNING")
        if self.rest.get("/api/config")["recovery_mode"]:
            raise Missing(f"Home Assistant is in recovery mode. {self._last_words()}")

    def serve(self) -> None:
        """Run until interrupted; a restart that its user asks for is one."""
        assert self._process is not None  # noqa: S101
        while (status := self._process.wait()) == RESTART:
            with step("Starting Home Assistant again, as was asked for"):
                self.start()
                self.await_answer()
        raise Missing(f"Home Assistant ended with {status}. {self._last_words()}")

    def _answers(self) -> bool:
        try:
            self.rest.get("/api/onboarding")
        except Refused as error:
            # once the onboarding is done, Home Assistant starts without this address
            return error.status == 404
        return True

    def _await(self, is_so: Callable[[], bool]) -> None:
        """Look again and again; give up when it ended or never gets there."""
        deadline = time.monotonic() + START_DEADLINE
        while True:
            with suppress(Refused):
                if is_so():
                    return
            status = self._process.poll() if self._process else None
            if status is not None or time.monotonic() > deadline:
                how = (
                    "is not ready in time" if status is None else f"ended with {status}"
                )
                raise Missing(f"Home Assistant {how}. {self._last_words()}")
            time.sleep(0.3)

    def _last_words(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines()[-15:]
        return "\n".join(("Its log ends with:", *lines))


@contextmanager
def running(venv: Path, folder: Path, port: int) -> Iterator[HomeAssistant]:
    """Start Home Assistant and log in; stop it in the end."""
    make_folder(folder, port)
    hass = HomeAssistant(venv / "bin" / "python", folder, port)
    hass.log.unlink(missing_ok=True)
    try:
        with step("Starting Home Assistant (the first time half a minute)"):
            hass.start()
            hass.await_answer()
        with step("Logging in, with the onboarding where it is due"):
            try:
                hass.rest = onboard(hass.rest)
            except Refused as error:
                anew = f"Removing {folder} begins anew."
                raise Missing(f"Nobody can log in: {error}. {anew}") from error
        with step("Waiting until everything is set up"):
            hass.await_running()
        (folder / "complete").touch()
        yield hass
    finally:
        with step("Stopping Home Assistant"):
            hass.stop()


def check_free(port: int) -> None:
    """Say so when something else has the port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except (OSError, OverflowError) as error:
            hint = "Choose another one with --port."
            raise Missing(f"Port {port} is not to be had: {error}. {hint}") from error


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port
