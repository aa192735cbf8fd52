"""A case's UIDs are named by one rule: the phone's and the hub's are the same."""

from __future__ import annotations

import hashlib
import uuid

from typescript import needs_node, run

from services.domain.dicom import values as dicom_values

pytestmark = needs_node
IDS = "phone/src/case/ids.ts"


def test_the_phone_names_studies_and_pictures_as_the_hub_does() -> None:
    cases = [str(uuid.UUID(int=n)) for n in (0, 1, 2**64 + 7, 2**128 - 1)]
    pictures = [hashlib.sha256(bytes([n])).hexdigest() for n in range(3)]
    pairs = [(case, picture) for case in cases for picture in pictures]
    assert run(*((IDS, "studyUid", [c]) for c in cases)) == [
        dicom_values.case_study_uid(c) for c in cases
    ]
    assert run(*((IDS, "seriesUid", [c]) for c in cases)) == [
        dicom_values.case_series_uid(c) for c in cases
    ]
    assert run(*((IDS, "sopUid", [c, p]) for c, p in pairs)) == [
        dicom_values.case_picture_uid(c, p) for c, p in pairs
    ]
