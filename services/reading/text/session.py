"""The phases of one encoded image, asked of whichever runtime holds the release's text model."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from services.domain.errors import InvalidModelOutput
from services.reading.releases.release import Release
from services.reading.text import answers, schema
from services.reading.text.prompts import Prompts

# More than the longest answer that a schema allows has characters, and a token is one at least.
ANSWER_TOKENS: Final = 4096


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
    """An image that was encoded. Every answer fits its phase's schema, or InvalidModelOutput is raised."""

    def __init__(self, model: TextModelSettings) -> None:
        self._settings = model

    def interpret(self, plane: str | None = None) -> dict[str, str]:
        """Phase 1; ``plane`` is what the dense heads saw: the release's sentences for it are the
        only ones that can be written."""
        form = schema.interpret(self._settings.sentences.get(plane or ""))
        return answers.interpretation(
            self._phase(self._settings.prompts.interpretation(plane), form)
        )

    def classify(self) -> str:
        """Phase 2: one of the release's labels."""
        classes = self._settings.classes
        return answers.label(
            self._phase(self._settings.prompts.classify, schema.classify(classes)), classes
        )

    def detect(self, labels: Sequence[str]) -> tuple[answers.TextStructure, ...]:
        """Phase 4 for phase 3's structures."""
        if not labels:
            return ()
        return answers.structures(
            self._phase(self._settings.prompts.detect, schema.detect(labels)), labels
        )

    def segment(self, labels: Sequence[str]) -> tuple[answers.TextStructure, ...]:
        """Phase 5 for phase 3's masks; none for groups without masks."""
        if not labels:
            return ()
        return answers.structures(
            self._phase(self._settings.prompts.segment, schema.segment(labels)), labels
        )

    def free(self, prompt: str, most: int = 1024) -> str:
        """An answer bound by no schema, as it comes: for measuring what the schema is worth."""
        return self.complete(self._settings.prompts.after(prompt), None, most)

    def _phase(self, prompt: str, form: schema.Schema) -> str:
        if not prompt:
            raise InvalidModelOutput("The release has no prompt for this phase.")
        return self.complete(self._settings.prompts.after(prompt), form, ANSWER_TOKENS)

    @abstractmethod
    def complete(self, after: str, form: schema.Schema | None, most: int) -> str:
        """What the model writes after the image and ``after``, bound to ``form``."""


def with_separators(form: schema.Schema, prompts: Prompts) -> schema.Schema:
    """A schema with the white space that the release was taught, and no other."""
    spacing = {
        "whitespace_flexible": False,
        "item_separator": prompts.item_separator,
        "key_separator": prompts.key_separator,
    }
    return {**form, "x-guidance": spacing}
