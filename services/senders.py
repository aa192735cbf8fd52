"""A destination's sender: made from its record and its unsealed credentials, and kept while both hold."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from services.credentials import unseal
from services.domain.commitment import CommitmentReport, Reference
from services.domain.work import DestinationKind
from services.index.port import FROM_SETTINGS, Destination
from services.publish import mllp, webhook
from services.publish.access import tls_context
from services.publish.dhis2.server import Dhis2Sender
from services.publish.fhir.server import FhirSender
from services.publish.notices.mail import MailSender
from services.publish.notices.web_push import PushSender
from services.publish.outcomes import Outgoing, Taken
from services.publish.stow import StowSender
from services.settings import Settings

if TYPE_CHECKING:
    from services.dicom.network.scu import Peer

_COMMITMENT_WAIT = 2.0  # s that the association stays open for a report on it


class DimseSender:
    """A PACS by C-STORE."""

    def __init__(self, address: str, options: dict[str, Any], credentials: dict[str, str]) -> None:
        # pynetdicom is large, and most hubs push by DICOMweb or not at all.
        from services.dicom.network import scu

        self._scu = scu
        tls = tls_context(options, credentials) if options.get("tls") else None
        self._peer = scu.Peer.parse(address, tls)
        self._own = str(options.get("calling_aet", "FADA"))
        self.commits = bool(options.get("commitment"))
        self._wait = float(options.get("commitment_wait", _COMMITMENT_WAIT))

    @property
    def peer(self) -> Peer:
        """Where it is."""
        return self._peer

    def store(self, objects: Sequence[Outgoing]) -> Iterator[Taken]:
        """What the PACS made of each. Raises StoreFailed."""
        answers = self._scu.c_store(self._peer, [one.data for one in objects], self._own)
        for one, answer in zip(objects, answers, strict=False):
            yield Taken(one.sop_uid, answer.code, answer.again)

    def ask_commitment(
        self,
        transaction_uid: str,
        objects: Sequence[Reference],
        accepted: Callable[[], None],
        answered: Callable[[CommitmentReport], None],
    ) -> None:
        """Ask the PACS to vouch for objects; what it says at once goes to ``answered``.

        Raises StoreFailed, CommitmentFailed, CommitmentRefused.
        """
        from services.dicom.network import commitment

        commitment.ask(
            self._peer, self._own, transaction_uid, objects, accepted, answered, self._wait
        )

    def echo(self) -> None:
        """Raises StoreFailed."""
        self._scu.c_echo(self._peer, self._own)


class Hl7Sender:
    """A receiver of HL7 v2 by MLLP."""

    def __init__(self, address: str, options: dict[str, Any], credentials: dict[str, str]) -> None:
        self._address = mllp.parse_address(address)
        self._tls = tls_context(options, credentials) if options.get("tls") else None

    def send(self, message: str) -> None:
        """Raises PushFailed, PushRejected."""
        mllp.send(self._address, message, self._tls)

    def echo(self) -> None:
        """Raises PushFailed."""
        mllp.connect(self._address, self._tls)


class WebhookSender:
    """A receiver of ids and codes, signed."""

    def __init__(self, url: str, secret: str, allow_private: bool) -> None:
        self._url, self._secret, self._private = url, secret, allow_private

    def send(self, identity: str, kind: str, at: datetime, data: dict[str, Any]) -> None:
        """Raises WebhookRefused, WebhookFailed."""
        body = webhook.body_of(kind, at, data)
        message = webhook.sign(self._secret, identity, datetime.now(UTC), body)
        webhook.send(self._url, message, allow_private=self._private)

    def echo(self) -> None:
        """Raises WebhookRefused, WebhookFailed."""
        now = datetime.now(UTC)
        self.send(f"msg_test_{int(now.timestamp())}", "test", now, {})


Sender = (
    StowSender
    | DimseSender
    | FhirSender
    | Hl7Sender
    | Dhis2Sender
    | MailSender
    | PushSender
    | WebhookSender
)
_MADE: dict[DestinationKind, Callable[[str, dict[str, Any], dict[str, str]], Sender]] = {
    DestinationKind.C_STORE: DimseSender,
    DestinationKind.STOW: StowSender,
    DestinationKind.FHIR: FhirSender,
    DestinationKind.HL7: Hl7Sender,
    DestinationKind.DHIS2: Dhis2Sender,
    DestinationKind.EMAIL: MailSender,
}


class Senders:
    """Safe to share between threads."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[Destination, Sender]] = {}

    def of(self, destination: Destination) -> Sender:
        """Raises CredentialsUnreadable; InvalidInput: the record makes no sense."""
        with self._lock:
            kept = self._kept.get(destination.id)
            if kept is None or kept[0] != destination:
                kept = (destination, self._make(destination))
                self._kept[destination.id] = kept
            return kept[1]

    def credentials(self, destination: Destination) -> dict[str, str]:
        """Raises CredentialsUnreadable."""
        return unseal(self._settings, destination.credentials)

    def check(self, destination: Destination, credentials: dict[str, str]) -> None:
        """Whether a record makes sense, before it is kept. Raises InvalidInput."""
        if destination.kind is DestinationKind.WEB_PUSH:
            PushSender(destination.address, credentials.get("private_key", ""), False)
        elif destination.kind is not DestinationKind.WEBHOOK:
            _MADE[destination.kind](destination.address, dict(destination.options), credentials)

    def _make(self, destination: Destination) -> Sender:
        options, credentials = dict(destination.options), self.credentials(destination)
        if destination.source == FROM_SETTINGS:
            options.setdefault("calling_aet", self._settings.dimse_aet)
            token = self._settings.push_stow_token.get_secret_value()
            if token and not credentials and "sign_in" not in options:
                options["sign_in"], credentials = "bearer", {"token": token}
        private = self._settings.webhook_allow_private
        if destination.kind is DestinationKind.WEB_PUSH:
            return PushSender(destination.address, credentials.get("private_key", ""), private)
        if destination.kind is DestinationKind.WEBHOOK:
            return WebhookSender(destination.address, credentials.get("secret", ""), private)
        return _MADE[destination.kind](destination.address, options, credentials)
