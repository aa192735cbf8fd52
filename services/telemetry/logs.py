"""JSON logs, one line each, with the request id from the request to the result.

    logs.setup("INFO")
    log = logs.get(__name__)
    log.info("job.finished", job_id=job.id, seconds=1.2)
    log.error("job.failed", error=exc, job_id=job.id)   # type, code and places; never its words
    with logs.bind(request_id=rid, job_id=job.id): ...   # on every line within

The standard library's loggers of FADA's own packages work as well: ``_log.info("job failed",
extra={"job_id": ...})``. Only fields of ``ALLOWED`` are written, and only constant words as
events. What other libraries log keeps its place and level, but its words only when the library is
known not to speak of content (``_TRUSTED``): pydicom, for one, quotes values in its warnings.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO
from uuid import uuid4

request_id: ContextVar[str] = ContextVar("request_id", default="")
_bound: ContextVar[dict[str, object] | None] = ContextVar("bound", default=None)

# An event is a dotted name or a short lower-case phrase: constant words, never a value.
_EVENT = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)*|[a-z][a-z _-]{0,60}")
_REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_TRUSTED = ("uvicorn.error", "celery.worker.consumer", "celery.apps", "celery.beat", "alembic")
_OUR_CODE = ("cli", "edge", "gateway", "models", "services", "workers", "fada")
_PLAIN = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}
_OURS = "fada_event"
_DEPTH = 30  # frames of a traceback

# An allow-list of what logs and spans may carry, because a deny-list forgets: a field that is not here
# is not written, and a value that is not a number or one plain token is not written either. Names of
# people, dates with spaces and free text cannot pass; identifiers made by FADA, codes, routes and counts
# can.
ALLOWED = frozenset(
    {
        # who and what, by FADA's own identifiers
        "site", "actor", "role", "study_id", "job_id", "result_id", "upload_id", "delivery_id",
        "webhook_id", "device_id", "key_id", "request_id", "owner", "sha256", "event_seq", "version",
        # what happened
        "code", "error", "where", "final", "reason", "outcome", "state", "action", "source", "kind",
        "phase", "part", "channel", "topic", "task", "queue", "method", "route", "status",
        "media_type", "release",
        "model", "signal", "service",
        # how much
        "seconds", "delay", "bytes", "count", "attempts", "attempt", "limit", "depth", "frames",
        "instances", "results", "sent", "port", "pid", "exit_code", "workers", "seq", "urgent",
    }
)  # fmt: skip

_TOKEN = re.compile(r"[A-Za-z0-9_.:/@+={},*-]{0,128}")
_PLACE = re.compile(r"[A-Za-z0-9_./-]{1,100}:[0-9]{1,6}( [A-Za-z0-9_<>.]{1,60})?")
Value = str | int | float | bool | None | list[str]


def new_request_id() -> str:
    """A random id of 32 hexadecimal digits."""
    return uuid4().hex


def accept_request_id(text: str | None) -> str:
    """A caller's request id when it is a plain token, else a new one."""
    return text if text and _REQUEST_ID.fullmatch(text) else new_request_id()


@contextmanager
def bind(**values: object) -> Iterator[None]:
    """Put ``values`` on every line within; ``request_id`` sets the context variable too."""
    own_id = values.pop("request_id", None)
    token_id = request_id.set(str(own_id)) if own_id is not None else None
    token = _bound.set({**(_bound.get() or {}), **values})
    try:
        yield
    finally:
        _bound.reset(token)
        if token_id is not None:
            request_id.reset(token_id)


class Log:
    """A named logger whose every call is an event name and allowed fields."""

    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger

    def debug(self, event: str, **values: object) -> None:
        """An event of level DEBUG with allowed fields."""
        self._write(logging.DEBUG, event, values)

    def info(self, event: str, **values: object) -> None:
        """An event of level INFO with allowed fields."""
        self._write(logging.INFO, event, values)

    def warning(self, event: str, *, error: BaseException | None = None, **values: object) -> None:
        """An event of level WARNING with allowed fields."""
        self._write(logging.WARNING, event, values, error)

    def error(self, event: str, *, error: BaseException | None = None, **values: object) -> None:
        """An event of level ERROR with allowed fields."""
        self._write(logging.ERROR, event, values, error)

    def exception(self, event: str, **values: object) -> None:
        """``error`` with the exception that is being handled."""
        self._write(logging.ERROR, event, values, sys.exc_info()[1])

    def _write(
        self,
        level: int,
        event: str,
        values: dict[str, object],
        error: BaseException | None = None,
    ) -> None:
        if self._logger.isEnabledFor(level):
            info = (type(error), error, error.__traceback__) if error is not None else None
            self._logger.log(level, event, extra={_OURS: values}, exc_info=info)


def get(name: str) -> Log:
    """The logger ``name``, for events with allowed fields."""
    return Log(logging.getLogger(name))


def clean(fields: dict[str, object]) -> tuple[dict[str, Value], list[str]]:
    """The fields that may be written, and the names of those that may not."""
    kept: dict[str, Value] = {}
    dropped: list[str] = []
    for name, value in fields.items():
        if name in ALLOWED and (value is None or isinstance(value, bool | int | float)):
            kept[name] = value
        elif name in ALLOWED and isinstance(value, str) and _TOKEN.fullmatch(value):
            kept[name] = str(value)
        elif name in ALLOWED and isinstance(value, list) and all(map(_is_place, value)):
            kept[name] = [str(place) for place in value]
        else:
            dropped.append(name)
    return kept, dropped


def _is_place(value: object) -> bool:
    """``module.py:12 function``: a line of a traceback, without its words."""
    return isinstance(value, str) and _PLACE.fullmatch(value) is not None


class JsonFormatter(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """One line of JSON."""
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": "",
        }
        if request_id.get():
            line["request_id"] = accept_request_id(request_id.get())
        ours = _is_ours(record)
        kept, dropped = clean({**(_bound.get() or {}), **(_values(record) if ours else {})})
        line |= kept
        line |= _event(record, ours)
        if dropped:
            line["dropped"] = dropped
        if record.exc_info and record.exc_info[1] is not None:
            line["error"] = describe(record.exc_info[1])
        return json.dumps(line, ensure_ascii=True, separators=(",", ":"))


def _is_ours(record: logging.LogRecord) -> bool:
    return hasattr(record, _OURS) or record.name.split(".", 1)[0] in _OUR_CODE


def _values(record: logging.LogRecord) -> dict[str, object]:
    """What was given with the call, here or as ``extra`` of the standard library's loggers."""
    given: dict[str, object] | None = getattr(record, _OURS, None)
    if given is not None:
        return given
    return {name: value for name, value in record.__dict__.items() if name not in _PLAIN}


def _event(record: logging.LogRecord, ours: bool) -> dict[str, str]:
    if ours:
        return {"event": record.msg if _EVENT.fullmatch(str(record.msg)) else "unnamed"}
    place = f"{record.module}:{record.lineno}"
    if record.name.startswith(_TRUSTED) and not record.exc_info:
        return {"event": "library", "place": place, "message": record.getMessage()[:300]}
    return {"event": "library", "place": place}


def describe(error: BaseException) -> dict[str, Any]:
    """Type, code and places of an error and its cause; never its words or any value."""
    description: dict[str, Any] = {"type": type(error).__name__}
    code = getattr(error, "code", None)
    if isinstance(code, str) and _EVENT.fullmatch(code):
        description["code"] = code
    description["traceback"] = [
        f"{Path(frame.filename).name}:{frame.lineno} {frame.name}"
        for frame in traceback.extract_tb(error.__traceback__, limit=-_DEPTH)
    ]
    if error.__cause__ is not None:
        description["cause"] = type(error.__cause__).__name__
    return description


def setup(level: str = "INFO", stream: TextIO | None = None) -> None:
    """All logging of this process goes to ``stream`` (stderr) as JSON. Call it once, first."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "celery", "celery.task"):
        logger = logging.getLogger(name)
        logger.handlers[:] = []
        logger.propagate = True
    logging.getLogger("uvicorn.access").disabled = True  # paths and queries name patients
    logging.captureWarnings(True)
    sys.excepthook = _uncaught
    threading.excepthook = lambda args: _uncaught(
        args.exc_type, args.exc_value or args.exc_type(), args.exc_traceback
    )


def _uncaught(
    kind: type[BaseException], error: BaseException, places: TracebackType | None
) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    get("fada").error("process.uncaught", error=error.with_traceback(places))
