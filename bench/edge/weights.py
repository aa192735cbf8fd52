"""The 0.8B shape with random weights, as a release: for timing alone, it knows nothing.

Made once and kept in a cache; nothing of it is ever committed.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

STORE = Path("~/.cache/fada/bench/releases").expanduser()
NAME, VERSION = "shape-08b", "1.0.0"
SIDE = 512
KIND, VISION_KIND = "q8_0", "f16"
PROMPTS = {
    "version": "1",
    "interpret": "Interpret this fetal ultrasound image. Answer as JSON with the eight fields.",
    "classify": "Classify the plane of this fetal ultrasound image.",
    "detect": "Detect all anatomical structures visible in this fetal ultrasound image.",
    "segment": "Segment all anatomical structures visible in this fetal ultrasound image.",
}


def release() -> Path:
    """The store that holds it; minutes the first time, and about 3 GB of memory."""
    folder = STORE / f"{NAME}-{VERSION}"
    if not (folder / "manifest.json").exists():
        from models.packaging.importing import Import, import_release

        with tempfile.TemporaryDirectory(dir=_made(STORE.parent)) as work:
            _weights(Path(work))
            wanted = Import(Path(work), NAME, VERSION, kind=KIND, vision_kind=VISION_KIND)
            shutil.rmtree(folder, ignore_errors=True)
            import_release(wanted, STORE, Ed25519PrivateKey.generate())
    return STORE


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _weights(out: Path) -> None:
    import torch
    from transformers import Qwen3_5ForConditionalGeneration

    from models.text.tokenizer import train_tokenizer

    tokenizer = train_tokenizer([*PROMPTS.values()] * 20, 1200)
    torch.manual_seed(0)
    torch.set_default_dtype(torch.bfloat16)
    try:
        network = Qwen3_5ForConditionalGeneration(_config(tokenizer))
    finally:
        torch.set_default_dtype(torch.float32)
    network.save_pretrained(out)
    tokenizer.save_pretrained(out)
    about = {"prompts": PROMPTS, "side": SIDE, "licence": "CC0-1.0", "data": []}
    (out / "prompts.json").write_text(json.dumps(about))


def _config(tokenizer: Any) -> Any:
    """Qwen3.5-0.8B's own numbers."""
    from transformers import Qwen3_5Config

    def token(text: str) -> int:
        return int(tokenizer.convert_tokens_to_ids(text))

    text = {
        "vocab_size": 248320, "hidden_size": 1024, "intermediate_size": 3584,
        "num_hidden_layers": 24, "num_attention_heads": 8, "num_key_value_heads": 2,
        "head_dim": 256, "linear_key_head_dim": 128, "linear_value_head_dim": 128,
        "linear_num_key_heads": 16, "linear_num_value_heads": 16, "linear_conv_kernel_dim": 4,
        "full_attention_interval": 4, "max_position_embeddings": 262144,
        "tie_word_embeddings": True, "eos_token_id": token("<|im_end|>"),
        "pad_token_id": token("<|endoftext|>"),
        "rope_parameters": {
            "rope_type": "default", "rope_theta": 10000000.0, "partial_rotary_factor": 0.25,
            "mrope_section": [11, 11, 10], "mrope_interleaved": True,
        },
    }  # fmt: skip
    vision = {
        "depth": 12, "hidden_size": 768, "intermediate_size": 3072, "num_heads": 12,
        "patch_size": 16, "spatial_merge_size": 2, "temporal_patch_size": 2,
        "out_hidden_size": 1024, "num_position_embeddings": 2304,
    }  # fmt: skip
    return Qwen3_5Config(
        text_config=text,
        vision_config=vision,
        image_token_id=token("<|image_pad|>"),
        video_token_id=token("<|video_pad|>"),
        vision_start_token_id=token("<|vision_start|>"),
        vision_end_token_id=token("<|vision_end|>"),
        tie_word_embeddings=True,
    )
