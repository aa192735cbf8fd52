"""FADA's own layout, tiny and random: a Qwen3.5-shaped base that becomes a release without heads.

What such a release says means nothing; that it is read, bound and brought to an end is what tests show.
"""

from __future__ import annotations

import json
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

SIDE = 128
PROMPTS = {
    "version": "7",
    "interpret": "Interpret this image as JSON.",
    "classify": "Classify this image.",
    "detect": "Detect all structures.",
    "segment": "Segment all structures.",
    "template": "<|im_start|>user\n{image}{prompt}<|im_end|>\n<|im_start|>assistant\n"
    "<think>\n\n</think>\n\n",
}


def release(store: Path, name: str = "fada-tiny", seed: int = 3) -> Path:
    """A signed release in ``store``, whose key is trusted there; made by `fada models import`'s code."""
    import torch  # slow to import: here alone

    from models.packaging.importing import Import, import_release
    from models.text.network import TextSize, build
    from models.text.tokenizer import train_tokenizer
    from services.domain.mapping import CLASS_LABELS
    from services.reading.text import prompting

    torch.manual_seed(seed)
    tokenizer = train_tokenizer([json.dumps(PROMPTS), *CLASS_LABELS, *prompting.FIELDS], 500)
    size = TextSize(
        side=SIDE, hidden=64, layers=4, intermediate=96, vision_hidden=64, vision_depth=2,
        vision_intermediate=96,
    )  # fmt: skip
    weights = store / ".weights"
    build(size, tokenizer).to(torch.bfloat16).save_pretrained(weights)
    tokenizer.save_pretrained(weights)
    about = {"prompts": PROMPTS, "side": SIDE, "licence": "Apache-2.0", "data": []}
    (weights / "prompts.json").write_text(json.dumps(about))
    wanted = Import(weights, name, "1.0.0", kind="f16", vision_kind="f16")
    import_release(wanted, store, Ed25519PrivateKey.generate())
    return store / f"{name}-1.0.0"
