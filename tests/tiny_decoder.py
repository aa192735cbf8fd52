"""A release with one tower, tiny: the test graph's heads and a random decoder that reads their findings.

What a random decoder chooses means nothing: what it says is bound to the release's sentences, and what the
findings do not bear out is left out. That is what tests show with it.
"""

from __future__ import annotations

import json
from pathlib import Path

import releases

from services.reading.releases.signature import add_trust, public_bytes


def release(store: Path, name: str = "fada-decoder", seed: int = 3) -> Path:
    """A signed release in ``store``, whose key is trusted there; made by the programs that make any."""
    import torch  # slow to import: here alone

    from models.programs.releasing.convert import convert_pair
    from models.programs.releasing.package import Parts, assemble
    from models.programs.training.train_decoder import about
    from models.text.decoder import DecoderSize, build
    from models.text.finding_sentences import corpus
    from models.text.tokenizer import train_tokenizer

    torch.manual_seed(seed)
    tokenizer = train_tokenizer(corpus(100))
    size = DecoderSize(hidden=32, layers=2, intermediate=64, heads=1, kv_heads=1)
    weights, text, vision = store / ".weights", store / ".text", store / ".vision"
    build(size, tokenizer).save_pretrained(weights)
    tokenizer.save_pretrained(weights)
    (weights / "text.json").write_text(json.dumps(about()))
    convert_pair(weights, text, "f16", "f16")
    vision.mkdir()
    (vision / "vision.onnx").write_bytes(releases.graph())
    (vision / "vision.json").write_text(json.dumps(releases.FACTS))
    add_trust(store / "trusted-keys.json", public_bytes(releases.KEY), "tests")
    return assemble(Parts(name, "1.0.0", vision, text), store, releases.KEY).folder
