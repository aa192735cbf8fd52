"""Bounded checks: whatever bytes come, the answer is yes or release_malformed, soon."""

import struct
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_releases import gguf_bytes, onnx_bytes

from services.domain.errors import ReleaseMalformed
from services.reading.releases.weight_validation import check_gguf, check_onnx, check_safetensors


def check(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    check_gguf(path)


def test_sound_files_pass(tmp_path: Path) -> None:
    check(tmp_path / "a.gguf", gguf_bytes())
    check_onnx(onnx_bytes())


def put(data: bytes, at: int, form: str, value: int) -> bytes:
    out = bytearray(data)
    struct.pack_into(form, out, at, value)
    return bytes(out)


@pytest.mark.parametrize(
    ("at", "form", "value"),
    [
        (0, "<I", 0),  # magic
        (4, "<I", 99),  # version
        (8, "<Q", 2**63),  # tensors
        (8, "<Q", 0),
        (16, "<Q", 2**40),  # keys
        (24, "<Q", 2**62),  # length of the first key
        (52, "<I", 77),  # type of the first value
    ],
)
def test_impossible_headers_are_refused(tmp_path: Path, at: int, form: str, value: int) -> None:
    with pytest.raises(ReleaseMalformed):
        check(tmp_path / "a.gguf", put(gguf_bytes(), at, form, value))


def test_a_tensor_beyond_the_end_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReleaseMalformed):
        check(tmp_path / "a.gguf", gguf_bytes(values=10_000))


def test_every_cut_of_a_header_is_refused(tmp_path: Path) -> None:
    data = gguf_bytes()
    for length in range(len(data) - 128):
        with pytest.raises(ReleaseMalformed):
            check(tmp_path / "a.gguf", data[:length])


def test_every_cut_of_a_graph_is_refused() -> None:
    data = onnx_bytes()
    for length in range(len(data)):
        with pytest.raises(ReleaseMalformed):
            check_onnx(data[:length])


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300))
def test_noise_is_refused(tmp_path: Path, noise: bytes) -> None:
    with pytest.raises(ReleaseMalformed):
        check_onnx(noise)
    with pytest.raises(ReleaseMalformed):
        check(tmp_path / "a.gguf", b"GGUF" + noise)


def _safetensors(path: Path, head: bytes, data: bytes) -> Path:
    path.write_bytes(len(head).to_bytes(8, "little") + head + data)
    return path


def test_safetensors_must_be_whole(tmp_path: Path) -> None:
    head = b'{"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}, "__metadata__": {}}'
    check_safetensors(_safetensors(tmp_path / "good", head, bytes(8)))
    for name, (start, data) in {
        "cut": (head, bytes(7)),
        "longer": (head, bytes(9)),
        "no json": (b"{" * 60, bytes(8)),
        "deep": (b"[" * 100_000, bytes(8)),
        "no tensors": (b"{}", b""),
        "no offsets": (b'{"w": {}}', bytes(8)),
        "a list": (b"[1, 2]", bytes(8)),
    }.items():
        with pytest.raises(ReleaseMalformed):
            check_safetensors(_safetensors(tmp_path / name, start, data))
    far = tmp_path / "far"
    far.write_bytes((2**40).to_bytes(8, "little") + bytes(16))
    with pytest.raises(ReleaseMalformed, match="end of the file"):
        check_safetensors(far)
