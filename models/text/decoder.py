"""The decoder of a release with one tower: it reads the heads' findings as text and writes the words.

Qwen3's shape with plain attention: what it writes is looked up and copied from a short line, and every
runtime of llama.cpp knows it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from transformers import Qwen3Config, Qwen3ForCausalLM

from models.text.finding_sentences import CLASSIFY, INTERPRET, TEMPLATE, spoken
from models.text.sentences import classified
from models.text.sequences import IGNORE
from services.reading.text.findings import Findings
from services.reading.text.prompting import Prompts

END = "<|im_end|>"
PROMPTS = Prompts("1", interpret=INTERPRET, classify=CLASSIFY, template=TEMPLATE)


@dataclass(frozen=True, slots=True)
class DecoderSize:
    """The names are Qwen3's own; every width is a multiple of 32, as Q8_0 asks for."""

    hidden: int = 64
    layers: int = 4
    intermediate: int = 192
    heads: int = 2
    kv_heads: int = 2
    head: int = 32


def build(size: DecoderSize, tokenizer: Any) -> Any:
    """A fresh `Qwen3ForCausalLM` in float32."""
    return Qwen3ForCausalLM(
        Qwen3Config(
            vocab_size=-(-len(tokenizer) // 64) * 64,
            hidden_size=size.hidden,
            intermediate_size=size.intermediate,
            num_hidden_layers=size.layers,
            num_attention_heads=size.heads,
            num_key_value_heads=size.kv_heads,
            head_dim=size.head,
            max_position_embeddings=4096,
            rope_parameters={"rope_type": "default", "rope_theta": 10000.0},
            # Tied, words that stand for each other ("left", "right") fall together, never told apart.
            tie_word_embeddings=False,
            eos_token_id=int(tokenizer.convert_tokens_to_ids(END)),
            pad_token_id=int(tokenizer.convert_tokens_to_ids("<|endoftext|>")),
            bos_token_id=None,
        )
    )


def asked(findings: str, prompt: str) -> str:
    """All that stands before the answer."""
    return f"{PROMPTS.before}{findings}{PROMPTS.after(prompt)}"


def sequence(tokenizer: Any, findings: Findings, *, classify: bool) -> tuple[list[int], int]:
    """The tokens of one question with its answer, and how many of them come before the answer."""
    prompt = CLASSIFY if classify else INTERPRET
    answer = classified(findings.plane) if classify else spoken(findings)
    before = tokenizer.encode(asked(findings.line(), prompt), add_special_tokens=False)
    return before + tokenizer.encode(answer + END, add_special_tokens=False), len(before)


def batch(sequences: list[tuple[list[int], int]], pad: int) -> tuple[Tensor, Tensor]:
    """ids [N, L] and labels [N, L] of sequences of different lengths; only answers are learnt."""
    longest = max(len(ids) for ids, _ in sequences)
    ids = torch.full((len(sequences), longest), pad)
    labels = torch.full((len(sequences), longest), IGNORE)
    for row, (tokens, before) in enumerate(sequences):
        ids[row, : len(tokens)] = torch.tensor(tokens)
        labels[row, before : len(tokens)] = torch.tensor(tokens[before:])
    return ids, labels


@torch.no_grad()
def agreement(network: Any, sequences: list[tuple[list[int], int]], pad: int) -> float:
    """Share of whole answers that the network would write by its most likely tokens."""
    right = 0
    for start in range(0, len(sequences), 32):
        ids, labels = batch(sequences[start : start + 32], pad)
        chosen = network(input_ids=ids).logits[:, :-1].argmax(-1)
        known = labels[:, 1:] != IGNORE
        right += int(((chosen == labels[:, 1:]) | ~known).all(1).sum())
    return right / max(len(sequences), 1)
