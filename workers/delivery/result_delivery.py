"""A result's version for one destination, in the form that the destination takes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from services.dicom.parser.correction import corrected
from services.domain.errors import Conflict, NotFound, Unavailable
from services.index.port import (
    Artefact,
    Delivery,
    Index,
    ObjectOutcome,
    ObjectState,
    Result,
    Study,
)
from services.publish.dhis2.server import Dhis2Sender
from services.publish.fhir.server import FhirSender
from services.publish.notices.mail import MailSender
from services.publish.notices.web_push import PushSender
from services.publish.outcomes import Outgoing, Taken
from services.publish.stow import StowSender
from services.senders import DimseSender, Senders, WebhookSender
from services.settings import Settings
from services.storage.port import ObjectStore
from workers.delivery.commitment import CommitmentCheck, CommitmentMissing
from workers.delivery.dhis2_delivery import Dhis2Delivery
from workers.delivery.notice_delivery import NoticeDelivery
from workers.delivery.record_delivery import RecordDelivery, overtaken, printed_before_correction

# Kinds of artefacts that a PACS gets, in the order in which it gets them.
PUSHED = ("sr", "sr_obgyn", "seg", "pdf_dicom")
_TO_SEND = (ObjectState.WAITING, ObjectState.COMMITMENT_FAILED)
_TAKEN = (ObjectState.DELIVERED, ObjectState.COMMITTED)


class ObjectsRefused(Conflict):
    """The others were delivered; which were not, the delivery's objects say."""

    code, title = "objects_refused", "The PACS has the result but for some objects that it refuses"


class AllObjectsRefused(Conflict):
    """The PACS refuses every object of the result."""

    code, title = "push_rejected", "The destination refuses this result"


class ObjectsWait(Unavailable):
    """The PACS asked to send some objects later."""

    code, title = "push_failed", "The PACS did not accept the result"


class ResultDelivery:
    """Safe to share between threads."""

    def __init__(
        self, index: Index, store: ObjectStore, senders: Senders, settings: Settings
    ) -> None:
        self._index, self._store, self._senders = index, store, senders
        self._records = RecordDelivery(index, store)
        self._dhis2 = Dhis2Delivery(index)
        self._notices = NoticeDelivery(index, settings.public_url)
        self._commitment = CommitmentCheck(index, settings.commitment_seconds)

    def send(self, delivery: Delivery) -> None:
        """Raises NotFound: the destination or the version is gone, or a newer version goes to a record in
        its place; else the receiver's FadaError."""
        with self._index.read() as tx:
            if delivery.destination_id is None:
                raise NotFound  # the setting was taken away
            destination = tx.destinations.get(delivery.site, delivery.destination_id)
        sender = self._senders.of(destination)
        if isinstance(sender, WebhookSender):
            sender.send(f"msg_{delivery.id}", "result", delivery.created_at, _codes(delivery))
            return
        if isinstance(sender, MailSender | PushSender):
            self._notices.send(sender, delivery)
            return
        with self._index.read() as tx:
            study = tx.studies.get(delivery.site, delivery.study_id)
            result = tx.results.get(delivery.site, delivery.study_id, delivery.version)
            old = overtaken(tx, delivery, study)
        if isinstance(sender, StowSender | DimseSender):
            self._send_objects(sender, delivery, study, result)
        elif old:
            raise NotFound  # the newer version says it all
        elif isinstance(sender, FhirSender):
            self._records.send_bundle(sender, destination, delivery, study, result)
        elif isinstance(sender, Dhis2Sender):
            self._dhis2.send(sender, delivery, study, result)
        else:
            self._records.send_message(sender, destination, delivery, study, result)

    # --- DICOM objects -----------------------------------------------------------------------
    def _send_objects(
        self, sender: StowSender | DimseSender, delivery: Delivery, study: Study, result: Result
    ) -> None:
        known = {one.sop_uid: one for one in delivery.objects}
        wanted = self._objects_of(study, result)
        outcomes = {
            one.sop_uid: known.get(one.sop_uid)
            or ObjectOutcome(one.sop_uid, one.kind, ObjectState.WAITING)
            for one in wanted
        }
        left = [one for one in wanted if outcomes[one.sop_uid].state in _TO_SEND]
        if left:
            try:
                for taken in sender.store([self._outgoing(study, one) for one in left]):
                    outcomes[taken.sop_uid] = _outcome(outcomes[taken.sop_uid], taken)
            finally:
                with self._index.begin() as tx:
                    tx.deliveries.note_objects(delivery.id, tuple(outcomes.values()))
        if isinstance(sender, DimseSender) and sender.commits:
            committed = self._commitment.ask(sender, delivery, study, list(outcomes.values()))
            outcomes = {one.sop_uid: one for one in committed}
        _judge(list(outcomes.values()))

    def _objects_of(self, study: Study, result: Result) -> list[Artefact]:
        """What a PACS gets, each with its own UID: an artefact names the image that it is about, or none."""
        with self._index.read() as tx:
            stored = tx.studies.instances(study.site, study_uid=study.study_uid)
        uids = {one.sha256: one.sop_uid for one in stored}
        wanted = [
            replace(one, sop_uid=uids.get(one.sha256, one.sop_uid))
            for one in result.artefacts
            if one.kind in PUSHED and not printed_before_correction(one, study, result)
        ]
        return sorted(wanted, key=lambda one: PUSHED.index(one.kind))

    def _outgoing(self, study: Study, one: Artefact) -> Outgoing:
        data = self._store.get(study.site, one.sha256)
        if study.corrected is not None:
            data = corrected(data, study.corrected["now"])
        return Outgoing(one.sop_uid, one.kind, data)


def _codes(delivery: Delivery) -> dict[str, Any]:
    """Ids and codes alone: what a receiver may know it asks the hub for."""
    return {
        "site": delivery.site,
        "study_id": delivery.study_id,
        "version": delivery.version,
        "results": list(delivery.results),
    }


def _outcome(before: ObjectOutcome, taken: Taken) -> ObjectOutcome:
    state = ObjectState.DELIVERED if not taken.code else ObjectState.REFUSED
    if taken.again:
        state = ObjectState.WAITING
    return ObjectOutcome(before.sop_uid, before.kind, state, taken.code)


def _judge(outcomes: list[ObjectOutcome]) -> None:
    """Raises ObjectsWait, CommitmentMissing, ObjectsRefused, AllObjectsRefused."""
    states = [one.state for one in outcomes]
    if ObjectState.WAITING in states:
        raise ObjectsWait("Some objects wait.")
    if ObjectState.COMMITMENT_FAILED in states:
        raise CommitmentMissing()
    if ObjectState.REFUSED in states:
        raise ObjectsRefused() if set(states) & set(_TAKEN) else AllObjectsRefused()
