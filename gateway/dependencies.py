"""What the gateway's routers work with: one frozen object, made once in ``bootstrap``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Protocol, cast

from fastapi import Depends
from starlette.requests import HTTPConnection

from gateway.ingest.spool import Spool, Spooled
from services.dicom.parser.pool import Parser
from services.domain.errors import FadaError
from services.domain.study import IngestSource, Principal
from services.index.port import Index
from services.inference.port import Inference
from services.queue.port import Queue
from services.settings import Settings
from services.storage.port import ObjectStore


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file at the intake. Either ``error`` is set, or the ids are."""

    name: str  # as the sender called it; shown back to the sender only
    sop_uid: str = ""
    sop_class: str = ""
    study_uid: str = ""
    series_uid: str = ""
    study_id: str = ""
    sha256: str = ""
    new: bool = False  # False: the very same bytes were here already
    job_id: str | None = None
    error: FadaError | None = None


class Intake(Protocol):
    """The one way in for every source. Blocking: call it from a thread."""

    def take(
        self,
        principal: Principal,
        files: Sequence[Spooled],
        *,
        source: IngestSource,
        urgent: bool = False,
        request_id: str = "",
        study_uid: str | None = None,
    ) -> list[Outcome]:
        """Parse, store and index spooled DICOM files; one outcome each, in order.

        ``study_uid``: files of another study are refused (StudyMismatch).
        A file's own fault is in its outcome. Raises Unavailable when a part of the hub is down: then
        nothing may be taken as received. The spooled files stay the caller's to remove.
        """
        ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Services:
    """``inference`` is None where this process has no way to the model (readiness says so)."""

    settings: Settings
    index: Index
    store: ObjectStore
    queue: Queue
    inference: Inference | None
    intake: Intake
    parser: Parser
    spool: Spool


def services_of(connection: HTTPConnection) -> Services:
    """The app's services, for dependencies and middleware."""
    return cast(Services, connection.app.state.services)


async def _needed(connection: HTTPConnection) -> Services:
    """Asynchronous: what is not would be asked for in a thread, at every request."""
    return services_of(connection)


Needs = Annotated[Services, Depends(_needed)]
