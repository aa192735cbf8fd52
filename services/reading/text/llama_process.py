"""Our end of the child process that holds a text model: started, asked, bounded, started again."""

from __future__ import annotations

import json
import math
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from services.domain.errors import InvalidModelOutput, ModelCrashed, ReleaseRefused

_PROGRAM: Final = Path(__file__).with_name("llama_program.py")
_LOAD_SECONDS: Final = 600.0
_OWN_MEMORY: Final = 2 * 2**30  # bytes beside twice the weights, for caches and buffers


class LlamaProcess:
    """One child with one loaded model. Not safe to share between threads: its owner holds a lock.

    The child belongs to the process that started it; after a fork the other one starts its own.
    """

    def __init__(self, model: Mapping[str, Any]) -> None:
        """Load ``model``: paths "text" and "mmproj" (empty: it reads no images), "context",
        "image_tokens" and "threads".

        Raises:
            ReleaseRefused: llama.cpp cannot load it, or ends while it tries.
        """
        self._model = dict(model)
        self._child: subprocess.Popen[str] | None = None
        self._owner = os.getpid()
        try:
            self._start()
        except ModelCrashed as error:
            raise ReleaseRefused("The text model cannot be loaded.") from error

    @property
    def pid(self) -> int | None:
        """Of the child; None while there is none."""
        return self._child.pid if self._child is not None else None

    @contextmanager
    def image(self, url: str, seconds: float) -> Iterator[None]:
        """Questions within are about this image, a data URL; see ``about``."""
        with self.about({"type": "image_url", "image_url": {"url": url}}, seconds):
            yield

    @contextmanager
    def about(self, part: Mapping[str, Any], seconds: float) -> Iterator[None]:
        """Questions within are about this part of a message; all of them together take at most
        ``seconds``, or the child is killed. A child that has died is replaced first.

        Raises:
            ModelCrashed: there is no child, also from the questions within.
        """
        if self._owner != os.getpid():
            self._child, self._owner = None, os.getpid()
        if self._child is None or self._child.poll() is not None:
            self._start()
        with self._within(seconds):
            self._send({"seen": part, "seconds": math.ceil(seconds) + 1})
            try:
                yield
            finally:
                with suppress(ModelCrashed):
                    self._send({"seen": {}, "seconds": 0})  # seconds no longer run

    def ask(self, question: Mapping[str, Any]) -> dict[str, Any]:
        """One completion: "before", "after", "schema" or "grammar", and "most" tokens.

        Returns:
            "text", "finish" (why it ended), "cached" and "tokens" (counts).

        Raises:
            ModelCrashed: the child died or was killed; the next image starts a new one.
            InvalidModelOutput: the model failed on this image.
        """
        self._send(question)
        answer = self._receive()
        if "error" in answer:
            raise InvalidModelOutput("The text model failed on this image.")
        return answer

    def close(self) -> None:
        """End the child."""
        child, self._child = self._child, None
        if child is None or self._owner != os.getpid():
            return
        child.kill()
        for pipe in (child.stdin, child.stdout):
            with suppress(OSError):
                if pipe is not None:
                    pipe.close()
        child.wait()

    def _start(self) -> None:
        """Raises ReleaseRefused, ModelCrashed."""
        self.close()
        files = [self._model[name] for name in ("text", "mmproj") if self._model[name]]
        weights = sum(Path(name).stat().st_size for name in files)
        self._child = subprocess.Popen(
            [_python(), "-P", str(_PROGRAM)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True, encoding="utf-8", env={**os.environ, "GGML_NO_BACKTRACE": "1"},
        )  # fmt: skip
        with self._within(_LOAD_SECONDS):
            self._send({**self._model, "memory": _OWN_MEMORY + 2 * weights})
            if "error" in self._receive():
                self.close()
                raise ReleaseRefused("The text model cannot be loaded.")

    @contextmanager
    def _within(self, seconds: float) -> Iterator[None]:
        child = self._child
        assert child is not None
        timer = threading.Timer(seconds, child.kill)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _send(self, message: Mapping[str, Any]) -> None:
        child = self._child
        if child is None or child.stdin is None:
            raise ModelCrashed
        try:
            child.stdin.write(json.dumps(message) + "\n")
            child.stdin.flush()
        except OSError as error:
            raise self._crashed() from error

    def _receive(self) -> dict[str, Any]:
        child = self._child
        if child is None or child.stdout is None:
            raise ModelCrashed
        line = child.stdout.readline()
        if not line.endswith("\n"):
            raise self._crashed()
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _crashed(self) -> ModelCrashed:
        self.close()
        return ModelCrashed("The text model's process ended on this image; it is started again.")


def _python() -> str:
    """This Python's program. Where Python is embedded in another one, as in Triton's stub,
    ``sys.executable`` need not name it."""
    named = Path(sys.executable or "")
    if named.name.startswith("python") and named.is_file():
        return str(named)
    for folder in (sys.prefix, sys.base_prefix):
        beside = Path(folder) / "bin" / f"python{sys.version_info[0]}.{sys.version_info[1]}"
        if beside.is_file():
            return str(beside)
    return shutil.which("python3") or "python3"
