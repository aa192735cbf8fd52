"""A small pool of bounded child processes that read DICOM files for the gateway and the workers."""

from __future__ import annotations

import atexit
import json
import os
import queue
import select
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from services.dicom.parser.child import line, of_limits, raise_error, to_parsed
from services.dicom.parser.parse import Limits, ParsedInstance
from services.domain.errors import FadaError, InvalidDicom, Unavailable
from services.settings import Settings

_ROOT = Path(__file__).resolve().parents[3]
_MAX_ANSWER = 64 * 2**20
_START_SECONDS = 60.0


class Parser:
    """Thread-safe. A child that dies or takes too long is replaced; its file is refused.

    Children start when they are first needed and stay. They get no environment: no secret can leak
    into what reads bytes from outside.
    """

    def __init__(self, settings: Settings, children: int | None = None) -> None:
        self._memory = settings.parse_memory_bytes
        self._file_size = settings.max_inflated_bytes + 2**20
        self._seconds = settings.parse_seconds
        self.limits = Limits(settings.max_inflated_bytes, settings.max_pixels, settings.max_frames)
        self._idle: queue.LifoQueue[_Child | None] = queue.LifoQueue()
        for _ in range(children or min(4, max(2, os.cpu_count() or 2))):
            self._idle.put(None)
        self._all: set[_Child] = set()
        self._lock = threading.Lock()
        self._closed = False
        atexit.register(self.close)

    def parse(self, path: Path, meanwhile: Callable[[], None] | None = None) -> ParsedInstance:
        """Read one spooled file; ``meanwhile`` is done here while the child reads.

        Raises:
            InvalidDicom, InvalidUid, UnsupportedObject, TooLarge: it is refused.
            Unavailable: no child was free in time.
        """
        limits = of_limits(self.limits)
        request = {"do": "parse", "path": str(path), "limits": limits}
        return to_parsed(self.ask(request, meanwhile))

    def ask(
        self, request: dict[str, Any], meanwhile: Callable[[], None] | None = None
    ) -> dict[str, Any]:
        """One request to a child; its refusal is raised."""
        try:
            child = self._idle.get(timeout=self._seconds * 2)
        except queue.Empty:
            raise Unavailable("All parsers are busy.", retry_after=5) from None
        keep: _Child | None = None
        try:
            child = child or self._start()
            fault = child.send(request, meanwhile)
            reply = child.answer(self._seconds)
            keep = child
        except _Lost as error:
            self._end(child)
            raise InvalidDicom(f"The object {error}.") from None
        finally:
            self._idle.put(keep)
        raise_error(reply)
        if fault is not None:
            raise fault
        return reply

    def warm(self) -> None:
        """Start a child now, so that the first file does not wait for it. Raises Unavailable."""
        child = self._idle.get()
        try:
            child = child or self._start()
        finally:
            self._idle.put(child)

    def close(self) -> None:
        """End all children."""
        self._closed = True
        with self._lock:
            children, self._all = list(self._all), set()
        for child in children:
            child.end()

    def _start(self) -> _Child:
        if self._closed:
            raise Unavailable("This hub is going down.")
        child = _Child(self._memory, self._file_size)
        with self._lock:
            self._all.add(child)
        return child

    def _end(self, child: _Child | None) -> None:
        if child is not None:
            child.end()
            with self._lock:
                self._all.discard(child)


class _Lost(Exception):
    """The child gave no answer; the text completes "The object …"."""


class _Child:
    def __init__(self, memory: int, file_size: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "services.dicom.parser.child", str(memory), str(file_size)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=_ROOT,
            env={
                "PYTHONPATH": str(_ROOT),
                "PATH": os.defpath,
                "PYTHONDONTWRITEBYTECODE": "1",
                "OMP_NUM_THREADS": "1",
                "OPENBLAS_NUM_THREADS": "1",
                "MALLOC_ARENA_MAX": "2",
            },
            bufsize=0,
            start_new_session=True,
        )
        self._poll = select.poll()
        assert self._process.stdout is not None
        self._out = self._process.stdout.fileno()
        self._poll.register(self._out, select.POLLIN)
        try:
            self.answer(_START_SECONDS)
        except _Lost:
            self.end()
            raise Unavailable("A parser could not be started.", retry_after=5) from None

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._process.pid

    def send(
        self, request: dict[str, Any], meanwhile: Callable[[], None] | None
    ) -> FadaError | None:
        """Give it its work and do one's own; what that raised is kept, for an answer must be read."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(line(request))
        except OSError:
            raise _Lost("could not be read within its bounds") from None
        try:
            if meanwhile is not None:
                meanwhile()
        except FadaError as error:
            return error
        return None

    def answer(self, seconds: float) -> dict[str, Any]:
        """Its next line within ``seconds``. Raises _Lost."""
        deadline = time.monotonic() + seconds
        answer = bytearray()
        while not answer.endswith(b"\n"):
            left = deadline - time.monotonic()
            if left <= 0 or not self._poll.poll(left * 1000):
                raise _Lost("takes too long to read")
            piece = os.read(self._out, 1 << 20)
            if not piece or len(answer) > _MAX_ANSWER:
                raise _Lost("could not be read within its bounds")
            answer += piece
        reply = json.loads(answer)
        if not isinstance(reply, dict):
            raise _Lost("could not be read within its bounds")
        return reply

    def end(self) -> None:
        """Kill it and close its pipes."""
        steps: list[Callable[[], object]] = [self._process.kill, self._process.wait]
        for step in steps:
            step()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
