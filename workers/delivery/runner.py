"""One delivery to the outside: an event for a webhook, or a result for a destination."""

from __future__ import annotations

import logging
import time
from datetime import UTC, datetime

from services.domain.errors import FadaError, NotFound
from services.domain.work import DeliveryKind
from services.index.port import Delivery, Index
from services.publish import webhook
from services.senders import Senders
from services.settings import Settings
from services.storage.port import ObjectStore
from services.telemetry import metrics
from workers.delivery.commitment import CommitmentAwaited
from workers.delivery.result_delivery import ResultDelivery
from workers.lanes import Lanes

_log = logging.getLogger("workers.delivery")
MAX_ATTEMPTS = 14  # about a day and a half with the delays below
_FIRST_DELAY, _LONGEST_DELAY = 5.0, 6 * 3600.0
_ATTEMPT_SECONDS = 180.0  # an attempt that has not ended by then has lost its worker
_WORKER_LOST = "worker_lost"
_ROUND_SECONDS = 60.0  # how long one task goes on with what waits for the same receiver


class DeliveryRunner:
    """Safe to share between threads; keeps what it knows of each receiver."""

    def __init__(self, settings: Settings, index: Index, store: ObjectStore) -> None:
        self._settings, self._index = settings, index
        self._lanes = Lanes()
        self._results = ResultDelivery(index, store, Senders(settings), settings)

    def deliver(self, delivery_id: str) -> str:
        """Send it, and then what waits for the same receiver, one after the other.

        Returns what became of it: done, gone, again, given_up, awaited (stored, and the receiver has yet
        to say that it keeps it), or busy: another thread speaks to this
        receiver, or it rests; no attempt is counted.

        Raises:
            IndexUnavailable: the delivery stays as it is and its message is sent again.
        """
        receiver = self._receiver(delivery_id)
        if receiver is None:
            return "gone"
        wait = self._lanes.enter(receiver)
        if wait:
            with self._index.begin() as tx:
                tx.deliveries.postpone(delivery_id, wait)
            return "busy"
        outcome, began = "again", time.monotonic()
        try:
            outcome = self._attempt(delivery_id)
            end, more = began + _ROUND_SECONDS, outcome
            while (
                more in ("done", "awaited")
                and time.monotonic() < end
                and (other := self._next(receiver))
            ):
                began = time.monotonic()
                more = self._attempt(other)
        finally:
            failed = outcome in ("again", "given_up") or more == "again"
            self._lanes.leave(receiver, failed=failed, seconds=time.monotonic() - began)
        return outcome

    def _receiver(self, delivery_id: str) -> str | None:
        try:
            with self._index.read() as tx:
                delivery = tx.deliveries.get(None, delivery_id)
            if delivery.kind is DeliveryKind.PUSH and delivery.destination_id is None:
                with self._index.begin() as tx:  # from before there were destinations
                    tx.destinations.take_over(delivery.site)
                    delivery = tx.deliveries.get(None, delivery_id)
        except NotFound:
            return None
        return delivery.destination_id or delivery.webhook_id or f"site:{delivery.site}"

    def _next(self, receiver: str) -> str | None:
        with self._index.begin() as tx:
            other = tx.deliveries.next_of(receiver)
            if other is not None:
                tx.deliveries.make_due(other)
        return other

    def _attempt(self, delivery_id: str) -> str:
        with self._index.begin() as tx:
            delivery = tx.deliveries.start(delivery_id, _ATTEMPT_SECONDS)
        if delivery is None:
            return "gone"  # another message was faster
        if delivery.attempts > MAX_ATTEMPTS:
            return self._failed(delivery, _WORKER_LOST, retryable=False)
        try:
            self._send(delivery)
        except NotFound:  # the receiver was removed meanwhile
            with self._index.begin() as tx:
                tx.deliveries.drop(delivery.id)
            return self._counted(delivery, "gone")
        except CommitmentAwaited as awaited:
            return self._await(delivery, awaited)
        except FadaError as error:
            return self._failed(delivery, error.code, retryable=error.retryable)
        with self._index.begin() as tx:
            tx.deliveries.delivered(delivery.id)
        return self._counted(delivery, "done")

    def _await(self, delivery: Delivery, awaited: CommitmentAwaited) -> str:
        """Everything is stored, and the PACS has time to say whether it keeps it."""
        seconds = awaited.retry_after or self._settings.commitment_seconds
        with self._index.begin() as tx:
            if not tx.commitments.awaits(delivery.id, awaited.code, seconds):
                tx.deliveries.failed(delivery.id, awaited.code, delay=0.0)  # it has: go on at once
        return self._counted(delivery, "awaited")

    def _failed(self, delivery: Delivery, code: str, *, retryable: bool) -> str:
        final = not retryable or delivery.attempts >= MAX_ATTEMPTS
        delay = min(_FIRST_DELAY * 2.0 ** (delivery.attempts - 1), _LONGEST_DELAY)
        with self._index.begin() as tx:
            tx.deliveries.failed(delivery.id, code, delay=None if final else delay)
        _log.warning(
            "delivery failed",
            extra={
                "delivery_id": delivery.id,
                "kind": delivery.kind.value,
                "code": code,
                "attempts": delivery.attempts,
                "final": final,
            },
        )
        return self._counted(delivery, "given_up" if final else "again")

    def _counted(self, delivery: Delivery, outcome: str) -> str:
        metrics.DELIVERIES.labels(delivery.kind.value, outcome).inc()
        return outcome

    def _send(self, delivery: Delivery) -> None:
        """Raises NotFound when there is nobody or nothing to send to, else the receiver's FadaError."""
        with self._index.read() as tx:
            if tx.studies.held({delivery.study_id}):
                raise NotFound  # it is sent anew when a person has decided
        if delivery.kind is DeliveryKind.WEBHOOK:
            self._send_event(delivery)
        else:
            self._results.send(delivery)

    def _send_event(self, delivery: Delivery) -> None:
        site, seq = delivery.site, delivery.event_seq or 0
        with self._index.read() as tx:
            hook = tx.webhooks.get(str(delivery.webhook_id))
            events = tx.events.since(site, seq - 1, limit=1)
        if hook.disabled or hook.site != site or not events or events[0].seq != seq:
            raise NotFound
        event = events[0]
        data = {**event.payload, "site": site, "seq": seq, "study_id": event.study_id}
        body = webhook.body_of(event.type, event.created_at, data)
        # The identity is that of event and receiver, so a second delivery is known as one.
        message = webhook.sign(hook.secret, f"msg_{delivery.id}", datetime.now(UTC), body)
        webhook.send(hook.url, message, allow_private=self._settings.webhook_allow_private)
