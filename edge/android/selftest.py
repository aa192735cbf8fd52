"""What `fada-read --self-test` expects: the hub's own answers for the sample, written when a release is put
together for a phone, and is read here by the hub's runtimes. Of a release in words alone nothing is expected:
a tie between two words may fall otherwise on another processor, so its answers are printed to be compared.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from services.domain.calibration import Calibration
from services.domain.study import FrameRef
from services.reading.images.picture import Square, decode, square
from services.reading.judge import judge
from services.reading.phases import ReleaseReader
from services.reading.releases.release import Release

FILE: Final = "selftest.json"
SAMPLE: Final = Path(__file__).resolve().parents[2] / "samples" / "head-27w.png"


def put(release: Release, out: Path, threads: int = 2) -> None:
    """Write selftest.json and the sample into a folder.

    Raises:
        InvalidModelOutput: the release fails on the sample.
    """
    shutil.copyfile(SAMPLE, out / SAMPLE.name)
    seen = square(decode(SAMPLE.read_bytes()).pixels, release.manifest.side)
    expected = {"image": SAMPLE.name, "answers": "", "measurements": []}
    if release.manifest.has_heads:
        expected |= _heads(release, seen, threads)
    (out / FILE).write_text(json.dumps(expected, indent=1))


def _heads(release: Release, seen: Square, threads: int) -> dict[str, Any]:
    raw = ReleaseReader(release, threads=threads).read(seen)
    where = FrameRef("1", "1", 1)
    reading = asdict(judge(raw, seen, where, release.manifest, Calibration()).reading)
    exact = {
        "plane": reading["classification"],
        "words": reading["interpretation"],
        "abstentions": reading["abstentions"],
        "structures": [s["label"] for s in reading["structures"]],
    }
    measures = [{"name": m["name"], "px": m["px"]} for m in reading["measurements"]]
    return {"answers": digest(exact), "measurements": measures}


def digest(answers: Any) -> str:
    """The first sixteen digits of the SHA-256 of the answers as fada-read writes them."""
    text = json.dumps(answers, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
