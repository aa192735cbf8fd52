"""A release's decoder, in llama.cpp: what the heads found is read as text, and no image is encoded again."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from services.domain.errors import InvalidModelOutput
from services.reading.text.llama_process import LlamaProcess
from services.reading.text.prompting import Prompts
from services.reading.text.runtime import IMAGE_SECONDS, Conversation

_CONTEXT: Final = (
    2048  # tokens: the findings and the longest answer that a release's sentences allow
)
MOST_FINDINGS: Final = 1000  # characters of a line


class Decoder:
    """One loaded text.gguf that has no mmproj.gguf. One image's findings at a time; others wait."""

    def __init__(
        self,
        text: Path,
        prompts: Prompts,
        classes: Sequence[str],
        *,
        sentences: Mapping[str, Mapping[str, Any]] | None = None,
        threads: int = 1,
        seconds: float = IMAGE_SECONDS,
    ) -> None:
        """Load the decoder of a verified release. ``seconds`` bound all phases of one image together.

        Raises:
            ReleaseRefused: llama.cpp cannot load it.
        """
        self.prompts, self.classes = prompts, tuple(classes)
        self.sentences: Mapping[str, Mapping[str, Any]] = sentences or {}
        self._seconds = seconds
        self._lock = threading.Lock()
        order = {"text": str(text), "mmproj": "", "context": _CONTEXT, "threads": threads}
        self._process = LlamaProcess(order)
        weakref.finalize(self, self._process.close)

    @contextmanager
    def read(self, findings: str) -> Iterator[Conversation]:
        """Phases are asked of what this yields, about one line of findings.

        Raises:
            InvalidModelOutput: the line is too long, or the model fails on it.
            ModelCrashed: llama.cpp died or took too long, in a phase too; try again.
        """
        if len(findings) > MOST_FINDINGS:
            raise InvalidModelOutput("The findings are too long for the decoder.")
        seen = {"type": "text", "text": findings}
        with self._lock, self._process.about(seen, self._seconds):
            yield Conversation(self, self._process)
