"""A result's version as an event of DHIS2, and what DHIS2 made of each of its objects."""

from __future__ import annotations

from datetime import date

from services.examinations import examination_of
from services.index.port import (
    Delivery,
    Index,
    ObjectOutcome,
    ObjectState,
    Result,
    Study,
    Transaction,
)
from services.publish import oru
from services.publish.dhis2 import values
from services.publish.dhis2.server import Dhis2Sender, EventIdentity
from services.publish.dhis2.values import Examined
from services.publish.outcomes import PushRejected
from workers.delivery.record_delivery import status_of

_WORDS = {
    oru.PRELIMINARY: values.PRELIMINARY,
    oru.FINAL: values.FINAL,
    oru.CORRECTED: values.CORRECTED,
}


class Dhis2Delivery:
    """Safe to share between threads."""

    def __init__(self, index: Index) -> None:
        self._index = index

    def send(self, sender: Dhis2Sender, delivery: Delivery, study: Study, result: Result) -> None:
        """Raises the receiver's FadaError; PushRejected: which objects, the delivery says."""
        with self._index.read() as tx:
            examined = _examined(tx, delivery, study, result)
            identity = _identity(tx, delivery, study)
        imported = sender.send(identity, examined)
        outcomes = tuple(
            ObjectOutcome(
                one.uid,
                one.kind,
                ObjectState.REFUSED if one.code else ObjectState.DELIVERED,
                one.code,
            )
            for one in imported
        )
        with self._index.begin() as tx:
            tx.deliveries.note_objects(delivery.id, outcomes)
        if any(one.code for one in imported):
            raise PushRejected("DHIS2 refuses objects of this result; the delivery names them.")


def _examined(tx: Transaction, delivery: Delivery, study: Study, result: Result) -> Examined:
    """Without a day of its own an examination is of the day on which it came."""
    whole = examination_of(tx, study, result.report.frames)
    day: date = whole.examination.summary.day or study.received_at.date()
    return Examined(
        result.report,
        study.attributes,
        whole.examination,
        _WORDS[status_of(tx, delivery, result)],
        day,
        whole.last_period,
    )


def _identity(tx: Transaction, delivery: Delivery, study: Study) -> EventIdentity:
    """With what went out of this study before, which may be a wrong woman's."""
    earlier = tx.deliveries.find(delivery.site, study_id=study.id, limit=1000)
    events = {
        one.sop_uid
        for other in earlier
        if other.destination_id == delivery.destination_id and other.id != delivery.id
        for one in other.objects
        if one.kind == "event" and one.state is ObjectState.DELIVERED
    }
    was = (study.corrected or {}).get("was", {})
    number = values.woman_value("number", was)
    former = frozenset({number} if number else ())
    pregnancy = study.pregnancy_id or study.id
    return EventIdentity(study.site, study.study_uid, pregnancy, former, frozenset(events))
