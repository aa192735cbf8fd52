"""Weights of the text model from a release.

`python -m models.programs.training.restore_text --release DIR --out DIR`

A release keeps its text model as GGUF. To train on where no checkpoint is left
(`models.programs.training.train_text
--start OUT`), the converter's renaming is undone here, and quantised numbers become floats again: what
quantisation took is not brought back, training has to find it anew.
"""

from __future__ import annotations

import argparse
import importlib
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from models.packaging.llama import converter
from models.programs.releasing.convert import MMPROJ, TEXT
from models.text.batches import TrainedPrompts
from models.text.network import TextSize, build
from models.text.tokenizer import train_tokenizer

Array = npt.NDArray[np.float32]
# Hugging Face's name (its part after the block) -> GGUF's. Norms of the decoder are kept as weight + 1.
_DECODER = {
    "input_layernorm": "attn_norm", "post_attention_layernorm": "post_attention_norm",
    "linear_attn.A_log": "ssm_a", "linear_attn.dt_bias": "ssm_dt.bias",
    "linear_attn.conv1d": "ssm_conv1d", "linear_attn.in_proj_a": "ssm_alpha",
    "linear_attn.in_proj_b": "ssm_beta", "linear_attn.in_proj_qkv": "attn_qkv",
    "linear_attn.in_proj_z": "attn_gate", "linear_attn.norm": "ssm_norm",
    "linear_attn.out_proj": "ssm_out", "mlp.down_proj": "ffn_down", "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up", "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output",
    "self_attn.q_norm": "attn_q_norm", "self_attn.k_norm": "attn_k_norm",
}  # fmt: skip
_TOWER = {
    "attn.proj": "attn_out", "attn.qkv": "attn_qkv", "mlp.linear_fc1": "ffn_up",
    "mlp.linear_fc2": "ffn_down", "norm1": "ln1", "norm2": "ln2",
}  # fmt: skip
_SINGLE = {
    "model.language_model.embed_tokens": "token_embd", "model.language_model.norm": "output_norm",
    "model.visual.merger.linear_fc1": "mm.0", "model.visual.merger.linear_fc2": "mm.2",
    "model.visual.merger.norm": "v.post_ln", "model.visual.patch_embed.proj": "v.patch_embd",
    "model.visual.pos_embed": "v.position_embd",
}  # fmt: skip
_PLUS_ONE = re.compile(r"(input|post_attention)_layernorm|language_model\.norm|[qk]_norm")


def gguf_name(name: str) -> str:
    """The converter's name for a weight. Raises KeyError for one that it does not know."""
    stem, _, kind = name.rpartition(".")
    if stem in _SINGLE:
        return f"{_SINGLE[stem]}.{kind}"
    for prefix, block, names in (
        ("model.language_model.layers.", "blk", _DECODER),
        ("model.visual.blocks.", "v.blk", _TOWER),
    ):
        if name.startswith(prefix):
            number, _, rest = name.removeprefix(prefix).partition(".")
            if rest in names:  # a parameter that is no module's weight
                return f"{block}.{number}.{names[rest]}"
            return f"{block}.{number}.{names[rest.rpartition('.')[0]]}.{kind}"
    raise KeyError(name)


def undone(name: str) -> Callable[[Array], Array]:
    """What turns the converter's numbers into the weight's own."""
    if name.endswith("A_log"):
        return lambda stored: np.log(-stored)
    if _PLUS_ONE.search(name):
        return lambda stored: stored - np.float32(1)
    return lambda stored: stored


def tensors(*files: Path) -> dict[str, Array]:
    """All tensors of GGUF files as float32, read by llama.cpp's own package."""
    gguf = _gguf()
    weights = {}
    for file in files:
        for tensor in gguf.GGUFReader(str(file)).tensors:
            numbers = gguf.dequantize(tensor.data, tensor.tensor_type)
            weights[tensor.name] = np.asarray(numbers, np.float32)
    return weights


def fill(network: Any, stored: dict[str, Array]) -> None:
    """Puts the tensors of a GGUF pair into the network.

    Raises:
        ValueError: one is missing or of another size: the pair is not one of this network.
    """
    state = network.state_dict()
    for name, weight in state.items():
        if name.startswith("lm_head"):  # tied to the embedding
            continue
        known = gguf_name(name)
        if known not in stored:
            raise ValueError(f"the pair has no {known}")
        numbers = undone(name)(stored[known])
        if f"{known}.1" in stored:  # one kernel for each of the two frames of a clip
            numbers = np.stack([numbers, stored[f"{known}.1"]], axis=2)
        if numbers.size != weight.numel():
            raise ValueError(f"{known} has {numbers.size} numbers, not {weight.numel()}")
        weight.copy_(torch.from_numpy(numbers.copy()).reshape(weight.shape))


def restore(release: Path, out: Path, size: TextSize, texts: list[str]) -> None:
    """Writes weights and tokeniser in Hugging Face form.

    Raises:
        ValueError: the release has another vocabulary or another shape.
    """
    tokenizer = train_tokenizer(texts)
    vocabulary = [token for token, _ in sorted(tokenizer.get_vocab().items(), key=lambda i: i[1])]
    if vocabulary != _vocabulary(release / TEXT)[: len(vocabulary)]:
        raise ValueError("the release's words are not those of today's sentences")
    network = build(size, tokenizer)
    with torch.no_grad():
        fill(network, tensors(release / TEXT, release / MMPROJ))
    network.save_pretrained(out)
    tokenizer.save_pretrained(out)


def _vocabulary(file: Path) -> list[str]:
    field = _gguf().GGUFReader(str(file)).fields["tokenizer.ggml.tokens"]
    return [bytes(field.parts[at]).decode() for at in field.data]


def _gguf() -> Any:
    path = str(converter() / "gguf-py")
    if path not in sys.path:
        sys.path.append(path)
    return importlib.import_module("gguf")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--release", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    restore(args.release, args.out, TextSize(), TrainedPrompts().read())
    print(
        f"{args.out} holds the weights; go on with models.programs.training.train_text --start {args.out}"
    )


if __name__ == "__main__":
    main()
