"""What the index promises about orders, machines' procedure steps, and news of patients."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from services.domain.orders.order import NewOrder, OrderSource, OrderState, PatientNews, StepNews
from services.domain.patient import Identity
from services.domain.study import Principal
from services.index.records import Study


@dataclass(frozen=True, slots=True)
class Order:
    """An order of a site; its fields are those of ``NewOrder``, none of the numbers empty but the
    placer's."""

    id: str
    site: str
    accession: str
    placer: str
    placer_system: str
    source: OrderSource
    state: OrderState
    urgent: bool
    number: str
    name: str
    birth_date: str
    sex: str
    procedure: str
    reason: str
    referring: str
    station: str
    day: str
    time: str
    study_uid: str
    created_at: datetime
    changed_at: datetime

    @classmethod
    def of(cls, row: Any) -> Order:
        """The record of a row, a mapping by columns."""
        state, source = OrderState(row["state"]), OrderSource(row["source"])
        return cls(**{**row, "state": state, "source": source})

    @property
    def identity(self) -> Identity:
        """Whom it is for."""
        return Identity(self.number, self.name, self.birth_date)


@dataclass(frozen=True, slots=True)
class ProcedureStep:
    """A machine's own record of a step. ``order_id`` is None where it named no order."""

    site: str
    uid: str
    order_id: str | None
    state: OrderState
    station: str
    performed: list[str]
    study_uid: str
    images: list[str]
    created_at: datetime
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class WaitingNews:
    """News of a patient that contradicts her record. ``patient_id``: whose record; ``recorded``: what it
    says."""

    id: str
    site: str
    identity: Identity
    prior: str
    received_at: datetime
    patient_id: str | None
    recorded: Identity


@dataclass(frozen=True, slots=True)
class OrderQuery:
    """``day_from`` and ``day_to`` ISO 8601, both included; ``station``: orders for this AE title and
    those for any; ``text``: words of name, number or accession."""

    day_from: str = ""
    day_to: str = ""
    states: tuple[OrderState, ...] = ()
    station: str = ""
    text: str = ""
    limit: int = 500


class Orders(Protocol):
    """The orders of each site. Every change is audited."""

    def place(self, principal: Principal, new: NewOrder) -> tuple[Order, bool]:
        """The order, and whether it is new. One with the same placer's number, or the same accession
        number, is changed instead: what comes twice is one order.

        Raises:
            InvalidInput: it names no patient, or numbers that DICOM cannot carry.
            Conflict: an order of another patient has the accession number, or hers has begun.
        """
        ...

    def change(self, principal: Principal, order_id: str, new: NewOrder) -> Order:
        """What is said anew of a known order; empty numbers stay. Whom it is for changes only before it
        has begun. Raises NotFound, InvalidInput, Conflict."""
        ...

    def get(self, site: str, order_id: str) -> Order:
        """Raises NotFound."""
        ...

    def by_placer(self, site: str, system: str, number: str) -> Order | None:
        """The order that was placed under this number."""
        ...

    def by_accession(self, site: str, accession: str) -> Order | None:
        """The order of this accession number."""
        ...

    def find(self, site: str, query: OrderQuery) -> list[Order]:
        """By day and time, oldest first."""
        ...

    def set_state(self, principal: Principal, order_id: str, state: OrderState) -> Order:
        """Raises NotFound; Conflict: an order with images cannot be cancelled."""
        ...

    def studies(self, site: str, order_ids: Collection[str]) -> dict[str, list[Study]]:
        """Studies that met each order, oldest first."""
        ...

    def unmatched(self, site: str, day_from: str, limit: int) -> list[Study]:
        """Studies that came on this day or later, or are of it, and met no order, newest first; phones'
        cases are none."""
        ...

    def match(self, principal: Principal, order_id: str, study_id: str) -> None:
        """A person says that the study is the order's. Where the two contradict each other in whom they
        name, the study has a clash afterwards, and a person decides.

        Raises NotFound; Conflict: the study has an order, or waits for a decision.
        """
        ...

    def unmatch(self, principal: Principal, study_id: str) -> None:
        """The study is not its order's. Raises NotFound."""
        ...


class ProcedureSteps(Protocol):
    """What machines report by MPPS; the order follows."""

    def begin(self, principal: Principal, news: StepNews) -> bool:
        """False: the step is known. Its order is in progress."""
        ...

    def end(self, principal: Principal, news: StepNews) -> bool:
        """Any later report. False: the step has ended and does not change any more. Raises NotFound.

        One that is completed ends the quiet time of its studies, as ``Studies.complete`` does, once all
        images that it names are here: at once, or when the last one comes.
        """
        ...

    def find(self, site: str, order_id: str) -> list[ProcedureStep]:
        """Oldest first."""
        ...


class News(Protocol):
    """What a hospital says anew of its patients. Orders that have not begun follow at once."""

    def receive(self, principal: Principal, news: PatientNews) -> bool:
        """Whether it waits for a person: it contradicts her record, or merges a record that has studies.
        What only adds to the record is taken."""
        ...

    def waiting(self, site: str) -> list[WaitingNews]:
        """Oldest first."""
        ...

    def decide(self, principal: Principal, news_id: str, accept: bool) -> None:
        """Accepted: the record says so, or her studies go to the other number. Raises NotFound, Conflict
        (decided already)."""
        ...


def order_detail(order: Order) -> dict[str, Any]:
    """What an audit entry and an event say of an order: no patient data."""
    return {"state": order.state.value, "source": order.source.value, "station": order.station}
