"""A release with one tower on the phone: its heads and its decoder in a real Chromium, against the hub's."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_decoder

from models.gates.phone import Phone, PhoneUnavailable
from services.domain.calibration import Calibration
from services.domain.study import FrameRef
from services.reading.images.picture import decode, square
from services.reading.judge import judge
from services.reading.phases import ReleaseReader
from services.reading.releases.registry import trust_of
from services.reading.releases.release import Release, load
from services.reading.text.findings import findings_of

pytestmark = pytest.mark.slow
PICTURE = Path(__file__).parents[3] / "samples" / "head-27w.png"


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    store = tmp_path_factory.mktemp("one-tower")
    return load(tiny_decoder.release(store, "fada-decoder-phone"), trust_of(store))


def on_the_phone(release: Release) -> dict[str, Any]:
    with Phone(release) as phone:
        return phone.read(PICTURE.read_bytes(), None)


def test_the_phone_reads_findings_as_the_hub_does(release: Release) -> None:
    try:
        # A thread of its own: another test's browser may be open in this one.
        with ThreadPoolExecutor(1) as one:
            phone = one.submit(on_the_phone, release).result()
    except PhoneUnavailable as error:
        pytest.skip(str(error))
    manifest, words = release.manifest, release.manifest.words
    assert words is not None
    seen = square(decode(PICTURE.read_bytes()).pixels, manifest.side)
    raw = ReleaseReader(release).read(seen)
    hub = judge(raw, seen, FrameRef("1.2", "1.2.3"), manifest, Calibration()).reading
    assert phone["plane"]["label"] == "head"
    # Which of its sentences a random decoder takes is no matter, and two builds of llama.cpp may differ in it. What
    # each says is what the heads found, and both found the same.
    dense = {
        "PLANE": raw.plane[None], "QUALITY": np.array([[raw.quality]], np.float32),
        "BOXES": raw.boxes[None], "KEYPOINTS": raw.keypoints[None], "MASKS": raw.masks[None],
    }  # fmt: skip
    own = words.words(findings_of(dense, manifest, words))
    for said in (phone["interpretation"], hub.interpretation):
        assert said == {name: own[name] for name in said}
        # Sentences of which the release has one alone are said by any decoder.
        assert {"imaging_plane", "gestational_age", "normality_assessment"} <= set(said)
