"""A text model that sees the image (the form of FADA's own) in llama.cpp, as hub and phone run it."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tiny_weights

from services.domain.errors import InvalidModelOutput, ModelCrashed, ReleaseRefused
from services.reading.images.picture import square
from services.reading.phases import ReleaseReader
from services.reading.releases.registry import open_release, trust_of
from services.reading.releases.release import Release, load
from services.reading.text import prompting
from services.reading.text.prompting import Prompts
from services.reading.text.runtime import TextModel

STORE = Path(__file__).parents[3] / "models" / "releases"


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    store = tmp_path_factory.mktemp("two-towers")
    return load(tiny_weights.release(store), trust_of(store))


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
        fields = conversation.interpret()
        label = conversation.classify()
    assert tuple(fields) == prompting.FIELDS
    assert label in model.classes


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
        for structures in (conversation.detect(("NT", "CSP")), conversation.segment(("NT",))):
            assert {item.label for item in structures} <= {"NT", "CSP"}


def test_a_phase_without_a_prompt_is_not_asked(release: Release) -> None:
    manifest = release.manifest
    pair = release.text, release.mmproj
    prompts = replace(manifest.prompts, detect="")
    model = TextModel(*pair, manifest.text_side, prompts, manifest.classes)
    with model.look(picture("noise", model.side)) as conversation:
        assert conversation.detect(("NT",)) == ()
        assert conversation.classify() in manifest.classes  # the others are


@pytest.mark.parametrize("shape", [(31, 31), (1, 1), (128, 127)])
def test_another_size_is_refused(model: TextModel, shape: tuple[int, int]) -> None:
    image = np.zeros(shape, np.uint8)
    with pytest.raises(InvalidModelOutput), model.look(image):
        pass


def test_a_file_that_llama_cannot_load_is_refused(release: Release, tmp_path: Path) -> None:
    broken = tmp_path / "text.gguf"
    broken.write_bytes(release.text.read_bytes()[:100_000])
    with pytest.raises(ReleaseRefused):
        TextModel(broken, release.mmproj, 128, Prompts("1"), ())


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGABRT, signal.SIGSEGV])
def test_a_native_death_fails_one_image_and_the_next_is_read(
    model: TextModel, number: signal.Signals
) -> None:
    image = picture("ramp", model.side)
    with model.look(image) as conversation:
        before = conversation.interpret()
    with model.look(image) as conversation:
        dies_while_it_answers(model, number)
        with pytest.raises(ModelCrashed) as death:
            conversation.interpret()
    assert (death.value.code, death.value.retryable) == ("model_crashed", True)
    with model.look(image) as conversation:
        assert conversation.interpret() == before


def test_the_other_phases_of_that_image_fail_too(model: TextModel) -> None:
    with model.look(picture("ramp", model.side)) as conversation:
        dies_while_it_answers(model, signal.SIGKILL)
        for phase in (conversation.interpret, conversation.classify):
            with pytest.raises(ModelCrashed):
                phase()


def test_one_that_died_while_nobody_asked_costs_no_image(model: TextModel) -> None:
    with model.look(picture("ramp", model.side)):
        pass
    child = model._process.pid
    assert child is not None
    os.kill(child, signal.SIGKILL)
    gone(child)
    with model.look(picture("ramp", model.side)) as conversation:
        assert conversation.classify() in model.classes
    assert model._process.pid != child


def test_one_that_hangs_is_ended_after_its_time(release: Release) -> None:
    manifest = release.manifest
    pair = release.text, release.mmproj
    model = TextModel(
        *pair, manifest.text_side, manifest.prompts, manifest.classes, image_seconds=5.0
    )
    began = time.monotonic()
    with model.look(picture("ramp", model.side)) as conversation:
        assert model._process.pid is not None
        os.kill(model._process.pid, signal.SIGSTOP)
        with pytest.raises(ModelCrashed):
            conversation.interpret()
    assert time.monotonic() - began > 4.0  # that it ends at all, the test's own limit tells


def test_its_memory_is_bounded(model: TextModel, release: Release) -> None:
    with model.look(picture("ramp", model.side)):
        limits = Path(f"/proc/{model._process.pid}/limits").read_text()
    line = next(line for line in limits.splitlines() if line.startswith("Max data size"))
    assert 2**30 < int(line.split()[3]) < 4 * 2**30


@pytest.mark.parametrize("ending", ["os.kill(os.getpid(), signal.SIGKILL)", "del model; import gc"])
def test_no_child_outlives_its_parent(release: Release, ending: str) -> None:
    program = f"""
import os, signal, pathlib
from services.reading.text.prompting import Prompts
from services.reading.text.runtime import TextModel
model = TextModel(pathlib.Path({str(release.text)!r}), pathlib.Path({str(release.mmproj)!r}), 128, Prompts("1"), ())
print(model._process.pid, flush=True)
{ending}
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    gone(int(done.stdout))


def test_a_service_that_is_told_to_stop_finishes_its_image(model: TextModel) -> None:
    """Whoever stops a service signals all of its processes."""
    with model.look(picture("ramp", model.side)) as conversation:
        assert model._process.pid is not None
        for number in (signal.SIGTERM, signal.SIGINT):
            os.kill(model._process.pid, number)
        assert conversation.classify() in model.classes


def test_after_a_fork_each_has_a_child_of_its_own(model: TextModel) -> None:
    with model.look(picture("ramp", model.side)):
        parents = model._process.pid
    read_end, write_end = os.pipe()
    if (pid := os.fork()) == 0:
        with model.look(picture("ramp", model.side)) as conversation:
            message = f"{model._process.pid} {conversation.classify()}"
        os.write(write_end, message.encode())
        os._exit(0)
    os.waitpid(pid, 0)
    child, label = os.read(read_end, 1000).decode().split(" ", 1)
    assert int(child) != parents
    assert label in model.classes
    with model.look(picture("ramp", model.side)):
        assert model._process.pid == parents


def dies_while_it_answers(model: TextModel, number: signal.Signals) -> None:
    """The next question reaches a process that stands still, and then dies."""
    child = model._process.pid
    assert child is not None
    os.kill(child, signal.SIGSTOP)

    def die() -> None:
        os.kill(child, number)
        os.kill(child, signal.SIGCONT)

    threading.Timer(0.3, die).start()


def gone(pid: int) -> None:
    """Wait for its end; the test's own time limit ends it."""
    process = Path(f"/proc/{pid}")
    while True:
        try:
            state = (process / "stat").read_text().rsplit(")", 1)[1].split()[0]
            threads = len(list((process / "task").iterdir()))
        except OSError:
            return
        # The first thread may be a zombie while others still end: only then can it be waited for.
        if state == "Z" and threads == 1:
            return
        time.sleep(0.02)


def test_a_reader_of_the_bundled_release_gives_the_whole_contract() -> None:
    release = open_release(STORE, trust_of(STORE))
    reader = ReleaseReader(release)
    side = release.manifest.side
    raw = reader.read(square(picture("noise", 300), side))
    assert raw.plane.shape == (len(release.manifest.planes),)
    assert set(json.loads(raw.interpretation)) <= set(prompting.FIELDS)
    assert {"vision", "interpret"} <= set(raw.seconds)
    plane = release.manifest.planes[int(raw.plane.argmax())]
    assert json.loads(raw.classification) == {"label": plane}
    again = reader.read(square(picture("noise", 300), side))
    assert again.interpretation == raw.interpretation
    assert np.array_equal(again.boxes, raw.boxes)
