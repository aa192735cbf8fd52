"""A release's text model, in llama.cpp: one image, encoded once, then one answer a phase.

Answers are bound to a JSON Schema as a grammar, so that what comes back always fits it. The most
likely token is taken (temperature 0): the same image gives the same words. llama.cpp runs in a child
process: what aborts there fails one image, and the next one is read by a new child.
"""

from __future__ import annotations

import base64
import io
import threading
import weakref
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from services.domain.errors import InvalidModelOutput
from services.reading.releases.release import Release
from services.reading.text import keypoints, prompting
from services.reading.text.llama_process import LlamaProcess
from services.reading.text.prompting import Prompts

# The server keeps a state of the sequence four tokens before its end. With exactly four tokens
# after the image that state is "image seen, nothing asked": every phase starts from there.
_AFTER_IMAGE: Final = "<|im_end|>" * 4
_PROMPT_TOKENS: Final = 1024
# More than the longest answer that a schema allows has characters, and a token is one at least.
ANSWER_TOKENS: Final = 4096
IMAGE_SECONDS: Final = 300.0  # for all phases of one image; longer, and the child hangs


class TextModelSettings(Protocol):
    """What a text model takes from its release."""

    prompts: Prompts
    classes: tuple[str, ...]
    sentences: Mapping[str, Mapping[str, Any]]


class TextModelLike(Protocol):
    """A loaded text model."""

    def look(self, image: NDArray[np.uint8]) -> AbstractContextManager[TextSession]:
        """Encode a [T, T] uint8 image; phases are asked of what this yields."""
        ...


# Loads a release's weights in Hugging Face form; torch lives in models, so it is handed in from there.
TextModelLoader = Callable[[Release], TextModelLike]


class TextSession(ABC):
    """An image that was encoded. Every answer fits its phase's schema, or InvalidModelOutput is raised; a
    phase that the release has no prompt for is not asked, and its answer is empty."""

    def __init__(self, model: TextModelSettings) -> None:
        self._settings = model

    def interpret(self, plane: str | None = None) -> dict[str, str]:
        """Phase 1; ``plane`` is what the dense heads saw: the release's sentences for it are the
        only ones that can be written."""
        prompt = self._settings.prompts.interpretation(plane)
        if not prompt:
            return {}
        form = prompting.interpretation_schema(self._settings.sentences.get(plane or ""))
        return prompting.read_interpretation(self._phase(prompt, form))

    def classify(self) -> str:
        """Phase 2: one of the release's labels."""
        classes, prompt = self._settings.classes, self._settings.prompts.classify
        if not prompt:
            return ""
        form = prompting.classification_schema(classes)
        return prompting.read_label(self._phase(prompt, form), classes)

    def detect(self, labels: Sequence[str]) -> tuple[prompting.TextStructure, ...]:
        """Phase 4 for phase 3's structures."""
        if not labels or not self._settings.prompts.detect:
            return ()
        prompt = self._settings.prompts.asking(self._settings.prompts.detect, labels)
        form = prompting.detection_schema(labels)
        return prompting.read_structures(self._phase(prompt, form), labels)

    def segment(self, labels: Sequence[str]) -> tuple[prompting.TextStructure, ...]:
        """Phase 5 for phase 3's masks; none for groups without masks."""
        if not labels or not self._settings.prompts.segment:
            return ()
        prompt = self._settings.prompts.asking(self._settings.prompts.segment, labels)
        form = prompting.segmentation_schema(labels)
        return prompting.read_structures(self._phase(prompt, form), labels)

    def keypoints(self, labels: Sequence[str]) -> tuple[keypoints.TextKeypoints, ...]:
        """The ends of what is measured between two points; none where the release has no prompt for
        them."""
        prompts = self._settings.prompts
        if not labels or not prompts.keypoints:
            return ()
        prompt = prompts.asking(prompts.keypoints, labels)
        return keypoints.read(self._phase(prompt, keypoints.schema(labels)), labels)

    def free(self, prompt: str, most: int = 1024) -> str:
        """An answer bound by no schema, as it comes: for measuring what the schema is worth."""
        return self.complete(self._settings.prompts.after(prompt), None, most)

    def _phase(self, prompt: str, form: prompting.Schema) -> str:
        return self.complete(self._settings.prompts.after(prompt), form, ANSWER_TOKENS)

    @abstractmethod
    def complete(self, after: str, form: prompting.Schema | None, most: int) -> str:
        """What the model writes after the image and ``after``, bound to ``form``."""


def with_separators(form: prompting.Schema, prompts: Prompts) -> prompting.Schema:
    """A schema with the white space that the release was taught, and no other."""
    spacing = {
        "whitespace_flexible": False,
        "item_separator": prompts.item_separator,
        "key_separator": prompts.key_separator,
    }
    return {**form, "x-guidance": spacing}


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
        image_seconds: float = IMAGE_SECONDS,
    ) -> None:
        """Load the pair of a verified release, which takes images of ``side`` pixels.

        ``image_seconds`` bound all phases of one image together.

        Raises:
            ReleaseRefused: llama.cpp cannot load it.
        """
        self.side, self.prompts, self.classes = side, prompts, tuple(classes)
        self.sentences: Mapping[str, Mapping[str, Any]] = sentences or {}
        self._image_seconds = image_seconds
        self._lock = threading.Lock()
        image_tokens = (side // 32) ** 2
        self._process = LlamaProcess(
            {
                "text": str(text),
                "mmproj": str(mmproj),
                "context": image_tokens + _PROMPT_TOKENS + ANSWER_TOKENS,
                "image_tokens": image_tokens,
                "threads": threads,
            }
        )
        weakref.finalize(self, self._process.close)

    @contextmanager
    def look(self, image: NDArray[np.uint8]) -> Iterator[Conversation]:
        """Encode a [T, T] uint8 image; phases are asked of what this yields.

        Raises:
            InvalidModelOutput: an image of another size, or the model fails on it.
            ModelCrashed: llama.cpp died or took too long, here or in a phase; try again.
        """
        if image.shape != (self.side, self.side) or image.dtype != np.uint8:
            raise InvalidModelOutput(f"The text model takes uint8 squares of {self.side} pixels.")
        with self._lock, self._process.image(_data_url(image), self._image_seconds):
            conversation = Conversation(self, self._process)
            conversation.complete(_AFTER_IMAGE, None, 1)
            yield conversation


@dataclass(frozen=True, slots=True)
class Answer:
    """What the model wrote: ``cached`` and ``tokens`` count those of the prompt that did not have to
    be computed again, and those of the answer. ``complete``: it came to its own end."""

    text: str
    complete: bool
    cached: int
    tokens: int


class Conversation(TextSession):
    """The phases of one image that llama.cpp has encoded, or of the findings of one."""

    def __init__(self, model: TextModelSettings, process: LlamaProcess) -> None:
        super().__init__(model)
        self._model, self._process = model, process
        self.cached_tokens = 0  # of the last prompt: what did not have to be computed again

    def complete(self, after: str, form: prompting.Schema | None, most: int) -> str:
        """What the model writes after the image and ``after``."""
        answer = self.answer(after, form, most)
        if form is not None and not answer.complete:
            raise InvalidModelOutput("The text model did not come to an end.")
        return answer.text

    def answer(
        self, after: str, form: prompting.Schema | None, most: int, *, grammar: str = ""
    ) -> Answer:
        """One completion of at most ``most`` tokens, bound to ``form``, or to a GBNF ``grammar``.

        Raises:
            InvalidModelOutput: the model failed on this image.
            ModelCrashed: llama.cpp died or took too long.
        """
        prompts = self._model.prompts
        given = self._process.ask(
            {
                "before": prompts.before,
                "after": after,
                "schema": None if form is None else with_separators(form, prompts),
                "grammar": grammar,
                "most": most,
            }
        )
        self.cached_tokens = int(given["cached"])
        complete = given["finish"] == "stop"
        return Answer(str(given["text"]), complete, self.cached_tokens, int(given["tokens"]))


def _data_url(image: NDArray[np.uint8]) -> str:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "PNG", compress_level=1)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
