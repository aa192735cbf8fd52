"""Sends the outbox: what was committed reaches the workers, whatever happened in between.

The one way from the index to the broker. The gateway dispatches after its commits
(``after_commit``), the sweeper every few seconds; several at once are harmless, since a claimed row is
hidden from the others, and who gets a message twice finds the work taken.
"""

from __future__ import annotations

from collections.abc import Sequence

from services.domain.errors import BrokerUnavailable
from services.domain.work import Work
from services.index.port import Index, OutboxRow
from services.queue.port import Message, Queue
from services.telemetry import traces

BATCH = 200  # messages of one round; they go to the broker in one piece
_CLAIM_SECONDS = 30.0  # a dispatcher that dies leaves its rows to others after so long
_RETRY_SECONDS = 2.0  # until a row that could not be sent is due again


def dispatch(index: Index, queue: Queue, *, limit: int = BATCH) -> int:
    """Send one round of what is due; the number of messages sent.

    Raises:
        IndexUnavailable: nothing can be known.
        BrokerUnavailable: the rows stay, all of them, and are due again in two seconds.
    """
    with index.begin() as tx:
        rows = tx.outbox.claim(None, limit, _CLAIM_SECONDS)
    if not rows:
        return 0
    try:
        queue.send([message(row) for row in rows])
    except BrokerUnavailable as error:
        _due_again(index, rows, error.code)
        raise
    with index.begin() as tx:
        tx.outbox.done(*(row.id for row in rows))
    return len(rows)


def message(row: OutboxRow) -> Message:
    """What a row asks for."""
    return Message(
        Work(row.topic),
        row.subject,
        urgent=bool(row.payload.get("urgent", False)),
        request_id=str(row.payload.get("request_id", "")),
        trace=traces.carried_in(row.payload),
    )


def _due_again(index: Index, rows: Sequence[OutboxRow], code: str) -> None:
    with index.begin() as tx:
        for row in rows:
            tx.outbox.retry(row.id, _RETRY_SECONDS, error=code)
