"""Who said a content item of an SR, where that is not the document's own observer.

Source: PS3.16, TID 1001 (observation context), 1002 (observer context), 1003 (person), 1004 (device). The
time is the item's Observation DateTime. A date takes no observation context in a Comprehensive SR (PS3.3
table A.35.3-2), and an order and a header are no observers: of these a text says where the item is from.
"""

from __future__ import annotations

from typing import TypeVar

from highdicom.sr import (
    ContentItem,
    DeviceObserverIdentifyingAttributes,
    ObserverContext,
    PersonObserverIdentifyingAttributes,
    RelationshipTypeValues,
    TextContentItem,
)
from pydicom.sequence import Sequence as Items
from pydicom.sr.codedict import codes
from pydicom.valuerep import DT

from services.dicom.objects.codes import SOURCE, concept
from services.dicom.objects.composite import derived_uid, person
from services.domain.examination.source import Source, SourceKind

Item = TypeVar("Item", bound=ContentItem)
_WITH_CONTEXT = ("TEXT", "CODE", "NUM")
_OBSERVERS = (SourceKind.PERSON, SourceKind.PHONE)


def said_by(item: Item, source: Source | None) -> Item:
    """The item with its observer and the time at which it was said; as it is without a source."""
    if source is None:
        return item
    children = list(item.get("ContentSequence") or [])
    if source.kind in _OBSERVERS and item.ValueType in _WITH_CONTEXT:
        children += _observer(source)
    else:
        text = TextContentItem(SOURCE, _words(source), RelationshipTypeValues.HAS_CONCEPT_MOD)
        children.append(text)
    item.ContentSequence = Items(children)
    if source.at is not None:
        item.ObservationDateTime = DT(source.at.strftime("%Y%m%d%H%M%S.%f%z"))
    return item


def _observer(source: Source) -> ObserverContext:
    if source.kind is SourceKind.PERSON:
        return ObserverContext(
            observer_type=concept(codes.DCM.Person),
            observer_identifying_attributes=PersonObserverIdentifyingAttributes(
                name=person(source.name)
            ),
        )
    return ObserverContext(
        observer_type=concept(codes.DCM.Device),
        observer_identifying_attributes=DeviceObserverIdentifyingAttributes(
            uid=derived_uid("phone", source.name), name=source.name or None
        ),
    )


def _words(source: Source) -> str:
    kind = "header of the images" if source.kind is SourceKind.IMAGES else source.kind.value
    return f"{kind} {source.name}".strip()
