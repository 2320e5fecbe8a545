"""Home Assistant's REST API, spoken with the standard library."""

from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
import json
from typing import Any
from urllib.parse import urlencode

from _steps import Missing

HOST = "127.0.0.1"


class Refused(Missing):
    """Home Assistant answered that it would not; or, without a status, nothing."""

    def __init__(self, reason: str, status: int | None = None) -> None:
        super().__init__(reason)
        self.status = status


@dataclass(frozen=True, kw_only=True, slots=True)
class Rest:
    """Where Home Assistant answers, and as whom it is asked."""

    port: int
    token: str = ""

    @property
    def url(self) -> str:
        """The address, as a browser wants it."""
        return f"http://{HOST}:{self.port}"

    def get(self, path: str) -> Any:
        """Read something."""
        return self._ask("GET", path, b"", "text/plain")

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """Send something."""
        return self._ask("POST", path, json.dumps(body).encode(), "application/json")

    def delete(self, path: str) -> Any:
        """Remove something."""
        return self._ask("DELETE", path, b"", "text/plain")

    def post_form(self, path: str, fields: Mapping[str, str]) -> Any:
        """Send something in the way that a browser sends a form."""
        kind = "application/x-www-form-urlencoded"
        return self._ask("POST", path, urlencode(fields).encode(), kind)

    def _ask(self, method: str, path: str, body: bytes, kind: str) -> Any:
        headers = {"Content-Type": kind}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        # a flow's step may connect to a far end, which has its own deadline
        connection = HTTPConnection(HOST, self.port, timeout=120)
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            text = response.read().decode()
        except (OSError, HTTPException) as error:
            raise Refused(f"{path} did not answer: {error!r}") from error
        finally:
            connection.close()
        if response.status >= 400:
            raise Refused(f"{path}: {response.status} {text}", response.status)
        return json.loads(text)
