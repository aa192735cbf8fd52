"""What a person put right about the patient, applied to an object that is given out.

The stored object stays as it came. Its UIDs stay, too: this is the coercion of patient attributes that
PS3.4 annex C and IHE Patient Information Reconciliation know, and no new instance.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from pydicom.dataset import Dataset

from services.dicom.objects.composite import part10
from services.dicom.parser.dataset import read_dataset, readable


def corrected(source: bytes | Path, attributes: Mapping[str, Any]) -> bytes:
    """A whole file in its own transfer syntax, its text in UTF-8.

    Args:
        source: the stored object.
        attributes: DICOM JSON that replaces what it says.

    Raises:
        InvalidDicom: it cannot be read.
    """
    dataset = read_dataset(source)
    syntax = str(dataset.file_meta.TransferSyntaxUID)
    with suppress(Exception):  # text of an unknown character set stays as it is
        dataset.decode()
    made = Dataset()
    for element in readable(dataset):
        made[element.tag] = element
    correct(made, attributes)
    made.SpecificCharacterSet = "ISO_IR 192"
    return part10(made, syntax)


def correct(dataset: Dataset, attributes: Mapping[str, Any]) -> None:
    """Replace these attributes, DICOM JSON, in an open data set."""
    for element in Dataset.from_json(dict(attributes)):
        dataset[element.tag] = element
