"""Data sets in the Native DICOM Model (PS3.19 annex A): XML, to and from DICOM JSON (PS3.18 annex F)."""

from __future__ import annotations

import re
from typing import Any, Final
from xml.etree.ElementTree import Element, ParseError, SubElement, tostring

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring
from pydicom.datadict import keyword_for_tag

from services.domain.errors import InvalidInput

Json = dict[str, Any]
NAMESPACE: Final = "http://dicom.nema.org/PS3.19/models/NativeDICOM"
_GROUPS = ("Alphabetic", "Ideographic", "Phonetic")
_PARTS = ("FamilyName", "GivenName", "MiddleName", "NamePrefix", "NameSuffix")
_INTEGERS = frozenset({"IS", "US", "SS", "UL", "SL", "UV", "SV"})
_DECIMALS = frozenset({"DS", "FL", "FD"})
_MOST_NESTED = 16
_TAG, _VR = re.compile(r"[0-9A-Fa-f]{8}"), re.compile(r"[A-Z]{2}")
# What XML 1.0 cannot hold.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def to_xml(dataset: Json) -> bytes:
    """A data set of DICOM JSON as a document in UTF-8; bulk data by its URI."""
    root = Element("NativeDicomModel", {"xmlns": NAMESPACE, "xml:space": "preserve"})
    _write(root, dataset)
    return bytes(tostring(root, encoding="utf-8", xml_declaration=True))


def from_xml(data: bytes) -> Json:
    """The data set of a document.

    Raises:
        InvalidInput: no XML, a document type of its own, another document, or no data set.
    """
    try:
        root = fromstring(data, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise InvalidInput("The body is no XML that is taken here.") from error
    if _name(root) != "NativeDicomModel":
        raise InvalidInput("The document is no NativeDicomModel (PS3.19 annex A).")
    return _read(root, 0)


def _write(parent: Element, dataset: Json) -> None:
    for tag, entry in sorted(dataset.items()):
        named = {"tag": tag.upper(), "vr": str(entry["vr"])}
        if keyword := keyword_for_tag(int(tag, 16)):
            named["keyword"] = keyword
        made = SubElement(parent, "DicomAttribute", named)
        if "BulkDataURI" in entry:
            SubElement(made, "BulkData", {"uri": str(entry["BulkDataURI"])})
        if "InlineBinary" in entry:
            SubElement(made, "InlineBinary").text = str(entry["InlineBinary"])
        for number, value in enumerate(entry.get("Value") or [], 1):
            _write_value(made, named["vr"], number, value)


def _write_value(parent: Element, vr: str, number: int, value: Any) -> None:
    if value is None:  # an empty value among others: its number is left out
        return
    numbered = {"number": str(number)}
    if vr == "SQ":
        _write(SubElement(parent, "Item", numbered), value)
    elif vr == "PN":
        name = SubElement(parent, "PersonName", numbered)
        groups = value if isinstance(value, dict) else {"Alphabetic": value}
        for group in (one for one in _GROUPS if groups.get(one)):
            made = SubElement(name, group)
            for part, text in zip(_PARTS, str(groups[group]).split("^"), strict=False):
                if text:
                    SubElement(made, part).text = _CONTROL.sub("", text)
    else:
        SubElement(parent, "Value", numbered).text = _CONTROL.sub("", str(value))


def _read(parent: Element, depth: int) -> Json:
    if depth > _MOST_NESTED:
        raise InvalidInput("The data set is nested too deeply.")
    dataset: Json = {}
    for one in parent:
        tag, vr = one.get("tag", ""), one.get("vr", "")
        if _name(one) != "DicomAttribute" or not _TAG.fullmatch(tag) or not _VR.fullmatch(vr):
            raise InvalidInput("A DicomAttribute names its tag and its VR.")
        dataset[tag.upper()] = _entry(one, vr, depth)
    return dataset


def _entry(attribute: Element, vr: str, depth: int) -> Json:
    entry: Json = {"vr": vr}
    values: dict[int, Any] = {}
    for one in attribute:
        name = _name(one)
        if name == "BulkData":
            entry["BulkDataURI"] = one.get("uri", "")
        elif name == "InlineBinary":
            entry["InlineBinary"] = one.text or ""
        elif name in ("Value", "Item", "PersonName"):
            values[_number(one, len(attribute))] = _value(one, vr, depth)
        else:
            raise InvalidInput("A DicomAttribute holds values, items or bulk data.")
    if values:
        entry["Value"] = [values.get(number) for number in range(1, max(values) + 1)]
    return entry


def _number(value: Element, most: int) -> int:
    """Its place; empty values before it are left out, but not many."""
    text = value.get("number", "")
    if not text.isascii() or not text.isdigit() or not 0 < int(text[:6]) <= most + 1000:
        raise InvalidInput("A value has its number, from 1.")
    return int(text[:6])


def _value(value: Element, vr: str, depth: int) -> Any:
    if _name(value) == "Item":
        return _read(value, depth + 1)
    if _name(value) == "PersonName":
        return {_name(group): _group(group) for group in value if _name(group) in _GROUPS}
    text = value.text or ""
    try:
        if vr in _INTEGERS:
            return int(text)
        return float(text) if vr in _DECIMALS else text
    except ValueError as error:
        raise InvalidInput(f"A value of {vr} is a number.") from error


def _group(group: Element) -> str:
    parts = {_name(one): one.text or "" for one in group}
    return "^".join(parts.get(name, "") for name in _PARTS).rstrip("^")


def _name(element: Element) -> str:
    """Without its namespace."""
    return element.tag.rpartition("}")[2]
