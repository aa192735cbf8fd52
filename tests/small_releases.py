"""Small releases for tests: outwardly sound files, signed by a key made here."""

import json
import struct
from pathlib import Path
from typing import Any

import onnx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from onnx import TensorProto, helper

from services.reading.releases.release import MANIFEST, TRUSTED_KEYS, hash_file
from services.reading.releases.signature import add_trust, public_bytes, sign

KEY = Ed25519PrivateKey.generate()


def onnx_bytes() -> bytes:
    """A graph that hands its input on."""
    value = helper.make_tensor_value_info("IMAGE", TensorProto.UINT8, ["N", 32, 32])
    out = helper.make_tensor_value_info("OUT", TensorProto.UINT8, ["N", 32, 32])
    node = helper.make_node("Identity", ["IMAGE"], ["OUT"])
    graph = helper.make_graph([node], "small", [value], [out])
    model: onnx.ModelProto = helper.make_model(graph, ir_version=8)
    return bytes(model.SerializeToString())


def gguf_bytes(name: bytes = b"weight", values: int = 32) -> bytes:
    """One float32 tensor and two metadata values."""

    def text(value: bytes) -> bytes:
        return struct.pack("<Q", len(value)) + value

    keys = text(b"general.architecture") + struct.pack("<I", 8) + text(b"test")
    keys += text(b"list") + struct.pack("<IIQ", 9, 4, 3) + struct.pack("<III", 1, 2, 3)
    tensor = text(name) + struct.pack("<IQIQ", 1, values, 0, 0)
    head = b"GGUF" + struct.pack("<IQQ", 3, 1, 2) + keys + tensor
    return head + bytes(-len(head) % 32) + struct.pack("<32f", *range(32))


FILES = {
    "vision.onnx": onnx_bytes(),
    "text.gguf": gguf_bytes(),
    "mmproj.gguf": gguf_bytes(b"tower"),
}


def document(folder: Path, version: str, name: str = "small") -> dict[str, Any]:
    """A manifest without signature for the files of a folder."""
    return {
        "format": 1,
        "name": name,
        "version": version,
        "architecture": "test",
        "licence": "Apache-2.0",
        "prompts": {"version": "1", "interpret": "Interpret.", "classify": "Classify."},
        "labels": {
            "planes": ["head", "femur"],
            "masks": ["fetal_head"],
            "boxes": ["fetal_head"],
            "keypoints": [],
            "classes": ["head", "femur", "no_plane"],
            "structures_by_plane": {"head": ["fetal_head"]},
        },
        "preprocessing": {"side": 32, "text_side": 32},
        "calibration": {"plane": 0.6},
        "files": {
            path.name: {"size": path.stat().st_size, "sha256": hash_file(path)}
            for path in sorted(folder.iterdir())
            if path.name != MANIFEST
        },
    }


def write(store: Path, version: str = "1.0.0", name: str = "small", **changes: Any) -> Path:
    """A signed release in a store that trusts its key."""
    store.mkdir(exist_ok=True)
    add_trust(store / TRUSTED_KEYS, public_bytes(KEY), "tests")
    folder = store / f"{name}-{version}"
    folder.mkdir()
    for file, data in FILES.items():
        (folder / file).write_bytes(data)
    resign(folder, {**document(folder, version, name), **changes})
    return folder


def resign(folder: Path, manifest: dict[str, Any]) -> None:
    """Signs a changed manifest."""
    (folder / MANIFEST).write_text(json.dumps(sign(manifest, KEY)))
