"""A small pool of bounded child processes that read DICOM files for the gateway and the workers."""

from __future__ import annotations

import atexit
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from services.dicom.parser.child import line, of_limits, raise_error, to_parsed
from services.dicom.parser.fair_pool import FairPool
from services.dicom.parser.parse import Limits, ParsedInstance
from services.domain.errors import FadaError, InvalidDicom, Unavailable
from services.processes.start_grace import processor_seconds
from services.settings import Settings

_ROOT = Path(__file__).resolve().parents[3]
_MAX_ANSWER = 64 * 2**20
_START_SECONDS = 60.0
PROGRAM = "services.dicom.parser.child"
_LOADED = 5  # how much longer than its processor time a file may take on a machine under load
_MOST_ANSWERS = 2000  # of one child: decoders leak


class Parser:
    """Thread-safe. A child that dies or takes too long is replaced; its file is refused.

    Children start when they are first needed and stay. They get no environment: no secret can leak
    into what reads bytes from outside. They shut themselves in (``services.processes.sandbox``): files
    come and go in the spool's folder and the one for temporary files.
    """

    def __init__(
        self,
        settings: Settings,
        children: int | None = None,
        *,
        program: str = PROGRAM,
        seconds: float | None = None,
        caller: Callable[[], str] | None = None,
    ) -> None:
        """``children``: of one caller at once; ``program``: the module that a child runs; ``seconds``: for
        one request. ``caller``: for whom this thread works; with it there is a child more, so that no
        caller's slow files take all of them.
        """
        self._memory = settings.parse_memory_bytes
        self._file_size = settings.max_inflated_bytes + 2**20
        self._seconds = seconds or settings.parse_seconds
        self._program = program
        self._folders = (str(settings.spool), tempfile.gettempdir())
        self.limits = Limits(settings.max_inflated_bytes, settings.max_pixels, settings.max_frames)
        self._caller = caller or (lambda: "")
        of_one = children or min(4, max(2, os.cpu_count() or 2))
        idle: list[_Child | None] = [None] * (of_one + (1 if caller else 0))
        self._idle = FairPool(idle, of_one)
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
        fault: FadaError | None = None
        left = meanwhile

        def once() -> None:
            nonlocal fault, left
            work, left = left, None
            if work is not None:
                try:
                    work()
                except FadaError as error:  # it is kept, for an answer must be read
                    fault = error

        try:
            reply = self._asked(request, once)
        except _Lost:  # perhaps for a reason that is not the file's: memory, load, an operator
            reply = self._asked_again(request, once)
        raise_error(reply)
        if fault is not None:
            raise fault
        return reply

    def _asked_again(
        self, request: dict[str, Any], meanwhile: Callable[[], None]
    ) -> dict[str, Any]:
        """By a fresh child. Raises InvalidDicom when it is the file's fault, Unavailable when that is
        not known: who sent it sends it again.
        """
        try:
            return self._asked(request, meanwhile)
        except _Lost as error:
            if error.own_fault:
                raise InvalidDicom(f"The object {error}.") from None
            raise Unavailable("The object could not be read now.", retry_after=10) from None

    def _asked(self, request: dict[str, Any], meanwhile: Callable[[], None]) -> dict[str, Any]:
        caller = self._caller()
        try:
            child = self._idle.take(caller, self._seconds * 2)
        except TimeoutError:
            raise Unavailable("All parsers are busy.", retry_after=5) from None
        keep: _Child | None = None
        try:
            child = child or self._start()
            child.send(request)
            meanwhile()
            reply = child.answer(self._seconds)
            keep = None if child.spent() else child
            return reply
        finally:
            if keep is None:
                self._end(child)
            self._idle.give_back(caller, keep)

    def warm(self) -> None:
        """Start a child now, so that the first file does not wait for it. Raises Unavailable."""
        caller = self._caller()
        child = self._idle.take(caller, _START_SECONDS)
        try:
            child = child or self._start()
        finally:
            self._idle.give_back(caller, child)

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
        child = _Child(self._program, self._memory, self._file_size, self._folders)
        with self._lock:
            self._all.add(child)
        return child

    def _end(self, child: _Child | None) -> None:
        if child is not None:
            child.end()
            with self._lock:
                self._all.discard(child)


class _Lost(Exception):
    """The child gave no answer; the text completes "The object …". ``own_fault``: that of what it read,
    by all that is known.
    """

    def __init__(self, text: str, *, own_fault: bool) -> None:
        super().__init__(text)
        self.own_fault = own_fault


class _Child:
    def __init__(self, program: str, memory: int, file_size: int, folders: tuple[str, ...]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", program, str(memory), str(file_size), *folders],
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
        self._answered = 0
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

    def send(self, request: dict[str, Any]) -> None:
        """Give it its work. Raises _Lost."""
        assert self._process.stdin is not None
        self._answered += 1
        try:
            self._process.stdin.write(line(request))
        except OSError:
            raise self._lost() from None

    def answer(self, seconds: float) -> dict[str, Any]:
        """Its next line within ``seconds`` of processor time, or five times as long by the clock: a
        machine under load is not the file's fault. Raises _Lost.
        """
        began, used, answer = time.monotonic(), -1.0, bytearray()
        while not answer.endswith(b"\n"):
            if not self._poll.poll(min(seconds, 1.0) * 1000):
                now = processor_seconds(self.pid) or 0.0
                used = now if used < 0 else used
                if now - used >= seconds:
                    raise _Lost("takes too long to read", own_fault=True)
                if time.monotonic() - began > _LOADED * seconds:
                    raise _Lost("takes too long to read", own_fault=False)
                continue
            piece = os.read(self._out, 1 << 20)
            if not piece or len(answer) > _MAX_ANSWER:
                raise self._lost()
            answer += piece
        reply = json.loads(answer)
        if not isinstance(reply, dict):
            raise self._lost()
        return reply

    def spent(self) -> bool:
        """Whether it has read so much that a fresh one should take its place."""
        return self._answered >= _MOST_ANSWERS

    def _lost(self) -> _Lost:
        """It died: of what it read, unless somebody ended it."""
        try:
            status = self._process.wait(timeout=1)
        except subprocess.TimeoutExpired:
            status = 0
        ended = status in (-signal.SIGKILL, -signal.SIGTERM)
        return _Lost("could not be read within its bounds", own_fault=not ended)

    def end(self) -> None:
        """Kill it and close its pipes."""
        steps: list[Callable[[], object]] = [self._process.kill, self._process.wait]
        for step in steps:
            step()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
