"""CRL and NT from keypoints as FADA's authors publish their form, through an imported release."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import small_releases
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from numpy.typing import NDArray

from models.packaging.importing import Import, import_release
from services.domain.calibration import SCALE_BAR_READ, Calibration, PixelSize, Region
from services.domain.errors import InvalidModelOutput, ReleaseMalformed
from services.domain.report import Abstention, FrameReading, Measurement
from services.domain.study import FrameRef
from services.reading import phases
from services.reading.contract import ALL_PHASES, Phase
from services.reading.images.picture import Square
from services.reading.judge import judge
from services.reading.phases import ReleaseReader
from services.reading.review_edits import FrameEdit, apply_edit
from services.reading.text import keypoints, prompting
from services.reading.text.runtime import TextSession

WIDTH, HEIGHT = 800, 400
CRL, NT, BAR = (
    '{"bbox_2d": [200, 300, 700, 800], "label": "CRL_KP",'
    ' "keypoints": [[200, 500, 2], [700, 500, 2]]}',
    '{"bbox_2d": [400, 400, 420, 440], "label": "NTKpoints",'
    ' "keypoints": [[410, 400, 2], [410, 440, 2]]}',
    '{"bbox_2d": [900, 100, 910, 900], "label": "ScaleBarKpoints",'
    ' "keypoints": [[900, 100, 2], [900, 900, 2]]}',
)
PROMPTS = {
    "version": "1", "interpret": "Interpret.", "classify": "Classify.",
    "detect": "Detect: {structures}.", "segment": "Segment: {structures}.",
    "keypoints": "Mark the ends of: {structures}.",
}  # fmt: skip
WORDS = dict.fromkeys(prompting.FIELDS, "not assessed")


class Scripted:
    """A loaded text model that answers every prompt from a table and remembers what it was asked."""

    def __init__(self, manifest: Any, answers: dict[str, str]) -> None:
        self.prompts, self.classes = manifest.prompts, manifest.classes
        self.sentences: Mapping[str, Mapping[str, Any]] = {}
        self.answers, self.asked = answers, list[str]()

    @contextmanager
    def look(self, _: NDArray[np.uint8]) -> Iterator[TextSession]:
        yield Session(self)


class Session(TextSession):
    """One image of it."""

    def complete(self, after: str, form: prompting.Schema | None, most: int) -> str:
        model = self._settings
        assert isinstance(model, Scripted)
        prompt = after.split("<|im_end|>")[0]
        model.asked.append(prompt)
        return model.answers.get(prompt, "[]")


def imported(folder: Path, **about: Any) -> Any:
    pair = folder / "pair"
    pair.mkdir()
    (pair / "words.gguf").write_bytes(small_releases.gguf_bytes())
    (pair / "mmproj.gguf").write_bytes(small_releases.gguf_bytes(b"tower"))
    (pair / "prompts.json").write_text(json.dumps({"prompts": PROMPTS, "side": 64, **about}))
    request = Import(pair, "fada-marks", "1.0.0")
    return import_release(request, folder / "store", Ed25519PrivateKey.generate())


def read(
    monkeypatch: pytest.MonkeyPatch,
    folder: Path,
    view: str,
    marks: str,
    calibration: Calibration = Calibration(),  # noqa: B008 - frozen
    **about: Any,
) -> tuple[FrameReading, list[str]]:
    """What a whole frame's five phases and the judgement make of an answer."""
    release = imported(folder, **about)
    names = "CRL_KP, ScaleBarKpoints" if "rump" in view else "NTKpoints, ScaleBarKpoints"
    said = {
        "Interpret.": json.dumps({**WORDS, "imaging_plane": view}),
        "Classify.": '{"label": "Other"}',
        f"Mark the ends of: {names}.": marks,
    }
    model = Scripted(release.manifest, said)
    monkeypatch.setattr(phases, "TextModel", lambda *_, **__: model)
    image = Square(np.zeros((64, 64), np.uint8), WIDTH, HEIGHT)
    raw = ReleaseReader(release).read(image)
    where = FrameRef("1.2", "1.2.3", 1)
    return judge(raw, image, where, release.manifest, calibration).reading, model.asked


@pytest.mark.parametrize("phase", ["interpret", "classify", "detect", "segment"])
def test_a_phase_without_a_prompt_is_not_asked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, phase: str
) -> None:
    monkeypatch.setitem(PROMPTS, phase, "")
    reading, asked = read(monkeypatch, tmp_path, "nuchal translucency view", "[]")
    assert "" not in asked
    assert all(not prompt.lower().startswith(phase) for prompt in asked)
    assert reading.in_scope == (phase not in ("interpret", "classify"))


@pytest.mark.parametrize(
    ("view", "plane", "measured"),
    [
        ("Transperineal view, cervical length", "intrapartum", []),
        ("Trans-thalamic plane", "head", ["HC", "BPD", "OFD"]),
    ],
)
def test_a_head_in_labour_has_no_circumference_also_where_words_were_not_asked_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, view: str, plane: str, measured: list[str]
) -> None:
    head = '[{"bbox_2d": [200, 200, 800, 800], "label": "Brain"}]'
    outline = head.replace("}]", ', "mask": [[200, 200], [800, 200], [800, 800], [200, 800]]}]')
    said = {
        "Interpret.": json.dumps({**WORDS, "imaging_plane": view}),
        "Classify.": '{"label": "BPD_PLANE"}',
        "Detect: Brain, CSP, LV.": head,
        "Segment: Brain.": outline,
    }
    for asked in ((Phase.CLASSIFY, Phase.MAP, Phase.DETECT, Phase.SEGMENT), ALL_PHASES):
        reading = judged(monkeypatch, tmp_path / str(len(asked)), said, phases_asked=asked)
        assert reading.plane is not None
        assert reading.plane.label == plane
        assert [m.name for m in reading.measurements] == measured
        assert bool(reading.interpretation) == (Phase.INTERPRET in asked)
    monkeypatch.setitem(PROMPTS, "interpret", "")
    reading = judged(monkeypatch, tmp_path / "wordless", said)
    assert (reading.plane, reading.abstentions) == (None, ((Abstention.UNKNOWN_PLANE, "plane"),))


def judged(
    monkeypatch: pytest.MonkeyPatch,
    folder: Path,
    said: dict[str, str],
    phases_asked: tuple[Phase, ...] = ALL_PHASES,
) -> FrameReading:
    """What is made of a scripted model's answers to these phases."""
    folder.mkdir()
    release = imported(folder)
    model = Scripted(release.manifest, said)
    monkeypatch.setattr(phases, "TextModel", lambda *_, **__: model)
    image = Square(np.zeros((64, 64), np.uint8), WIDTH, HEIGHT)
    raw = ReleaseReader(release).read(image, phases_asked)
    where = FrameRef("1.2", "1.2.3", 1)
    return judge(raw, image, where, release.manifest, Calibration()).reading


def only(reading: FrameReading) -> Measurement:
    (measurement,) = reading.measurements
    return measurement


def test_a_crl_in_mm_by_the_images_own_regions(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    regions = Calibration(regions=(Region(0, 0, 799, 399, 0.15, 0.15),))
    marks = f"[{CRL}, {BAR}]"
    reading, asked = read(
        monkeypatch, tmp_path, "crown-rump length view", marks, regions, scale_bar_mm=10
    )
    crl = only(reading)
    assert (crl.name, crl.px, crl.mm) == ("CRL", 400.0, 60.0)
    assert crl.calibration == "ultrasound_region"
    assert crl.mm_low is None
    assert crl.points == ((160.0, 200.0), (560.0, 200.0))
    assert "Detect: B, CRL, H, NB." in asked
    assert {k.label for k in reading.keypoints} == {"crl_a", "crl_b", "scale_a", "scale_b"}


def test_an_nt_in_mm_by_the_scale_bar_that_the_model_found(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    marks = f"[{NT}, {BAR}]"
    reading, _ = read(monkeypatch, tmp_path, "nuchal translucency view", marks, scale_bar_mm=40)
    nt = only(reading)
    # The bar is 320 pixels high and 40 mm long: 0.125 mm a pixel. NT is 16 pixels.
    assert (nt.name, nt.px, nt.mm, nt.calibration) == ("NT", 16.0, 2.0, SCALE_BAR_READ)
    left = apply_edit(reading, FrameEdit(), Calibration()).reading
    assert left.measurements == reading.measurements


SHORT_BAR = BAR.replace("[900, 900, 2]", "[900, 120, 2]")
HIDDEN_BAR = BAR.replace("[900, 900, 2]", "[900, 900, 0]")
ELSEWHERE = Calibration(regions=(Region(0, 0, 99, 99, 0.15, 0.15),))


@pytest.mark.parametrize(
    ("marks", "calibration", "about"),
    [
        (f"[{CRL}, {BAR}]", Calibration(), {}),
        (f"[{CRL}]", Calibration(), {"scale_bar_mm": 10}),
        (f"[{CRL}, {SHORT_BAR}]", Calibration(), {"scale_bar_mm": 10}),
        (f"[{CRL}, {HIDDEN_BAR}]", Calibration(), {"scale_bar_mm": 10}),
        (f"[{CRL}, {BAR}]", ELSEWHERE, {"scale_bar_mm": 10}),
    ],
    ids=["length of bars not told", "no bar", "short bar", "half a bar", "another region"],
)
def test_no_millimetre_without_a_scale(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    marks: str,
    calibration: Calibration,
    about: dict[str, Any],
) -> None:
    reading, _ = read(monkeypatch, tmp_path, "crown-rump length", marks, calibration, **about)
    crl = only(reading)
    assert (crl.px, crl.mm, crl.calibration) == (400.0, None, "not_calibrated")
    assert (Abstention.NOT_CALIBRATED, "CRL") in reading.abstentions


@pytest.mark.parametrize("third", ["[300, 300, 2]", "[300, 300, 1]"])
def test_a_length_has_two_ends(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, third: str) -> None:
    more = CRL.replace("[700, 500, 2]]", f"[700, 500, 2], {third}]")
    reading, _ = read(monkeypatch, tmp_path, "crown-rump length", f"[{more}]")
    assert reading.measurements == ()
    assert reading.keypoints == ()


def test_a_release_without_such_a_prompt_is_not_asked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    without = {k: v for k, v in PROMPTS.items() if k != "keypoints"}
    spacing = Calibration(spacing=PixelSize(0.1, 0.1, "pixel_spacing"))
    reading, asked = read(
        monkeypatch, tmp_path, "crown-rump length", f"[{CRL}]", spacing, prompts=without
    )
    assert len(asked) == 3
    assert reading.plane is not None
    assert reading.measurements == ()


@pytest.mark.parametrize(
    "item",
    [
        {"bbox_2d": [0, 0, 1, 1], "label": "CRL_KP"},
        {"bbox_2d": [0, 0, 1, 1], "label": "CRL_KP", "keypoints": []},
        {"bbox_2d": [0, 0, 1, 1], "label": "CRL_KP", "keypoints": [[1, 2]]},
        {"bbox_2d": [0, 0, 1, 1], "label": "CRL_KP", "keypoints": [[1, 2, 3]]},
        {"bbox_2d": [0, 0, 1, 1], "label": "CRL_KP", "keypoints": [[1, 2, True]]},
        {"bbox_2d": [0, 0, 1, 1], "label": "CRL_KP", "keypoints": [[1, 1001, 2]]},
        {"bbox_2d": [0, 0, 1, 1], "label": "CRL_KP", "keypoints": [[1, 1, 2]] * 9},
        {"bbox_2d": [0, 0, 1], "label": "CRL_KP", "keypoints": [[1, 1, 2]]},
        {"bbox_2d": [0, 0, 1, 1], "label": "NTKpoints", "keypoints": [[1, 1, 2]]},
        [],
    ],
)
def test_a_broken_answer_fails_the_whole(item: object) -> None:
    with pytest.raises(InvalidModelOutput):
        keypoints.read(json.dumps([item]), ("CRL_KP", "ScaleBarKpoints"))


def test_the_grammar_takes_the_published_form_and_no_other() -> None:
    llguidance = pytest.importorskip("llguidance")
    form = keypoints.schema(("CRL_KP", "ScaleBarKpoints"))
    grammar = llguidance.LLMatcher.grammar_from_json_schema(json.dumps(form))
    assert llguidance.LLMatcher.validate_grammar(grammar) == ""


@pytest.mark.parametrize("length", [0, -1, "10", True, 1000])
def test_the_length_of_scale_bars_is_a_length(tmp_path: Path, length: object) -> None:
    with pytest.raises(ReleaseMalformed):
        imported(tmp_path, scale_bar_mm=length)
