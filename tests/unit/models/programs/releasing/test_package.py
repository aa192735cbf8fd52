"""A release appears whole and signed, or not at all."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from small_releases import FILES

from models.programs.releasing import package
from models.programs.releasing.package import Parts, assemble, figures, signing_key, trust_key
from models.programs.training.restore import told_left_out
from services.domain.errors import ReleaseMalformed
from services.reading.releases.registry import active_name, trust_of
from services.reading.releases.release import load
from services.reading.releases.signature import public_bytes

KEY = Ed25519PrivateKey.generate()


@pytest.fixture
def parts(tmp_path: Path) -> Parts:
    vision, text = tmp_path / "vision", tmp_path / "text"
    for folder in (vision, text):
        folder.mkdir()
    (vision / "vision.onnx").write_bytes(FILES["vision.onnx"])
    facts = {
        "side": 64,
        "planes": ["head", "femur"],
        "masks": ["fetal_head"],
        "boxes": ["fetal_head"],
        "keypoints": [],
        "structures_by_plane": {"head": ["fetal_head"]},
        "calibration": {"plane": 0.7, "structure": {"fetal_head": 0.4}},
    }
    (vision / "vision.json").write_text(json.dumps(facts))
    for name in ("text.gguf", "mmproj.gguf"):
        (text / name).write_bytes(FILES[name])
    document = {"side": 96, "prompts": {"interpret": "Interpret."}, "classes": ["head", "no_plane"]}
    (text / "text.json").write_text(json.dumps(document))
    card = tmp_path / "MODEL_CARD.md"
    card.write_text("# Card\n")
    return Parts("small", "2.0.0", vision, text, (card,), {"metrics": {"dice": 0.9}})


def test_all_parts_are_told_and_signed(parts: Parts, tmp_path: Path) -> None:
    store = tmp_path / "store"
    trust_key(store, KEY, "tests")
    release = assemble(parts, store, KEY)
    manifest = release.manifest
    assert set(manifest.files) == {*FILES, "MODEL_CARD.md"}
    assert (manifest.side, manifest.text_side) == (64, 96)
    assert manifest.thresholds.threshold("fetal_head") == pytest.approx(0.4)
    assert manifest.metrics == {"dice": 0.9}
    assert manifest.prompts.interpret == "Interpret."
    assert active_name(store, trust_of(store)) == "small-2.0.0"


def test_what_would_be_refused_is_not_written(parts: Parts, tmp_path: Path) -> None:
    store = tmp_path / "store"
    assert parts.text is not None
    (parts.text / "text.gguf").write_bytes(b"GGUF")
    with pytest.raises(ReleaseMalformed):
        assemble(parts, store, KEY)
    assert not list(store.iterdir())


def test_a_failed_second_try_leaves_the_first(parts: Parts, tmp_path: Path) -> None:
    store = tmp_path / "store"
    trust_key(store, KEY, "tests")
    folder = assemble(parts, store, KEY).folder
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert parts.vision is not None
    (parts.vision / "vision.onnx").write_bytes(b"")
    with pytest.raises(ReleaseMalformed):
        assemble(parts, store, KEY)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    load(folder, trust_of(store))


def test_papers_in_the_folder_are_signed_again(parts: Parts, tmp_path: Path) -> None:
    store = tmp_path / "store"
    trust_key(store, KEY, "tests")
    folder = assemble(parts, store, KEY).folder
    without = Parts("small", "2.0.0", parts.vision, parts.text, (), {})
    assert "MODEL_CARD.md" in assemble(without, store, KEY).manifest.files
    assert (folder / "MODEL_CARD.md").read_text() == "# Card\n"


def test_a_key_is_made_once(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "key"
    assert public_bytes(signing_key(path)) == public_bytes(signing_key(path))


def test_figures_are_laid_over_those_of_the_same_graph(parts: Parts, tmp_path: Path) -> None:
    store = tmp_path / "store"
    trust_key(store, KEY, "tests")
    older = Parts(
        "small", "1.0.0", parts.vision, parts.text,
        extra={"metrics": {"val": {"dice": 0.9, "rouge_l": 0.1, "fields": {"plane": 0.5}}}},
    )  # fmt: skip
    folder = assemble(older, store, KEY).folder
    words, lost = tmp_path / "words.json", tmp_path / "lost.json"
    words.write_text(json.dumps({"rouge_l": 0.8, "fields": {"plane": 0.7}}))
    lost.write_text(json.dumps({"quantisation": {"text": 0.0}}))

    merged_figures = figures([f"val={words}", str(lost)], folder, parts.vision)

    assert merged_figures == {
        "val": {
            "dice": 0.9, "rouge_l": 0.8, "fields": {"plane": 0.7},
            "dense_figures_of": "small-1.0.0",
        },
        "quantisation": {"text": 0.0},
    }  # fmt: skip
    assert figures([f"val={words}"]) == {"val": {"rouge_l": 0.8, "fields": {"plane": 0.7}}}


def test_figures_of_another_graph_are_refused(parts: Parts, tmp_path: Path) -> None:
    folder = assemble(parts, tmp_path / "store", KEY).folder
    assert parts.vision is not None
    (parts.vision / "vision.onnx").write_bytes(b"another one")
    with pytest.raises(ValueError, match=r"another vision\.onnx"):
        figures([], folder, parts.vision)


def test_a_release_names_only_what_it_learnt_from(parts: Parts, tmp_path: Path) -> None:
    assert parts.vision is not None
    facts = json.loads((parts.vision / "vision.json").read_text())
    (parts.vision / "vision.json").write_text(json.dumps(facts | {"left_out": ["fp-biometry"]}))
    own = Path(package.__file__).parents[2] / "releases"
    data = json.loads((own / "fada-nano.json").read_text())["data"]
    papers = tmp_path / "ATTRIBUTION.txt"
    papers.write_text((own / "fada-nano-0.7.0" / "ATTRIBUTION.txt").read_text())
    release = assemble(
        replace(parts, papers=(papers,), extra={"data": data}), tmp_path / "store", KEY
    )

    names = [entry["name"] for entry in release.manifest.data]
    assert "HC18" in names
    assert not [name for name in names if name.startswith("Multicentre")]
    assert release.manifest.document["left_out"] == ["fp-biometry"]
    kept = (release.folder / "ATTRIBUTION.txt").read_text()
    assert "HC18" in kept
    assert "Multicentre" not in kept
    assert told_left_out(release.folder / "vision.onnx") == ["fp-biometry"]
    (parts.vision / "vision.json").write_text(json.dumps(facts))
    whole = assemble(
        replace(parts, papers=(papers,), extra={"data": data}), tmp_path / "store", KEY
    )
    assert [entry["name"] for entry in whole.manifest.data] == [entry["name"] for entry in data]
    assert (whole.folder / "ATTRIBUTION.txt").read_text() == papers.read_text()
