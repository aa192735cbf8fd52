"""The program for Android phones, run here under QEMU, against the hub's own runtime."""

from __future__ import annotations

import json
import os
import shutil
import struct
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from edge.android import phases
from edge.android.build import CACHE, PROGRAM, build, sources
from edge.android.grammar import gbnf
from services.domain.mapping import GROUPS, map_plane, map_structures
from services.reading.images.picture import decode, resize, square
from services.reading.releases.registry import open_release, trust_of
from services.reading.releases.release import Release, load
from services.reading.text import prompting
from services.reading.text.runtime import Conversation, TextModel

QEMU = shutil.which("qemu-aarch64-static") or shutil.which("qemu-aarch64") or ""
ROOT = Path(__file__).parents[3]
SAMPLES, STORE = ROOT / "samples", ROOT / "models" / "releases"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1800),  # the first build of llama.cpp takes minutes
    pytest.mark.skipif(not QEMU, reason="needs qemu-user-static"),
]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built where it is not there yet; objects stay in the cache."""
    try:
        sources()
    except subprocess.CalledProcessError:
        if os.environ.get("CI"):
            raise
        pytest.skip("llama.cpp's sources cannot be fetched without a network")
    return build(tmp_path_factory.mktemp("android"))


def run(program: Path, folder: Path, image: Path, *more: str) -> dict[str, Any]:
    done = subprocess.run(
        [QEMU, program, folder, image, "--threads", "1", *more],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


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


def test_it_is_static_and_for_arm(program: Path) -> None:
    head = program.read_bytes()[:64]
    assert head[:5] == b"\x7fELF\x02"
    assert struct.unpack_from("<H", head, 18)[0] == 183, "aarch64"
    offset, size, count = *struct.unpack_from("<Q", head, 32), *struct.unpack_from("<HH", head, 54)
    kinds = []
    with program.open("rb") as file:
        for number in range(count):
            file.seek(offset + number * size)
            kind, _, _, _, _, _, _, aligned = struct.unpack("<IIQQQQQQ", file.read(56))
            kinds.append(kind)
            if kind == 1:
                assert aligned % 16384 == 0, "phones with pages of 16 KiB load it too"
    assert 3 not in kinds, "no interpreter: nothing of the phone's is needed"


def test_the_same_words_as_on_the_hub(program: Path, tmp_path: Path) -> None:
    """fada-nano: the plane in words, then the interpretation of that plane."""
    release = open_release(STORE, trust_of(STORE))
    phases.put(release, tmp_path)
    hub = model(release)
    for image in (SAMPLES / "head-27w.png", turned(tmp_path)):
        told = run(program, tmp_path, image)
        with hub.look(squares(release, image)) as conversation:
            plane = conversation.classify()
            expected = conversation.interpret(plane)
        assert told["phases"]["classify"] == {"label": plane}
        assert told["phases"]["interpret"] == expected
        assert told["phases"]["map"] == map_plane(plane).group
        assert told["release"].startswith(f"{release.manifest.name} {release.manifest.version}")
        assert "not for diagnosis" in told["label"]


def turned(folder: Path) -> Path:
    """The sample on its side, in colour, as PNG: two decoders of JPEG differ by a step here and there."""
    path = folder / "turned.png"
    with Image.open(SAMPLES / "head-27w.png") as picture:
        picture.convert("RGB").transpose(Image.Transpose.ROTATE_90).save(path)
    return path


def test_a_plane_that_is_known_is_not_asked_for(program: Path, tmp_path: Path) -> None:
    release = open_release(STORE, trust_of(STORE))
    phases.put(release, tmp_path)
    told = run(program, tmp_path, SAMPLES / "head-27w.png", "--plane", "femur")
    assert "classify" not in told["phases"]
    with model(release).look(squares(release, SAMPLES / "head-27w.png")) as conversation:
        assert told["phases"]["interpret"] == conversation.interpret("femur")


def test_five_phases_of_a_release_without_heads(
    program: Path, tiny_release: Path, tmp_path: Path
) -> None:
    """FADA's own form: all phases in words, the structures asked for by phase 3's rules."""
    release = load(tiny_release, trust_of(tiny_release.parent))
    phases.put(release, tmp_path)
    told = run(program, tmp_path, SAMPLES / "head-27w.png")["phases"]
    assert list(told)[:3] == ["interpret", "classify", "map"]
    assert tuple(told["interpret"]) == prompting.FIELDS
    assert told["map"] == map_structures(told["classify"]["label"], told["interpret"]).group
    hub = model(release)
    with hub.look(squares(release, SAMPLES / "head-27w.png")) as conversation:
        assert told["interpret"] == conversation.interpret()
        assert told["classify"] == {"label": conversation.classify()}
        group, prompts = GROUPS[told["map"]], release.manifest.prompts
        forms = {
            "detect": prompting.detection_schema(group.structures),
            "segment": prompting.segmentation_schema(group.masks),
        }
        for phase, form in forms.items():
            if phase == "detect" or group.masks:
                prompt = prompts.after(getattr(prompts, phase))
                assert told[phase] == bound_by(conversation, prompt, gbnf(form, prompts))


def bound_by(seen: Conversation, prompt: str, grammar: str) -> Any:
    """What the hub's llama.cpp says under this very grammar.

    Its own engine of schemas cuts what is forced (`],"label":"`) into other tokens, which weights
    that were never trained take for another text.
    """
    return json.loads(seen.answer(prompt, None, 4096, grammar=grammar).text)


@pytest.mark.parametrize(
    ("made", "words"),
    [(b"no image", "PNG or JPEG"), (None, "PNG or JPEG")],
)
def test_what_is_no_image_is_refused_in_words(
    program: Path, tmp_path: Path, made: bytes | None, words: str
) -> None:
    phases.put(open_release(STORE, trust_of(STORE)), tmp_path)
    image = tmp_path / "image.png"
    if made is not None:
        image.write_bytes(made)
    done = subprocess.run([QEMU, program, tmp_path, image], capture_output=True, text=True)
    assert done.returncode == 1
    assert words in done.stderr
    assert done.stdout == ""


def test_a_second_build_does_nothing(program: Path) -> None:
    objects = next(CACHE.glob(f"*/{PROGRAM}"))
    before = objects.stat().st_mtime_ns
    again = build(program.parent)
    assert objects.stat().st_mtime_ns == before
    assert again.read_bytes() == program.read_bytes()
