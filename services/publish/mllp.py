"""One HL7 v2 message by MLLP, and the receiver's word on it, within a time."""

from __future__ import annotations

import re
import socket
import ssl
import time

import hl7

from services.domain.errors import InvalidInput
from services.publish.outcomes import PushFailed, PushRejected

_START, _END = b"\x0b", b"\x1c\r"
_ADDRESS = re.compile(r"([^\s:/@]+|\[[0-9a-fA-F:]+\]):(\d{1,5})")
MAX_ANSWER = 64 * 1024
TOTAL_SECONDS = 30.0
ACCEPTED, REJECTED = ("AA", "CA"), ("AR", "CR")


def parse_address(text: str) -> tuple[str, int]:
    """``host:port``. Raises InvalidInput."""
    parts = _ADDRESS.fullmatch(text.strip())
    if parts is None or not 0 < int(parts[2]) < 65536:
        raise InvalidInput("An HL7 receiver is given as host:port.")
    return parts[1].strip("[]"), int(parts[2])


def send(address: tuple[str, int], message: str, tls: ssl.SSLContext | None = None) -> None:
    """``message``: segments that end in CR.

    Raises:
        PushFailed: no answer within the time, or one that asks to try again (AE, CE).
        PushRejected: the receiver refuses the message (AR, CR).
    """
    try:
        answer = _exchange(address, _START + message.encode() + _END, tls)
    except (OSError, ValueError) as error:
        raise PushFailed(f"The HL7 receiver cannot be reached ({type(error).__name__}).") from error
    code = _acknowledgement(answer)
    if code in REJECTED:
        raise PushRejected(f"The HL7 receiver refuses the message ({code}).")
    if code not in ACCEPTED:
        raise PushFailed(f"The HL7 receiver answered {code or 'nothing of HL7'}.")


def connect(address: tuple[str, int], tls: ssl.SSLContext | None = None) -> None:
    """Whether somebody listens there. Raises PushFailed."""
    try:
        with socket.create_connection(address, timeout=5.0) as plain:
            if tls is not None:
                tls.wrap_socket(plain, server_hostname=address[0]).close()
    except (OSError, ValueError) as error:
        raise PushFailed(f"The HL7 receiver cannot be reached ({type(error).__name__}).") from error


def _exchange(address: tuple[str, int], frame: bytes, tls: ssl.SSLContext | None) -> bytes:
    end = time.monotonic() + TOTAL_SECONDS
    with socket.create_connection(address, timeout=5.0) as plain:
        plain.settimeout(TOTAL_SECONDS)
        link = tls.wrap_socket(plain, server_hostname=address[0]) if tls else plain
        try:
            link.settimeout(max(end - time.monotonic(), 0.1))
            link.sendall(frame)
            answer = b""
            while _END not in answer:
                link.settimeout(max(end - time.monotonic(), 0.01))
                piece = link.recv(4096)
                if not piece or len(answer) > MAX_ANSWER or time.monotonic() > end:
                    raise TimeoutError("no whole answer")
                answer += piece
            return answer
        finally:
            link.close()


def _acknowledgement(answer: bytes) -> str:
    """MSA-1; empty when there is none."""
    text = answer.strip(b"\x0b\x1c\r\n").decode("utf-8", "replace")
    try:
        return str(hl7.parse(text.replace("\n", "\r")).segment("MSA")[1]).strip()
    except (hl7.HL7Exception, KeyError, IndexError, ValueError):
        return ""
