"""The gateway's composition root: settings become services, services become a running process."""

from __future__ import annotations

import gc
import logging
import os
import secrets
import signal
import threading
from pathlib import Path

from fastapi import FastAPI
from pydantic import SecretStr

from gateway.app import create_app
from gateway.dependencies import Services
from gateway.dimse.server import StoreScp
from gateway.ingest.service import IngestService
from gateway.ingest.spool import Spool
from gateway.ingest.tuning import keep_freed_memory
from services.composition import Adapters
from services.dicom.parser.pool import Parser
from services.settings import Settings, settings
from services.telemetry import logs, traces

_log = logging.getLogger("gateway.bootstrap")


def compose(settings: Settings) -> Services:
    """All services that the settings name. Nothing is sent before the first call."""
    settings = with_secret(settings)
    adapters = Adapters(settings)
    index, store, queue = adapters.index, adapters.store, adapters.queue
    spool = Spool(settings.spool)
    parser = Parser(settings)
    return Services(
        settings=settings,
        index=index,
        store=store,
        queue=queue,
        inference=adapters.inference,
        ingest=IngestService(store, index, queue, parser, settings),
        parser=parser,
        spool=spool,
    )


def with_secret(settings: Settings) -> Settings:
    """With the secret that signs tokens; where none is set, one is made and kept in FADA_HOME."""
    if settings.secret_key.get_secret_value():
        return settings
    home = settings.home.expanduser()
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    return settings.model_copy(update={"secret_key": SecretStr(_secret_in(home / "secret.key"))})


def _secret_in(path: Path) -> str:
    """The secret that the file holds; made when there is none."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fd = os.open(fresh, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    with os.fdopen(fd, "w") as file:
        file.write(secrets.token_hex(32))
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(fresh, path)  # of several processes that start at once, one wins
    except FileExistsError:
        pass
    finally:
        fresh.unlink()
    return path.read_text().strip()


def app() -> FastAPI:
    """For ``uvicorn gateway.bootstrap:app --factory``."""
    given = settings()
    logs.setup(given.log_level)
    traces.setup("gateway")
    keep_freed_memory()
    application = create_app(compose(given), owned=True)
    gc.freeze()  # what exists now stays: the collector need not look through it again and again
    return application


def serve_dimse(settings: Settings) -> None:
    """``fada serve dimse``: listen until SIGTERM or SIGINT."""
    logs.setup(settings.log_level)
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    services = compose(settings)
    scp = StoreScp(services.ingest, services.settings)
    _log.info("listening", extra={"port": scp.port})
    ended.wait()
    scp.close()
    services.close()
