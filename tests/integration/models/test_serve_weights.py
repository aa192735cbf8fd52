"""Base and adapter as they were published, served by transformers behind the hub's own contract.

The weights are tiny and random: what is tested is that the release is signed and read in that form, that
both runtimes, in process and the real Triton, give the same, and that transformers with the adapter says
what llama.cpp says of the merged weights.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import servers
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from small_weights import SIDE, image, write_weights

from models.evaluation.text_observer import TextDenseModel
from models.packaging.importing import TRANSFORMERS, Import, import_release
from models.serving.words import open_words
from services.domain.errors import (
    InferenceUnavailable,
    InvalidModelOutput,
    ReleaseMalformed,
    ReleaseRefused,
    ReleaseWrongHash,
)
from services.domain.mapping import CLASS_LABELS
from services.inference.inprocess import InProcessInference
from services.inference.triton import TritonInference
from services.reading.contract import ALL_PHASES
from services.reading.phases import ReleaseReader
from services.reading.releases.registry import open_release, trust_of
from services.reading.releases.release import Release, load
from services.reading.text import prompting
from services.reading.text.runtime import TextModel
from services.standalone import triton

pytestmark = pytest.mark.slow
KEY = Ed25519PrivateKey.generate()
NAME = "fada-served-1.0.0"


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_weights(tmp_path_factory.mktemp("weights"))


@pytest.fixture(scope="module")
def request_(weights: Path) -> Import:
    return Import(
        weights / "adapter", "fada-served", "1.0.0", base=weights / "base", serve=TRANSFORMERS
    )


@pytest.fixture(scope="module")
def store(request_: Import, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("store")
    import_release(request_, folder, KEY)
    return folder


@pytest.fixture(scope="module")
def release(store: Path) -> Release:
    return open_release(store, trust_of(store), NAME)


@pytest.fixture(scope="module")
def reader(release: Release) -> ReleaseReader:
    return ReleaseReader(release, load_text=open_words)


def test_base_and_adapter_lie_in_the_release_as_published(release: Release, weights: Path) -> None:
    manifest = release.manifest
    assert manifest.has_weights
    assert not manifest.has_text
    assert not manifest.has_heads
    for kind, name in (("base", "model.safetensors"), ("adapter", "adapter_model.safetensors")):
        assert (release.folder / f"{kind}.{name}").read_bytes() == (
            weights / kind / name
        ).read_bytes()
    assert not [n for n in manifest.files if n.endswith((".py", ".bin", ".pt"))]


def test_all_five_phases_are_bound_to_their_schema(reader: ReleaseReader) -> None:
    raw = reader.read(image(0))
    assert set(json.loads(raw.interpretation)) == set(prompting.FIELDS)
    assert json.loads(raw.classification)["label"] in CLASS_LABELS
    assert raw.boxes.shape == (len(reader.manifest.boxes), 5)
    assert raw.masks.shape == (len(reader.manifest.masks), SIDE // 2, SIDE // 2)
    assert {"interpret", "classify", "map", "detect", "segment"} <= set(raw.seconds)


def test_the_adapter_counts(
    release: Release, request_: Import, weights: Path, tmp_path: Path
) -> None:
    about = weights / "adapter" / "prompts.json"
    bare = replace(request_, source=weights / "base", base=None, about=about, name="fada-bare")
    without = import_release(bare, tmp_path, KEY)
    prompt = release.manifest.prompts.interpret
    texts = []
    for one in (release, without):
        with open_words(one).look(image(1).pixels) as seen:
            texts.append(seen.free(prompt, 40))
    assert texts[0] != texts[1]


def test_phases_do_not_disturb_each_other(release: Release) -> None:
    with open_words(release).look(image(2).pixels) as seen:
        first = seen.classify()
        words = seen.interpret()
        assert seen.classify() == first
        assert seen.interpret() == words


def test_it_says_what_llama_cpp_says_of_the_merged_weights(
    release: Release, request_: Import, tmp_path: Path
) -> None:
    merged = import_release(
        replace(request_, serve="llama.cpp", kind="f32", vision_kind="f32"), tmp_path, KEY
    )
    prompts, classes = merged.manifest.prompts, merged.manifest.classes
    theirs = TextModel(merged.text, merged.mmproj, SIDE, prompts, classes)
    ours = open_words(release)
    same = []
    for seed in range(4):
        with ours.look(image(seed).pixels) as mine, theirs.look(image(seed).pixels) as other:
            same.append(mine.classify() == other.classify())
            a, b = mine.free(prompts.interpret, 24), other.free(prompts.interpret, 24)
            same.append(a[:12] == b[:12])
    # Random weights are undecided between tokens; both round differently.
    assert np.mean(same) >= 0.75


def test_an_answer_that_does_not_end_is_an_error_and_no_reading(release: Release) -> None:
    prompts = release.manifest.prompts
    with (
        open_words(release).look(image(0).pixels) as seen,
        pytest.raises(InvalidModelOutput, match="end"),
    ):
        seen.complete(prompts.after(prompts.interpret), prompting.interpretation_schema(), 3)


def test_where_there_is_no_transformers_it_is_refused(release: Release, store: Path) -> None:
    with pytest.raises(ReleaseRefused, match="transformers"):
        ReleaseReader(release)
    with pytest.raises(InferenceUnavailable):
        InProcessInference(store, NAME).read([image(0).pixels], ALL_PHASES)


def test_cut_or_changed_weights_are_refused_before_they_are_parsed(
    release: Release, request_: Import, weights: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "store" / NAME
    shutil.copytree(release.folder, copy)
    shutil.copyfile(release.folder.parent / "trusted-keys.json", copy.parent / "trusted-keys.json")
    path = copy / "adapter.adapter_model.safetensors"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(ReleaseWrongHash):
        load(copy, trust_of(copy.parent))
    cut = tmp_path / "cut"
    shutil.copytree(weights / "base", cut)
    whole = (cut / "model.safetensors").read_bytes()
    (cut / "model.safetensors").write_bytes(whole[:-100])
    with pytest.raises(ReleaseMalformed, match="fill"):
        import_release(replace(request_, base=cut), tmp_path / "other", KEY)


def test_an_evaluation_reads_it_by_its_own_runtime(release: Release) -> None:
    seen = TextDenseModel(release).run([image(3).pixels])
    assert seen["BOXES"].shape == (1, len(release.manifest.boxes), 5)
    assert seen["PLANE"].shape == (1, len(release.manifest.planes))


def answers(inference: Any) -> list[Any]:
    try:
        return list(inference.read([image(s).pixels for s in (0, 1)], ALL_PHASES, request_id="r"))
    finally:
        inference.close()


@pytest.fixture(scope="module")
def triton_server(store: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with servers.triton_server(tmp_path_factory.mktemp("triton"), store, release=NAME) as started:
        yield started


@pytest.mark.skipif(bool(triton.missing()), reason=triton.missing())
def test_triton_serves_it_by_the_same_contract(store: Path, request: pytest.FixtureRequest) -> None:
    server = request.getfixturevalue("triton_server")
    here = answers(InProcessInference(store, NAME, load_text=open_words))
    there = answers(TritonInference(server.grpc, lambda: SIDE, deadline=200))
    for mine, other in zip(here, there, strict=True):
        assert other.release.startswith("fada-served 1.0.0 ")
        assert set(json.loads(other.interpretation)) == set(prompting.FIELDS)
        assert mine.classification == other.classification
        assert mine.interpretation == other.interpretation
        assert np.array_equal(mine.boxes, other.boxes)
        assert np.array_equal(mine.masks, other.masks)
