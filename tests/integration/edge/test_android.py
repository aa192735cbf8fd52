"""The program for Android phones, run here under QEMU, against the hub's own runtime."""

from __future__ import annotations

import json
import os
import random
import shutil
import struct
import subprocess
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import releases
from made_tensors import SCALES, made_up, with_biometry
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from edge.android import phases, selftest
from edge.android.build import CACHE, PROGRAM, build, sources
from edge.android.grammar import gbnf
from services.domain.calibration import Calibration, PixelSize
from services.domain.mapping import GROUPS, map_structures
from services.domain.report import FrameReading
from services.domain.study import FrameRef
from services.reading.contract import RawReading
from services.reading.images.picture import Square, decode, has_text, resize, square
from services.reading.judge import judge
from services.reading.phases import ReleaseReader
from services.reading.releases import manifest
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
    words = more if "--threads" in more else ("--threads", "1", *more)
    told: dict[str, Any] = json.loads(said(program, folder, image, *words))
    return told


def said(program: Path, *words: object, cpu: str = "max") -> str:
    """What the program prints on a processor of that name."""
    done = subprocess.run(
        [QEMU, "-cpu", cpu, program, *map(str, words)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


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


def test_the_same_reading_as_on_the_hub(program: Path, tmp_path: Path) -> None:
    """fada-nano, whole: heads by ggml against ONNX Runtime, judged, dated, and put into words."""
    release = open_release(STORE, trust_of(STORE))
    phases.put(release, tmp_path)
    image = SAMPLES / "head-27w.png"
    told = run(program, tmp_path, image, "--mm-per-pixel", "0.28,0.3", "--threads", "2")
    seen = square(decode(image.read_bytes()).pixels, release.manifest.side)
    scale = Calibration(spacing=PixelSize(0.28, 0.3, "scale_bar"))
    raw = ReleaseReader(release).read(seen)
    hub = judge(raw, seen, FrameRef("1.2", "1.2.3"), release.manifest, scale).reading
    agree(told["reading"], hub, pixels=0.05, mm=0.1, days=0.3)
    assert hub.measurements
    assert hub.datings
    assert hub.interpretation
    assert told["release"] == raw.release
    assert "not for diagnosis" in told["label"]


def agree(
    phone: dict[str, Any],
    hub: FrameReading,
    *,
    pixels: float = 0.0,
    mm: float = 0.0,
    days: float = 1e-9,
) -> None:
    """Every field is the hub's; numbers may be off by what is given, confidences by a step."""
    wanted = json.loads(json.dumps(asdict(hub)))
    for name in ("series_uid", "sop_uid", "frame"):  # a picture is no DICOM object
        del wanted[name]
    assert phone.keys() == wanted.keys()
    bounds = {"mm": mm, "mm_low": mm, "mm_high": mm, "degrees": mm, "low": mm, "high": mm}
    bounds |= {"days": days, "low_days": days, "high_days": days, "area_px": 400 * pixels}
    bounds |= {
        "confidence": pixels / 100,
        "scope_confidence": pixels / 100,
        "quality": pixels / 100,
    }
    near(phone, wanted, bounds, pixels, "")


def near(one: Any, other: Any, bounds: dict[str, float], bound: float, where: str) -> None:
    """Equal, but for numbers within the bound of their name; raises AssertionError with the place."""
    if isinstance(other, dict):
        assert one.keys() == other.keys(), where
        for name, value in other.items():
            near(one[name], value, bounds, bounds.get(name, bound), f"{where}.{name}")
    elif isinstance(other, list):
        assert len(one) == len(other), where
        for number, value in enumerate(other):
            near(one[number], value, bounds, bound, f"{where}[{number}]")
    elif isinstance(other, float):
        assert one == pytest.approx(other, abs=bound + 1e-9), where
    else:
        assert one == other, where


def test_the_same_judgement_of_made_up_tensors(program: Path, tmp_path: Path) -> None:
    """Outlines, ellipses, measures, ages, refusals and withheld words, as the hub has them."""
    path = open_release(STORE, trust_of(STORE)).folder / "manifest.json"
    chance = random.Random(11)
    cases, expected = [], []
    for number in range(80):
        document = json.loads(path.read_text())
        document["preprocessing"]["side"] = 64
        if number % 3:
            document = with_biometry(document)
        if number % 2:
            document["calibration"] |= {"scope": 0.3, "quality": 0.1, "plane": 0.4}
        told = manifest.parse(document, "0" * 64)
        raw = made_up(chance, told)
        width, height = chance.choice(((512, 512), (801, 603), (333, 470)))
        scale = chance.choice(SCALES[:3])
        size = Square(np.zeros((64, 64), np.uint8), width, height)
        expected.append(judge(raw, size, FrameRef("1.2", "1.2.3"), told, scale).reading)
        cases.append(case(raw, told, width, height, scale))
    (tmp_path / "cases.json").write_text(json.dumps(cases))
    answers = json.loads(said(program, "--judge", tmp_path / "cases.json"))
    for phone, hub in zip(answers, expected, strict=True):
        agree(phone, with_scale_by_hand(hub))
    reasons = {str(code) for hub in expected for code, _ in hub.abstentions}
    assert {
        "out_of_scope",
        "too_poor",
        "unknown_plane",
        "low_confidence",
        "not_calibrated",
    } < reasons
    named = {m.name for hub in expected for m in hub.measurements}
    assert {"HC", "BPD", "OFD", "AC", "FL"} <= named
    assert any(hub.datings for hub in expected)
    assert any(hub.angles for hub in expected)
    assert any("text_withheld" in hub.flags for hub in expected)


def case(
    raw: RawReading, told: manifest.Manifest, width: int, height: int, scale: Calibration
) -> dict[str, Any]:
    tensors: dict[str, NDArray[Any]] = {
        "PLANE": raw.plane, "SCOPE": np.array([raw.scope], np.float32), "QUALITY": np.array([raw.quality], np.float32),
        "MASKS": raw.masks, "BOXES": raw.boxes, "KEYPOINTS": raw.keypoints,
        **({} if raw.subplane is None else {"SUBPLANE": raw.subplane}),
    }  # fmt: skip
    spacing = scale.spacing
    return {
        "heads": phases.judgement(told), "width": width, "height": height,
        "scale": [spacing.mm_x, spacing.mm_y] if spacing else None,
        "tensors": {name: value.reshape(-1).tolist() for name, value in tensors.items()},
        "words": json.loads(raw.interpretation or "{}"),
    }  # fmt: skip


def with_scale_by_hand(hub: FrameReading) -> FrameReading:
    """A person gives the scale of a picture, nobody else can."""
    return replace(
        hub,
        measurements=tuple(
            replace(m, calibration="scale_bar") if m.mm is not None else m for m in hub.measurements
        ),
    )


def test_text_in_the_picture_is_seen_as_on_the_hub(program: Path, tmp_path: Path) -> None:
    scan = np.asarray(Image.open(SAMPLES / "head-27w.png").convert("L"))[:200]
    pictures = [scan]
    for words, size in (("REPORT NORMAL", 16), ("AB", 16), ("GA 27w3d", 11), ("l.l.l.l.l", 28)):
        image = Image.fromarray(scan)
        ImageDraw.Draw(image).text((12, 100), words, fill=255, font=ImageFont.load_default(size))
        pictures.append(np.asarray(image))
    cases = []
    for number, pixels in enumerate(pictures):
        Image.fromarray(pixels).save(tmp_path / f"{number}.png")
        cases.append({"image": str(tmp_path / f"{number}.png")})
    (tmp_path / "cases.json").write_text(json.dumps(cases))
    told = json.loads(said(program, "--judge", tmp_path / "cases.json"))
    assert told == [has_text(pixels) for pixels in pictures]
    assert set(told) == {True, False}


CPUS = {"cortex-a53": "plain", "cortex-a76": "dotprod", "max": "i8mm"}


def test_each_processor_gets_its_variant_and_all_give_the_same_answers(
    program: Path, tiny_release: Path, tmp_path: Path
) -> None:
    """Words of a release without heads, and the whole self-test of a small one with heads."""
    words, heads = tmp_path / "words", tmp_path / "heads"
    phases.put(load(tiny_release, trust_of(tiny_release.parent)), words)
    small = releases.build(tmp_path / "store", subplanes=True)
    release = load(small, trust_of(small.parent))
    phases.put(release, heads)
    selftest.put(release, heads)
    answers = set()
    for cpu, variant in CPUS.items():
        assert said(program, "--cpu", cpu=cpu).split()[0] == variant
        told = json.loads(said(program, words, SAMPLES / "head-27w.png", "--threads", "1", cpu=cpu))
        answers.add(json.dumps(told["phases"]))
        block = said(program, "--self-test", heads, "--threads", "1", "--repeats", "1", cpu=cpu)
        assert f"variant   {variant}, 1 threads" in block
        assert "result    as expected" in block
        assert "HC" in block
    assert len(answers) == 1


def test_a_self_test_that_differs_says_so(program: Path, tmp_path: Path) -> None:
    small = releases.build(tmp_path / "store")
    release = load(small, trust_of(small.parent))
    phases.put(release, tmp_path / "heads")
    selftest.put(release, tmp_path / "heads")
    file = tmp_path / "heads" / selftest.FILE
    expected = json.loads(file.read_text())
    expected["measurements"][0]["px"] += 1
    file.write_text(json.dumps(expected))
    done = subprocess.run(
        [QEMU, program, "--self-test", tmp_path / "heads", "--repeats", "1"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "DIFFERS" in done.stdout
    assert "NOT as expected" in done.stdout


def test_the_installer_installs_measures_and_notices_what_came_broken(
    program: Path, tmp_path: Path
) -> None:
    """Termux's part is played by folders here, the phone's by QEMU."""
    small = releases.build(tmp_path / "store")
    release, brought = load(small, trust_of(small.parent)), tmp_path / "brought"
    phases.put(release, brought)
    selftest.put(release, brought)
    shutil.copy(phases.INSTALLER, brought)
    (brought / PROGRAM).write_text(f'#!/bin/sh\nexec "{QEMU}" -cpu max "{program}" "$@"\n')
    phases.seal(brought)
    home = {**os.environ, "HOME": str(tmp_path / "home"), "PREFIX": str(tmp_path / "usr")}
    (tmp_path / "home").mkdir()

    def sh(*words: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            list(map(str, words)), capture_output=True, text=True, check=False, env=home
        )

    done = sh("sh", brought / "install.sh", "--repeats", "1")
    assert done.returncode == 0, done.stderr
    kept = tmp_path / "home" / "fada" / "self-test.txt"
    assert "result    as expected" in kept.read_text()
    assert kept.read_text() in done.stdout
    command = tmp_path / "usr" / "bin" / PROGRAM
    assert sh(command, "--cpu").stdout.startswith("i8mm")
    told = json.loads(sh(command, SAMPLES / "head-27w.png").stdout)
    assert told["reading"]["classification"] == "head"
    (brought / "heads.bin").write_bytes(b"cut")
    broken = sh("sh", brought / "install.sh")
    assert broken.returncode == 1
    assert "copy the folder again" in broken.stderr


def test_a_plane_that_is_known_is_not_asked_for(
    program: Path, tiny_release: Path, tmp_path: Path
) -> None:
    release = load(tiny_release, trust_of(tiny_release.parent))
    phases.put(release, tmp_path)
    told = run(program, tmp_path, SAMPLES / "head-27w.png", "--plane", "femur")
    assert "classify" not in told["phases"]


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
    small = releases.build(tmp_path / "store")
    phases.put(load(small, trust_of(small.parent)), tmp_path)
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
