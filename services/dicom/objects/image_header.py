"""An image's header as SEG and SR need it, small and clean, on its way from the child that opened the file.

What a machine wrote stays in the child: the header is written anew (see ``composite.source_header``).
"""

from __future__ import annotations

from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian
from pydicom.valuerep import DSfloat

from services.dicom.objects.composite import part10, source_header
from services.dicom.parser.dataset import read_dataset
from services.domain.calibration import Calibration, Region

_CENTIMETRE = 3
MOST_REGIONS = 64  # scanners write fewer than ten; further ones say nothing of the scale here


def pack(source: Dataset, scale: Calibration) -> bytes:
    """The header of ``source`` with its scale, without pixels, as a Part 10 file."""
    header = source_header(source)
    if scale.regions:
        header.SequenceOfUltrasoundRegions = [_region(r) for r in scale.regions[:MOST_REGIONS]]
    elif scale.spacing is not None:
        size = scale.spacing
        header.PixelSpacing = [DSfloat(size.mm_y, True), DSfloat(size.mm_x, True)]
    return part10(header, ExplicitVRLittleEndian)


def unpack(data: bytes) -> Dataset:
    """The data set that ``pack`` wrote. Raises InvalidDicom."""
    return read_dataset(data)


def _region(region: Region) -> Dataset:
    item = Dataset()
    item.RegionLocationMinX0, item.RegionLocationMinY0 = region.x0, region.y0
    item.RegionLocationMaxX1, item.RegionLocationMaxY1 = region.x1, region.y1
    item.PhysicalUnitsXDirection = item.PhysicalUnitsYDirection = _CENTIMETRE
    item.PhysicalDeltaX, item.PhysicalDeltaY = region.mm_x / 10, region.mm_y / 10
    return item
