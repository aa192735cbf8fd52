"""C-FIND and MPPS requests: opened within bounds, answered by the hub, written in UTF-8."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator

from pydicom.dataset import Dataset
from pynetdicom import evt

from services.dicom.network.answers import (
    CANCELLED,
    CANNOT,
    DUPLICATE,
    PENDING,
    PROCESSING_FAILURE,
    SUCCESS,
    Json,
    status_of,
)
from services.dicom.parser import dicom_json
from services.domain.errors import Conflict, FadaError, InvalidInput

MAX_BYTES = 64 * 1024  # of an identifier or an attribute list
_UTF8 = "ISO_IR 192"
_ATTRIBUTES = {
    "Identifier": "identifier",
    "AttributeList": "attribute_list",
    "ModificationList": "modification_list",
    "ActionInformation": "action_information",
    "EventInformation": "event_information",
}
_log = logging.getLogger("dicom.queries")
Found = tuple[int, Dataset | None]


def opened(event: evt.Event, name: str, most: int = MAX_BYTES) -> Json:
    """The request's data set as DICOM JSON. ``name``: one of ``_ATTRIBUTES``; ``most``: bytes.

    Raises:
        InvalidInput: larger than that, or it cannot be read.
    """
    raw = getattr(event.request, name)
    if raw is None or raw.getbuffer().nbytes > most:
        raise InvalidInput(f"A request has at most {most // 1024} KiB here.")
    try:
        dataset = getattr(event, _ATTRIBUTES[name])
        dataset.decode()
        return dicom_json.metadata(dataset)
    except Exception as error:
        raise InvalidInput("The query cannot be read.") from error


def find(event: evt.Event, ask: Callable[[str, Json], Iterable[Json]]) -> Iterator[Found]:
    """The pending answers of a C-FIND; pynetdicom adds the last one."""
    event.assoc.dul.socket.object_ended()
    try:
        for item in ask(caller_of(event), opened(event, "Identifier")):
            if event.is_cancelled:
                yield CANCELLED, None
                return
            yield PENDING, dataset_of(item)
    except Exception as error:
        yield refused(error), None


def step(event: evt.Event, ask: Callable[[str, str, Json], None], name: str) -> Found:
    """The answer to an N-CREATE or N-SET of a procedure step."""
    event.assoc.dul.socket.object_ended()
    request = event.request
    uid = (
        request.AffectedSOPInstanceUID
        if name == "AttributeList"
        else request.RequestedSOPInstanceUID
    )
    try:
        if not uid:
            raise InvalidInput("A procedure step is named by the machine.")
        given = opened(event, name)
        ask(caller_of(event), str(uid), given)
    except Conflict:
        return (DUPLICATE if name == "AttributeList" else PROCESSING_FAILURE), None
    except Exception as error:
        return refused(error, PROCESSING_FAILURE), None
    return SUCCESS, dataset_of(given)


def dataset_of(item: Json) -> Dataset:
    """DICOM JSON as a data set whose text is UTF-8."""
    made = Dataset.from_json(item)
    made.SpecificCharacterSet = _UTF8
    return made


def caller_of(event: evt.Event) -> str:
    """The AE title of who asks."""
    return str(event.assoc.requestor.ae_title).strip()


def refused(error: Exception, instead: int | None = None) -> int:
    """The status of a refusal, noted; ``instead`` of the statuses that DIMSE-C alone has."""
    status = CANNOT
    if isinstance(error, FadaError):
        _log.info("query refused", extra={"code": error.code})
        status = status_of(error)
    else:
        _log.error("query failed", extra={"error": type(error).__name__})
    return instead if instead is not None and status >= 0xA000 else status
