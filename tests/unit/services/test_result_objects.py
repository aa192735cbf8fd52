"""A result's own objects, as the index takes them."""

import io
from pathlib import Path

import pydicom
import pytest
from pydicom.dataset import Dataset

from services.dicom.parser.parse import parse_bytes
from services.domain.errors import TooLarge
from services.result_objects import new_instances

HEAD = Path(__file__).parents[3] / "samples" / "head-27w.dcm"


def test_the_report_of_very_many_images_is_taken_and_one_from_outside_is_not() -> None:
    made = pydicom.dcmread(HEAD, stop_before_pixels=True)
    made.SOPClassUID = made.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.88.33"  # type: ignore[assignment]
    del made.Rows, made.Columns
    made.ContentSequence = [Dataset() for _ in range(50_001)]
    data = io.BytesIO()
    made.save_as(data)
    (taken,) = new_instances([data.getvalue()])
    assert (taken.sop_uid, taken.frames) == (made.SOPInstanceUID, 0)
    with pytest.raises(TooLarge):
        parse_bytes(data.getvalue())
