"""The part of the machine that sends: the outbox, a broker that forgets, and deliveries to the outside."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule
from index_cases import ANNA, Clock

from machines.model import Model
from services.domain.errors import Conflict
from services.index.port import DeliveryState, Index, OutboxRow

CLAIM, DELIVERING = 30.0, 40.0
ANY = st.integers(0, 1_000)


class Messages(RuleBasedStateMachine):
    """``fresh`` gives an empty index whose time is the clock's, and what ends it."""

    fresh: Callable[[Clock], tuple[Index, Callable[[], None]]]

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.index, self.end = type(self).fresh(self.clock)
        self.model = Model()
        self.claimed: list[OutboxRow] = []
        self.broker: list[tuple[str, str]] = []  # topic and subject of what was sent

    # --- the outbox -------------------------------------------------------------------------------
    @rule(limit=st.integers(1, 5))
    def claim(self, limit: int) -> None:
        with self.index.begin() as tx:
            rows = tx.outbox.claim(None, limit, CLAIM)
        assert not {one.id for one in rows} & {one.id for one in self._hidden}
        self.claimed += [replace(one, created_at=self.clock()) for one in rows]

    @property
    def _hidden(self) -> list[OutboxRow]:
        """Rows that somebody has claimed a moment ago (``created_at``: since when)."""
        until = self.clock() - timedelta(seconds=CLAIM)
        return [one for one in self.claimed if one.created_at > until]

    @rule(twice=st.booleans(), killed=st.booleans())
    def send_claimed(self, twice: bool, killed: bool) -> None:
        """``killed`` after the broker has them, and before that is noted."""
        rows = [] if not self.claimed else [*self.claimed]
        self.broker += [(one.topic, one.subject) for one in rows] * (2 if twice else 1)
        if not killed:
            with self.index.begin() as tx:
                tx.outbox.done(*(one.id for one in rows))
            self.claimed.clear()

    @rule()
    def broker_is_away(self) -> None:
        with self.index.begin() as tx:
            for one in self.claimed:
                tx.outbox.retry(one.id, 2.0, error="broker_unavailable")
        self.claimed.clear()

    @rule()
    def broker_loses_everything(self) -> None:
        self.broker.clear()

    # --- deliveries -------------------------------------------------------------------------------
    @precondition(lambda self: self.model.deliveries)
    @rule(pick=ANY, end=st.sampled_from(("delivered", "later", "dead", "killed", "again")))
    def deliver(self, pick: int, end: str) -> None:
        """``killed``: its worker dies with it under way."""
        self._deliver(sorted(self.model.deliveries)[pick % len(self.model.deliveries)], end)

    def _deliver(self, delivery_id: str, end: str) -> None:
        known = self.model.deliveries
        if end == "again":
            with self.index.begin() as tx:
                if known[delivery_id] is DeliveryState.DEAD:
                    tx.deliveries.run_again(ANNA, delivery_id)
                    known[delivery_id] = DeliveryState.WAITING
                else:
                    with pytest.raises(Conflict):
                        tx.deliveries.run_again(ANNA, delivery_id)
            return
        with self.index.begin() as tx:
            started = tx.deliveries.start(delivery_id, DELIVERING)
        if started is None or end == "killed":
            return
        assert known[delivery_id] is DeliveryState.WAITING
        with self.index.begin() as tx:
            if end == "delivered":
                tx.deliveries.delivered(delivery_id)
                known[delivery_id] = DeliveryState.DELIVERED
            else:
                tx.deliveries.failed(delivery_id, "bad", delay=9.0 if end == "later" else None)
                known[delivery_id] = DeliveryState.DEAD if end == "dead" else known[delivery_id]
