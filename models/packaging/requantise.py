"""The vision tower of a GGUF pair stored in Q8_0, and back, by llama.cpp's own reader and writer of GGUF.

A pair holds no weights in full, so what is stored again is what is there: the matrices of the blocks, as
llama.cpp's converter chooses them. Everything else stays as it is.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np

from models.packaging.llama import converter
from services.domain.errors import ReleaseMalformed

_KEPT: Final = ("norm", "position_embd", "patch_embd")  # small, or looked up by row
_MOSTLY_F16, _MOSTLY_Q8_0 = 1, 7  # general.file_type
_BLOCK: Final = 32  # values that share a scale


def requantise(source: Path, target: Path, cache: Path | None = None) -> None:
    """Write ``source`` with its matrices in Q8_0.

    Raises:
        ReleaseMalformed: it holds no matrix in 16 or 32 bits: nothing would be gained.
    """
    gguf = _library(cache)

    def stored(tensor: Any) -> tuple[Any, Any] | None:
        if not _is_matrix(tensor, gguf):
            return None
        kind = gguf.GGMLQuantizationType.Q8_0
        return gguf.quants.quantize(
            gguf.quants.dequantize(tensor.data, tensor.tensor_type), kind
        ), kind

    if not _rewrite(source, target, stored, _MOSTLY_Q8_0, gguf):
        raise ReleaseMalformed("The pair's mmproj holds no 16-bit matrices to store in Q8_0.")


def draw(source: Path, target: Path, seed: int, cache: Path | None = None) -> None:
    """Write a tower in Q8_0 as F16 weights that it may have been made from: each one anywhere in the step
    that it was rounded from, all places as likely. Where the weights that a release was made from are not
    kept, what Q8_0 costs its answers is measured against such draws.

    Raises:
        ReleaseMalformed: it holds nothing in Q8_0.
    """
    gguf, rng = _library(cache), np.random.default_rng(seed)
    kinds = gguf.GGMLQuantizationType

    def wide(tensor: Any) -> tuple[Any, Any] | None:
        if tensor.tensor_type != kinds.Q8_0:
            return None
        values = gguf.quants.dequantize(tensor.data, kinds.Q8_0)
        # a block is a 16-bit scale, which is the step, and 32 numbers of 8 bits
        blocks = np.ascontiguousarray(tensor.data).reshape(-1, 2 + _BLOCK)
        step = blocks[:, :2].copy().view(np.float16).astype(np.float32)
        moved = step * rng.uniform(-0.5, 0.5, (len(blocks), _BLOCK))
        return (values + moved.reshape(values.shape)).astype(np.float16), kinds.F16

    if not _rewrite(source, target, wide, _MOSTLY_F16, gguf):
        raise ReleaseMalformed("The tower holds nothing in Q8_0.")


def _rewrite(
    source: Path,
    target: Path,
    change: Callable[[Any], tuple[Any, Any] | None],
    file_type: int,
    gguf: Any,
) -> int:
    """Copies a file with other numbers where ``change`` gives some; how many tensors it changed."""
    reader: Any = gguf.GGUFReader(source)
    writer = gguf.GGUFWriter(
        target, _text(reader, "general.architecture"), endianess=reader.endianess
    )
    _copy_facts(reader, writer, gguf, file_type)
    count = 0
    for tensor in reader.tensors:
        data, kind = tensor.data, tensor.tensor_type
        if (changed := change(tensor)) is not None:
            (data, kind), count = changed, count + 1
        writer.add_tensor(tensor.name, data, raw_dtype=kind)
    if count:
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
    writer.close()
    return count


def _library(cache: Path | None) -> Any:
    root = str(converter(cache) / "gguf-py")
    if root not in sys.path:
        sys.path.append(root)
    import gguf

    return gguf


def _text(reader: Any, name: str) -> str:
    return str(reader.fields[name].contents())


def _copy_facts(reader: Any, writer: Any, gguf: Any, file_type: int) -> None:
    for name, field in reader.fields.items():
        if name.startswith("GGUF.") or name == "general.architecture":
            continue
        kind = field.types[0]
        inner = field.types[-1] if kind == gguf.GGUFValueType.ARRAY else None
        value = file_type if name == "general.file_type" else field.contents()
        writer.add_key_value(name, value, kind, sub_type=inner)


def _is_matrix(tensor: Any, gguf: Any) -> bool:
    kinds = gguf.GGMLQuantizationType
    wide = tensor.tensor_type in (kinds.F32, kinds.F16, kinds.BF16)
    plain = len(tensor.shape) == 2 and tensor.name.endswith(".weight")
    return wide and plain and tensor.shape[0] % _BLOCK == 0 and not any(
        word in tensor.name for word in _KEPT
    )  # fmt: skip
