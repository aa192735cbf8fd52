"""The vision tower of a GGUF pair stored in Q8_0, by llama.cpp's own reader and writer of GGUF.

A pair holds no weights in full, so what is stored again is what is there: the matrices of the blocks, as
llama.cpp's converter chooses them. Everything else stays as it is.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Final

from models.packaging.llama import converter
from services.domain.errors import ReleaseMalformed

_KEPT: Final = ("norm", "position_embd", "patch_embd")  # small, or looked up by row
_MOSTLY_Q8_0: Final = 7  # general.file_type
_BLOCK: Final = 32  # values that share a scale


def requantise(source: Path, target: Path, cache: Path | None = None) -> None:
    """Write ``source`` with its matrices in Q8_0.

    Raises:
        ReleaseMalformed: it holds no matrix in 16 or 32 bits: nothing would be gained.
    """
    gguf = _library(cache)
    reader: Any = gguf.GGUFReader(source)
    writer = gguf.GGUFWriter(
        target, _text(reader, "general.architecture"), endianess=reader.endianess
    )
    _copy_facts(reader, writer, gguf)
    changed = 0
    for tensor in reader.tensors:
        data, kind = tensor.data, tensor.tensor_type
        if _is_matrix(tensor, gguf):
            kind = gguf.GGMLQuantizationType.Q8_0
            full = gguf.quants.dequantize(data, tensor.tensor_type)
            data, changed = gguf.quants.quantize(full, kind), changed + 1
        writer.add_tensor(tensor.name, data, raw_dtype=kind)
    if not changed:
        raise ReleaseMalformed("The pair's mmproj holds no 16-bit matrices to store in Q8_0.")
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _library(cache: Path | None) -> Any:
    root = str(converter(cache) / "gguf-py")
    if root not in sys.path:
        sys.path.append(root)
    import gguf

    return gguf


def _text(reader: Any, name: str) -> str:
    return str(reader.fields[name].contents())


def _copy_facts(reader: Any, writer: Any, gguf: Any) -> None:
    for name, field in reader.fields.items():
        if name.startswith("GGUF.") or name == "general.architecture":
            continue
        kind = field.types[0]
        inner = field.types[-1] if kind == gguf.GGUFValueType.ARRAY else None
        value = _MOSTLY_Q8_0 if name == "general.file_type" else field.contents()
        writer.add_key_value(name, value, kind, sub_type=inner)


def _is_matrix(tensor: Any, gguf: Any) -> bool:
    kinds = gguf.GGMLQuantizationType
    wide = tensor.tensor_type in (kinds.F32, kinds.F16, kinds.BF16)
    plain = len(tensor.shape) == 2 and tensor.name.endswith(".weight")
    return wide and plain and tensor.shape[0] % _BLOCK == 0 and not any(
        word in tensor.name for word in _KEPT
    )  # fmt: skip
