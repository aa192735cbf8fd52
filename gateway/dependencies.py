"""What the gateway's routers work with: one frozen object, made once by the composition root."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends
from starlette.requests import HTTPConnection

from gateway.ingest.service import IngestService
from gateway.ingest.spool import Spool
from gateway.ingest.spool_room import SpoolRoom
from services.dicom.parser.pool import Parser
from services.index.port import Index
from services.inference.port import Inference
from services.queue.port import Queue
from services.settings import Settings
from services.storage.port import ObjectStore


@dataclass(frozen=True, slots=True)
class Services:
    """``inference`` is None where this process has no way to the model (readiness says so)."""

    settings: Settings
    index: Index
    store: ObjectStore
    queue: Queue
    inference: Inference | None
    ingest: IngestService
    parser: Parser
    spool: Spool
    spool_room: SpoolRoom

    def close(self) -> None:
        """End what the services hold: child processes, threads, connections."""
        self.ingest.close()
        self.spool_room.close()
        self.parser.close()
        if self.inference is not None:
            self.inference.close()
        self.index.close()


async def services_of(connection: HTTPConnection) -> Services:
    """The app's services. Asynchronous, because FastAPI would ask a plain function in a thread."""
    return cast(Services, connection.app.state.services)


ServicesDep = Annotated[Services, Depends(services_of)]
