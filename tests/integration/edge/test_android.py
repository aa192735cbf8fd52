"""The program for Android phones, run here under QEMU, against the hub's own runtime."""

from __future__ import annotations

import json
import random
import struct
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import releases
from made_tensors import SCALES, made_up, with_biometry
from phone_program import MARKS, QEMU, agree, run, said, tensors
from PIL import Image, ImageDraw, ImageFont

from edge.android import phases
from edge.android.build import CACHE, PROGRAM, build
from services.domain.calibration import Calibration, PixelSize
from services.domain.report import FrameReading
from services.domain.study import FrameRef
from services.reading.contract import RawReading
from services.reading.images.picture import Square, decode, has_text, square
from services.reading.judge import judge
from services.reading.phases import ReleaseReader
from services.reading.releases import manifest
from services.reading.releases.registry import open_release, trust_of
from services.reading.releases.release import load

ROOT = Path(__file__).parents[3]
SAMPLES, STORE = ROOT / "samples", ROOT / "models" / "releases"
pytestmark = MARKS


def test_it_is_static_and_for_arm(android_program: Path) -> None:
    head = android_program.read_bytes()[:64]
    assert head[:5] == b"\x7fELF\x02"
    assert struct.unpack_from("<H", head, 18)[0] == 183, "aarch64"
    offset, size, count = *struct.unpack_from("<Q", head, 32), *struct.unpack_from("<HH", head, 54)
    kinds = []
    with android_program.open("rb") as file:
        for number in range(count):
            file.seek(offset + number * size)
            kind, _, _, _, _, _, _, aligned = struct.unpack("<IIQQQQQQ", file.read(56))
            kinds.append(kind)
            if kind == 1:
                assert aligned % 16384 == 0, "phones with pages of 16 KiB load it too"
    assert 3 not in kinds, "no interpreter: nothing of the phone's is needed"


def test_the_same_reading_as_on_the_hub(android_program: Path, tmp_path: Path) -> None:
    """fada-nano, whole: heads by ggml against ONNX Runtime, judged, dated, and put into words."""
    release = open_release(STORE, trust_of(STORE))
    phases.put(release, tmp_path)
    image = SAMPLES / "head-27w.png"
    output = run(android_program, tmp_path, image, "--mm-per-pixel", "0.28,0.3", "--threads", "2")
    seen = square(decode(image.read_bytes()).pixels, release.manifest.side)
    scale = Calibration(spacing=PixelSize(0.28, 0.3, "scale_bar"))
    raw = ReleaseReader(release).read(seen)
    hub = judge(raw, seen, FrameRef("1.2", "1.2.3"), release.manifest, scale).reading
    agree(output["reading"], hub, pixels=0.05, mm=0.1, days=0.3)
    assert hub.measurements
    assert hub.datings
    assert hub.interpretation
    assert output["release"] == raw.release
    assert "not for diagnosis" in output["label"]


def test_the_same_judgement_of_made_up_tensors(android_program: Path, tmp_path: Path) -> None:
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
        release_manifest = manifest.parse(document, "0" * 64)
        raw = made_up(chance, release_manifest)
        width, height = chance.choice(((512, 512), (801, 603), (333, 470)))
        scale = chance.choice(SCALES[:3])
        size = Square(np.zeros((64, 64), np.uint8), width, height)
        expected.append(judge(raw, size, FrameRef("1.2", "1.2.3"), release_manifest, scale).reading)
        cases.append(case(raw, release_manifest, width, height, scale))
    (tmp_path / "cases.json").write_text(json.dumps(cases))
    answers = json.loads(said(android_program, "--judge", tmp_path / "cases.json"))
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
    assert {a.name for hub in expected for a in hub.angles} >= {"FemurAngle"}
    assert any("text_withheld" in hub.flags for hub in expected)


def case(
    raw: RawReading,
    release_manifest: manifest.Manifest,
    width: int,
    height: int,
    scale: Calibration,
) -> dict[str, Any]:
    spacing = scale.spacing
    return {
        "heads": phases.judgement(release_manifest), "width": width, "height": height,
        "scale": [spacing.mm_x, spacing.mm_y] if spacing else None,
        "tensors": tensors(raw),
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


def test_text_in_the_picture_is_seen_as_on_the_hub(android_program: Path, tmp_path: Path) -> None:
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
    lettered = json.loads(said(android_program, "--judge", tmp_path / "cases.json"))
    assert lettered == [has_text(pixels) for pixels in pictures]
    assert set(lettered) == {True, False}


@pytest.mark.parametrize(
    ("made", "words"),
    [(b"no image", "PNG or JPEG"), (None, "PNG or JPEG")],
)
def test_what_is_no_image_is_refused_in_words(
    android_program: Path, tmp_path: Path, made: bytes | None, words: str
) -> None:
    small = releases.build(tmp_path / "store")
    phases.put(load(small, trust_of(small.parent)), tmp_path)
    image = tmp_path / "image.png"
    if made is not None:
        image.write_bytes(made)
    done = subprocess.run([QEMU, android_program, tmp_path, image], capture_output=True, text=True)
    assert done.returncode == 1
    assert words in done.stderr
    assert done.stdout == ""


def test_a_second_build_does_nothing(android_program: Path) -> None:
    objects = next(CACHE.glob(f"*/{PROGRAM}"))
    before = objects.stat().st_mtime_ns
    again = build(android_program.parent)
    assert objects.stat().st_mtime_ns == before
    assert again.read_bytes() == android_program.read_bytes()
