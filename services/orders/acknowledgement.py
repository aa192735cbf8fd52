"""The hub's answer to an HL7 v2 message: ACK with MSA, and ERR where something is wrong."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime

from services.orders.message import Hl7Message
from services.publish.oru import escape

ACCEPTED, ERROR, REJECTED = "AA", "AE", "AR"
_CONTROL = re.compile(rb"[\x20-\x7e]{1,40}")


def acknowledgement(
    message: Hl7Message | None, code: str, words: str = "", data: bytes = b""
) -> str:
    """Segments that end in CR. ``words`` never holds patient data; ``data``: a message that could not be
    read, whose control id is answered if it has one."""
    now = datetime.now(UTC)
    control = message.control_id if message is not None else _control_id(data)
    if message is not None:
        head = message.header
        sender, facility = escape(head.text(3)), escape(head.text(4))
        kind = f"ACK^{escape(message.kind[1])}^ACK"
        version = escape(head.text(12)) or "2.5.1"
    else:
        sender, facility, kind, version = "", "", "ACK", "2.5.1"
    own = hashlib.sha256(f"{control}{now.isoformat()}".encode()).hexdigest()[:20]
    segments = [
        f"MSH|^~\\&|FADA||{sender}|{facility}|{now:%Y%m%d%H%M%S}+0000||{kind}|{own}|P|{version}"
        "||||||UNICODE UTF-8",
        f"MSA|{code}|{escape(control)}" + (f"|{escape(words)}" if words else ""),
    ]
    if code != ACCEPTED:
        condition = "207^Application internal error" if code == ERROR else "200^Unsupported message"
        segments.append(f"ERR|||{condition}^HL70357|E||||{escape(words)}")
    return "".join(f"{one}\r" for one in segments)


def _control_id(data: bytes) -> str:
    fields = data.lstrip(b"\x0b").split(b"\r", 1)[0].split(b"|")
    control_id = fields[9] if len(fields) > 9 and fields[0] == b"MSH" else b""
    return control_id.decode("ascii") if _CONTROL.fullmatch(control_id) else ""
