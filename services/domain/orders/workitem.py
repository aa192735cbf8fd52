"""Work items of the Unified Procedure Step (PS3.4 annex CC, tables CC.1.1-2 and CC.2.5-3), as DICOM JSON.

Pure functions: a data set and what is asked for become the data set afterwards, or a refusal.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from services.domain.dicom.values import first_text, parse_uid
from services.domain.errors import Conflict, FadaError, InvalidInput

Json = dict[str, Any]
SOP_CLASS = "1.2.840.10008.5.1.4.34.6.1"  # UPS Push
GLOBAL = "1.2.840.10008.5.1.4.34.5"  # the subscription to all work items
CLASS_TAG, UID_TAG, STUDY_TAG, TRANSACTION = "00080016", "00080018", "0020000D", "00081195"
STATE, PRIORITY, LABEL, WORKLIST = "00741000", "00741200", "00741204", "00741202"
START, READINESS, CODE, INPUT = "00404005", "00404041", "00404018", "00404021"
STATION, PROGRESS_INFO, PERFORMED = "00404025", "00741002", "00741216"
PROGRESS, DESCRIPTION, CANCELLED_AT = "00741004", "00741006", "00404052"
REASON, DISCONTINUATION, REQUESTER = "00741238", "0074100E", "00741236"
OF_A_REQUEST = (REASON, DISCONTINUATION, "0074100A", "0074100C")  # to cancel, PS3.4 table CC.2.2-1
PERFORMED_STATION, PERFORMED_CODE = "00404028", "00404019"
PERFORMED_START, PERFORMED_END, OUTPUT = "00404050", "00404051", "00404033"
# What a new item must say (type 1), and may leave empty (type 2): what is left out is added.
_NEEDED = (PRIORITY, LABEL, START, READINESS, STATE)
_EMPTY = {
    TRANSACTION: "UI", WORKLIST: "LO", STATION: "SQ", "00404026": "SQ", "00404027": "SQ",
    CODE: "SQ", "00741210": "SQ", "00400400": "LT", INPUT: "SQ", "00100010": "PN", "00100020": "LO",
    "00100030": "DA", "00100040": "CS", "00380010": "LO", "0040A370": "SQ", "00081080": "LO",
    "00081084": "SQ", PROGRESS_INFO: "SQ", PERFORMED: "SQ",
}  # fmt: skip
_VALUES = {
    PRIORITY: ("HIGH", "MEDIUM", "LOW"),
    READINESS: ("READY", "UNAVAILABLE", "INCOMPLETE"),
}
# Not changed by an update (CC.2.6): who the item is and for whom, and its state.
_FIXED = (CLASS_TAG, UID_TAG, STATE, TRANSACTION, "00100010", "00100020", "00100030", "00100040",
          "00100021", "00380010", "0040A370", "00081080", "00081084", STUDY_TAG)  # fmt: skip
_IN_PERFORMED = (PERFORMED_STATION, PERFORMED_CODE, PERFORMED_START, PERFORMED_END)


class WorkitemState(StrEnum):
    """Procedure Step State (0074,1000)."""

    SCHEDULED = "SCHEDULED"
    IN_PROGRESS = "IN PROGRESS"
    COMPLETED = "COMPLETED"
    CANCELED = "CANCELED"

    @property
    def is_final(self) -> bool:
        """Whether nothing about the item changes any more."""
        return self in (WorkitemState.COMPLETED, WorkitemState.CANCELED)


class WrongTransaction(Conflict):
    """0xC301: who changes an item in progress names the transaction by which it was claimed."""

    code, title = "wrong_transaction", "The work item was claimed by another transaction"
    headers = {"Warning": '299 fada "The Transaction UID is incorrect."'}  # noqa: RUF012


class NotInState(Conflict):
    """0xC302, 0xC303, 0xC310, 0xC300: the item's state does not allow it."""

    code, title = "wrong_state", "The state of the work item does not allow this"
    headers = {  # noqa: RUF012
        "Warning": '299 fada "The submitted request is inconsistent with the state of the UPS Instance."'
    }


class AlreadyCompleted(NotInState):
    """0xC311: what is done is not cancelled."""

    headers = {"Warning": '299 fada "The UPS is already COMPLETED."'}  # noqa: RUF012


class NobodyListens(Conflict):
    """0xC312: another performs it, and does not hear of the request."""

    code, title = "performer_unreachable", "Nobody listens who could cancel it"
    headers = {"Warning": '299 fada "The performer cannot be contacted."'}  # noqa: RUF012


class NotFinished(Conflict):
    """0xC304: the final state needs attributes that are missing."""

    code, title = "final_state_incomplete", "The work item lacks what its final state needs"
    headers = NotInState.headers


class AlreadySo(FadaError):
    """0xB304, 0xB306: it is in that state already; the caller is warned, and nothing is wrong."""

    code, title, status = "already_in_state", "The work item is in that state already", 200


def created(given: Json, uid: str) -> Json:
    """A new item. Raises InvalidInput: table CC.2.5-3 is not met."""
    for tag in _NEEDED:
        if not first_text(given, tag):
            raise InvalidInput(f"A work item needs ({tag[:4]},{tag[4:]}).")
    _check_values(given)
    if first_text(given, STATE) != WorkitemState.SCHEDULED:
        raise InvalidInput("A new work item is SCHEDULED.")
    for tag in (TRANSACTION, PROGRESS_INFO, PERFORMED):
        if given.get(tag, {}).get("Value"):
            raise InvalidInput(f"({tag[:4]},{tag[4:]}) of a new work item is empty.")
    if first_text(given, UID_TAG) not in ("", uid):
        raise InvalidInput("The address and (0008,0018) name different work items.")
    made = {**{tag: {"vr": vr} for tag, vr in _EMPTY.items()}, **_dataset(given)}
    made[CLASS_TAG], made[UID_TAG] = _value("UI", SOP_CLASS), _value("UI", parse_uid(uid))
    return made


def updated(item: Json, given: Json, named: str, held: str) -> Json:
    """Changed attributes. ``named``: the transaction UID of the request; ``held``: that of the claim.

    Raises InvalidInput, WrongTransaction, NotInState.
    """
    state = state_of(item)
    if state.is_final:
        raise NotInState("The work item has ended and does not change any more.")
    if named != held:
        raise WrongTransaction()
    changes = _dataset(given)
    for tag in _FIXED:
        if tag in changes and changes[tag].get("Value") and changes[tag] != item.get(tag):
            raise InvalidInput(f"({tag[:4]},{tag[4:]}) is not changed by an update.")
    _check_values(changes)
    return {**item, **{tag: entry for tag, entry in changes.items() if tag not in _FIXED}}


def moved(item: Json, wanted: str, named: str, held: str, now: datetime) -> Json:
    """The item in another state (table CC.1.1-2). Raises InvalidInput, WrongTransaction, NotInState,
    NotFinished, AlreadySo."""
    state = state_of(item)
    try:
        target = WorkitemState(wanted)
    except ValueError as error:
        raise InvalidInput("This is no state of a procedure step.") from error
    parse_uid(named)
    if target is WorkitemState.SCHEDULED:
        raise NotInState("A work item does not become SCHEDULED again.")
    if state.is_final:
        if state is target and named == held:
            raise AlreadySo()
        raise NotInState(f"The work item is {state.value}.")
    if state is WorkitemState.SCHEDULED:
        if target is not WorkitemState.IN_PROGRESS:
            raise NotInState("A work item is claimed (IN PROGRESS) first.")
        return {**item, STATE: _value("CS", target.value)}
    if target is WorkitemState.IN_PROGRESS:
        raise NotInState("The work item is IN PROGRESS already.")
    if named != held:
        raise WrongTransaction()
    if target is WorkitemState.CANCELED:
        return cancelled(item, now)
    _check_performed(item)
    return {**item, STATE: _value("CS", target.value)}


def cancelled(item: Json, now: datetime, reason: str = "") -> Json:
    """CANCELED, with when and why, as its final state needs them."""
    progress = dict(_first_item(item, PROGRESS_INFO))
    progress.setdefault(CANCELLED_AT, _value("DT", moment(now)))
    if not progress.get(DISCONTINUATION, {}).get("Value"):
        unspecified = code("110513", "DCM", "Discontinued for unspecified reason")
        progress[DISCONTINUATION] = _value("SQ", unspecified)
    if reason:
        progress[REASON] = _value("LT", reason)
    changed = {PROGRESS_INFO: _value("SQ", progress)}
    return {**item, **changed, STATE: _value("CS", WorkitemState.CANCELED.value)}


def progress_of(item: Json) -> Json:
    """Procedure Step Progress Information (0074,1002), empty before there is any."""
    return _first_item(item, PROGRESS_INFO)


def why_cancelled(item: Json) -> Json:
    """The reason and its code of a cancelled item, as far as they were said."""
    progress = _first_item(item, PROGRESS_INFO)
    return {tag: progress[tag] for tag in (REASON, DISCONTINUATION) if tag in progress}


def progressed(item: Json, percent: int, words: str) -> Json:
    """With Procedure Step Progress (0074,1004) and its description."""
    progress = {**_first_item(item, PROGRESS_INFO), PROGRESS: {"vr": "DS", "Value": [percent]}}
    progress[DESCRIPTION] = _value("ST", words)
    return {**item, PROGRESS_INFO: _value("SQ", progress)}


def performed(
    item: Json, station: Json, began: datetime, ended: datetime, outputs: list[Json]
) -> Json:
    """With the performed procedure that COMPLETED needs; the code is the scheduled one."""
    done: Json = {
        PERFORMED_STATION: _value("SQ", station),
        PERFORMED_CODE: item.get(CODE, {"vr": "SQ"}),
        PERFORMED_START: _value("DT", moment(began)),
        PERFORMED_END: _value("DT", moment(ended)),
        OUTPUT: {"vr": "SQ", "Value": outputs} if outputs else {"vr": "SQ"},
    }
    return {**item, PERFORMED: _value("SQ", done)}


def state_of(item: Json) -> WorkitemState:
    """Of a stored item."""
    return WorkitemState(first_text(item, STATE))


def shown(item: Json) -> Json:
    """As it is given out: the transaction UID is its performer's alone (CC.2.7.3)."""
    return {**item, TRANSACTION: {"vr": "UI"}}


def referenced_studies(item: Json) -> set[str]:
    """Study Instance UIDs of its input, and of the item itself."""
    uids = {first_text(one, STUDY_TAG) for one in item.get(INPUT, {}).get("Value") or []}
    return (uids | {first_text(item, STUDY_TAG)}) - {""}


def codes_of(item: Json, tag: str) -> list[tuple[str, str]]:
    """(value, scheme) of the items of a code sequence."""
    entries = item.get(tag, {}).get("Value") or []
    return [(first_text(one, "00080100"), first_text(one, "00080102")) for one in entries]


def code(value: str, scheme: str, meaning: str) -> Json:
    """One item of a code sequence."""
    return {
        "00080100": _value("SH", value),
        "00080102": _value("SH", scheme),
        "00080104": _value("LO", meaning),
    }


def moment(at: datetime) -> str:
    """As DT with its offset from UTC."""
    return at.strftime("%Y%m%d%H%M%S%z")


def _check_performed(item: Json) -> None:
    done = _first_item(item, PERFORMED)
    missing = [tag for tag in _IN_PERFORMED if not done.get(tag, {}).get("Value")]
    missing += [OUTPUT] if OUTPUT not in done else []
    if missing:
        names = ", ".join(f"({tag[:4]},{tag[4:]})" for tag in missing)
        raise NotFinished(f"(0074,1216) lacks {names}.")


def _check_values(given: Json) -> None:
    for tag, allowed in _VALUES.items():
        if tag in given and first_text(given, tag) not in allowed:
            raise InvalidInput(f"({tag[:4]},{tag[4:]}) is one of {', '.join(allowed)}.")


def _dataset(given: Json) -> Json:
    """Raises InvalidInput: no data set in the DICOM JSON model."""
    for tag, entry in given.items():
        good = len(tag) == 8 and isinstance(entry, dict) and len(str(entry.get("vr", ""))) == 2
        if not good or not isinstance(entry.get("Value", []), list):
            raise InvalidInput("The work item is no data set of DICOM JSON (PS3.18 annex F).")
        if "BulkDataURI" in entry or "InlineBinary" in entry:
            raise InvalidInput("A work item holds no bulk data.")
    return {tag.upper(): entry for tag, entry in given.items() if tag[:4] != "0002"}


def _first_item(item: Json, tag: str) -> Json:
    first = (item.get(tag, {}).get("Value") or [{}])[0]
    return first if isinstance(first, dict) else {}


def _value(vr: str, value: Any) -> Json:
    return {"vr": vr, "Value": [value]}
