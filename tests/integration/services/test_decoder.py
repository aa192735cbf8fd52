"""A release with one tower, in llama.cpp and in the model server: its decoder reads what its heads found."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import releases
import servers
import tiny_decoder

from edge.agent.case_reader import CaseReader
from edge.agent.image_file import open_image
from services.domain.errors import InvalidModelOutput, ReleaseRefused
from services.inference.inprocess import InProcessInference
from services.inference.triton import TritonInference
from services.reading.contract import ALL_PHASES, RawReading
from services.reading.images.picture import Square
from services.reading.phases import ReleaseReader
from services.reading.releases.registry import activate, trust_of
from services.reading.releases.release import Release, load
from services.reading.text import prompting
from services.reading.text.decoder import MOST_FINDINGS, Decoder
from services.reading.text.findings import findings_of
from services.standalone import triton

pytestmark = pytest.mark.slow
SAMPLES = Path(__file__).parents[3] / "samples"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("decoders")
    activate(folder, tiny_decoder.release(folder).name, trust_of(folder))
    return folder


@pytest.fixture(scope="module")
def release(store: Path) -> Release:
    return load(store / "fada-decoder-1.0.0", trust_of(store))


@pytest.fixture(scope="module")
def reader(release: Release) -> ReleaseReader:
    return ReleaseReader(release)


@pytest.fixture(scope="module")
def decoder(release: Release) -> Decoder:
    manifest = release.manifest
    return Decoder(release.text, manifest.prompts, manifest.classes, sentences=manifest.sentences)


def image() -> np.ndarray:
    return np.full((releases.SIDE, releases.SIDE), 255, np.uint8)


def borne_out_by_its_heads(raw: RawReading, release: Release) -> dict[str, str]:
    """The words of a reading, each of them compared with what its own tensors say."""
    words = release.manifest.words
    assert words is not None
    dense = {
        "PLANE": raw.plane[None], "QUALITY": np.array([[raw.quality]], np.float32),
        "BOXES": raw.boxes[None], "KEYPOINTS": raw.keypoints[None], "MASKS": raw.masks[None],
    }  # fmt: skip
    own = words.words(findings_of(dense, release.manifest, words))
    interpretation: dict[str, str] = json.loads(raw.interpretation)
    assert interpretation == {name: own[name] for name in interpretation}
    return interpretation


def test_it_has_one_tower(release: Release) -> None:
    assert set(release.manifest.files) == {"vision.onnx", "text.gguf"}
    assert release.manifest.has_text
    assert release.manifest.reads_findings


def test_no_image_is_encoded_for_its_words(reader: ReleaseReader, release: Release) -> None:
    raw = reader.read(Square(image(), releases.SIDE, releases.SIDE))
    interpretation = borne_out_by_its_heads(raw, release)
    # A field of which the release has one sentence alone is said by any decoder.
    assert interpretation["imaging_plane"] == "Axial plane of the fetal head."
    assert set(interpretation) <= set(prompting.FIELDS)
    assert set(raw.seconds) == {"vision", "interpret"}
    assert json.loads(raw.classification) == {"label": "head"}


def test_every_phase_of_the_decoder_has_its_form(decoder: Decoder) -> None:
    with decoder.read(
        "plane head 9;image good 8;found fetal_head;sure 9;axis oblique 30"
    ) as session:
        assert tuple(session.interpret("head")) == prompting.FIELDS
        assert session.classify() in decoder.classes
        assert session.detect(("NT",)) == ()


def test_the_same_findings_give_the_same_words(decoder: Decoder) -> None:
    lines = (
        "plane head 9;image good 8;axis oblique 30",
        "plane nt_view 9;image poor 3;found NT;sure 4;unclear NT",
    )
    said = []
    for line in (*lines, *lines):
        with decoder.read(line) as session:
            said.append(session.interpret("head"))
    assert said[:2] == said[2:]


def test_findings_without_end_are_refused(decoder: Decoder) -> None:
    with pytest.raises(InvalidModelOutput), decoder.read("x" * (MOST_FINDINGS + 1)):
        pass


def test_a_decoder_that_llama_cannot_load_is_refused(release: Release, tmp_path: Path) -> None:
    broken = tmp_path / "text.gguf"
    broken.write_bytes(release.text.read_bytes()[:20_000])
    with pytest.raises(ReleaseRefused):
        Decoder(broken, release.manifest.prompts, ())


@pytest.mark.skipif(bool(triton.missing()), reason=triton.missing())
def test_the_model_server_says_what_this_process_says(
    store: Path, release: Release, tmp_path: Path
) -> None:
    here = InProcessInference(store)
    (mine,) = here.read([image()], ALL_PHASES, request_id="one-tower")
    here.close()
    with servers.triton_server(tmp_path, store) as server:
        there = TritonInference(server.grpc, lambda: releases.SIDE)
        (theirs,) = there.read([image()], ALL_PHASES, request_id="one-tower")
        there.close()
    assert borne_out_by_its_heads(theirs, release) == json.loads(mine.interpretation)
    assert theirs.release == mine.release


def test_the_agent_on_a_laptop_reads_with_it(store: Path) -> None:
    picture = open_image("case", "a" * 64, "image/png", (SAMPLES / "head-27w.png").read_bytes())
    report = CaseReader(store, threads=1).read("case-one-tower", [picture])
    assert report.release.name == "fada-decoder"
    assert "encode" not in report.seconds
    (frame,) = report.frames
    assert frame.interpretation["imaging_plane"] == "Axial plane of the fetal head."


def test_two_decoders_are_compared_on_what_its_heads_find(store: Path, release: Release) -> None:
    from models.data.manifest import Record
    from models.evaluation.findings import Finder, agreement, answers_of, decoder_of
    from models.gates.quantisation import text_pair

    record = Record(
        SAMPLES / "head-27w.png", "", "", "val", "head", "", None, {}, None, None, None, 0, 0, False
    )
    pair = text_pair(release, store / ".text", [record], 1)
    assert pair["full"]["same_interpretation_as_first"] == 1.0
    assert pair["stored"] == pair["full"], "the same file on both sides"
    finder = Finder(release)
    findings = [finder.of_record(record)]
    interpretations = [answer.fields for answer in answers_of(decoder_of(release), findings)]
    shares = agreement(interpretations, findings, finder.words)
    assert shares["imaging_plane"] == 1.0
    assert agreement([finder.words.words(findings[0])], findings, finder.words)["whole"] == 1.0
