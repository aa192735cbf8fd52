"""The hub with the session of the last time: on a slow line a sign-in costs as much as a report."""

from __future__ import annotations

from edge.agent.hub import Hub
from edge.agent.identity import DeviceIdentity, new_key
from edge.agent.storage.outbox import CaseOutbox
from services.domain.errors import InvalidInput

_FACT = "session"


def connected(outbox: CaseOutbox, identity: DeviceIdentity) -> Hub:
    """The session's token lies sealed in the outbox, bound to the device that it was given to."""
    name = f"session:{identity.device_id}"

    def keep(token: str) -> None:
        outbox.set_fact(_FACT, outbox.vault.seal(token.encode(), name).hex())

    try:
        token = outbox.vault.open(bytes.fromhex(outbox.fact(_FACT)), name).decode()
    except (InvalidInput, ValueError):  # none yet, or another device's
        token = ""
    return Hub(identity, token=token, keep_token=keep, newest=SealedKey(outbox, identity.device_id))


class SealedKey:
    """In the outbox, sealed by the PIN. It stays there: whatever is cut, one of the identity's key and
    this one is the hub's."""

    def __init__(self, outbox: CaseOutbox, device_id: str) -> None:
        self._outbox, self._name = outbox, f"key:{device_id}"

    def read(self) -> str:
        """The private key, base64; empty where none was made yet."""
        kept = self._outbox.fact(self._name)
        return self._outbox.vault.open(bytes.fromhex(kept), self._name).decode() if kept else ""

    def make(self) -> str:
        """Another one, kept."""
        private, _ = new_key()
        sealed = self._outbox.vault.seal(private.encode(), self._name)
        self._outbox.set_fact(self._name, sealed.hex())
        return private
