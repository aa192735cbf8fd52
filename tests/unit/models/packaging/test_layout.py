"""A dry run names what is missing, and reads no weights for it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from small_releases import gguf_bytes

from models.packaging.importing import Import, import_release
from models.packaging.layout import PUBLISHED, WeightLayout, about_of, inspect
from services.domain.errors import ReleaseMissingFile

PROMPTS = {"prompts": dict.fromkeys(("interpret", "classify", "detect", "segment"), "Ask.")}


def write(folder: Path, **files: object) -> Path:
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        path = folder / name.replace("__", ".")
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        path.write_bytes(data)
    return folder


def missing(layout: WeightLayout) -> list[str]:
    return [part.name for part in layout.parts if not part.there]


@pytest.fixture
def base(tmp_path: Path) -> Path:
    return write(
        tmp_path / "base", config__json={"vision_config": {}}, model__safetensors=b"",
        tokenizer__json={},
    )  # fmt: skip


def test_an_adapter_with_its_base_is_whole(tmp_path: Path, base: Path) -> None:
    adapter = write(
        tmp_path / "adapter", adapter_config__json={"peft_type": "LORA"},
        adapter_model__safetensors=b"", prompts__json=PROMPTS,
    )  # fmt: skip
    layout = inspect(adapter, base)
    assert (layout.kind, layout.is_whole) == ("adapter", True)
    without = inspect(adapter)
    assert missing(without) == ["base"]
    (adapter / "adapter_model.safetensors").unlink()
    (base / "tokenizer.json").unlink()
    write(adapter, adapter_config__json={"peft_type": "IA3"})
    assert missing(inspect(adapter, base)) == [
        "adapter_config.json", "adapter_model.safetensors", "base/tokenizer",
    ]  # fmt: skip


def test_every_shard_of_the_index_is_looked_for(tmp_path: Path, base: Path) -> None:
    (base / "model.safetensors").unlink()
    index = {"weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors"}}
    write(base, model__safetensors__index__json=index, prompts__json=PROMPTS)
    (base / "model-1.safetensors").write_bytes(b"")
    layout = inspect(base)
    assert layout.kind == "weights"
    assert missing(layout) == ["model-2.safetensors"]
    write(base, config__json={"model_type": "qwen"})
    assert "vision tower" in missing(inspect(base))


def test_a_pair_needs_both_and_both_sound(tmp_path: Path) -> None:
    folder = write(tmp_path / "pair", text__gguf=gguf_bytes(), prompts__json=PROMPTS)
    assert missing(inspect(folder)) == ["vision tower (*mmproj*.gguf)"]
    (folder / "mmproj-f16.gguf").write_bytes(gguf_bytes(b"tower"))
    assert inspect(folder).is_whole
    (folder / "mmproj-f16.gguf").write_bytes(gguf_bytes(b"tower")[:40])
    assert missing(inspect(folder)) == ["mmproj-f16.gguf"]


def test_prompts_are_needed_and_an_empty_folder_says_what_it_could_be(tmp_path: Path) -> None:
    layout = inspect(write(tmp_path / "empty"))
    assert (layout.kind, missing(layout)) == ("", ["weights", "prompts.json"])
    few = write(tmp_path / "few", prompts__json={"prompts": {"interpret": "Ask."}})
    (part,) = [p for p in inspect(few).parts if p.name == "prompts.json"]
    assert part.there
    assert "classify, detect, segment" in part.note
    assert "out of scope" in part.note


def test_fadas_own_weights_are_asked_as_published(tmp_path: Path) -> None:
    files = {"text__gguf": gguf_bytes(), "mmproj-f16__gguf": gguf_bytes(b"tower")}
    own = write(tmp_path / "models--mshz88--FADA-Mobile-GGUF", **files)
    other = write(tmp_path / "another", **files)
    assert inspect(own).is_whole
    assert missing(inspect(other)) == ["prompts.json"]
    assert inspect(other, about=Path("fada")).is_whole

    key = Ed25519PrivateKey.generate()
    with pytest.raises(ReleaseMissingFile):
        import_release(Import(other, "other", "1.0.0"), tmp_path / "store", key)
    manifest = import_release(Import(own, "fada", "1.0.0"), tmp_path / "store", key).manifest
    asked = manifest.prompts.asking(manifest.prompts.detect, ("NT", "nasal_bone"))
    assert "structures in this fetal ultrasound image: NT, nasal_bone. For each" in asked
    assert manifest.prompts.keypoints
    assert manifest.text_side == 1024
    assert [entry["licence"] for entry in manifest.data] == ["Apache-2.0"]

    write(own, prompts__json=PROMPTS)
    assert about_of(own) == own / "prompts.json" != PUBLISHED
