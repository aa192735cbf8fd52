"""Quick questions to a server: does it answer? No client library, so that a start stays quick."""

from __future__ import annotations

import http.client
import socket

from services.standalone.ports import HOST


def http_ok(port: int, path: str, seconds: float = 1.0) -> bool:
    """Whether GET answers 2xx."""
    connection = http.client.HTTPConnection(HOST, port, timeout=seconds)
    try:
        connection.request("GET", path)
        return 200 <= connection.getresponse().status < 300
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def valkey_command(port: int, password: str, *words: str, seconds: float = 1.0) -> str:
    """Send one command after AUTH; its answer, a line or a text. Raises OSError."""
    with socket.create_connection((HOST, port), timeout=seconds) as link:
        link.sendall(_command("AUTH", password) + _command(*words))
        with link.makefile("rb") as answers:
            answers.readline()
            first = answers.readline().decode(errors="replace").strip()
            if first.startswith("$") and first[1:].isdigit():
                return answers.read(int(first[1:])).decode(errors="replace")
            return first


def valkey_consumers(port: int, password: str) -> int:
    """How many clients wait for a message now. Raises OSError."""
    for line in valkey_command(port, password, "INFO", "clients").splitlines():
        name, _, value = line.partition(":")
        if name == "blocked_clients":
            return int(value)
    return 0


def _command(*words: str) -> bytes:
    encoded = [word.encode() for word in words]
    return b"*%d\r\n" % len(encoded) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in encoded)
