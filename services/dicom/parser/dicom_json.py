"""A data set as DICOM JSON (PS3.18 annex F), its bulk data as addresses."""

from __future__ import annotations

from typing import Any

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset

from services.dicom.parser.dataset import readable
from services.domain.errors import NotFound

INLINE_BYTES = 1024
BULK = "{bulk}"  # the gateway puts the address of the instance's bulk data here
_PIXELS = 0x7FE00010


def metadata(dataset: Dataset) -> dict[str, Any]:
    """All but the bulk data, whose ``BulkDataURI`` is ``{bulk}/<path>`` (see ``bulk``)."""
    return _json(dataset, "")


def _json(dataset: Dataset, where: str) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for element in readable(dataset):
        if element.tag.group == 2:
            continue
        key = f"{element.tag:08X}"
        if element.VR == "SQ":
            items = [
                _json(item, f"{where}{key}/{place}/") for place, item in enumerate(element.value)
            ]
            out[key] = {"vr": "SQ", **({"Value": items} if items else {})}
        elif element.VR in ("OB", "OW", "OD", "OF", "OL", "OV", "UN") and _is_bulk(element):
            out[key] = {"vr": element.VR, "BulkDataURI": f"{BULK}/{where}{key}"}
        else:
            out[key] = _plain(element)
    return out


def _is_bulk(element: DataElement) -> bool:
    return element.tag == _PIXELS or len(element.value or b"") > INLINE_BYTES


def _plain(element: DataElement) -> dict[str, Any]:
    try:
        made = element.to_json_dict(bulk_data_element_handler=None, bulk_data_threshold=1 << 30)
        return dict(made)
    except Exception:
        # A value that its own VR forbids (a DS that is no number): shown as text rather than lost.
        return {"vr": "UT", "Value": [str(element.value)[:INLINE_BYTES]]}


def bulk(dataset: Dataset, path: list[str]) -> bytes:
    """The bytes that ``{bulk}/<path>`` names: tag, or tag/item/tag and so on.

    Raises:
        NotFound: no such element, or it holds no bytes.
    """
    try:
        *above, last = path
        at = dataset
        for tag, item in zip(above[::2], above[1::2], strict=True):
            at = at[int(tag, 16)].value[int(item)]
        value = at[int(last, 16)].value
    except (KeyError, IndexError, ValueError, TypeError) as error:
        raise NotFound("The object has no such bulk data.") from error
    if not isinstance(value, bytes):
        raise NotFound("The object has no such bulk data.")
    return value
