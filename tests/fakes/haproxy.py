"""A stand-in for docker-socket-proxy: Debian's haproxy with the same rules."""

from collections.abc import Sequence
import io
import shutil
import tarfile

from _steps import run

from demo.engine.proxy import ALLOWED, CLOSED

NAME = "proxy"
PORT = "2375/tcp"
COMMAND = ("/haproxy", "-db", "-f", "/haproxy.cfg")
HEAD = """
defaults
    mode http
    timeout connect 10s
    timeout client 10m
    timeout server 10m
backend engine
    server engine /engine/docker.sock
frontend door
    bind :2375
"""
END = """
    http-request deny
    default_backend engine
"""


def settings(*, granular: bool) -> str:
    """Return haproxy's settings; the granular rules are those of later releases."""
    rules = [f"deny unless METH_GET || METH_POST {_is_on('POST')}"]
    if granular:
        rules[0] += f" || {{ method DELETE }} {_is_on('DELETE')}"
        rules += [
            f"deny if {_fits(pattern)} !{_is_on(variable)}"
            for pattern, variable in CLOSED
        ]
    else:
        rules[0] = f"deny unless METH_GET || {_is_on('POST')}"
    rules += [
        f"allow if {_fits(pattern)} {_is_on(variable)}" for pattern, variable in ALLOWED
    ]
    lines = "\n".join(f"    http-request {rule}" for rule in rules)
    return f"{HEAD}{lines}{END}"


def archive(*, granular: bool) -> bytes:
    """Return a file system with haproxy, its libraries and its settings, as tar."""
    program = shutil.which("haproxy", path="/usr/sbin:/usr/bin")
    assert program, "haproxy is not installed"
    rules = settings(granular=granular).encode()
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w", dereference=True) as tar:
        tar.add(program, "haproxy")
        for word in run("ldd", program).split():
            if word.startswith("/"):
                tar.add(word, word.removeprefix("/"))
        entry = tarfile.TarInfo("haproxy.cfg")
        entry.size = len(rules)
        tar.addfile(entry, io.BytesIO(rules))
    return written.getvalue()


def environment(opened: Sequence[str]) -> list[str]:
    """Return the variables of what is open."""
    return [f"{name}=1" for name in sorted(opened)]


def _fits(pattern: str) -> str:
    return f"{{ path,url_dec -m reg -i {pattern} }}"


def _is_on(variable: str) -> str:
    return f"{{ env({variable}) -m bool }}"
