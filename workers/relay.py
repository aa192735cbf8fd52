"""Sends the outbox: what was committed reaches the workers, whatever happened in between.

Two relays at once are harmless: a claimed row is hidden from the other, and a message sent twice
finds its job taken.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from services.domain.errors import BrokerUnavailable
from services.index.port import Index, OutboxRow
from services.queue.port import Analysis, Queue

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
    if not rows:
        return 0
    with _again_on_failure(index, rows):
        queue.send_analyses([Analysis.of(row.payload) for row in rows])
    with index.begin() as tx:
        tx.outbox.done(*(row.id for row in rows))
    return len(rows)


def _deliveries(index: Index, queue: Queue, limit: int) -> int:
    """Webhook and push rows stay until the delivery itself is done; the message holds only the id."""
    count = 0
    for topic in ("webhook", "push"):
        with index.begin() as tx:
            rows = tx.outbox.claim(topic, limit, _DELIVERY_SECONDS)
        if rows:
            with _again_on_failure(index, rows):
                queue.send_deliveries([row.id for row in rows])
        count += len(rows)
    return count


@contextmanager
def _again_on_failure(index: Index, rows: Sequence[OutboxRow]) -> Iterator[None]:
    try:
        yield
    except BrokerUnavailable as error:
        with index.begin() as tx:
            for row in rows:
                tx.outbox.retry(row.id, _RETRY_SECONDS, error=error.code)
        raise
