"""Questions to an engine behind a socket, with nothing but the standard library."""

from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPException
import json
from pathlib import Path
import socket
from typing import Any
from urllib.parse import quote

from _steps import Missing

DEADLINE = 60
AT_ONCE = 4


class Unanswered(Exception):
    """The engine did not answer."""


class SocketClient:
    """Somebody who can be asked."""

    def __init__(self, path: Path) -> None:
        """Ask nothing yet."""
        self.socket = path

    @property
    def url(self) -> str:
        """Return its address."""
        return f"unix://{self.socket}"

    def answers(self) -> bool:
        """Whether it takes requests."""
        try:
            return self.request("GET", "/_ping")[0] == 200
        except Unanswered:
            return False

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Return what it says in JSON; a refusal is an error."""
        sent = None if body is None else json.dumps(body).encode()
        status, said = self.request(method, path, sent, "application/json")
        if status >= 400:
            raise Missing(f"{method} {path}: {status} {said.decode().strip()}")
        return json.loads(said) if said else None

    def request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        content_type: str = "application/octet-stream",
    ) -> tuple[int, bytes]:
        """Ask it something, and return status and answer."""
        connection = HTTPConnection("localhost")
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.settimeout(DEADLINE)
        try:
            connection.sock.connect(str(self.socket))
            headers = {"Content-Type": content_type}
            connection.request(method, path, body=body, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        except (OSError, HTTPException) as error:
            raise Unanswered(f"{method} {path}: {error!r}") from error
        finally:
            connection.close()

    def import_image(self, name: str, archive: bytes) -> None:
        """Make an image of a tar archive."""
        path = f"/images/create?fromSrc=-&repo={quote(name)}&tag=latest"
        status, said = self.request("POST", path, archive, "application/x-tar")
        if status != 200 or b'"error"' in said:
            raise Missing(f"{name} cannot be imported: {said.decode()}")

    def remove_containers(self) -> None:
        """Remove every container, running or not."""
        ids = [each["Id"] for each in self.ask("GET", "/containers/json?all=1")]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(self._remove, ids))

    def _remove(self, ident: str) -> None:
        self.request("DELETE", f"/containers/{ident}?force=1&v=1")
