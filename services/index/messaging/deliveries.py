"""Deliveries to the outside: what each event causes, how often it was tried, and what was given up."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, delete, exists, func, insert, or_, select, update

from services.domain.errors import Conflict, NotFound
from services.domain.study import Principal
from services.domain.work import DeliveryKind, Work
from services.index.access.audit import AuditTable
from services.index.database.connection import Session, new_id
from services.index.database.tables.commitments import commitment_requests
from services.index.database.tables.messaging import deliveries, outbox
from services.index.destinations.port import Destination
from services.index.messaging.deliveries_port import (
    Delivery,
    DeliveryState,
    ObjectOutcome,
    ObjectState,
)
from services.index.messaging.events import wants
from services.index.messaging.outbox import OutboxTable
from services.index.messaging.port import Event, Webhook
from services.telemetry import traces

_CLOCKS_APART = timedelta(seconds=2)  # between who sent a message and who got it


class DeliveriesTable:
    """The port's ``Deliveries``."""

    def __init__(self, session: Session, outbox: OutboxTable, audit: AuditTable) -> None:
        self._session = session
        self._outbox = outbox
        self._audit = audit

    def add_for(self, event: Event, hooks: list[Webhook]) -> None:
        """One for each subscriber of the event; see ``services.domain.work.EVENTS``."""
        for hook in hooks:
            if wants(hook, event.type):
                self._add(
                    DeliveryKind.WEBHOOK,
                    event.site,
                    event.study_id,
                    webhook_id=hook.id,
                    event_seq=event.seq,
                )

    def add_push(
        self, destination: Destination, study_id: str, version: int | None, results: list[str]
    ) -> Delivery:
        """A result for a destination; ``results``: what it is to it."""
        made = self._add(
            DeliveryKind.PUSH,
            destination.site,
            study_id,
            destination_id=destination.id,
            version=version,
            results=results,
        )
        return self.get(destination.site, made)

    def give_to(self, site: str, destination_ids: list[str]) -> None:
        """Deliveries from before there were destinations go to the first of these, copies to others."""
        columns = deliveries.c
        mine = (
            columns.site == site,
            columns.kind == DeliveryKind.PUSH.value,
            columns.destination_id.is_(None),
        )
        if not destination_ids:
            return
        rows = self._session.connection.execute(select(deliveries).where(*mine)).mappings().all()
        for row in rows:
            self._set(row["id"], destination_id=destination_ids[0])
            for other in destination_ids[1:]:
                if row["state"] == DeliveryState.WAITING.value:
                    copy = {**row, "id": new_id(), "destination_id": other}
                    self._session.connection.execute(insert(deliveries), copy)
                    self._send(copy["id"])

    def _add(self, kind: DeliveryKind, site: str, study_id: str, **more: Any) -> str:
        """A delivery that is due now, and its message; its id."""
        now = self._session.now()
        row = {
            "id": new_id(),
            "site": site,
            "kind": kind.value,
            "study_id": study_id,
            "state": DeliveryState.WAITING.value,
            "attempts": 0,
            "error_code": "",
            "created_at": now,
            "next_attempt_at": now,
            **more,
        }
        self._session.connection.execute(insert(deliveries), row)
        self._send(str(row["id"]))
        return str(row["id"])

    def start(self, delivery_id: str, seconds: float) -> Delivery | None:
        """Count an attempt, and keep others from it for ``seconds``. None: it is not due."""
        now, columns = self._session.now(), deliveries.c
        due = (
            columns.state == DeliveryState.WAITING.value,
            columns.next_attempt_at <= now + _CLOCKS_APART,
        )
        until = now + timedelta(seconds=seconds)
        counted = columns.attempts + 1
        if not self._set(delivery_id, *due, attempts=counted, next_attempt_at=until):
            return None
        return self.get(None, delivery_id)

    def postpone(self, delivery_id: str, seconds: float) -> None:
        """Its receiver is busy: later, and no attempt is counted."""
        now = self._session.now()
        due = (
            deliveries.c.state == DeliveryState.WAITING.value,
            deliveries.c.next_attempt_at <= now + _CLOCKS_APART,  # else an attempt is under way
        )
        if self._set(delivery_id, *due, next_attempt_at=now + timedelta(seconds=seconds)):
            self._send(delivery_id, seconds)

    def next_of(self, receiver: str) -> str | None:
        """The oldest that waits for this webhook or destination and was not tried yet."""
        columns = deliveries.c
        query = select(columns.id).where(
            or_(columns.destination_id == receiver, columns.webhook_id == receiver),
            columns.state == DeliveryState.WAITING.value,
            columns.attempts == 0,
        )
        return self._session.connection.execute(
            query.order_by(columns.id).limit(1)
        ).scalar_one_or_none()

    def make_due(self, delivery_id: str) -> None:
        """A delivery that was postponed may be taken now."""
        waiting = deliveries.c.state == DeliveryState.WAITING.value
        untried = deliveries.c.attempts == 0
        self._set(delivery_id, waiting, untried, next_attempt_at=self._session.now())

    def note_objects(self, delivery_id: str, objects: tuple[ObjectOutcome, ...]) -> None:
        """What became of each object so far."""
        self._set(delivery_id, objects=[asdict(one) for one in objects])

    def reported(self, delivery_id: str, whole: bool) -> None:
        """A word on what the receiver keeps; see the port."""
        columns, now = deliveries.c, self._session.now()
        if self._set(
            delivery_id, columns.state == DeliveryState.WAITING.value, next_attempt_at=now
        ):
            self._send(delivery_id)
        elif whole and self._set(
            delivery_id,
            columns.state == DeliveryState.DEAD.value,
            columns.error_code.like("commitment%"),
            error_code="",
        ):
            self.delivered(delivery_id)

    def delivered(self, delivery_id: str) -> None:
        """The receiver has it, whatever became of it in other eyes meanwhile."""
        self._set(
            delivery_id,
            state=DeliveryState.DELIVERED.value,
            error_code="",
            finished_at=self._session.now(),
        )

    def failed(self, delivery_id: str, code: str, *, delay: float | None) -> None:
        """Waiting for its next attempt in ``delay`` s; without one, dead. Delivered stays delivered."""
        now = self._session.now()
        values: dict[str, Any] = {"state": DeliveryState.DEAD.value, "finished_at": now}
        if delay is not None:
            values = {"next_attempt_at": now + timedelta(seconds=delay)}
        waiting = deliveries.c.state == DeliveryState.WAITING.value
        if self._set(delivery_id, waiting, error_code=code, **values) and delay is not None:
            self._send(delivery_id, delay)

    def drop(self, delivery_id: str) -> None:
        """There is no such receiver any more."""
        self._session.connection.execute(delete(deliveries).where(deliveries.c.id == delivery_id))

    def drop_waiting(self, study_id: str) -> None:
        """Nothing of this study may be sent out; what was is sent anew when it may."""
        columns = deliveries.c
        waiting = columns.state == DeliveryState.WAITING.value
        self._session.connection.execute(
            delete(deliveries).where(columns.study_id == study_id, waiting)
        )

    def get(self, site: str | None, delivery_id: str) -> Delivery:
        """Raises NotFound."""
        query = select(deliveries).where(deliveries.c.id == delivery_id)
        if site is not None:
            query = query.where(deliveries.c.site == site)
        row = self._session.connection.execute(query).mappings().first()
        if row is None:
            raise NotFound
        return _delivery(row)

    def find(
        self,
        site: str | None,
        *,
        states: tuple[DeliveryState, ...] = (),
        study_id: str | None = None,
        limit: int = 100,
    ) -> list[Delivery]:
        """Newest first."""
        query = select(deliveries).order_by(deliveries.c.id.desc()).limit(limit)
        if site is not None:
            query = query.where(deliveries.c.site == site)
        if states:
            query = query.where(deliveries.c.state.in_([state.value for state in states]))
        if study_id is not None:
            query = query.where(deliveries.c.study_id == study_id)
        return [_delivery(row) for row in self._session.connection.execute(query).mappings()]

    def run_again(self, principal: Principal, delivery_id: str) -> Delivery:
        """See the port."""
        before = self.get(principal.site, delivery_id)
        held = (ObjectState.DELIVERED, ObjectState.COMMITTED)
        taken = [asdict(one) for one in before.objects if one.state in held]
        asked = update(commitment_requests).where(commitment_requests.c.delivery_id == delivery_id)
        self._session.connection.execute(asked.values(superseded=True))
        changed = self._set(
            delivery_id,
            deliveries.c.site == principal.site,
            deliveries.c.state == DeliveryState.DEAD.value,
            state=DeliveryState.WAITING.value,
            attempts=0,
            objects=taken or None,
            finished_at=None,
            next_attempt_at=self._session.now(),
        )
        delivery = self.get(principal.site, delivery_id)
        if not changed:
            raise Conflict("Only a delivery that was given up can be run again.")
        self._send(delivery_id)
        self._audit.add(
            principal, "delivery.run_again", delivery_id, {"study_id": delivery.study_id}
        )
        return delivery

    def resend_stale(self, older_than: float, limit: int = 500) -> int:
        """Waiting deliveries, due for longer than ``older_than`` s and without message: send again."""
        columns, now = deliveries.c, self._session.now()
        queued = exists().where(outbox.c.subject == columns.id, outbox.c.topic == Work.DELIVER)
        query = (
            select(columns.id)
            .where(
                columns.state == DeliveryState.WAITING.value,
                columns.next_attempt_at <= now - timedelta(seconds=older_than),
                ~queued,
            )
            .order_by(columns.next_attempt_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        ids = self._session.connection.execute(query).scalars().all()
        for delivery_id in ids:
            self._set(delivery_id, next_attempt_at=now)
            self._send(delivery_id)
        return len(ids)

    def purge(self, older_than: float) -> int:
        """Forget what was delivered more than ``older_than`` s ago. Dead ones stay."""
        old = delete(deliveries).where(
            deliveries.c.state == DeliveryState.DELIVERED.value,
            deliveries.c.finished_at <= self._session.now() - timedelta(seconds=older_than),
        )
        return self._session.connection.execute(old).rowcount

    def depth(self) -> dict[str, int]:
        """State to count, of all sites."""
        query = select(deliveries.c.state, func.count()).group_by(deliveries.c.state)
        counts = {state.value: 0 for state in DeliveryState}
        return counts | {row[0]: row[1] for row in self._session.connection.execute(query)}

    def _send(self, delivery_id: str, delay: float = 0.0) -> None:
        payload = {"delivery_id": delivery_id, **traces.headers()}
        self._outbox.add(Work.DELIVER, payload, delay=delay, subject=delivery_id)

    def _set(self, delivery_id: str, *where: ColumnElement[bool], **values: Any) -> bool:
        change = update(deliveries).where(deliveries.c.id == delivery_id, *where)
        return self._session.connection.execute(change.values(**values)).rowcount == 1


def _delivery(row: RowMapping) -> Delivery:
    state, kind = DeliveryState(row["state"]), DeliveryKind(row["kind"])
    values = {**row, "state": state, "kind": kind, "results": tuple(row["results"] or ())}
    values["objects"] = tuple(
        ObjectOutcome(**{**one, "state": ObjectState(one["state"])}) for one in row["objects"] or ()
    )
    return Delivery(**values)
