"""Token sequences of fixed length: image, prompt, answer, and which answer tokens are learnt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from models.text.sentences import NO_PLANE, Seen, answer, classified, fillers, write
from services.reading.text.prompting import PLANE

_BEFORE = "<|im_start|>user\n<|vision_start|>"
_AFTER = "<|vision_end|>"
_TURN = "<|im_end|>\n<|im_start|>assistant\n"
_END = "<|im_end|>"
IGNORE = -100


class Sequences:
    """Writes one task's sequences: `length` tokens, the image's tokens and the prompt first.

    `plane_prompt` is the prompt with {plane}, for when the dense heads have named the plane before.
    """

    def __init__(
        self, tokenizer: Any, prompt: str, image_tokens: int, length: int, plane_prompt: str = ""
    ) -> None:
        self.tokenizer, self.length, self.plane_prompt = tokenizer, length, plane_prompt
        self._before = _BEFORE + "<|image_pad|>" * image_tokens + _AFTER
        self.start = self._start(prompt)
        self.image_token = int(tokenizer.convert_tokens_to_ids("<|image_pad|>"))
        self.pad = int(tokenizer.convert_tokens_to_ids("<|endoftext|>"))
        self.positions = _positions(self.start, self.image_token, image_tokens, length)

    def _start(self, prompt: str) -> list[int]:
        text = self._before + prompt + _TURN
        return list(self.tokenizer.encode(text, add_special_tokens=False))

    def encode(
        self, text: str, unknown: list[tuple[int, int]], prompt: str = ""
    ) -> tuple[Tensor, Tensor]:
        """ids [L] and labels [L]; character ranges in `unknown` are not learnt.

        Raises:
            ValueError: the answer does not fit.
        """
        encoded = self.tokenizer(text + _END, add_special_tokens=False, return_offsets_mapping=True)
        start = self._start(prompt) if prompt else self.start
        ids = start + list(encoded["input_ids"])
        if len(ids) > self.length:
            raise ValueError(f"{len(ids)} tokens do not fit into {self.length}")
        labels = [IGNORE] * len(start) + [
            IGNORE if any(a < stop and b > start for start, stop in unknown) else token
            for token, (a, b) in zip(encoded["input_ids"], encoded["offset_mapping"], strict=True)
        ]
        rest = self.length - len(ids)
        return torch.tensor(ids + [self.pad] * rest), torch.tensor(labels + [IGNORE] * rest)

    def interpret(self, seen: Seen, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        """The eight fields; what the labels leave open is filled at random and not learnt.

        Half of the prompts name the plane, so that the words follow the heads where there are any.
        """
        fields = write(seen)
        filled: dict[str, str] = {}
        options = fillers(seen)
        for name, value in fields.items():
            choice = options.get(name, ("Not determined.",))
            filled[name] = value or choice[int(rng.integers(0, len(choice)))]
        text = answer(filled)
        named = self.plane_prompt and rng.random() < 0.5
        prompt = self.plane_prompt.replace(PLANE, seen.plane or NO_PLANE) if named else ""
        return self.encode(text, _ranges(text, filled, fields), prompt)

    def classify(self, seen: Seen) -> tuple[Tensor, Tensor]:
        """The label of the plane: token ids [L] and targets [L]."""
        return self.encode(classified(seen.plane), [])


def _ranges(
    text: str, filled: Mapping[str, str], fields: Mapping[str, str | None]
) -> list[tuple[int, int]]:
    ranges = []
    for name, value in fields.items():
        if value is None:
            start = text.index(f'"{name}":"') + len(name) + 4
            ranges.append((start, start + len(filled[name])))
    return ranges


def _positions(start: list[int], image_token: int, image_tokens: int, length: int) -> Tensor:
    """Qwen3.5's three position rows [3, 1, L]: time, row, column; equal outside the image."""
    side = int(image_tokens**0.5)
    first = start.index(image_token)
    rows = torch.arange(side).repeat_interleave(side)
    columns = torch.arange(side).repeat(side)
    image = torch.stack([torch.zeros_like(rows), rows, columns]) + first
    before = torch.arange(first).expand(3, -1)
    after = torch.arange(length - first - image_tokens).expand(3, -1) + first + side
    return torch.cat([before, image, after], 1)[:, None]
