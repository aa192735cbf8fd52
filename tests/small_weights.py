"""Tiny random weights in exactly FADA's own layout: base/ and adapter/ (PEFT), prompts beside it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import peft
import torch
from tiny_weights import PROMPTS, SIDE

from models.text.network import TextSize, build
from models.text.tokenizer import train_tokenizer
from services.domain.mapping import CLASS_LABELS
from services.reading.images.picture import Square, square
from services.reading.text import prompting


def write_weights(folder: Path) -> Path:
    """base/, adapter/ and merged-by-peft/ in ``folder``."""
    torch.set_num_threads(1)  # several would wait for each other at every token
    torch.manual_seed(3)
    tokenizer = train_tokenizer([json.dumps(PROMPTS), *CLASS_LABELS, *prompting.FIELDS], 500)
    size = TextSize(
        side=SIDE, hidden=64, layers=4, intermediate=96, vision_hidden=64, vision_depth=2,
        vision_intermediate=96,
    )  # fmt: skip
    network = build(size, tokenizer).to(torch.bfloat16)
    network.save_pretrained(folder / "base")
    tokenizer.save_pretrained(folder / "base")
    layers = (
        "q_proj|k_proj|v_proj|o_proj|gate_proj|up_proj|down_proj|qkv|proj|linear_fc1|linear_fc2"
    )
    config = peft.LoraConfig(
        r=16,
        lora_alpha=16,
        lora_dropout=0.0,
        target_modules=rf".*\.({layers})",
        init_lora_weights=False,
        task_type="CAUSAL_LM",
    )
    adapted: Any = peft.get_peft_model(network, config)
    adapted.save_pretrained(str(folder / "adapter"))
    tokenizer.save_pretrained(folder / "adapter")
    adapted.merge_and_unload().save_pretrained(folder / "merged-by-peft")
    tokenizer.save_pretrained(folder / "merged-by-peft")
    about = {"prompts": PROMPTS, "side": SIDE, "licence": "Apache-2.0", "data": []}
    (folder / "adapter" / "prompts.json").write_text(json.dumps(about))
    return folder


def image(seed: int) -> Square:
    """Noise, prepared as the hub prepares an image."""
    rng = np.random.default_rng(seed)
    return square(rng.integers(0, 256, (90, 120), dtype=np.uint8), SIDE)
