"""What is read is hashed again, wherever it lay."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from services.domain.errors import ObjectCorrupt


def verified(stream: Iterator[bytes], sha256: str) -> Iterator[bytes]:
    """The chunks of a whole object; the last one comes only after the hash was right.

    Raises:
        ObjectCorrupt: the bytes are not what ``sha256`` says.
    """
    digest, held = hashlib.sha256(), b""
    for chunk in stream:
        digest.update(chunk)
        if held:
            yield held
        held = chunk
    if digest.hexdigest() != sha256:
        raise ObjectCorrupt(f"Object {sha256[:12]} is not what its hash says.")
    if held:
        yield held
