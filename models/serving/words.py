"""A release's text model in transformers, with its PEFT adapter: the phases of services.reading.

The same words in, the same form out as by llama.cpp: the release's own template, one image encoded
once, the most likely token, and llguidance, the library that llama.cpp binds answers with, over the
very same JSON Schema. On a GPU the weights stand in bfloat16, on a processor in float32.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import llguidance
import llguidance.hf
import numpy as np
import peft
import torch
from numpy.typing import NDArray
from torch import Tensor
from transformers import AutoModelForImageTextToText, AutoTokenizer

from models.serving.folder import laid_out
from models.text.network import grid, patches
from services.domain.errors import InvalidModelOutput, ReleaseRefused
from services.reading.releases.release import Release
from services.reading.text import prompting
from services.reading.text.runtime import TextSession, with_separators

_END = "<|im_end|>"


class TransformersText:
    """Base and adapter on one device. One image at a time; others wait."""

    def __init__(self, release: Release, device: str = "cpu") -> None:
        """Load the weights of a verified release.

        Raises:
            ReleaseRefused: transformers or peft cannot load them.
        """
        manifest = release.manifest
        self.side, self.prompts, self.classes = (
            manifest.text_side,
            manifest.prompts,
            manifest.classes,
        )
        self.sentences: Mapping[str, Mapping[str, Any]] = manifest.sentences
        self.device = torch.device(device)
        self._lock = threading.Lock()
        try:
            self.network, self.tokenizer = _load(release, self.device)
        except Exception as error:  # both libraries raise a dozen kinds
            raise ReleaseRefused("The weights cannot be loaded by transformers.") from error
        self.end = self.tokenizer.convert_tokens_to_ids(_END)
        width = self.network.get_input_embeddings().weight.shape[0]
        self.guide = llguidance.hf.from_tokenizer(self.tokenizer, n_vocab=width, eos_token=self.end)

    @contextmanager
    def look(self, image: NDArray[np.uint8]) -> Iterator[EncodedImage]:
        """Encode a [T, T] uint8 image; phases are asked of what this yields.

        Raises:
            InvalidModelOutput: an image of another size, or the model fails on it.
        """
        if image.shape != (self.side, self.side) or image.dtype != np.uint8:
            raise InvalidModelOutput(f"The text model takes uint8 squares of {self.side} pixels.")
        with self._lock, torch.inference_mode():
            try:
                cache = self._encode(image)
            except Exception as error:
                raise InvalidModelOutput("The text model failed on this image.") from error
            yield EncodedImage(self, cache)

    def _encode(self, image: NDArray[np.uint8]) -> Any:
        marks = "<|image_pad|>" * (self.side // 32) ** 2
        ids = self.ids(f"{self.prompts.before}<|vision_start|>{marks}<|vision_end|>")
        token = self.tokenizer.convert_tokens_to_ids("<|image_pad|>")
        pixels = patches(torch.from_numpy(image.copy())[None])
        out = self.network(
            input_ids=ids,
            mm_token_type_ids=(ids == token).long(),
            pixel_values=pixels.to(self.device, self.network.dtype),
            image_grid_thw=grid(1, self.side).to(self.device),
            use_cache=True,
            logits_to_keep=1,
        )
        return out.cache

    def ids(self, text: str) -> Tensor:
        """[1, n] token ids of a text, special tokens in it included."""
        ids = self.tokenizer.encode(text, add_special_tokens=False)
        return torch.tensor([ids], device=self.device)

    def matcher(self, form: prompting.Schema) -> Any:
        """A fresh matcher of answers in that form."""
        grammar = llguidance.LLMatcher.grammar_from_json_schema(with_separators(form, self.prompts))
        return llguidance.LLMatcher(self.guide, grammar)


class EncodedImage(TextSession):
    """One encoded image: every phase starts from a copy of the state after it."""

    def __init__(self, model: TransformersText, cache: Any) -> None:
        super().__init__(model)
        self._model, self._cache = model, cache

    def complete(self, after: str, form: prompting.Schema | None, most: int) -> str:
        """What the model writes after the image and ``after``, bound to ``form``."""
        model = self._model
        matcher = None if form is None else model.matcher(form)
        cache, ids, answer = copy.deepcopy(self._cache), model.ids(after), list[int]()
        for _ in range(most):
            out = model.network(input_ids=ids, cache=cache, use_cache=True, logits_to_keep=1)
            scores = out.logits[0, -1].float()
            if matcher is not None:
                scores[~_allowed(matcher, len(scores), scores.device)] = -torch.inf
            token = int(scores.argmax())
            if not torch.isfinite(scores[token]):
                raise InvalidModelOutput("The text model gave numbers that are none.")
            if token == model.end:
                return str(model.tokenizer.decode(answer))
            if matcher is not None and not matcher.consume_token(token):
                raise InvalidModelOutput("The text model left the schema.")
            answer.append(token)
            ids = torch.tensor([[token]], device=model.device)
        if form is not None:
            raise InvalidModelOutput("The text model did not come to an end.")
        return str(model.tokenizer.decode(answer))


def open_words(release: Release, device: str = "cpu") -> TransformersText:
    """For `services.reading.text.runtime.TextModelLoader`. Raises ReleaseRefused."""
    return TransformersText(release, device)


def _load(release: Release, device: torch.device) -> tuple[Any, Any]:
    numbers = torch.bfloat16 if device.type == "cuda" else torch.float32
    with laid_out(release) as (base, adapter):
        network: Any = AutoModelForImageTextToText.from_pretrained(
            base, dtype=numbers, local_files_only=True, use_safetensors=True
        )
        if adapter is not None:
            network = peft.PeftModel.from_pretrained(network, str(adapter)).get_base_model()
        has_own = adapter is not None and any(adapter.glob("tokenizer*.json"))
        tokenizer = AutoTokenizer.from_pretrained(
            adapter if has_own else base, local_files_only=True
        )
        # Everything is read before the links are gone.
        return network.to(device).eval(), tokenizer


def _allowed(matcher: Any, width: int, device: torch.device) -> Tensor:
    """[width] bool: which tokens may come next."""
    packed = np.frombuffer(matcher.compute_bitmask(), np.uint8)
    bits = np.unpackbits(packed, bitorder="little")[:width]
    allowed = np.zeros(width, np.bool_)
    allowed[: len(bits)] = bits
    return torch.from_numpy(allowed).to(device)
