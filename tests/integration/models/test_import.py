"""FADA's own layout, end to end: a tiny random base and a LoRA become a release that is read.

The weights are random: what is tested is that merge, conversion, signature, loader, schema and the
road from words to tensors hold together, not what the words say.
"""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from small_weights import SIDE, image, write_weights

from models.packaging.importing import Import, fetch, import_release
from models.packaging.requantise import draw, requantise
from models.packaging.tower_loss import relative_error
from models.programs.evaluating.parity_text import ReferenceModel, compare
from services.domain.errors import NotFound, ReleaseMalformed, ReleaseMissingFile
from services.domain.mapping import CLASS_LABELS
from services.reading.phases import ReleaseReader
from services.reading.releases.registry import open_release, trust_of
from services.reading.releases.release import Release
from services.reading.text import prompting
from services.reading.text.runtime import TextModel

pytestmark = pytest.mark.slow

KEY = Ed25519PrivateKey.generate()


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """base/ and adapter/ as the hub holds them, prompts beside the adapter."""
    return write_weights(tmp_path_factory.mktemp("weights"))


@pytest.fixture(scope="module")
def request_(weights: Path) -> Import:
    return Import(
        weights / "adapter",
        "fada-tiny",
        "1.0.0",
        base=weights / "base",
        kind="f16",
        vision_kind="f16",
    )


@pytest.fixture(scope="module")
def release(request_: Import, tmp_path_factory: pytest.TempPathFactory) -> Release:
    store = tmp_path_factory.mktemp("store")
    import_release(request_, store, KEY)
    return open_release(store, trust_of(store), "fada-tiny-1.0.0")


@pytest.fixture(scope="module")
def reader(release: Release) -> ReleaseReader:
    return ReleaseReader(release)


def test_an_adapter_becomes_a_release_without_heads(release: Release) -> None:
    manifest = release.manifest
    assert release.graph is None
    assert not manifest.has_heads
    assert manifest.prompts.version == "7"
    assert manifest.classes == CLASS_LABELS
    assert "fetal_head" in manifest.masks


def test_all_five_phases_are_answered_as_text(reader: ReleaseReader) -> None:
    raw = reader.read(image(0))
    assert set(json.loads(raw.interpretation)) == set(prompting.FIELDS)
    assert json.loads(raw.classification)["label"] in CLASS_LABELS
    assert raw.boxes.shape == (len(reader.manifest.boxes), 5)
    assert raw.masks.shape == (len(reader.manifest.masks), SIDE // 2, SIDE // 2)
    assert {"interpret", "classify", "map", "detect", "segment"} <= set(raw.seconds)


def test_the_same_image_gives_the_same_answer(reader: ReleaseReader) -> None:
    one, other = reader.read(image(1)), reader.read(image(1))
    assert one.interpretation == other.interpretation
    assert np.array_equal(one.boxes, other.boxes)


def test_ours_writes_what_pefts_own_merge_writes(release: Release, weights: Path) -> None:
    prompts = release.manifest.prompts
    model = TextModel(release.text, release.mmproj, SIDE, prompts, release.manifest.classes)
    reference = ReferenceModel(weights / "merged-by-peft", SIDE, prompts)
    comparison = compare(model, reference, [image(seed).pixels for seed in range(2)])
    assert comparison.places > 20
    assert comparison.share > 0.98


def test_a_pair_of_gguf_is_taken_as_it_is(
    release: Release, request_: Import, weights: Path, tmp_path: Path
) -> None:
    pair = tmp_path / "pair"
    pair.mkdir()
    (pair / "FADA-Q4_K_M.gguf").write_bytes(release.text.read_bytes())
    (pair / "mmproj-FADA-f16.gguf").write_bytes(release.mmproj.read_bytes())
    store = tmp_path / "store"
    about = weights / "adapter" / "prompts.json"
    taken = import_release(
        replace(request_, source=pair, about=about, name="fada-pair"), store, KEY
    )
    assert taken.manifest.files["text.gguf"] == release.manifest.files["text.gguf"]
    raw = ReleaseReader(taken).read(image(2))
    assert raw.release.startswith("fada-pair 1.0.0 ")


def test_a_tower_in_fewer_bits_says_what_that_costs(
    release: Release, request_: Import, tmp_path: Path
) -> None:
    store = tmp_path / "store"
    small = import_release(replace(request_, vision_kind="q8_0", name="fada-small"), store, KEY)
    quantisation = small.manifest.document["quantisation"]
    assert quantisation["vision"] == "q8_0"
    assert 0 < quantisation["vision_weight_error"] < 0.02
    assert quantisation["vision_bytes_saved"] == pytest.approx(
        1 - small.mmproj.stat().st_size / release.mmproj.stat().st_size, abs=1e-3
    )
    assert set(json.loads(ReleaseReader(small).read(image(0)).interpretation)) == set(
        prompting.FIELDS
    )


def test_a_pairs_tower_in_fewer_bits_as_the_converter_stores_it(
    release: Release, request_: Import, weights: Path, tmp_path: Path
) -> None:
    """The same tensors in Q8_0 as after a conversion, its cost told, and still an answer."""
    pair = tmp_path / "pair"
    pair.mkdir()
    (pair / "model.gguf").write_bytes(release.text.read_bytes())
    (pair / "mmproj.gguf").write_bytes(release.mmproj.read_bytes())
    about = weights / "adapter" / "prompts.json"
    asked = replace(request_, source=pair, about=about, vision_kind="q8_0", name="fada-pair")
    small = import_release(asked, tmp_path / "s", KEY)
    converted = import_release(
        replace(request_, vision_kind="q8_0", name="fada-small"), tmp_path / "t", KEY
    )
    assert in_eight_bits(small.mmproj) == in_eight_bits(converted.mmproj)
    assert relative_error(small.mmproj, converted.mmproj) < 5e-3
    quantisation = small.manifest.document["quantisation"]
    assert quantisation["vision"] == "q8_0"
    assert 0 < quantisation["vision_weight_error"] < 0.02
    assert quantisation["vision_bytes_saved"] > 0
    assert small.text.read_bytes() == release.text.read_bytes()
    assert set(json.loads(ReleaseReader(small).read(image(0)).interpretation)) == set(
        prompting.FIELDS
    )
    with pytest.raises(ReleaseMalformed, match="no 16-bit"):
        requantise(small.mmproj, tmp_path / "again.gguf")


def test_a_tower_drawn_from_its_eight_bits_is_stored_in_the_same_ones(
    release: Release, tmp_path: Path
) -> None:
    """What an F16 tower may have been: within half a step of what is stored, and stored as that again."""
    stored, drawn, again = (tmp_path / f"{name}.gguf" for name in ("stored", "drawn", "again"))
    requantise(release.mmproj, stored)
    draw(stored, drawn, 1)
    assert in_eight_bits(drawn) == set()
    # an error that is anywhere in a step is as large as that of the step itself
    lost = relative_error(stored, release.mmproj)
    assert relative_error(stored, drawn) == pytest.approx(lost, rel=0.25)
    requantise(drawn, again)
    assert in_eight_bits(again) == in_eight_bits(stored)
    assert (
        0 < relative_error(again, stored) < lost
    )  # a block's largest number, and so its step, moved
    other = tmp_path / "other.gguf"
    draw(stored, other, 2)
    assert relative_error(other, drawn) > 0
    with pytest.raises(ReleaseMalformed, match="nothing in Q8_0"):
        draw(drawn, tmp_path / "nothing.gguf", 1)


def in_eight_bits(mmproj: Path) -> set[str]:
    """The tensors that are stored in Q8_0."""
    import gguf  # llama.cpp's own, on the path since the import

    return {str(t.name) for t in gguf.GGUFReader(mmproj).tensors if t.tensor_type.name == "Q8_0"}


def test_without_prompts_nothing_is_imported(
    request_: Import, weights: Path, tmp_path: Path
) -> None:
    with pytest.raises(ReleaseMissingFile, match="prompts"):
        import_release(replace(request_, source=weights / "base"), tmp_path / "s", KEY)


def test_a_broken_pair_leaves_no_trace(request_: Import, weights: Path, tmp_path: Path) -> None:
    pair = tmp_path / "pair"
    pair.mkdir()
    (pair / "model.gguf").write_bytes(b"GGUF" + bytes(100))
    (pair / "mmproj.gguf").write_bytes(b"GGUF" + bytes(100))
    about = weights / "adapter" / "prompts.json"
    with pytest.raises(ReleaseMalformed):
        import_release(replace(request_, source=pair, about=about), tmp_path / "s", KEY)
    assert not list(tmp_path.glob("s/*/manifest.json"))


def test_what_is_neither_folder_nor_reachable_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(NotFound):
        fetch("nobody/nothing-here")
