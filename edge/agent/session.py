"""The hub with the session of the last time: on a slow line a sign-in costs as much as a report."""

from __future__ import annotations

from edge.agent.hub import Hub
from edge.agent.identity import Identity
from edge.agent.storage.outbox import Outbox
from services.domain.errors import InvalidInput

_FACT = "session"


def connected(outbox: Outbox, identity: Identity) -> Hub:
    """The session's token lies sealed in the outbox, bound to the device that it was given to."""
    name = f"session:{identity.device_id}"

    def keep(token: str) -> None:
        outbox.set_fact(_FACT, outbox.vault.seal(token.encode(), name).hex())

    try:
        token = outbox.vault.open(bytes.fromhex(outbox.fact(_FACT)), name).decode()
    except (InvalidInput, ValueError):  # none yet, or another device's
        token = ""
    return Hub(identity, token=token, keep_token=keep)
