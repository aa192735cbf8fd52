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
from services.reading import answers, schema
from services.reading.prompts import Prompts

# The server keeps a state of the sequence four tokens before its end. With exactly four tokens
# after the image that state is "image seen, nothing asked": every phase starts from there.
_AFTER_IMAGE: Final = "<|im_end|>" * 4
# The prompt is passed piece by piece, as the release has it: no chat template of the file's own.
_VERBATIM: Final = (
    "{% for m in messages %}{% for c in m.content %}{{ c.text }}{% endfor %}{% endfor %}"
)
# More than the longest answer that a schema allows has characters, and a token is one at least.
_ANSWER_TOKENS: Final = 4096
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
        self.sentences = sentences or {}
        self._lock = threading.Lock()
        self._spacing = {
            "x-guidance": {
                "whitespace_flexible": False,
                "item_separator": prompts.item_separator,
                "key_separator": prompts.key_separator,
            }
        }
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
            request["grammar"] = xllamacpp.json_schema_to_grammar({**form, **self._spacing})
        try:
            return self._server.handle_chat_completions(request)
        except Exception as error:
            raise InvalidModelOutput("The text model failed on this image.") from error


class Conversation:
    """The phases of one encoded image."""

    def __init__(self, model: TextModel, url: str) -> None:
        self._model, self._url = model, url
        self.cached_tokens = 0  # of the last prompt: what did not have to be computed again

    def interpret(self, plane: str | None = None) -> dict[str, str]:
        """Phase 1; ``plane`` is what the dense heads saw: the release's sentences for it are the
        only ones that can be written. Raises InvalidModelOutput."""
        model = self._model
        form = schema.interpret(model.sentences.get(plane or ""))
        return answers.interpretation(self._phase(model.prompts.interpretation(plane), form))

    def classify(self) -> str:
        """Phase 2. Raises InvalidModelOutput."""
        model = self._model
        text = self._phase(model.prompts.classify, schema.classify(model.classes))
        return answers.label(text, model.classes)

    def detect(self, labels: Sequence[str]) -> tuple[answers.Found, ...]:
        """Phase 4 for phase 3's structures. Raises InvalidModelOutput."""
        if not labels:
            return ()
        return answers.found(self._phase(self._model.prompts.detect, schema.detect(labels)), labels)

    def segment(self, labels: Sequence[str]) -> tuple[answers.Found, ...]:
        """Phase 5 for phase 3's masks; none for groups without masks. Raises InvalidModelOutput."""
        if not labels:
            return ()
        return answers.found(
            self._phase(self._model.prompts.segment, schema.segment(labels)), labels
        )

    def free(self, prompt: str, most: int = 1024) -> str:
        """An answer bound by no schema, as it comes: for measuring what the schema is worth."""
        return self.complete(self._model.prompts.after(prompt), None, most)

    def _phase(self, prompt: str, form: schema.Schema) -> str:
        if not prompt:
            raise InvalidModelOutput("The release has no prompt for this phase.")
        return self.complete(self._model.prompts.after(prompt), form, _ANSWER_TOKENS)

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
    parameters.n_ctx = (side // 32) ** 2 + _PROMPT_TOKENS + _ANSWER_TOKENS
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
