"""Logs are one JSON line each, carry the request id, and cannot carry patient data."""

from __future__ import annotations

import io
import json
import logging
import sys
import threading
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.domain.errors import InvalidDicom
from services.telemetry import logs

CANARY = "CANARY^JANE 19900101"


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    root, hooks = logging.getLogger(), (sys.excepthook, threading.excepthook)
    before = (root.handlers[:], root.level)
    stream = io.StringIO()
    logs.setup("DEBUG", stream)
    yield stream
    logging.captureWarnings(False)
    root.handlers[:], level = before[0], before[1]
    root.setLevel(level)
    sys.excepthook, threading.excepthook = hooks


def read(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_one_line_with_event_fields_and_request_id(lines: io.StringIO) -> None:
    with logs.bind(request_id="r-1", job_id="j1"):
        logs.get("workers.app").info("job.done", seconds=1.5, attempts=2)
    logs.get("workers.app").info("job.done")
    first, second = read(lines)
    assert first["event"] == "job.done"
    assert (first["request_id"], first["job_id"]) == ("r-1", "j1")
    assert (first["seconds"], first["attempts"], first["level"]) == (1.5, 2, "info")
    assert "request_id" not in second
    assert "job_id" not in second


def test_the_standard_loggers_of_the_product_work_too(lines: io.StringIO) -> None:
    logging.getLogger("services.outbox").warning("outbox not sent", extra={"error": "Boom"})
    assert read(lines)[0] | {"event": "outbox not sent", "error": "Boom"} == read(lines)[0]


def test_unlisted_fields_and_free_text_are_dropped_and_named(lines: io.StringIO) -> None:
    log = logs.get("gateway.ingest.service")
    log.info("refused", patient_name="Jane", site=CANARY, code="invalid_uid")
    log.info(f"refused {CANARY}")
    logging.getLogger("gateway.ingest.service").info("refused %s", CANARY, extra={"source": CANARY})
    assert read(lines)[0]["dropped"] == ["patient_name", "site"]
    assert read(lines)[0]["code"] == "invalid_uid"
    assert read(lines)[1]["event"] == "unnamed"
    assert "CANARY" not in lines.getvalue()
    assert "Jane" not in lines.getvalue()


def test_errors_leave_type_code_and_places_but_no_words(lines: io.StringIO) -> None:
    try:
        try:
            raise ValueError(CANARY)
        except ValueError as error:
            raise InvalidDicom(CANARY) from error
    except InvalidDicom:
        logs.get("gateway").exception("parse.failed")
    logged_error = read(lines)[0]["error"]
    assert (logged_error["type"], logged_error["code"], logged_error["cause"]) == (
        "InvalidDicom",
        "invalid_dicom",
        "ValueError",
    )
    assert logged_error["traceback"][-1].startswith("test_logs.py:")
    assert "CANARY" not in lines.getvalue()


@pytest.mark.filterwarnings("always:Invalid value")
def test_other_libraries_keep_place_but_not_words(lines: io.StringIO) -> None:
    logging.getLogger("pydicom").warning("Invalid value %s", CANARY)
    warnings.warn(f"Invalid value {CANARY}", stacklevel=1)
    logging.getLogger("uvicorn.access").info("GET /dicomweb/studies?PatientName=%s", CANARY)
    logging.getLogger("celery.app.trace").error("Task raised %s", CANARY)
    logging.getLogger("uvicorn.error").info("Application startup complete.")
    records = read(lines)
    assert "CANARY" not in lines.getvalue()
    assert [line["logger"] for line in records] == [
        "pydicom", "py.warnings", "celery.app.trace", "uvicorn.error",
    ]  # fmt: skip
    assert records[0]["place"].startswith("test_logs:")
    assert records[3]["message"] == "Application startup complete."


def test_uncaught_errors_are_logged_without_words(lines: io.StringIO) -> None:
    def fail() -> None:
        raise KeyError(CANARY)

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    try:
        fail()
    except KeyError:
        sys.excepthook(*sys.exc_info())
    assert [line["error"]["type"] for line in read(lines)] == ["KeyError", "KeyError"]
    assert "CANARY" not in lines.getvalue()


def test_a_callers_request_id_must_be_plain() -> None:
    assert logs.accept_request_id("abc-1") == "abc-1"
    for wrong in (None, "", "a b", "x" * 65, "a\nb", "Jané"):
        assert logs.accept_request_id(wrong) != wrong


@given(st.dictionaries(st.sampled_from([*sorted(logs.ALLOWED), "patient_name"]), st.text()))
def test_what_passes_is_one_token(values: dict[str, object]) -> None:
    kept, dropped = logs.clean(values)
    assert set(kept) | set(dropped) == set(values)
    assert "patient_name" not in kept
    assert not any(set(str(value)) & set(" ^\n\r\t\"'<>") for value in kept.values())
