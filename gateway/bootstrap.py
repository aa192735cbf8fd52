"""The composition root: settings become adapters, adapters become the app. Nothing else knows all."""

from __future__ import annotations

import ctypes
import gc
import os
import secrets
from pathlib import Path

from fastapi import FastAPI
from pydantic import SecretStr

from gateway.app import create_app
from gateway.dependencies import Services
from gateway.ingest.service import Intake
from gateway.ingest.spool import Spool
from services.dicom.parser.pool import Parser
from services.index import connect as connect_index
from services.inference.connect import connect
from services.queue import broker
from services.settings import Settings, settings
from services.storage import connect as storage
from services.telemetry import logs, traces

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # malloc.h


def compose(given: Settings) -> Services:
    """All adapters that the settings name. Nothing is sent before the first call."""
    given = with_secret(given)
    index = connect_index(given)
    store = storage.connect(given)
    queue = broker.connect(given)
    spool = Spool(given.spool)
    parser = Parser(given)
    return Services(
        settings=given,
        index=index,
        store=store,
        queue=queue,
        inference=connect(given),
        intake=Intake(store, index, queue, parser, given),
        parser=parser,
        spool=spool,
    )


def with_secret(given: Settings) -> Settings:
    """The secret that signs sessions; where none is set, one is made and kept beside the spool."""
    if given.secret_key.get_secret_value():
        return given
    home = given.home.expanduser()
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    return given.model_copy(update={"secret_key": SecretStr(_kept(home / "secret.key"))})


def _kept(path: Path) -> str:
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
    _keep_memory()
    made = create_app(compose(given), owned=True)
    gc.freeze()  # what stands now stays: the collector need not look through it again and again
    return made


def _keep_memory() -> None:
    """Bodies come and go in pieces of 256 KiB. By default glibc gives each back to the system, which
    then clears its 64 pages again for the next one (mallopt(3))."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:  # another C library has its own ways
        mallopt(_M_MMAP_THRESHOLD, 4 * 2**20)
        mallopt(_M_TRIM_THRESHOLD, 64 * 2**20)
