"""Storage Commitment Push Model (PS3.4 annex J), from both sides: asking a PACS, and telling a machine."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from pydicom.dataset import Dataset
from pynetdicom import build_role, evt

from services.dicom.network.answers import SUCCESS, Answers, Json
from services.dicom.network.queries import Found, caller_of, opened, refused
from services.dicom.network.scu import (
    VERIFICATION,
    Peer,
    StoreFailed,
    association_with,
    calling_entity,
)
from services.domain.commitment import PROCESSING_FAILURE, CommitmentReport, Reference
from services.domain.dicom.values import first_text, parse_uid
from services.domain.errors import Conflict, FadaError, InvalidInput, NotFound, Unavailable

PUSH_MODEL, INSTANCE = "1.2.840.10008.1.20.1", "1.2.840.10008.1.20.1.1"
REQUEST = 1  # N-ACTION
ALL_COMMITTED, SOME_FAILED = 1, 2  # N-EVENT-REPORT
MOST = 5000  # objects of one request
_LATER = (0x0110, 0x0213)  # processing failure, resource limitation
_TRANSACTION, _REFERENCED, _FAILED = "00081195", "00081199", "00081198"
_CLASS, _INSTANCE, _REASON = "00081150", "00081155", "00081197"
_MOST_BYTES = 768 * 1024
_LINGER_SECONDS = 0.3  # a machine that goes as soon as it was answered has gone by then
_REPORT_SECONDS = 15.0
_log = logging.getLogger("dicom.commitment")
_TAKE = Callable[[CommitmentReport], None]


class CommitmentRefused(Conflict):
    """Trying again does not help until the PACS is changed."""

    code, title = "commitment_refused", "The PACS does not offer storage commitment to this hub"


class CommitmentFailed(Unavailable):
    """It may take the request later."""

    code, title = "push_failed", "The PACS did not take the request for storage commitment"


def ask(
    peer: Peer,
    calling_aet: str,
    transaction_uid: str,
    objects: Sequence[Reference],
    taken: Callable[[], None],
    take: _TAKE,
    wait: float,
) -> None:
    """Ask the PACS to vouch for ``objects``; ``taken`` is called when it has taken the request.

    What it says within ``wait`` s on this association goes to ``take``; later it comes to the listener.

    Raises:
        StoreFailed, CommitmentFailed: out of reach or busy; try again.
        CommitmentRefused: it does not offer the service.
    """
    entity = calling_entity(calling_aet)
    entity.add_requested_context(PUSH_MODEL)
    entity.add_requested_context(VERIFICATION)  # so that a PACS without the service says so
    answered = threading.Event()

    def heard(event: evt.Event) -> tuple[int, None]:
        try:
            report = report_of(event)
            if report.transaction_uid != transaction_uid:
                raise NotFound
            take(report)
        except Exception as error:
            return refused(error, PROCESSING_FAILURE), None
        answered.set()
        return SUCCESS, None

    handlers = [(evt.EVT_N_EVENT_REPORT, heard)]
    with association_with(entity, peer, 60.0 + wait, handlers) as association:
        try:
            answer, _ = association.send_n_action(
                _asked(transaction_uid, objects), REQUEST, PUSH_MODEL, INSTANCE
            )
        except ValueError as error:  # no accepted context
            raise CommitmentRefused() from error
        except RuntimeError as error:
            raise StoreFailed("The PACS closed the connection.", retry_after=30) from error
        status = answer.get("Status")
        if status is None or status in _LATER:
            raise CommitmentFailed(retry_after=30)
        if status != SUCCESS:
            raise CommitmentRefused(f"The PACS refuses storage commitment (0x{status:04X}).")
        taken()
        answered.wait(wait)


def tell(peer: Peer, calling_aet: str, report: CommitmentReport, seconds: float = 30.0) -> None:
    """Report to who asked, on an association of our own; we keep the provider's role.

    Raises:
        StoreFailed, CommitmentFailed: out of reach, or it does not take the report.
    """
    entity = calling_entity(calling_aet)
    entity.add_requested_context(PUSH_MODEL)
    roles = [build_role(PUSH_MODEL, scp_role=True)]
    with association_with(entity, peer, seconds, [], roles) as association:
        if not tell_on(association, report):
            raise CommitmentFailed("The machine does not take the report.", retry_after=30)


def tell_on(association: Any, report: CommitmentReport) -> bool:
    """Report on an association that is open. False: it ended, or the report is not taken."""
    kind = SOME_FAILED if report.failed else ALL_COMMITTED
    try:
        answer, _ = association.send_n_event_report(dataset_of(report), kind, PUSH_MODEL, INSTANCE)
    except (RuntimeError, ValueError):
        return False
    return bool(answer.get("Status", 1) == SUCCESS)


def taken_report(event: evt.Event, answers: Answers) -> Found:
    """The answer to a PACS that reports on an association of its own."""
    try:
        answers.committed(caller_of(event), report_of(event))
    except Exception as error:
        return refused(error, PROCESSING_FAILURE), None
    return SUCCESS, None


def requested(event: evt.Event, answers: Answers) -> Found:
    """The answer to a machine that asks; the report follows on the same association, if it stays."""
    event.assoc.dul.socket.object_ended()
    caller = caller_of(event)
    try:
        if event.action_type != REQUEST:
            raise InvalidInput("This action is none of storage commitment.")
        uid, objects = _asked_of(opened(event, "ActionInformation", _MOST_BYTES))
        answers.ask_commitment(caller, uid, objects)
    except Exception as error:
        return refused(error, PROCESSING_FAILURE), None
    more = {"association": event.assoc, "answers": answers, "caller": caller, "uid": uid}
    threading.Thread(target=_report_here, kwargs=more, daemon=True).start()
    return SUCCESS, None


def _report_here(association: Any, answers: Answers, caller: str, uid: str) -> None:
    """After the request was answered. A machine that goes at once is told on another association, by
    whoever looks after the requests that were not reported on."""
    end = time.monotonic() + _LINGER_SECONDS
    while association.is_established and time.monotonic() < end:
        time.sleep(0.05)
    try:
        report = answers.commitment(caller, uid)
        association.dimse_timeout = _REPORT_SECONDS
        if association.is_established and tell_on(association, report):
            answers.told_commitment(caller, uid)
        else:
            answers.untold_commitment(caller, uid)
    except FadaError as error:
        _log.warning("commitment not reported", extra={"code": error.code})


def _asked_of(request: Json) -> tuple[str, tuple[Reference, ...]]:
    """(transaction UID, objects) of an N-ACTION's information. Raises InvalidInput."""
    objects = tuple(one for one, _ in _items(request, _REFERENCED))
    if not objects:
        raise InvalidInput("A request for storage commitment names its objects.")
    return parse_uid(first_text(request, _TRANSACTION)), objects


def report_of(event: evt.Event) -> CommitmentReport:
    """Of an N-EVENT-REPORT (PS3.4 table J.3-2). Raises InvalidInput."""
    event.assoc.dul.socket.object_ended()
    if event.event_type not in (ALL_COMMITTED, SOME_FAILED):
        raise InvalidInput("This event type is none of storage commitment.")
    content = opened(event, "EventInformation", _MOST_BYTES)
    committed = tuple(one for one, _ in _items(content, _REFERENCED))
    failed = {one: reason or PROCESSING_FAILURE for one, reason in _items(content, _FAILED)}
    return CommitmentReport(parse_uid(first_text(content, _TRANSACTION)), committed, failed)


def _items(content: Json, tag: str) -> Iterator[tuple[Reference, int]]:
    """Raises InvalidInput."""
    items = content.get(tag, {}).get("Value") or []
    if len(items) > MOST:
        raise InvalidInput(f"At most {MOST} objects go into one request.")
    for item in items:
        try:
            reference = Reference(
                parse_uid(first_text(item, _CLASS)), parse_uid(first_text(item, _INSTANCE))
            )
        except FadaError as error:
            raise InvalidInput("An object is not named by its class and instance.") from error
        reason = (item.get(_REASON, {}).get("Value") or [0])[0]
        yield reference, int(reason)


def dataset_of(report: CommitmentReport) -> Dataset:
    """The information of an N-EVENT-REPORT."""
    made = Dataset()
    made.TransactionUID = report.transaction_uid
    if report.committed:
        made.ReferencedSOPSequence = [_item(one) for one in report.committed]
    if report.failed:
        made.FailedSOPSequence = [_item(one, reason) for one, reason in report.failed.items()]
    return made


def _asked(transaction_uid: str, objects: Sequence[Reference]) -> Dataset:
    made = Dataset()
    made.TransactionUID = transaction_uid
    made.ReferencedSOPSequence = [_item(one) for one in objects]
    return made


def _item(one: Reference, reason: int | None = None) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = one.sop_class, one.sop_uid
    if reason is not None:
        item.FailureReason = reason
    return item
