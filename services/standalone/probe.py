"""Quick questions to a server: does it answer? No client library, so that a start stays quick.

``python -m services.standalone.probe dicom|mllp PORT`` asks a listener of this machine, for probes of
containers: the kernel accepts connections for a program that hangs.
"""

from __future__ import annotations

import http.client
import socket
import sys

from services.standalone.ports import HOST

_OWN = {"0.0.0.0": HOST, "::": "::1"}  # noqa: S104 - where a listener on all addresses is asked


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


# An A-ASSOCIATE-RQ of no known protocol version is rejected by the upper layer itself (PS3.8 section
# 9.3.4, reason 2): whatever the titles, and without a look into the index.
_CONTEXT = b"1.2.840.10008.3.1.1.1"
_ITEM = b"\x10\x00" + len(_CONTEXT).to_bytes(2, "big") + _CONTEXT
_REQUEST = b"\x00\x00\x00\x00" + b"FADA".ljust(16) + b"FADA-PROBE".ljust(16) + bytes(32) + _ITEM
DICOM = b"\x01\x00" + len(_REQUEST).to_bytes(4, "big") + _REQUEST
# What is no frame of MLLP ends the connection, and is no message that anybody would have to answer.
MLLP = b"\n"


def listener_answers(host: str, port: int, words: bytes, seconds: float = 5.0) -> bool:
    """Whether a listener says anything to ``words`` or closes the connection: one that hangs does neither.

    A program that lets this address not in, or speaks TLS, closes, too. ``host`` may be that of a listener
    on all addresses.
    """
    try:
        with socket.create_connection((_OWN.get(host, host), port), timeout=seconds) as link:
            link.sendall(words)
            link.recv(1)
    except (ConnectionResetError, BrokenPipeError):
        return True
    except OSError:
        return False
    return True


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


if __name__ == "__main__":
    words = {"dicom": DICOM, "mllp": MLLP}[sys.argv[1]]
    sys.exit(0 if listener_answers(HOST, int(sys.argv[2]), words) else 1)
