"""One delivery to the outside: a webhook, or a result pushed to a PACS. The outbox row is its memory."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from functools import cached_property

from services.domain.errors import FadaError, NotFound
from services.index.port import Index, OutboxRow
from services.publish import webhook
from services.publish.push import StowPusher
from services.settings import Settings
from services.storage.port import ObjectStore
from services.telemetry import metrics

_log = logging.getLogger("workers.delivery")
MAX_ATTEMPTS = 14  # about a day and a half with the delays below
_FIRST_DELAY, _LONGEST_DELAY = 5.0, 6 * 3600.0
PUSHED = ("seg", "sr", "sr_obgyn")


class Deliveries:
    """Safe to share between threads."""

    def __init__(self, settings: Settings, index: Index, store: ObjectStore) -> None:
        self._settings, self._index, self._store = settings, index, store

    def deliver(self, row_id: str) -> str:
        """Returns what became of it: done, gone, again or given_up.

        Raises:
            IndexUnavailable: the row stays and is sent again.
        """
        try:
            with self._index.read() as tx:
                row = tx.outbox.get(row_id)
        except NotFound:
            return "gone"
        try:
            (self._webhook if row.topic == "webhook" else self._push)(row)
        except NotFound:
            outcome = "gone"  # the webhook was deleted meanwhile
        except FadaError as error:
            return self._noted(row, self._failed(row, error))
        else:
            outcome = "done"
        with self._index.begin() as tx:
            tx.outbox.done(row.id)
        return self._noted(row, outcome)

    def _failed(self, row: OutboxRow, error: FadaError) -> str:
        final = not error.retryable or row.attempts >= MAX_ATTEMPTS
        with self._index.begin() as tx:
            if final:
                tx.outbox.done(row.id)
            else:
                delay = min(_FIRST_DELAY * 2.0 ** max(row.attempts - 1, 0), _LONGEST_DELAY)
                tx.outbox.retry(row.id, delay, error=error.code)
        told = {"outbox_id": row.id, "topic": row.topic, "code": error.code}
        _log.warning("delivery failed", extra=told | {"attempts": row.attempts, "final": final})
        return "given_up" if final else "again"

    def _noted(self, row: OutboxRow, outcome: str) -> str:
        metrics.DELIVERIES.labels(row.topic, outcome).inc()
        return outcome

    # --- webhooks ----------------------------------------------------------------------------
    def _webhook(self, row: OutboxRow) -> None:
        told = row.payload
        site, seq = str(told["site"]), int(told["event_seq"])
        with self._index.read() as tx:
            hook = tx.webhooks.get(str(told["webhook_id"]))
            events = tx.events.since(site, seq - 1, limit=1)
        if hook.disabled or hook.site != site or not events or events[0].seq != seq:
            raise NotFound
        event = events[0]
        data = {**event.payload, "site": site, "seq": seq, "study_id": event.study_id}
        body = webhook.body_of(event.type, event.created_at, data)
        # The identity is that of event and receiver, so a second delivery is known as one.
        message = webhook.sign(hook.secret, f"msg_{row.id}", datetime.now(UTC), body)
        webhook.send(hook.url, message, allow_private=self._settings.webhook_allow_private)

    # --- results to a PACS -------------------------------------------------------------------
    def _push(self, row: OutboxRow) -> None:
        site = str(row.payload["site"])
        if not wants_push(self._settings, site):
            return
        with self._index.read() as tx:
            result = tx.results.get(site, str(row.payload["study_id"]), int(row.payload["version"]))
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


def wants_push(settings: Settings, site: str) -> bool:
    """Whether results of this site go to a PACS."""
    configured = bool(settings.push_stow_url or settings.push_dimse)
    return configured and settings.push_site in ("", site)
