"""A stored file as pydicom's data set, also when its structure is not quite what PS3.5 asks for."""

from __future__ import annotations

import io
import mmap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pydicom
from pydicom import config
from pydicom.dataset import Dataset

from services.dicom.parser.parse import meta
from services.dicom.parser.rewriter import rewritten
from services.dicom.parser.structure import DEFLATED, EXPLICIT_LITTLE, META_START, walk
from services.domain.errors import FadaError, InvalidDicom

# Its warnings quote the values that they complain of: names and dates, on the way into a log.
config.settings.reading_validation_mode = config.IGNORE


def read_dataset(source: bytes | Path, *, defer_size: int | None = None) -> Dataset:
    """The whole data set with its ``file_meta``.

    Args:
        source: a Part 10 file's bytes, or where it lies.
        defer_size: values of more bytes stay on disk until they are asked for (paths only).

    Raises:
        InvalidDicom: it cannot be read.
    """
    try:
        whole = _regular(source)
        if whole is None and isinstance(source, Path):
            dataset = pydicom.dcmread(source, defer_size=defer_size)
        else:
            dataset = pydicom.dcmread(io.BytesIO(source if whole is None else whole))  # type: ignore[arg-type]
    except FadaError:
        raise
    except Exception as error:
        raise InvalidDicom(f"The object cannot be read ({type(error).__name__}).") from error
    if "TransferSyntaxUID" not in dataset.file_meta:
        raise InvalidDicom("The file meta information cannot be read.")
    for keyword in ("SOPClassUID", "SOPInstanceUID"):  # some writers name them at one place only
        if keyword not in dataset:
            setattr(dataset, keyword, dataset.file_meta.get(f"MediaStorage{keyword}", ""))
    return dataset


def readable(dataset: Dataset) -> Iterator[Any]:
    """The elements whose values can be read, in order; one of a wrong length is passed over."""
    for tag in sorted(dataset.keys()):
        try:
            element = dataset[tag]
        except Exception:  # noqa: S112 (whatever pydicom thinks of it: this element is not to be had)
            continue
        yield element


def value_of(dataset: Dataset, keyword: str) -> Any:
    """The element's value; None when it is absent, empty or cannot be read."""
    try:
        value = dataset.get(keyword)
    except Exception:
        return None
    return None if value is None or value == "" else value


def _regular(source: bytes | Path) -> bytes | None:
    """The file written anew when its structure is irregular; None: pydicom reads it as it is."""
    if isinstance(source, bytes):
        return _rewritten(memoryview(source))
    with (
        source.open("rb") as handle,
        mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ) as mapped,
        memoryview(mapped) as whole,
    ):
        return _rewritten(whole)


def _rewritten(whole: memoryview) -> bytes | None:
    syntax, start = meta(whole)
    irregular = walk(whole, META_START, start, EXPLICIT_LITTLE).irregular or (
        syntax != DEFLATED and walk(whole, start, len(whole), syntax).irregular
    )
    return rewritten(whole, start, syntax) if irregular else None
