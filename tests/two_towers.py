"""A release with two towers, tiny: the test graph's heads, and a random text model that reads the image itself.

What a random text model says means nothing; that the image is encoded for it and that it is asked about the
plane of the heads is what tests show with it.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import releases
import tiny_weights

from models.programs.releasing.package import Parts, assemble
from services.reading.releases.registry import trust_of
from services.reading.releases.release import load
from services.reading.releases.signature import add_trust, public_bytes


def release(store: Path, text: Path, name: str = "fada-two-towers") -> Path:
    """A signed release in ``store``, whose key is trusted there; ``text`` is one of ``tiny_weights``."""
    pair, vision = store / ".text", store / ".vision"
    for folder in (pair, vision):
        folder.mkdir(parents=True)
    read = load(text, trust_of(text.parent))
    for file in (read.text, read.mmproj):
        shutil.copyfile(file, pair / file.name)
    prompts = tiny_weights.PROMPTS | {
        "interpret_plane": "Interpret this image of a {plane} as JSON."
    }
    (pair / "text.json").write_text(json.dumps({"prompts": prompts, "side": tiny_weights.SIDE}))
    (vision / "vision.onnx").write_bytes(releases.graph())
    (vision / "vision.json").write_text(json.dumps(releases.FACTS))
    add_trust(store / "trusted-keys.json", public_bytes(releases.KEY), "tests")
    return assemble(Parts(name, "1.0.0", vision, pair), store, releases.KEY).folder
