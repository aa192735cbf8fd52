"""The gateway's composition root: settings become services, services become a running process."""

from __future__ import annotations

import gc
import logging
import signal
import tempfile
import threading
from collections.abc import Callable

from fastapi import FastAPI

from gateway.app import create_app
from gateway.dependencies import Services
from gateway.dimse.server import DicomServer
from gateway.hl7.server import Hl7Server
from gateway.http.fair_threads import current_caller
from gateway.ingest.service import IngestService
from gateway.ingest.spool import Spool
from gateway.ingest.spool_room import SpoolRoom
from gateway.ingest.tuning import keep_freed_memory
from gateway.uploads.partial_upload import UploadFiles
from services.composition import Adapters
from services.credentials import with_secret
from services.dicom.parser.pool import Parser
from services.settings import Settings, settings
from services.telemetry import logs, traces

_log = logging.getLogger("gateway.bootstrap")


def compose(settings: Settings) -> Services:
    """All services that the settings name. Nothing is sent before the first call."""
    settings = with_secret(settings)
    adapters = Adapters(settings)
    index, store, queue = adapters.index, adapters.store, adapters.queue
    spool = Spool(settings.spool, settings.spool_reserve_bytes)
    parser = Parser(settings, caller=current_caller)
    return Services(
        settings=settings,
        index=index,
        store=store,
        queue=queue,
        inference=adapters.inference,
        ingest=IngestService(store, index, queue, parser, settings),
        parser=parser,
        spool=spool,
        spool_room=SpoolRoom(index, spool, settings, UploadFiles(spool.folder)),
    )


def app() -> FastAPI:
    """For ``uvicorn gateway.bootstrap:app --factory``."""
    given = settings()
    logs.setup(given.log_level)
    traces.setup("gateway")
    keep_freed_memory()
    services = compose(given)
    tempfile.tempdir = str(services.spool.folder)  # parts of forms: /tmp may be memory
    application = create_app(services, owned=True)
    gc.freeze()  # what exists now stays: the collector need not look through it again and again
    return application


def serve_dimse(settings: Settings) -> None:
    """``fada serve dimse``: listen until SIGTERM or SIGINT."""
    _listen(settings, DicomServer)


def serve_hl7(settings: Settings) -> None:
    """``fada serve hl7``: listen until SIGTERM or SIGINT."""
    _listen(settings, lambda services: Hl7Server(services.index, services.settings))


def _listen(settings: Settings, listener: Callable[[Services], DicomServer | Hl7Server]) -> None:
    logs.setup(settings.log_level)
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    services = compose(settings)
    listening = listener(services)
    _log.info("listening", extra={"port": listening.port})
    ended.wait()
    listening.close()
    services.close()
