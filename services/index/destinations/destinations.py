"""Destinations outside and the ordered rules of a site."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import RowMapping, delete, insert, select, update

from services.domain.errors import Conflict, InvalidInput, NotFound
from services.domain.routing import DeliverySubject, ResultKind, Route, Rule, route
from services.domain.study import Principal
from services.domain.work import DestinationKind
from services.index.access.audit import AuditTable
from services.index.database.connection import Session, new_id
from services.index.database.tables.destinations import (
    destination_rules,
    destinations,
    push_subscriptions,
)
from services.index.destinations.port import (
    FROM_SETTINGS,
    Destination,
    FirstDestinations,
    NewDestination,
)
from services.index.destinations.result_subject import ResultSubjects
from services.index.messaging.deliveries import DeliveriesTable
from services.index.messaging.deliveries_port import Delivery
from services.index.messaging.port import Event


class DestinationsTable:
    """The port's ``Destinations``."""

    def __init__(
        self,
        session: Session,
        deliveries: DeliveriesTable,
        audit: AuditTable,
        first: FirstDestinations,
    ) -> None:
        self._session, self._deliveries = session, deliveries
        self._audit, self._first = audit, first
        self._subjects = ResultSubjects(session)

    def create(self, principal: Principal, new: NewDestination) -> Destination:
        """See the port."""
        self._refuse_taken(principal.site, new.name)
        values = self._values(principal.site, new)
        self._session.connection.execute(insert(destinations), values)
        detail = {"kind": new.kind.value, "name": new.name, "by_default": new.by_default}
        self._audit.add(principal, "destination.created", values["id"], detail)
        return self.get(principal.site, values["id"])

    def change(self, principal: Principal, destination_id: str, **values: Any) -> Destination:
        """See the port."""
        before = self.get(principal.site, destination_id)
        if values.get("name", before.name) != before.name:
            self._refuse_taken(principal.site, values["name"])
        if values:
            where = destinations.c.id == destination_id
            self._session.connection.execute(update(destinations).where(where).values(**values))
        self._audit.add(
            principal, "destination.changed", destination_id, {"fields": sorted(values)}
        )
        return self.get(principal.site, destination_id)

    def seal_again(self, seal: Callable[[str], str]) -> int:
        """See the port."""
        query = select(destinations.c.id, destinations.c.credentials)
        kept = self._session.connection.execute(query.where(destinations.c.credentials != "")).all()
        for row in kept:
            change = update(destinations).where(
                destinations.c.id == row.id, destinations.c.credentials == row.credentials
            )
            self._session.connection.execute(change.values(credentials=seal(row.credentials)))
        return len(kept)

    def remove(self, principal: Principal, destination_id: str) -> None:
        """See the port."""
        self.get(principal.site, destination_id)
        change = update(destinations).where(destinations.c.id == destination_id)
        self._session.connection.execute(
            change.values(removed_at=self._session.now(), credentials="")
        )
        mine = push_subscriptions.c.destination_id == destination_id
        self._session.connection.execute(delete(push_subscriptions).where(mine))
        self._audit.add(principal, "destination.removed", destination_id)

    def find(self, site: str) -> list[Destination]:
        """See the port."""
        columns = destinations.c
        query = select(destinations).where(columns.site == site, columns.removed_at.is_(None))
        rows = self._session.connection.execute(query.order_by(columns.id)).mappings()
        return [_destination(row) for row in rows]

    def get(self, site: str, destination_id: str) -> Destination:
        """See the port."""
        columns = destinations.c
        query = select(destinations).where(columns.id == destination_id, columns.site == site)
        row = self._session.connection.execute(query).mappings().first()
        if row is None or row["removed_at"] is not None:
            raise NotFound
        return _destination(row)

    def names(self, site: str) -> dict[str, str]:
        """See the port."""
        columns = destinations.c
        query = select(columns.id, columns.name).where(columns.site == site)
        return {row.id: row.name for row in self._session.connection.execute(query)}

    def take_over(self, site: str) -> None:
        """See the port."""
        wanted = self._first(site)
        if not wanted:
            return
        columns = destinations.c
        known = select(columns.id).where(columns.site == site, columns.source == FROM_SETTINGS)
        if self._session.connection.execute(known.limit(1)).first() is not None:
            return
        made = []
        for new in wanted:
            values = self._values(site, new)
            if self._session.insert_new(destinations, values):
                made.append(values["id"])
        self._deliveries.give_to(site, made)

    def rules(self, site: str) -> list[Rule]:
        """See the port."""
        columns = destination_rules.c
        query = select(destination_rules).where(columns.site == site).order_by(columns.position)
        return [_rule(row) for row in self._session.connection.execute(query).mappings()]

    def set_rules(self, principal: Principal, rules: Sequence[Rule]) -> None:
        """See the port."""
        known = {one.id for one in self.find(principal.site)}
        if unknown := {d for rule in rules for d in rule.destinations} - known:
            raise InvalidInput(f"{len(unknown)} destinations of the rules are not of this site.")
        mine = destination_rules.c.site == principal.site
        self._session.connection.execute(delete(destination_rules).where(mine))
        rows = [_row(principal.site, position, rule) for position, rule in enumerate(rules)]
        if rows:
            self._session.connection.execute(insert(destination_rules), rows)
        detail = {"rules": [_row_detail(row) for row in rows]}
        self._audit.add(principal, "destination.rules", principal.site, detail)

    def subject(self, site: str, study_id: str) -> DeliverySubject | None:
        """See the port."""
        subject = self._subjects.latest(site, study_id)
        return subject.subject if subject else None

    def route(self, site: str, subject: DeliverySubject) -> Route:
        """See the port."""
        live = self.find(site)
        chosen = route(self.rules(site), [one.id for one in live if one.by_default], subject)
        ids = {one.id for one in live}
        return Route(tuple(one for one in chosen.destinations if one in ids), chosen.rule)

    def deliver_event(self, event: Event) -> list[Delivery]:
        """See the port."""
        self.take_over(event.site)
        if not self.find(event.site):
            return []
        subject = self._subjects.of_event(event)
        if subject is None:
            return []
        chosen = self.route(event.site, subject.subject)
        return self._deliver(event.site, event.study_id, subject.version, subject.subject, chosen)

    def send_again(
        self, principal: Principal, study_id: str, destination_id: str | None = None
    ) -> list[Delivery]:
        """See the port."""
        subject = self._subjects.latest(principal.site, study_id)
        if subject is None:
            raise Conflict("This study has no result that may be sent.")
        if destination_id is None:
            self.take_over(principal.site)
            chosen = self.route(principal.site, subject.subject)
        else:
            chosen = Route((self.get(principal.site, destination_id).id,), None)
        made = self._deliver(principal.site, study_id, subject.version, subject.subject, chosen)
        detail = {"deliveries": [one.id for one in made]}
        self._audit.add(principal, "study.sent", study_id, detail)
        return made

    def _deliver(
        self, site: str, study_id: str, version: int | None, subject: DeliverySubject, chosen: Route
    ) -> list[Delivery]:
        made = []
        for destination_id in chosen.destinations:
            destination = self.get(site, destination_id)
            if version is None and not destination.kind.takes_failures:
                continue
            made.append(
                self._deliveries.add_push(destination, study_id, version, sorted(subject.kinds))
            )
        return made

    def _refuse_taken(self, site: str, name: str) -> None:
        if any(one.name == name for one in self.find(site)):
            raise Conflict("This site has a destination of that name.")

    def _values(self, site: str, new: NewDestination) -> dict[str, Any]:
        return {
            "id": new_id(),
            "site": site,
            "name": new.name,
            "kind": new.kind.value,
            "address": new.address,
            "options": new.options,
            "credentials": new.credentials,
            "by_default": new.by_default,
            "source": new.source,
            "created_at": self._session.now(),
            "removed_at": None,
        }


def _destination(row: RowMapping) -> Destination:
    return Destination(**{**row, "kind": DestinationKind(row["kind"])})


def _rule(row: RowMapping) -> Rule:
    return Rule(
        frozenset(map(ResultKind, row["results"])),
        frozenset(row["planes"]),
        frozenset(row["findings"]),
        frozenset(row["origins"]),
        tuple(row["destinations"]),
    )


def _row(site: str, position: int, rule: Rule) -> dict[str, Any]:
    return {
        "site": site,
        "position": position,
        "results": sorted(rule.results),
        "planes": sorted(rule.planes),
        "findings": sorted(rule.findings),
        "origins": sorted(rule.origins),
        "destinations": list(rule.destinations),
    }


def _row_detail(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in ("site", "position")}
