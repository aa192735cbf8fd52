"""Storage commitment: asked, reported, and told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import RowMapping, delete, insert, select, update

from services.domain.commitment import CommitmentReport, Reference
from services.domain.errors import NotFound
from services.domain.study import Principal, Role
from services.index.access.audit import AuditTable
from services.index.commitments.port import CommitmentQuestion, CommitmentRequest
from services.index.database.connection import Session, new_id
from services.index.database.tables.commitments import commitment_questions, commitment_requests
from services.index.database.tables.messaging import deliveries
from services.index.messaging.deliveries import DeliveriesTable
from services.index.messaging.deliveries_port import (
    Delivery,
    ObjectOutcome,
    ObjectState,
)

_FIRST_TELLING = 20.0  # s: until then the association on which it was asked may do


class CommitmentsTable:
    """The port's ``Commitments``."""

    def __init__(self, session: Session, sent: DeliveriesTable, audit: AuditTable) -> None:
        self._session, self._deliveries, self._audit = session, sent, audit

    # --- what a PACS is asked ---------------------------------------------------------------------
    def request(self, delivery: Delivery, aet: str, objects: Sequence[str]) -> CommitmentRequest:
        """See the port."""
        made = CommitmentRequest(
            f"2.25.{uuid4().int}", delivery.site, delivery.id, aet, tuple(objects), False,
            self._session.now(), None, None,
        )  # fmt: skip
        self._execute(insert(commitment_requests), _row(made))
        return made

    def accepted(self, transaction_uid: str) -> None:
        """See the port."""
        mine = commitment_requests.c.transaction_uid == transaction_uid
        change = update(commitment_requests).where(mine)
        self._execute(change.values(accepted_at=self._session.now()))

    def of_delivery(self, delivery_id: str) -> list[CommitmentRequest]:
        """See the port."""
        columns = commitment_requests.c
        query = select(commitment_requests).where(
            columns.delivery_id == delivery_id, columns.superseded.is_(False)
        )
        rows = self._execute(query.order_by(columns.created_at)).mappings().all()
        now = self._session.now()
        return [_request(row, now) for row in rows]

    def answered(self, aet: str, report: CommitmentReport) -> None:
        """See the port. Raises NotFound."""
        columns = commitment_requests.c
        asked = select(commitment_requests).where(
            columns.transaction_uid == report.transaction_uid, columns.aet == aet
        )
        row = self._execute(asked).mappings().first()
        if row is None:
            raise NotFound
        delivery = self._locked(row["delivery_id"])
        named = update(commitment_requests).where(
            columns.transaction_uid == report.transaction_uid, columns.answered_at.is_(None)
        )
        if not self._execute(named.values(answered_at=self._session.now())).rowcount:
            return  # it was told twice
        outcomes = _judged(delivery.objects, set(row["objects"]), report)
        self._deliveries.note_objects(delivery.id, outcomes)
        self._deliveries.reported(delivery.id, _whole(outcomes))
        who = Principal(f"dimse:{aet}", row["site"], Role.DEVICE)
        detail = {"committed": len(report.committed), "failed": len(report.failed)}
        self._audit.add(who, "delivery.commitment", delivery.id, detail)

    def awaits(self, delivery_id: str, code: str, seconds: float) -> bool:
        """See the port."""
        delivery = self._locked(delivery_id)
        if not any(one.state is ObjectState.DELIVERED for one in delivery.objects):
            return False
        self._deliveries.failed(delivery_id, code, delay=seconds)
        return True

    def awaited_from(self) -> list[str]:
        """See the port."""
        columns = commitment_requests.c
        query = select(columns.aet).where(columns.answered_at.is_(None)).distinct()
        return list(self._execute(query).scalars())

    def _locked(self, delivery_id: str) -> Delivery:
        held = select(deliveries.c.id).where(deliveries.c.id == delivery_id).with_for_update()
        self._execute(held)
        return self._deliveries.get(None, delivery_id)

    # --- what machines ask ------------------------------------------------------------------------
    def ask(
        self, principal: Principal, caller: str, uid: str, objects: Sequence[Reference]
    ) -> None:
        """See the port."""
        now = self._session.now()
        values: dict[str, Any] = {
            "id": new_id(),
            "site": principal.site,
            "caller": caller,
            "transaction_uid": uid,
            "objects": [[one.sop_class, one.sop_uid] for one in objects],
            "attempts": 0,
            "received_at": now,
            "next_attempt_at": now + timedelta(seconds=_FIRST_TELLING),
        }
        if not self._session.insert_new(commitment_questions, values):
            known = self.question(principal.site, caller, uid)
            fresh = {name: values[name] for name in ("objects", "attempts", "next_attempt_at")}
            mine = commitment_questions.c.id == known.id
            self._execute(update(commitment_questions).where(mine).values(**fresh))
        self._audit.add(principal, "commitment.asked", uid, {"objects": len(objects)})

    def question(self, site: str, caller: str, uid: str) -> CommitmentQuestion:
        """See the port. Raises NotFound."""
        columns = commitment_questions.c
        query = select(commitment_questions).where(
            columns.site == site, columns.caller == caller, columns.transaction_uid == uid
        )
        row = self._execute(query).mappings().first()
        if row is None:
            raise NotFound
        return _question(row)

    def take_due(self, limit: int, seconds: float) -> list[CommitmentQuestion]:
        """See the port."""
        columns, now = commitment_questions.c, self._session.now()
        due = select(commitment_questions).where(columns.next_attempt_at <= now)
        due = due.order_by(columns.next_attempt_at).limit(limit).with_for_update(skip_locked=True)
        questions = [_question(row) for row in self._execute(due).mappings().all()]
        for one in questions:
            hidden = now + timedelta(seconds=seconds)
            change = update(commitment_questions).where(columns.id == one.id)
            self._execute(change.values(attempts=columns.attempts + 1, next_attempt_at=hidden))
        return questions

    def postpone(self, question_id: str, seconds: float) -> None:
        """See the port."""
        change = update(commitment_questions).where(commitment_questions.c.id == question_id)
        later = self._session.now() + timedelta(seconds=seconds)
        self._execute(change.values(next_attempt_at=later))

    def told(self, principal: Principal, question_id: str, held: int, missing: int) -> None:
        """See the port."""
        gone = delete(commitment_questions).where(commitment_questions.c.id == question_id)
        if self._execute(gone).rowcount:
            detail = {"held": held, "missing": missing}
            self._audit.add(principal, "commitment.told", question_id, detail)

    def purge(self, older_than: float) -> int:
        """See the port."""
        alone = commitment_requests.c.delivery_id.not_in(select(deliveries.c.id))
        old = self._session.now() - timedelta(seconds=older_than)
        never = commitment_questions.c.received_at <= old
        return int(
            self._execute(delete(commitment_requests).where(alone)).rowcount
            + self._execute(delete(commitment_questions).where(never)).rowcount
        )

    def _execute(self, *statement: Any) -> Any:
        return self._session.connection.execute(*statement)


def _judged(
    objects: Sequence[ObjectOutcome], asked: set[str], report: CommitmentReport
) -> tuple[ObjectOutcome, ...]:
    """What becomes of each object. One that the PACS has committed before stays so; one that it was
    asked for and leaves out of its report is not committed."""
    held = {one.sop_uid for one in report.committed}
    failed = {one.sop_uid: reason for one, reason in report.failed.items()}
    out = []
    for one in objects:
        if one.sop_uid not in asked or one.state in (ObjectState.COMMITTED, ObjectState.REFUSED):
            out.append(one)
        elif one.sop_uid in held and one.sop_uid not in failed:
            out.append(replace(one, state=ObjectState.COMMITTED, code=""))
        else:
            code = f"0x{failed.get(one.sop_uid, 0x0110):04X}"
            out.append(replace(one, state=ObjectState.COMMITMENT_FAILED, code=code))
    return tuple(out)


def _whole(outcomes: Sequence[ObjectOutcome]) -> bool:
    return all(one.state is ObjectState.COMMITTED for one in outcomes)


def _row(made: CommitmentRequest) -> dict[str, Any]:
    row = {**asdict(made), "objects": list(made.objects)}
    del row["waited"]
    return row


def _request(row: RowMapping, now: datetime) -> CommitmentRequest:
    taken = row["accepted_at"] or now
    return CommitmentRequest(
        **{**row, "objects": tuple(row["objects"]), "waited": (now - taken).total_seconds()}
    )


def _question(row: RowMapping) -> CommitmentQuestion:
    return CommitmentQuestion(
        **{**row, "objects": tuple(Reference(*pair) for pair in row["objects"])}
    )
