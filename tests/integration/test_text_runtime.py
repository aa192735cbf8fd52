"""The bundled release's text model in llama.cpp, as hub and phone run it."""

import json
from pathlib import Path

import numpy as np
import pytest

from services.domain.errors import InvalidModelOutput, ReleaseRefused
from services.reading.images.square import square
from services.reading.phases import ReleaseReader
from services.reading.releases.registry import open_release, trust_of
from services.reading.releases.release import Release
from services.reading.text import schema
from services.reading.text.prompts import Prompts
from services.reading.text.runtime import TextModel

STORE = Path(__file__).parents[2] / "models" / "releases"


@pytest.fixture(scope="module")
def release() -> Release:
    return open_release(STORE, trust_of(STORE))


@pytest.fixture(scope="module")
def model(release: Release) -> TextModel:
    manifest = release.manifest
    pair = release.text, release.mmproj
    return TextModel(*pair, manifest.text_side, manifest.prompts, manifest.classes)


def picture(kind: str, side: int) -> np.ndarray:
    rng = np.random.default_rng(5)
    return {
        "noise": rng.integers(0, 256, (side, side)),
        "black": np.zeros((side, side)),
        "white": np.full((side, side), 255),
        "ramp": np.tile(np.linspace(0, 255, side), (side, 1)),
    }[kind].astype(np.uint8)


@pytest.mark.parametrize("kind", ["noise", "black", "white", "ramp"])
def test_whatever_comes_the_answer_has_its_form(model: TextModel, kind: str) -> None:
    with model.look(picture(kind, model.side)) as conversation:
        told = conversation.interpret()
        label = conversation.classify()
    assert tuple(told) == schema.FIELDS
    assert label in model.classes
    assert "Not assessed" in told["normality_assessment"]


def test_the_image_is_encoded_once_for_all_phases(model: TextModel) -> None:
    image_tokens = (model.side // 32) ** 2
    with model.look(picture("noise", model.side)) as conversation:
        assert conversation.cached_tokens == 0
        for phase in (conversation.interpret, conversation.classify, conversation.interpret):
            phase()
            assert conversation.cached_tokens > image_tokens


def test_the_order_of_phases_changes_nothing(model: TextModel) -> None:
    image = picture("ramp", model.side)
    with model.look(image) as conversation:
        one = conversation.interpret(), conversation.classify()
    with model.look(image) as conversation:
        label = conversation.classify()
        assert (conversation.interpret(), label) == one


def test_an_untaught_phase_still_has_its_form_and_ends(release: Release) -> None:
    manifest = release.manifest
    prompts = Prompts("0", "x", "y", "Find everything.", "Outline everything.")
    pair = release.text, release.mmproj
    model = TextModel(*pair, manifest.text_side, prompts, manifest.classes)
    with model.look(picture("noise", model.side)) as conversation:
        for found in (conversation.detect(("NT", "CSP")), conversation.segment(("NT",))):
            assert {item.label for item in found} <= {"NT", "CSP"}


def test_a_phase_without_a_prompt_fails_visibly(model: TextModel) -> None:
    with model.look(picture("noise", model.side)) as conversation:
        with pytest.raises(InvalidModelOutput):
            conversation.detect(("NT",))
        assert conversation.detect(()) == ()


@pytest.mark.parametrize("shape", [(31, 31), (1, 1), (192, 191)])
def test_another_size_is_refused(model: TextModel, shape: tuple[int, int]) -> None:
    image = np.zeros(shape, np.uint8)
    with pytest.raises(InvalidModelOutput), model.look(image):
        pass


def test_a_file_that_llama_cannot_load_is_refused(release: Release, tmp_path: Path) -> None:
    broken = tmp_path / "text.gguf"
    broken.write_bytes(release.text.read_bytes()[:100_000])
    with pytest.raises(ReleaseRefused):
        TextModel(broken, release.mmproj, 192, Prompts("1"), ())


def test_a_reader_gives_the_whole_contract(release: Release) -> None:
    reader = ReleaseReader(release)
    side = release.manifest.side
    raw = reader.read(square(picture("noise", 300), side))
    assert raw.plane.shape == (len(release.manifest.planes),)
    assert set(json.loads(raw.interpretation)) == set(schema.FIELDS)
    assert {"vision", "encode", "interpret"} <= set(raw.seconds)
    plane = release.manifest.planes[int(raw.plane.argmax())]
    assert json.loads(raw.classification) == {"label": plane}
    again = reader.read(square(picture("noise", 300), side))
    assert again.interpretation == raw.interpretation
    assert np.array_equal(again.boxes, raw.boxes)
