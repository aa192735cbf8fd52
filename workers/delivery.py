"""One delivery to the outside: a webhook, or a result pushed to a PACS."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from functools import cached_property

from services.domain.errors import FadaError, NotFound
from services.domain.work import DeliveryKind
from services.index.port import Delivery, Index
from services.publish import webhook
from services.publish.push import StowPusher
from services.settings import Settings
from services.storage.port import ObjectStore
from services.telemetry import metrics

_log = logging.getLogger("workers.delivery")
MAX_ATTEMPTS = 14  # about a day and a half with the delays below
_FIRST_DELAY, _LONGEST_DELAY = 5.0, 6 * 3600.0
_ATTEMPT_SECONDS = 180.0  # an attempt that has not ended by then has lost its worker
_WORKER_LOST = "worker_lost"
PUSHED = ("seg", "sr", "sr_obgyn")  # kinds of artefacts that a PACS gets


class DeliveryRunner:
    """Safe to share between threads; keeps its connection to the PACS."""

    def __init__(self, settings: Settings, index: Index, store: ObjectStore) -> None:
        self._settings, self._index, self._store = settings, index, store

    def deliver(self, delivery_id: str) -> str:
        """Returns what became of it: done, gone, again or given_up.

        Raises:
            IndexUnavailable: the delivery stays as it is and its message is sent again.
        """
        with self._index.begin() as tx:
            delivery = tx.deliveries.start(delivery_id, _ATTEMPT_SECONDS)
        if delivery is None:
            return "gone"  # another message was faster
        if delivery.attempts > MAX_ATTEMPTS:
            return self._failed(delivery, _WORKER_LOST, retryable=False)
        try:
            self._send(delivery)
        except NotFound:  # the receiver was deleted meanwhile
            with self._index.begin() as tx:
                tx.deliveries.drop(delivery.id)
            return self._counted(delivery, "gone")
        except FadaError as error:
            return self._failed(delivery, error.code, retryable=error.retryable)
        with self._index.begin() as tx:
            tx.deliveries.delivered(delivery.id)
        return self._counted(delivery, "done")

    def close(self) -> None:
        """Give back the connection to the PACS, if there is one."""
        if "_stow" in self.__dict__ and self._stow is not None:
            self._stow.close()

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
        if delivery.kind is DeliveryKind.WEBHOOK:
            self._send_webhook(delivery)
        else:
            self._push(delivery)

    # --- webhooks ----------------------------------------------------------------------------
    def _send_webhook(self, delivery: Delivery) -> None:
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

    # --- results to a PACS -------------------------------------------------------------------
    def _push(self, delivery: Delivery) -> None:
        site = delivery.site
        if not self._settings.has_pacs(site):
            raise NotFound  # the setting was taken away
        with self._index.read() as tx:
            result = tx.results.get(site, delivery.study_id, delivery.version)
        wanted = [one for one in result.artefacts if one.kind in PUSHED]
        objects = [self._store.get(site, one.sha256) for one in wanted]
        if objects and self._stow is not None:
            self._stow.store(objects)
        if objects and self._settings.push_dimse:
            # pynetdicom is large, and most hubs push by DICOMweb or not at all.
            from services.dicom.network.scu import Peer, c_store

            c_store(Peer.parse(self._settings.push_dimse), objects, self._settings.dimse_aet)

    @cached_property
    def _stow(self) -> StowPusher | None:
        url = self._settings.push_stow_url
        return StowPusher(url, self._settings.push_stow_token.get_secret_value()) if url else None
