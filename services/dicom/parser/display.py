"""Stored values become what a person would see: palettes, windows and inversion, as uint8."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_color_lut, apply_modality_lut, apply_voi_lut

from services.dicom.parser.dataset import value_of
from services.domain.errors import InvalidDicom, PaletteUnusable

_COLOURS = ("Red", "Green", "Blue")
# Of the modality and VOI transformations (PS3.3 C.11.1, C.11.2); what is empty says nothing.
_NUMBERS = ("RescaleSlope", "RescaleIntercept")
_WINDOW = ("WindowCenter", "WindowWidth")
_TABLES = ("ModalityLUTSequence", "VOILUTSequence")


def to_uint8(pixels: NDArray[Any], dataset: Dataset) -> NDArray[np.uint8]:
    """Gray (H, W) or RGB (H, W, 3).

    Args:
        pixels: (H, W) or (H, W, 3), decoded; YBR was turned into RGB by pydicom's decoders.

    Raises:
        InvalidDicom: the object's window cannot be applied.
        PaletteUnusable: its palette is missing or cannot be read.
    """
    kind = str(value_of(dataset, "PhotometricInterpretation"))
    if kind == "PALETTE COLOR":
        return _palette(pixels, dataset)
    if pixels.ndim == 3:
        bits = int(dataset.BitsStored)
        return np.asarray(pixels >> (bits - 8) if bits > 8 else pixels, dtype=np.uint8)
    gray = _window(pixels, dataset)
    return 255 - gray if kind == "MONOCHROME1" else gray


def _palette(pixels: NDArray[Any], dataset: Dataset) -> NDArray[np.uint8]:
    """(H, W, 3) by PS3.3 C.7.6.3.1.5."""
    if value_of(dataset, "SegmentedRedPaletteColorLookupTableData") is not None:
        try:
            colours = apply_color_lut(pixels, dataset)[..., :3]
        except Exception as error:
            raise PaletteUnusable from error
        return np.asarray(colours >> 8 if colours.itemsize > 1 else colours, dtype=np.uint8)
    tables = [_colour_table(dataset, colour) for colour in _COLOURS]
    # Some say 8 bits and write words, some say 16 and mean 8: the values themselves tell.
    deep = max(int(values.max()) for _, values in tables) > 255
    return np.stack(
        [
            (values >> 8 if deep else values).astype(np.uint8)[
                np.clip(pixels.astype(np.int64) - first, 0, len(values) - 1)
            ]
            for first, values in tables
        ],
        axis=-1,
    )


def _colour_table(dataset: Dataset, colour: str) -> tuple[int, NDArray[np.uint16]]:
    """(the first value that is mapped, the table's entries)."""
    descriptor = value_of(dataset, f"{colour}PaletteColorLookupTableDescriptor")
    data = value_of(dataset, f"{colour}PaletteColorLookupTableData")
    try:
        count, first = int(descriptor[0]) or 1 << 16, int(descriptor[1])
        words = np.frombuffer(data[: len(data) // 2 * 2], _word_type(dataset)).astype("<u2")
    except (TypeError, ValueError, IndexError) as error:
        raise PaletteUnusable from error
    if len(words) >= count:
        return first, words[:count]
    if 2 * len(words) >= count:  # a byte an entry
        return first, words.view(np.uint8)[:count].astype(np.uint16)
    raise PaletteUnusable


def _word_type(dataset: Dataset) -> str:
    _, little = getattr(dataset, "original_encoding", (None, True))
    return ">u2" if little is False else "<u2"


def _window(pixels: NDArray[Any], dataset: Dataset) -> NDArray[np.uint8]:
    """Gray values as they are meant to be seen (PS3.3 C.11.1, C.11.2)."""
    if int(dataset.BitsAllocated) == 1:
        return np.asarray(pixels * 255, dtype=np.uint8)
    shown = _transformations(dataset)
    plain = not any(name in shown for name in (*_NUMBERS, *_WINDOW, *_TABLES))
    if pixels.dtype == np.uint8 and plain and shown.BitsStored == 8:
        return np.asarray(pixels, dtype=np.uint8)
    try:
        values = apply_voi_lut(apply_modality_lut(pixels, shown), shown).astype(np.float64)
    except Exception as error:
        raise InvalidDicom("The object's window cannot be applied.") from error
    low, high = float(values.min()), float(values.max())
    if "WindowCenter" in shown or "VOILUTSequence" in shown:
        low, high = _output_range(shown)
    elif pixels.dtype == np.uint8:
        low, high = min(low, 0.0), max(high, 255.0)
    if high <= low:
        return np.zeros(values.shape, np.uint8)
    scaled = np.floor(np.clip((values - low) / (high - low), 0, 1) * 255 + 0.5)
    return np.asarray(scaled, dtype=np.uint8)


def _transformations(dataset: Dataset) -> Dataset:
    """Of the modality and VOI transformations only what says something and can be read."""
    shown = Dataset()
    shown.PhotometricInterpretation = str(dataset.PhotometricInterpretation)
    shown.BitsAllocated, shown.BitsStored = int(dataset.BitsAllocated), int(dataset.BitsStored)
    shown.PixelRepresentation = int(value_of(dataset, "PixelRepresentation") or 0)
    for pair in (_NUMBERS, _WINDOW):  # one means nothing without the other
        values = [value_of(dataset, name) for name in pair]
        if all(_is_number(value) for value in values):
            for name, value in zip(pair, values, strict=True):
                setattr(shown, name, value)
    if "WindowCenter" in shown and (how := value_of(dataset, "VOILUTFunction")):
        shown.VOILUTFunction = how
    for name in _TABLES:
        usable = [item for item in value_of(dataset, name) or () if _is_table(item)]
        if usable:
            setattr(shown, name, usable[:1])
    return shown


def _is_number(value: Any) -> bool:
    """One number, or several of which the first counts."""
    try:
        float(value[0] if hasattr(value, "__getitem__") and not isinstance(value, str) else value)
    except (TypeError, ValueError, IndexError):
        return False
    return True


def _is_table(item: Dataset) -> bool:
    descriptor = value_of(item, "LUTDescriptor")
    return descriptor is not None and len(descriptor) == 3 and value_of(item, "LUTData") is not None


def _output_range(shown: Dataset) -> tuple[float, float]:
    """The range that a VOI transformation maps to: that of the stored bits after rescaling."""
    if "VOILUTSequence" in shown:
        return 0.0, float(2 ** int(shown.VOILUTSequence[0].LUTDescriptor[2]) - 1)
    bits, signed = shown.BitsStored, shown.PixelRepresentation == 1
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    slope, intercept = float(shown.get("RescaleSlope", 1)), float(shown.get("RescaleIntercept", 0))
    ends = sorted((low * slope + intercept, high * slope + intercept))
    return ends[0], ends[1]
