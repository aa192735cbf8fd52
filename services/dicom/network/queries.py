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
_log = logging.getLogger("dicom.queries")
Found = tuple[int, Dataset | None]


def opened(event: evt.Event, name: str) -> Json:
    """The request's data set as DICOM JSON. ``name``: Identifier, AttributeList or ModificationList.

    Raises:
        InvalidInput: larger than 64 KiB, or it cannot be read.
    """
    raw = getattr(event.request, name)
    if raw is None or raw.getbuffer().nbytes > MAX_BYTES:
        raise InvalidInput("A query has at most 64 KiB here.")
    attribute = {"Identifier": "identifier", "AttributeList": "attribute_list"}
    try:
        dataset = getattr(event, attribute.get(name, "modification_list"))
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
        yield _refused(error), None


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
        status = _refused(error)
        return (PROCESSING_FAILURE if status >= 0xA000 else status), None
    return SUCCESS, dataset_of(given)


def dataset_of(item: Json) -> Dataset:
    """DICOM JSON as a data set whose text is UTF-8."""
    made = Dataset.from_json(item)
    made.SpecificCharacterSet = _UTF8
    return made


def caller_of(event: evt.Event) -> str:
    """The AE title of who asks."""
    return str(event.assoc.requestor.ae_title).strip()


def _refused(error: Exception) -> int:
    if isinstance(error, FadaError):
        _log.info("query refused", extra={"code": error.code})
        return status_of(error)
    _log.error("query failed", extra={"error": type(error).__name__})
    return CANNOT
