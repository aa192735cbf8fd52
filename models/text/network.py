"""The network: Qwen3.5's shape (vision tower, merger, gated-delta decoder), a few million weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from transformers import Qwen3_5Config, Qwen3_5ForConditionalGeneration

PATCH, MERGE = 16, 2


@dataclass(frozen=True, slots=True)
class TextSize:
    """`side` is T, the image's side; a multiple of 32. The rest are Qwen3.5's own names."""

    side: int = 192
    hidden: int = 256
    layers: int = 4
    intermediate: int = 640
    vision_hidden: int = 256
    vision_depth: int = 6
    vision_intermediate: int = 768

    @property
    def image_tokens(self) -> int:
        """How many tokens an image of `side` becomes."""
        return (self.side // (PATCH * MERGE)) ** 2


def build(size: TextSize, tokenizer: Any) -> Any:
    """A fresh `Qwen3_5ForConditionalGeneration` in float32."""
    token = tokenizer.convert_tokens_to_ids
    config = Qwen3_5Config(
        text_config={
            **_text_config(size),
            "vocab_size": -(-len(tokenizer) // 64) * 64,
            "eos_token_id": int(token("<|im_end|>")),
            "pad_token_id": int(token("<|endoftext|>")),
        },
        vision_config={
            "depth": size.vision_depth,
            "hidden_size": size.vision_hidden,
            "intermediate_size": size.vision_intermediate,
            "num_heads": 4,
            "patch_size": PATCH,
            "spatial_merge_size": MERGE,
            "temporal_patch_size": 2,
            "out_hidden_size": size.hidden,
            "num_position_embeddings": (size.side // PATCH) ** 2,
        },
        image_token_id=int(token("<|image_pad|>")),
        video_token_id=int(token("<|video_pad|>")),
        vision_start_token_id=int(token("<|vision_start|>")),
        vision_end_token_id=int(token("<|vision_end|>")),
        tie_word_embeddings=True,
    )
    network = Qwen3_5ForConditionalGeneration(config)
    _place(network.model.visual.pos_embed.weight, size.side // PATCH)
    return network


def _text_config(size: TextSize) -> dict[str, Any]:
    """What does not depend on the tokenizer."""
    return {
        "hidden_size": size.hidden,
        "intermediate_size": size.intermediate,
        "num_hidden_layers": size.layers,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 64,
        "linear_key_head_dim": 64,
        "linear_value_head_dim": 64,
        "linear_num_key_heads": 4,
        "linear_num_value_heads": 4,
        "linear_conv_kernel_dim": 4,
        "full_attention_interval": 4,
        "max_position_embeddings": 4096,
        "tie_word_embeddings": True,
        "rope_parameters": {
            "rope_type": "default",
            "rope_theta": 10000000.0,
            "partial_rotary_factor": 0.25,
            "mrope_section": [3, 3, 2],
            "mrope_interleaved": True,
        },
    }


@torch.no_grad()
def _place(weight: Tensor, grid: int) -> None:
    """Starts the position embedding at sines and cosines of row and column: it learns sooner."""
    quarter = weight.shape[1] // 4
    rate = torch.exp(-torch.arange(quarter) / quarter * 6.0)
    place = torch.arange(grid)[:, None] * rate[None]
    waves = torch.cat([place.sin(), place.cos()], 1)
    rows = waves[:, None].expand(grid, grid, -1)
    columns = waves[None].expand(grid, grid, -1)
    weight.copy_(0.1 * torch.cat([rows, columns], 2).reshape(grid * grid, -1))


def patches(images: Tensor) -> Tensor:
    """uint8 [N, T, T] to Qwen's flat patches [N * (T/16)², 3 * 2 * 16 * 16], in -1..1.

    Patches come in 2 x 2 blocks, the order that the merger reads; grey stands in all three
    channels and both frames, as `Qwen2VLImageProcessor` makes of a grey picture.
    """
    count, side = images.shape[0], images.shape[-1]
    blocks = side // (PATCH * MERGE)
    scaled = images.to(torch.float32) / 127.5 - 1.0
    cut = scaled.reshape(count, blocks, MERGE, PATCH, blocks, MERGE, PATCH)
    cut = cut.permute(0, 1, 4, 2, 5, 3, 6).reshape(-1, 1, PATCH * PATCH)
    return cut.expand(-1, 6, -1).reshape(cut.shape[0], -1)


def grid(count: int, side: int) -> Tensor:
    """image_grid_thw for `count` images of `side`."""
    return torch.tensor([[1, side // PATCH, side // PATCH]] * count)
