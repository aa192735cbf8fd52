"""Storage commitment of a delivery: asked after everything was stored, and awaited."""

from __future__ import annotations

from services.domain.commitment import CommitmentReport, Reference
from services.domain.errors import Conflict, Unavailable
from services.index.port import (
    CommitmentRequest,
    Delivery,
    Index,
    ObjectOutcome,
    ObjectState,
    Study,
)
from services.senders import DimseSender

_ROUNDS = 3  # requests without a report, after which a delivery is given up


class CommitmentAwaited(Unavailable):
    """The PACS has the objects, and has yet to say that it keeps them."""

    code, title = "commitment_awaited", "The PACS has the result and has not confirmed it yet"


class CommitmentSilent(CommitmentAwaited):
    """The time for it is over once, and it was asked again."""

    code, title = "commitment_unanswered", "The PACS does not say whether it keeps the result"


class CommitmentUnanswered(Conflict):
    """It was asked often enough: a person has to look."""

    code, title = "commitment_unanswered", "The PACS does not say whether it keeps the result"


class CommitmentMissing(Unavailable):
    """The PACS says that it has not kept some objects: they are sent anew."""

    code, title = "commitment_failed", "The PACS has not kept some objects of the result"


class CommitmentCheck:
    """Safe to share between threads. ``seconds``: how long a PACS has to report."""

    def __init__(self, index: Index, seconds: float) -> None:
        self._index, self._seconds = index, seconds

    def ask(
        self, sender: DimseSender, delivery: Delivery, study: Study, objects: list[ObjectOutcome]
    ) -> list[ObjectOutcome]:
        """What the PACS says of the objects that it has.

        Raises:
            CommitmentAwaited: it has time to say so.
            CommitmentUnanswered: it had, several times.
            StoreFailed, CommitmentFailed, CommitmentRefused: see ``commitment.ask``.
        """
        open_ones = [one.sop_uid for one in objects if one.state is ObjectState.DELIVERED]
        waiting = any(one.state is ObjectState.WAITING for one in objects)
        if waiting or not open_ones:
            return objects
        with self._index.read() as tx:
            asked = tx.commitments.of_delivery(delivery.id)
        unanswered = [one for one in asked if one.accepted_at and not one.answered_at]
        last = unanswered[-1] if unanswered else None
        if last is not None and set(open_ones) <= set(last.objects):
            self._refuse_early(last)
            if len(unanswered) >= _ROUNDS:
                raise CommitmentUnanswered()
        self._send(sender, delivery, study, open_ones, asked)
        with self._index.read() as tx:
            sent = list(tx.deliveries.get(None, delivery.id).objects)
        if any(one.state is ObjectState.DELIVERED for one in sent):
            raise CommitmentSilent() if unanswered else CommitmentAwaited()
        return sent

    def _refuse_early(self, last: CommitmentRequest) -> None:
        """Raises CommitmentAwaited: its time is not over."""
        if last.waited < self._seconds:
            raise CommitmentAwaited(retry_after=self._seconds - last.waited)

    def _send(
        self,
        sender: DimseSender,
        delivery: Delivery,
        study: Study,
        open_ones: list[str],
        asked: list[CommitmentRequest],
    ) -> None:
        with self._index.read() as tx:
            stored = tx.studies.instances(study.site, study_uid=study.study_uid)
        classes = {one.sop_uid: one.sop_class for one in stored}
        objects = [Reference(classes[uid], uid) for uid in open_ones if uid in classes]
        # One that was written and not sent, since this process ended there, is sent now.
        unsent = [one for one in asked if not one.accepted_at and not one.answered_at]
        again = next((one for one in unsent if set(one.objects) == set(open_ones)), None)
        if again is None:
            with self._index.begin() as tx:
                again = tx.commitments.request(delivery, sender.peer.aet, open_ones)
        uid = again.transaction_uid

        def accepted() -> None:
            with self._index.begin() as tx:
                tx.commitments.accepted(uid)

        def answered(report: CommitmentReport) -> None:
            with self._index.begin() as tx:
                tx.commitments.answered(sender.peer.aet, report)

        sender.ask_commitment(uid, objects, accepted, answered)
