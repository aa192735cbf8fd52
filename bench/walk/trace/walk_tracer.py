"""Records which functions of the project run in this process while a window is open.

The parent opens a window by writing its number into the one byte of ``$FADA_WALK/window``, and closes
it with a zero; each process notes down in a file of its own beside it. The file is mapped into memory at the
start: a child that shuts itself in later may neither open nor write one. Needs the standard library only
and changes nothing of the program that it watches but the environment of its children.
"""

from __future__ import annotations

import functools
import inspect
import json
import mmap
import os
import re
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
_NOT_OURS = ("tests", "bench")
_MOST_BYTES = 8 * 2**20  # of one process's records; what is not written takes no room on the disk
_AWAITED = inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR | inspect.CO_ITERABLE_COROUTINE
# The model server's Python ignores PYTHONPATH but imports the services from its working folder.
_PACKAGE = """import sys
sys.path.insert(0, {here!r})
import walk_tracer
walk_tracer.install("model server")
__path__ = [{real!r}]
"""


def file_of(name: str) -> str:
    """Path of a source file inside the repository; empty for what is not of the product.

    A model server runs a copy of its model, which lies in ``…/triton/models``.
    """
    if not name.startswith("/"):
        return ""  # frozen modules, generated methods
    home, copied, rest = name.partition("/triton/models/")
    if copied and not home.startswith(str(ROOT)):
        return f"models/triton/{rest}"
    if not name.startswith(f"{ROOT}/"):
        return ""
    path = name[len(str(ROOT)) + 1 :]
    first = path.partition("/")[0]
    return "" if first in _NOT_OURS or first.startswith((".", "build")) else path


class Recorder:
    """A profile function (``sys.setprofile``) that writes one line for each new function.

    New is a function that this window has not seen beneath the same root. The root is the outermost
    function of the project on the stack, in a coroutine's task the outermost of the task: what a
    request runs can so be told from what a background task runs in the same process.
    """

    def __init__(self, folder: Path, command: str) -> None:
        descriptor = os.open(folder / "window", os.O_RDONLY)
        self._window = mmap.mmap(descriptor, 1, prot=mmap.PROT_READ)
        os.close(descriptor)
        self._folder, self._command = folder, command
        self._begin()
        self._files: dict[str, str] = {}
        self._seen: set[tuple[int, CodeType, CodeType]] = set()

    def __call__(self, frame: FrameType, event: str, _arg: object) -> None:
        """Called by Python at each call, return and call of C."""
        window = self._window[0]
        if event != "call" or not window or not self._file(frame.f_code):
            return
        root = self._root(frame)
        if root is None or (key := (window, root, frame.f_code)) in self._seen:
            return
        self._seen.add(key)
        self._write(window, root, frame.f_code)

    def _file(self, code: CodeType) -> str:
        """Of a function of the product; empty for others, and for bodies of modules and classes."""
        if not code.co_flags & inspect.CO_OPTIMIZED:
            return ""
        name = code.co_filename
        if name not in self._files:
            self._files[name] = file_of(name)
        return self._files[name]

    def _root(self, frame: FrameType) -> CodeType | None:
        """None while a module is imported."""
        root, awaited, at = frame.f_code, False, frame
        while at is not None:
            code = at.f_code
            if code.co_filename.startswith("<frozen importlib"):
                return None
            is_awaited = bool(code.co_flags & _AWAITED)
            if awaited and not is_awaited:
                break  # what drives a task does not belong to it
            awaited = awaited or is_awaited
            if self._file(code):
                root = code
            at = at.f_back  # type: ignore[assignment]
        return root

    def _begin(self) -> None:
        """A file of records for this process."""
        self._pid = os.getpid()
        path = self._folder / f"{self._pid}-{time.monotonic_ns()}.jsonl"
        descriptor = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
        os.ftruncate(descriptor, _MOST_BYTES)
        self._out = mmap.mmap(descriptor, _MOST_BYTES)
        os.close(descriptor)

    def _write(self, window: int, root: CodeType, code: CodeType) -> None:
        if self._pid != os.getpid():  # the first line after a fork
            self._begin()
        line = {
            "window": window,
            "at": time.monotonic_ns(),
            "command": self._command,
            "root": f"{self._file(root)}:{root.co_qualname}",
            "file": self._file(code),
            "function": code.co_qualname,
            "line": code.co_firstlineno,
        }
        self._out.write(json.dumps(line).encode() + b"\n")


def install(command: str = "") -> None:
    """Watch this process, all threads that it starts, and the Python programs that it starts."""
    folder = os.environ.get("FADA_WALK", "")
    if not folder:
        return
    command = command or _command()
    recorder = Recorder(Path(folder), command)
    threading.setprofile(recorder)
    sys.setprofile(recorder)
    os.environ["FADA_WALK_COMMAND"] = command
    _watch_children()


def _command() -> str:
    """Program and sub-commands of this process: "cli.main serve gateway", "fada-edge sync"."""
    words = sys.orig_argv[1:]
    if "-c" in words:  # of multiprocessing
        return "a child of " + os.environ.get("FADA_WALK_COMMAND", "?")
    words = words[words.index("-m") + 1 :] if "-m" in words else [Path(words[0]).name, *words[1:]]
    return " ".join(w for w in words if re.fullmatch(r"[A-Za-z_][A-Za-z_.-]*", w))


def _watch_children() -> None:
    begin = subprocess.Popen.__init__

    @functools.wraps(begin)
    def begin_watched(self: Any, *args: Any, **more: Any) -> None:
        if more.get("env") is not None:
            more["env"] = carried(more["env"])
        if more.get("cwd"):
            _watch_model_server(Path(more["cwd"]) / "services")
        begin(self, *args, **more)

    subprocess.Popen.__init__ = begin_watched  # type: ignore[method-assign]


def carried(environment: dict[str, str]) -> dict[str, str]:
    """An environment with what watching needs, and with the settings of ``FADA_WALK_SET``."""
    ours = {k: v for k, v in os.environ.items() if k.startswith("FADA_WALK")}
    given = json.loads(os.environ.get("FADA_WALK_SET", "{}"))
    paths = [str(HERE), *environment.get("PYTHONPATH", "").split(":")]
    joined = ":".join(dict.fromkeys(filter(None, paths)))
    return {**environment, **ours, **given, "PYTHONPATH": joined}


def _watch_model_server(services: Path) -> None:
    if services.is_symlink():
        real = str(services.resolve())
        services.unlink()
        services.mkdir()
        text = _PACKAGE.format(here=str(HERE), real=real)
        (services / "__init__.py").write_text(text)
