"""Work items: kept, changed, and told of."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import RowMapping, delete, func, insert, select, update

from services.domain.errors import Conflict, NotFound
from services.domain.orders.workitem import (
    GLOBAL,
    PROGRESS_INFO,
    READINESS,
    SOP_CLASS,
    STATE,
    UID_TAG,
    WorkitemState,
    state_of,
    why_cancelled,
)
from services.domain.study import Principal
from services.index.access.audit import AuditTable
from services.index.database.connection import Session
from services.index.database.tables.messaging import event_counters
from services.index.database.tables.workitems import (
    workitem_events,
    workitem_subscriptions,
    workitems,
)
from services.index.workitems.port import Json, Workitem, WorkitemEvent

STATE_REPORT, CANCEL_REQUESTED, PROGRESS_REPORT = 1, 2, 3  # PS3.4 table CC.2.4-1
_TYPE, _CLASS = "00001002", "00000002"  # Event Type ID, Affected SOP Class (PS3.18 11.13)
_INSTANCE = "00001000"


class WorkitemsTable:
    """The port's ``Workitems``."""

    def __init__(self, session: Session, audit: AuditTable) -> None:
        self._session, self._audit = session, audit

    def create(self, principal: Principal, item: Json, study_uid: str, reading: bool) -> Workitem:
        """See the port. Raises Conflict."""
        now, uid = self._session.now(), str(item[UID_TAG]["Value"][0])
        row: dict[str, Any] = {
            "site": principal.site,
            "uid": uid,
            "state": state_of(item).value,
            "transaction_uid": "",
            "performer": "",
            "attributes": item,
            "study_uid": study_uid,
            "reading": reading,
            "created_at": now,
            "changed_at": now,
            "began_at": None,
        }
        if not self._session.insert_new(workitems, row):
            known = self.get(principal.site, uid)
            if known.attributes != item:
                raise Conflict("There is another work item of this UID.")
            return known
        self._audit.add(principal, "workitem.created", uid, {"reading": reading})
        made = self.get(principal.site, uid)
        for one in self._execute(self._subscribers(principal.site, GLOBAL)).mappings().all():
            self._follow(principal.site, one["subscriber"], uid)
        self._tell(made, STATE_REPORT, _state_report(item))
        return made

    def get(self, site: str, uid: str) -> Workitem:
        """See the port. Raises NotFound."""
        return self._one(_of(site, uid))

    def lock(self, site: str, uid: str) -> Workitem:
        """See the port. Raises NotFound."""
        return self._one(_of(site, uid).with_for_update())

    def find(self, site: str, state: str = "", *, limit: int, offset: int) -> list[Workitem]:
        """See the port."""
        columns = workitems.c
        query = select(workitems).where(columns.site == site)
        if state:
            query = query.where(columns.state == state)
        query = query.order_by(columns.created_at.desc(), columns.uid).limit(limit).offset(offset)
        return [Workitem(**row) for row in self._execute(query).mappings().all()]

    def save(
        self, principal: Principal, item: Workitem, attributes: Json, transaction_uid: str = ""
    ) -> Workitem:
        """See the port."""
        state, now = state_of(attributes).value, self._session.now()
        values: dict[str, Any] = {"attributes": attributes, "state": state, "changed_at": now}
        if transaction_uid:
            values |= {"transaction_uid": transaction_uid, "began_at": now}
            values["performer"] = principal.subject
        mine = update(workitems).where(workitems.c.site == item.site, workitems.c.uid == item.uid)
        self._execute(mine.values(**values))
        saved = self.get(item.site, item.uid)
        detail = {"state": state}
        if state != item.state:
            self._audit.add(principal, "workitem.state", item.uid, detail)
            self._tell(saved, STATE_REPORT, _state_report(attributes))
        elif attributes.get(PROGRESS_INFO) != item.attributes.get(PROGRESS_INFO):
            report = {PROGRESS_INFO: attributes[PROGRESS_INFO]}
            self._tell(saved, PROGRESS_REPORT, report)
        elif attributes != item.attributes:
            self._audit.add(principal, "workitem.changed", item.uid, detail)
        return saved

    def now(self) -> datetime:
        """See the port."""
        return self._session.now()

    def open_readings(self, limit: int) -> list[Workitem]:
        """See the port."""
        columns = workitems.c
        going = (WorkitemState.SCHEDULED.value, WorkitemState.IN_PROGRESS.value)
        query = select(workitems).where(columns.reading.is_(True), columns.state.in_(going))
        query = query.order_by(columns.changed_at).limit(limit)
        return [Workitem(**row) for row in self._execute(query).mappings().all()]

    def cancel_requested(self, principal: Principal, item: Workitem, report: Json) -> int:
        """See the port."""
        self._audit.add(principal, "workitem.cancel_requested", item.uid, {"state": item.state})
        return self._tell(item, CANCEL_REQUESTED, report)

    # --- subscribers ------------------------------------------------------------------------------
    def subscribe(self, principal: Principal, subscriber: str, uid: str) -> None:
        """See the port. Raises NotFound."""
        site = principal.site
        items = [self.get(site, uid)] if uid != GLOBAL else self.find(site, limit=10_000, offset=0)
        self._follow(site, subscriber, uid)
        for item in items:
            self._follow(site, subscriber, item.uid)
            self._tell(item, STATE_REPORT, _state_report(item.attributes), only=subscriber)
        self._audit.add(principal, "workitem.subscribed", uid, {"subscriber": subscriber})

    def unsubscribe(self, principal: Principal, subscriber: str, uid: str) -> None:
        """See the port. Raises NotFound."""
        columns = workitem_subscriptions.c
        gone = delete(workitem_subscriptions).where(
            columns.site == principal.site, columns.subscriber == subscriber
        )
        if uid != GLOBAL:
            gone = gone.where(columns.uid == uid)
        if not self._execute(gone).rowcount:
            raise NotFound
        self._audit.add(principal, "workitem.unsubscribed", uid, {"subscriber": subscriber})

    def suspend(self, principal: Principal, subscriber: str) -> None:
        """See the port. Raises NotFound."""
        columns = workitem_subscriptions.c
        mine = update(workitem_subscriptions).where(
            columns.site == principal.site, columns.subscriber == subscriber, columns.uid == GLOBAL
        )
        if not self._execute(mine.values(suspended=True)).rowcount:
            raise NotFound
        self._audit.add(principal, "workitem.suspended", GLOBAL, {"subscriber": subscriber})

    def events(self, site: str, subscriber: str, after: int, limit: int) -> list[WorkitemEvent]:
        """See the port."""
        columns = workitem_events.c
        query = select(columns.seq, columns.subscriber, columns.uid, columns.report).where(
            columns.site == site, columns.subscriber == subscriber, columns.seq > after
        )
        rows = self._execute(query.order_by(columns.seq).limit(limit)).mappings().all()
        return [WorkitemEvent(**row) for row in rows]

    def latest_event(self, site: str, subscriber: str) -> int:
        """See the port."""
        columns = workitem_events.c
        mine = columns.site == site, columns.subscriber == subscriber
        return int(self._execute(select(func.max(columns.seq)).where(*mine)).scalar() or 0)

    def purge_events(self, older_than: float) -> int:
        """See the port."""
        old = self._session.now() - timedelta(seconds=older_than)
        gone = delete(workitem_events).where(workitem_events.c.created_at <= old)
        return int(self._execute(gone).rowcount)

    def _follow(self, site: str, subscriber: str, uid: str) -> None:
        row = {
            "site": site,
            "subscriber": subscriber,
            "uid": uid,
            "suspended": False,
            "created_at": self._session.now(),
        }
        if not self._session.insert_new(workitem_subscriptions, row):
            columns = workitem_subscriptions.c
            mine = update(workitem_subscriptions).where(
                columns.site == site, columns.subscriber == subscriber, columns.uid == uid
            )
            self._execute(mine.values(suspended=False))

    def _subscribers(self, site: str, uid: str) -> Any:
        columns = workitem_subscriptions.c
        query = select(workitem_subscriptions).where(columns.site == site, columns.uid == uid)
        return query.where(columns.suspended.is_(False)).order_by(columns.subscriber)

    def _tell(self, item: Workitem, kind: int, report: Json, only: str = "") -> int:
        subscribers = self._execute(self._subscribers(item.site, item.uid)).mappings().all()
        names = [one["subscriber"] for one in subscribers if only in ("", one["subscriber"])]
        if not names:
            return 0
        whole = {
            _CLASS: {"vr": "UI", "Value": [SOP_CLASS]},
            _TYPE: {"vr": "US", "Value": [kind]},
            _INSTANCE: {"vr": "UI", "Value": [item.uid]},
            **report,
        }
        first = self._reserve(item.site, len(names))
        rows = [
            {"site": item.site, "seq": first + place, "subscriber": name, "uid": item.uid,
             "report": whole, "created_at": self._session.now()}
            for place, name in enumerate(names)
        ]  # fmt: skip
        self._execute(insert(workitem_events), rows)
        return len(names)

    def _reserve(self, site: str, count: int) -> int:
        """The first of ``count`` numbers; the counter's row is held until the commit, so that no number
        becomes visible before a smaller one."""
        name = f"workitems of {site}"
        self._session.insert_new(event_counters, {"site": name, "seq": 0})
        step = update(event_counters).where(event_counters.c.site == name)
        step = step.values(seq=event_counters.c.seq + count)
        last = int(self._execute(step.returning(event_counters.c.seq)).scalar_one())
        return last - count + 1

    def _one(self, query: Any) -> Workitem:
        row: RowMapping | None = self._execute(query).mappings().first()
        if row is None:
            raise NotFound
        return Workitem(**row)

    def _execute(self, *statement: Any) -> Any:
        return self._session.connection.execute(*statement)


def _of(site: str, uid: str) -> Any:
    return select(workitems).where(workitems.c.site == site, workitems.c.uid == uid)


def _state_report(item: Json) -> Json:
    report = {STATE: item[STATE], READINESS: item[READINESS]}
    if state_of(item) is WorkitemState.CANCELED:  # why, beside the state (PS3.4 table CC.2.4-1)
        report |= why_cancelled(item)
    return report
