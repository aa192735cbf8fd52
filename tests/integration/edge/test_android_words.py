"""The words of fada-read, under QEMU: of findings, of an image encoded again, and of a release without heads."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from made_tensors import made_up, with_biometry, without
from numpy.typing import NDArray
from phone_program import MARKS, agree, run, said, tensors

from edge.android import phases
from edge.android.grammar import gbnf
from models.text.finding_sentences import WORDS
from services.domain.calibration import Calibration
from services.domain.mapping import GROUPS, map_structures
from services.domain.study import FrameRef
from services.reading.contract import RawReading
from services.reading.images.picture import decode, resize, square
from services.reading.judge import judge
from services.reading.phases import ReleaseReader
from services.reading.releases import manifest
from services.reading.releases.registry import open_release, trust_of
from services.reading.releases.release import Release, load
from services.reading.text import prompting
from services.reading.text.decoder import Decoder
from services.reading.text.finding_words import borne_out
from services.reading.text.findings import Findings, findings_of
from services.reading.text.runtime import Conversation, TextModel

ROOT = Path(__file__).parents[3]
SAMPLES, STORE = ROOT / "samples", ROOT / "models" / "releases"
pytestmark = MARKS
PICTURE = SAMPLES / "head-27w.png"


def squares(release: Release, image: Path) -> np.ndarray:
    """What the hub's text model sees of an image."""
    manifest = release.manifest
    seen = square(decode(image.read_bytes()).pixels, manifest.side).pixels
    return resize(seen, manifest.text_side, manifest.text_side)


def model(release: Release) -> TextModel:
    manifest = release.manifest
    return TextModel(
        release.text, release.mmproj, manifest.text_side, manifest.prompts, manifest.classes,
        sentences=manifest.sentences,
    )  # fmt: skip


def test_a_plane_that_is_known_is_not_asked_for(
    android_program: Path, tiny_release: Path, tmp_path: Path
) -> None:
    release = load(tiny_release, trust_of(tiny_release.parent))
    phases.put(release, tmp_path)
    output = run(android_program, tmp_path, SAMPLES / "head-27w.png", "--plane", "femur")
    assert "classify" not in output["phases"]


def test_five_phases_of_a_release_without_heads(
    android_program: Path, tiny_release: Path, tmp_path: Path
) -> None:
    """FADA's own form: all phases in words, the structures asked for by phase 3's rules."""
    release = load(tiny_release, trust_of(tiny_release.parent))
    phases.put(release, tmp_path)
    phase_results = run(android_program, tmp_path, SAMPLES / "head-27w.png")["phases"]
    assert list(phase_results)[:3] == ["interpret", "classify", "map"]
    assert tuple(phase_results["interpret"]) == prompting.FIELDS
    assert (
        phase_results["map"]
        == map_structures(phase_results["classify"]["label"], phase_results["interpret"]).group
    )
    hub = model(release)
    with hub.look(squares(release, SAMPLES / "head-27w.png")) as conversation:
        assert phase_results["interpret"] == conversation.interpret()
        assert phase_results["classify"] == {"label": conversation.classify()}
        group, prompts = GROUPS[phase_results["map"]], release.manifest.prompts
        forms = {
            "detect": prompting.detection_schema(group.structures),
            "segment": prompting.segmentation_schema(group.masks),
        }
        for phase, form in forms.items():
            if phase == "detect" or group.masks:
                prompt = prompts.after(getattr(prompts, phase))
                assert phase_results[phase] == bound_by(conversation, prompt, gbnf(form, prompts))


def bound_by(seen: Conversation, prompt: str, grammar: str) -> Any:
    """What the hub's llama.cpp says under this very grammar.

    Its own engine of schemas cuts what is forced (`],"label":"`) into other tokens, which weights
    that were never trained take for another text.
    """
    return json.loads(seen.answer(prompt, None, 4096, grammar=grammar).text)


def test_an_image_is_encoded_again_by_a_second_tower(
    android_program: Path, towers: Release, tmp_path: Path
) -> None:
    """Its text model is asked about the plane that the heads name, and what it says is not checked."""
    phases.put(towers, tmp_path)
    output = run(android_program, tmp_path, PICTURE)
    seen = square(decode(PICTURE.read_bytes()).pixels, towers.manifest.side)
    raw = ReleaseReader(towers).read(seen)
    hub = judge(raw, seen, FrameRef("1.2", "1.2.3"), towers.manifest, Calibration()).reading
    agree(output["reading"], hub, pixels=0.05, mm=0.1, days=0.3)
    assert tuple(hub.interpretation) == prompting.FIELDS
    assert "encode" in output["seconds"]
    assert "findings" not in output


def test_findings_are_read_in_place_of_the_image(
    android_program: Path, towers: Release, one_tower: Release, tmp_path: Path
) -> None:
    """Under this very grammar a random decoder says the same in both builds; what the findings do not bear
    out is left out by both."""
    phases.put(towers, tmp_path)
    phases.put(one_tower, tmp_path)
    assert not (tmp_path / "mmproj.gguf").exists(), "a second tower is left behind"
    about = one_tower.manifest
    assert about.words is not None
    output = run(android_program, tmp_path, PICTURE)
    reader = ReleaseReader(one_tower)
    seen = square(decode(PICTURE.read_bytes()).pixels, about.side)
    raw = reader.read(seen)
    findings = findings_in(raw, about)
    assert output["findings"] == findings.line()
    assert "encode" not in output["seconds"]
    plane = findings.plane
    closed = {field: dict(form) for field, form in about.sentences[plane].items()}
    after = about.prompts.after(about.prompts.interpretation(plane))
    decoder = Decoder(one_tower.text, about.prompts, about.classes, sentences=about.sentences)
    with decoder.read(findings.line()) as session:
        answered = bound_by(
            session, after, gbnf(prompting.interpretation_schema(closed), about.prompts)
        )
    hub = judge(
        replace(raw, interpretation=json.dumps(borne_out(answered, findings, about.words))),
        seen, FrameRef("1.2", "1.2.3"), about, Calibration(),
    ).reading  # fmt: skip
    agree(output["reading"], hub, pixels=0.05, mm=0.1, days=0.3)
    kept = output["reading"]["interpretation"]
    assert {"imaging_plane", "gestational_age", "normality_assessment"} <= set(kept)
    assert set(kept) < set(prompting.FIELDS), "a random decoder was believed"


def test_the_same_line_and_words_of_made_up_tensors(android_program: Path, tmp_path: Path) -> None:
    """Structures found, unclear, cut off, missing or leaked, the axis and the face; a changed field is left out."""
    path = open_release(STORE, trust_of(STORE)).folder / "manifest.json"
    chance = random.Random(77)
    cases, expected, fields = [], [], []
    for number in range(120):
        document = json.loads(path.read_text())
        document["preprocessing"]["side"] = 64
        if number % 2:
            document = with_biometry(document)
        if number % 3 == 0:
            document = without(document, "abdomen", "femur", "NT")
        about = replace(manifest.parse(document, "0" * 64), text_input="findings", words=WORDS)
        raw = made_up(chance, about)
        raw.boxes[:, :2] = raw.boxes[:, :2] * 0.6 + 0.2  # most of them whole
        raw.boxes[:, 2:4] *= 0.5
        raw.keypoints[:, 2] += 1
        findings = findings_in(raw, about)
        words = WORDS.words(findings)
        changed = words | {chance.choice(list(words)): "Something else."}
        heads = json.loads(json.dumps(phases.judgement(about)))
        cases.append({"heads": heads, "tensors": tensors(raw), "words": changed})
        expected.append({"line": findings.line(), "words": borne_out(changed, findings, WORDS)})
        fields += [f"{name}={text}" for name, text in words.items()]
    (tmp_path / "cases.json").write_text(json.dumps(cases))
    assert json.loads(said(android_program, "--judge", tmp_path / "cases.json")) == expected
    assert all(len(one["words"]) == len(prompting.FIELDS) - 1 for one in expected)
    lines = " ".join(str(one["line"]) for one in expected)
    assert all(f";{name} " in lines for name in ("unclear", "cut", "missing", "axis", "face"))
    assert len(set(fields)) > 60, "too few sentences were compared"


def findings_in(raw: RawReading, about: manifest.Manifest) -> Findings:
    dense: dict[str, NDArray[Any]] = {
        "PLANE": raw.plane[None], "QUALITY": np.array([[raw.quality]], np.float32),
        "BOXES": raw.boxes[None], "KEYPOINTS": raw.keypoints[None], "MASKS": raw.masks[None],
    }  # fmt: skip
    assert about.words is not None
    return findings_of(dense, about, about.words)
