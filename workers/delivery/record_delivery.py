"""A result's version for a hospital's record: a FHIR transaction, or an HL7 v2 message.

A record keeps what it was sent. So an older version is not sent after a newer one, and what a correction no
longer says is taken back: figures, and a result that stood under the wrong woman.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from services.dicom.objects.encapsulated import pdf_of
from services.domain.dicom.values import first_text
from services.domain.errors import NotFound
from services.domain.report import Origin
from services.examinations import examination_of
from services.index.port import (
    Artefact,
    Delivery,
    DeliveryState,
    Destination,
    Index,
    Order,
    Result,
    Study,
    Transaction,
)
from services.publish import fhir, oru
from services.publish.fhir.server import FhirSender
from services.publish.outcomes import PushRejected
from services.result_objects import image_refs
from services.senders import Hl7Sender
from services.storage.port import ObjectStore

_COUNTS = (DeliveryState.WAITING, DeliveryState.DELIVERED)
_MOST = 1000  # deliveries of one study that are looked at
_NUMBER = "00100020"
_log = logging.getLogger("workers.record_delivery")


def overtaken(tx: Transaction, delivery: Delivery, study: Study) -> bool:
    """Whether a later version was signed, or went to the same receiver or is about to: one that had to be
    tried again would put older figures, or a preliminary state, in place of the newer."""
    version = delivery.version or 0
    return study.signed_version > version or any(
        (other.version or 0) > version and other.state in _COUNTS
        for other in _to_the_same(tx, delivery)
    )


def status_of(tx: Transaction, delivery: Delivery, result: Result) -> str:
    """P until a person has reviewed; C when a person had reviewed an earlier version."""
    if result.report.reviewed_by is None:
        return oru.PRELIMINARY
    earlier = [
        one
        for one in tx.results.versions(delivery.site, delivery.study_id)
        if one.version < result.version and one.report.reviewed_by is not None
    ]
    return oru.CORRECTED if earlier else oru.FINAL


def printed_before_correction(one: Artefact, study: Study, result: Result) -> bool:
    """A page that names somebody else than a person has put right since."""
    if study.corrected is None or one.kind != "pdf_dicom":
        return False
    return result.created_at.isoformat() <= str(study.corrected.get("at", ""))


class RecordDelivery:
    """Safe to share between threads."""

    def __init__(self, index: Index, store: ObjectStore) -> None:
        self._index, self._store = index, store

    # --- FHIR --------------------------------------------------------------------------------
    def send_bundle(
        self,
        sender: FhirSender,
        destination: Destination,
        delivery: Delivery,
        study: Study,
        result: Result,
    ) -> None:
        """Raises the receiver's FadaError."""
        with self._index.read() as tx:
            order = _order(tx, study)
            before = _sent_before(tx, delivery)
            amends = status_of(tx, delivery, result) == oru.CORRECTED
        earlier = [self._bundle(study, one) for one in before]
        bundle = fhir.for_server(
            self._bundle(study, result, amends=amends),
            _known(destination, order),
            earlier,
            corrected=study.corrected is not None,
        )
        sender.send(bundle)

    def _bundle(self, study: Study, result: Result, *, amends: bool = False) -> bytes:
        stored = next((one for one in result.artefacts if one.kind == "fhir"), None)
        if stored is not None and study.corrected is None:
            return self._store.get(result.site, stored.sha256)
        with self._index.read() as tx:
            instances = tx.studies.instances(study.site, study_uid=study.study_uid)
            whole = examination_of(tx, study, result.report.frames)
        return fhir.document(
            result.report,
            study.attributes,
            image_refs(instances),
            whole.examination,
            site=study.site,
            amends=amends,
        )

    # --- HL7 v2 ------------------------------------------------------------------------------
    def send_message(
        self,
        sender: Hl7Sender,
        destination: Destination,
        delivery: Delivery,
        study: Study,
        result: Result,
    ) -> None:
        """Raises the receiver's FadaError."""
        options = destination.options
        with self._index.read() as tx:
            before = _sent_before(tx, delivery)
            contents = [self._content(tx, delivery, study, one, options) for one in before]
            content = self._content(tx, delivery, study, result, options)
            wrong = _wrong_woman(tx, delivery, study)
        envelope = oru.Envelope(
            delivery.id,
            delivery.site,
            str(options.get("receiving_application", "")),
            str(options.get("receiving_facility", "")),
            str(options.get("assigner", "")),
        )
        now = datetime.now(UTC)
        if wrong:
            # Under her name the pages were sent, too, which are not shown any more.
            pages = [self._page(one) for one in (*before, result)]
            hers = [
                replace(one, pdf=b"" if page else None)
                for one, page in zip((*contents, content), pages, strict=True)
            ]
            self._withdraw(sender, oru.withdrawal(envelope, content, now, wrong, hers))
        sender.send(oru.message(envelope, content, now, contents))

    def _withdraw(self, sender: Hl7Sender, message: str) -> None:
        with suppress(PushRejected):  # the receiver has nothing to withdraw
            sender.send(message)
            _log.info("withdrawn from the wrong patient")

    def _content(
        self,
        tx: Transaction,
        delivery: Delivery,
        study: Study,
        result: Result,
        options: dict[str, Any],
    ) -> oru.Content:
        order = _order(tx, study)
        return oru.Content(
            result.report,
            study.attributes,
            examination_of(tx, study, result.report.frames).examination,
            status_of(tx, delivery, result),
            self._pdf(study, result) if options.get("pdf", True) else None,
            (order.placer, order.placer_system) if order is not None else ("", ""),
        )

    def _pdf(self, study: Study, result: Result) -> bytes | None:
        """The page that was signed; None where there is none that may be shown."""
        page = self._page(result)
        if page is None or printed_before_correction(page, study, result):
            return None
        return pdf_of(self._store.get(result.site, page.sha256))

    @staticmethod
    def _page(result: Result) -> Artefact | None:
        return next((one for one in result.artefacts if one.kind == "pdf_dicom"), None)


def _order(tx: Transaction, study: Study) -> Order | None:
    with suppress(NotFound):
        return tx.orders.get(study.site, study.order_id) if study.order_id else None
    return None


def _known(destination: Destination, order: Order | None) -> fhir.Known:
    """The order's number has a system where it came by FHIR; else the destination says it."""
    options = destination.options
    own, system = str(options.get("patient_system", "")), str(options.get("order_system", ""))
    if order is None or not order.placer:
        return fhir.Known(own)
    by_fhir = ":" in order.placer_system  # a URI: HL7 names an authority
    return fhir.Known(own, order.placer_system if by_fhir else system, order.placer)


def _to_the_same(tx: Transaction, delivery: Delivery) -> list[Delivery]:
    every = tx.deliveries.find(delivery.site, study_id=delivery.study_id, limit=_MOST)
    return [one for one in every if one.destination_id == delivery.destination_id]


def _sent_before(tx: Transaction, delivery: Delivery) -> Sequence[Result]:
    """Earlier versions that may have been sent, oldest first: people's, and before the first of these the
    machine's. Deliveries are forgotten after a week, so the versions themselves are asked."""
    chosen: list[Result] = []
    signed = False
    for one in tx.results.versions(delivery.site, delivery.study_id):
        if one.version >= (delivery.version or 0):
            continue
        by_person = one.report.reviewed_by is not None
        if by_person or (one.report.origin is Origin.HUB and not signed):
            chosen.append(one)
        signed = signed or by_person
    return chosen


def _wrong_woman(tx: Transaction, delivery: Delivery, study: Study) -> dict[str, Any]:
    """Whom the study named when something of it was sent there, where it names another woman now."""
    corrected = study.corrected or {}
    was, at = corrected.get("was", {}), str(corrected.get("at", ""))
    number = first_text(was, _NUMBER)
    if not number or number == first_text(study.attributes, _NUMBER):
        return {}
    sent = any(
        one.state is DeliveryState.DELIVERED
        and one.finished_at is not None
        and one.finished_at.isoformat() < at
        for one in _to_the_same(tx, delivery)
    )
    return dict(was) if sent else {}
