"""What storing a vision tower in fewer bits costs its weights, by llama.cpp's own reader of GGUF.

It is the error of the numbers, not of the answers: what it costs those is measured on labelled images by
``models.programs.evaluating.compare_quantised``.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.packaging.llama import converter
from services.domain.errors import ReleaseMalformed


def relative_error(stored: Path, full: Path, cache: Path | None = None) -> float:
    """Root mean square of what the weights of ``stored`` differ from those of ``full``, over that of
    ``full``: 0 is the same.

    Raises:
        ReleaseMalformed: the two files do not hold the same tensors.
    """
    theirs = _tensors(full, cache)
    mine = _tensors(stored, cache)
    if mine.keys() != theirs.keys():
        raise ReleaseMalformed("The two towers do not hold the same tensors.")
    lost = whole = 0.0
    for name, value in mine.items():
        if value.shape != theirs[name].shape:
            raise ReleaseMalformed(f"{name} has another shape in the other tower.")
        lost += float(np.square(value - theirs[name]).sum())
        whole += float(np.square(theirs[name]).sum())
    return (lost / whole) ** 0.5 if whole else 0.0


def _tensors(path: Path, cache: Path | None) -> dict[str, NDArray[np.float64]]:
    root = str(converter(cache) / "gguf-py")
    if root not in sys.path:
        sys.path.append(root)
    import gguf

    tensors: dict[str, NDArray[np.float64]] = {}
    reader: Any = gguf.GGUFReader(path)
    for tensor in reader.tensors:
        values = gguf.quants.dequantize(tensor.data, tensor.tensor_type)
        tensors[str(tensor.name)] = np.asarray(values, dtype=np.float64)
    return tensors
