"""Each request has threads of its own for its files, and few of them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from gateway.ingest import service as services
from gateway.ingest.request_rows import IngestRequest
from gateway.ingest.service import IngestService
from gateway.ingest.site_room import Claim
from gateway.ingest.spool import SpooledFile
from services.domain.errors import FadaError, InvalidDicom
from services.domain.study import IngestSource, Principal, Role


def request(site: str, count: int) -> IngestRequest:
    who = Principal("key:1", site, Role.SONOGRAPHER)
    files = [SpooledFile(Path(site), "0" * 64, 0, str(number)) for number in range(count)]
    return IngestRequest(who, files, IngestSource.STOW, False, "", None, Claim(site))


def test_a_large_request_does_not_stand_before_another(monkeypatch: pytest.MonkeyPatch) -> None:
    nothing = cast(Any, None)
    made = IngestService(nothing, nothing, nothing, nothing, nothing)
    may = threading.Semaphore(0)
    begun: list[str] = []

    def parsed(_: IngestService, of: IngestRequest, file: SpooledFile) -> FadaError:
        begun.append(of.principal.site)
        may.acquire()
        return InvalidDicom(file.name)

    monkeypatch.setattr(IngestService, "_parse_and_store", parsed)
    answers: dict[str, list[str]] = {}

    def run(site: str, count: int) -> None:
        stored = made._store_all(request(site, count))
        answers[site] = [str(one) for one in stored]

    large = threading.Thread(target=run, args=("large", 40))
    small = threading.Thread(target=run, args=("small", 2))
    large.start()
    until(lambda: len(begun) == services._PARSING_THREADS)
    small.start()
    until(lambda: begun.count("small") == 2)
    assert begun.count("large") == services._PARSING_THREADS, "none of them has ended"
    may.release(42)
    small.join()
    large.join()
    made.close()
    assert answers == {"large": [str(n) for n in range(40)], "small": ["0", "1"]}, "in their order"


def until(condition: Callable[[], bool]) -> None:
    """The test's own time limit ends it."""
    while not condition():
        time.sleep(0.01)
