"""Sends the outbox: what was committed reaches the workers, whatever happened in between.

Two relays at once are harmless: a claimed row is hidden from the other, and a message sent twice
finds its job taken.
"""

from __future__ import annotations

import logging

from services.domain.errors import BrokerUnavailable
from services.index.port import Index, OutboxRow
from services.queue.port import Queue
from services.telemetry import traces

_log = logging.getLogger("workers.relay")
_CLAIM_SECONDS = 30.0
_DELIVERY_SECONDS = 180.0  # a delivery that was not done by then is sent to the workers again
_RETRY_SECONDS = 2.0


def relay(index: Index, queue: Queue, *, limit: int = 200) -> int:
    """Send what is due; returns how many rows were sent.

    Raises:
        IndexUnavailable: nothing can be known.
        BrokerUnavailable: the rows stay, and are due again in two seconds.
    """
    return _analyses(index, queue, limit) + _deliveries(index, queue, limit)


def _analyses(index: Index, queue: Queue, limit: int) -> int:
    with index.begin() as tx:
        rows = tx.outbox.claim("analyse", limit, _CLAIM_SECONDS)
    sent: list[OutboxRow] = []
    try:
        for row in rows:
            told = row.payload
            with traces.continued(told):
                queue.send_analyse(
                    str(told["job_id"]), urgent=bool(told.get("urgent")),
                    request_id=str(told.get("request_id", "")),
                )  # fmt: skip
            sent.append(row)
    finally:
        if rows:
            with index.begin() as tx:
                for row in sent:
                    tx.outbox.done(row.id)
                for row in rows[len(sent) :]:
                    tx.outbox.retry(row.id, _RETRY_SECONDS, error=BrokerUnavailable.code)
    return len(sent)


def _deliveries(index: Index, queue: Queue, limit: int) -> int:
    """Webhook and push rows stay until the delivery itself is done; the message holds only the id."""
    count = 0
    for topic in ("webhook", "push"):
        with index.begin() as tx:
            rows = tx.outbox.claim(topic, limit, _DELIVERY_SECONDS)
        sent = 0
        try:
            for row in rows:
                queue.send_publish(row.id, request_id="")
                sent += 1
        finally:
            if rows[sent:]:
                with index.begin() as tx:
                    for row in rows[sent:]:
                        tx.outbox.retry(row.id, _RETRY_SECONDS, error=BrokerUnavailable.code)
        count += sent
    return count
