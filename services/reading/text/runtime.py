"""A release's text model in llama.cpp: one image, encoded once, then one answer a phase.

Answers are bound to a JSON Schema as a grammar, so that what comes back always fits it. The most
likely token is taken (temperature 0): the same image gives the same words.
"""

from __future__ import annotations

import base64
import io
import secrets
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np
import xllamacpp
from numpy.typing import NDArray
from PIL import Image

from services.domain.errors import InvalidModelOutput, ReleaseRefused
from services.reading.text import schema
from services.reading.text.prompts import Prompts
from services.reading.text.session import ANSWER_TOKENS, TextSession, with_separators

# The server keeps a state of the sequence four tokens before its end. With exactly four tokens
# after the image that state is "image seen, nothing asked": every phase starts from there.
_AFTER_IMAGE: Final = "<|im_end|>" * 4
# The prompt is passed piece by piece, as the release has it: no chat template of the file's own.
_VERBATIM: Final = (
    "{% for m in messages %}{% for c in m.content %}{{ c.text }}{% endfor %}{% endfor %}"
)
_PROMPT_TOKENS: Final = 1024


class TextModel:
    """One loaded text.gguf with its mmproj.gguf. One image at a time; others wait."""

    def __init__(
        self,
        text: Path,
        mmproj: Path,
        side: int,
        prompts: Prompts,
        classes: Sequence[str],
        *,
        sentences: Mapping[str, Mapping[str, Any]] | None = None,
        threads: int = 1,
    ) -> None:
        """Load the pair of a verified release.

        Raises:
            ReleaseRefused: llama.cpp cannot load it.
        """
        self.side, self.prompts, self.classes = side, prompts, tuple(classes)
        self.sentences: Mapping[str, Mapping[str, Any]] = sentences or {}
        self._lock = threading.Lock()
        try:
            self._server: Any = xllamacpp.Server(_parameters(text, mmproj, side, threads))
        except Exception as error:  # the binding raises plain RuntimeError and more
            raise ReleaseRefused("The text model cannot be loaded.") from error

    @contextmanager
    def look(self, image: NDArray[np.uint8]) -> Iterator[Conversation]:
        """Encode a [T, T] uint8 image; phases are asked of what this yields.

        Raises:
            InvalidModelOutput: an image of another size, or the model fails on it.
        """
        if image.shape != (self.side, self.side) or image.dtype != np.uint8:
            raise InvalidModelOutput(f"The text model takes uint8 squares of {self.side} pixels.")
        with self._lock:
            conversation = Conversation(self, _data_url(image))
            conversation.complete(_AFTER_IMAGE, None, 1)
            yield conversation

    def ask(self, parts: list[dict[str, Any]], form: schema.Schema | None, most: int) -> Any:
        """One completion; ``look`` holds the lock."""
        request: dict[str, Any] = {
            "messages": [{"role": "user", "content": parts}],
            "temperature": 0,
            "top_k": 1,
            "max_tokens": most,
            "cache_prompt": True,
        }
        if form is not None:
            request["grammar"] = xllamacpp.json_schema_to_grammar(
                with_separators(form, self.prompts)
            )
        try:
            return self._server.handle_chat_completions(request)
        except Exception as error:
            raise InvalidModelOutput("The text model failed on this image.") from error


class Conversation(TextSession):
    """The phases of one image that llama.cpp has encoded."""

    def __init__(self, model: TextModel, url: str) -> None:
        super().__init__(model)
        self._model, self._url = model, url
        self.cached_tokens = 0  # of the last prompt: what did not have to be computed again

    def complete(self, after: str, form: schema.Schema | None, most: int) -> str:
        """What the model writes after the image and ``after``."""
        parts: list[dict[str, Any]] = [
            {"type": "text", "text": self._model.prompts.before},
            {"type": "image_url", "image_url": {"url": self._url}},
            {"type": "text", "text": after},
        ]
        answer = self._model.ask(parts, form, most)
        try:
            choice = answer["choices"][0]
            usage = answer["usage"].get("prompt_tokens_details") or {}
            self.cached_tokens = int(usage.get("cached_tokens", 0))
            text = choice["message"]["content"]
        except (KeyError, IndexError, TypeError) as error:
            raise InvalidModelOutput("The text model gave no answer.") from error
        if form is not None and choice.get("finish_reason") != "stop":
            raise InvalidModelOutput("The text model did not come to an end.")
        return str(text or "")


def _parameters(text: Path, mmproj: Path, side: int, threads: int) -> Any:
    parameters = xllamacpp.CommonParams()
    parameters.model.path, parameters.mmproj.path = str(text), str(mmproj)
    parameters.n_ctx = (side // 32) ** 2 + _PROMPT_TOKENS + ANSWER_TOKENS
    parameters.n_parallel = 1
    parameters.n_gpu_layers = 0
    parameters.cpuparams.n_threads = threads
    parameters.cpuparams_batch.n_threads = threads
    parameters.warmup = False
    parameters.chat_template, parameters.use_jinja = _VERBATIM, True
    # What the model writes is taken as it is: no thoughts or tool calls are looked for in it.
    parameters.force_pure_content_parser = True
    parameters.reasoning_format = xllamacpp.common_reasoning_format.COMMON_REASONING_FORMAT_NONE
    # Both runtimes must count the same image tokens: exactly those of T x T.
    tokens = (side // 32) ** 2
    parameters.image_min_tokens = parameters.image_max_tokens = tokens
    parameters.n_ctx_checkpoints = 4
    parameters.cache_ram_mib = 0
    parameters.verbosity = -1
    # The binding listens on a loopback port of its own; nobody knows the key, nobody can ask.
    parameters.ui = parameters.endpoint_slots = parameters.endpoint_props = False
    parameters.api_keys = [secrets.token_hex(32)]
    return parameters


def _data_url(image: NDArray[np.uint8]) -> str:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "PNG", compress_level=1)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
