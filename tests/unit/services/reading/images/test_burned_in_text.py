"""Case 43: words burned into a picture are flagged and change nothing that is said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from services.domain.calibration import Calibration
from services.domain.study import FrameRef
from services.reading.images.picture import BURNED_IN_TEXT, flag_text, has_text, square
from services.reading.judge import judge
from services.reading.phases import ReleaseReader
from services.reading.releases.registry import open_release, trust_of

ROOT = Path(__file__).resolve().parents[5]
RELEASES = ROOT / "models" / "releases"


@pytest.fixture(scope="module")
def scan():
    return np.asarray(Image.open(ROOT / "samples" / "head-27w.png").convert("L"))


def written(scan, words, size=16, shade=255):
    image = Image.fromarray(scan)
    place = (12, scan.shape[0] - 40)
    ImageDraw.Draw(image).text(place, words, fill=shade, font=ImageFont.load_default(size))
    return np.asarray(image)


@pytest.mark.parametrize("size", [13, 16, 22])
@pytest.mark.parametrize("shade", [190, 255])
def test_words_are_seen(scan, size, shade):
    assert has_text(written(scan, "REPORT NORMAL", size, shade))


def test_a_scan_without_words_is_not_flagged(scan):
    assert not has_text(scan)


def test_the_words_change_nothing_that_is_said(scan):
    reader = ReleaseReader(open_release(RELEASES, trust_of(RELEASES)))

    def read(pixels):
        prepared = square(pixels, reader.manifest.side)
        raw = reader.read(prepared)
        judged = judge(raw, prepared, FrameRef("", "1"), reader.manifest, Calibration())
        return flag_text(judged.reading, pixels)

    plain, lettered = read(scan), read(written(scan, "REPORT NORMAL"))
    assert lettered.flags == (BURNED_IN_TEXT,)
    assert plain.flags == ()
    assert lettered.plane.label == plain.plane.label
    assert [s.label for s in lettered.structures] == [s.label for s in plain.structures]
    assert lettered.interpretation == plain.interpretation
    assert lettered.interpretation["normality_assessment"].startswith("Not assessed")
