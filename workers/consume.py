"""One consuming process: ``python -m workers.consume analyse|publish BEAT_FILE``, started by ``serve``."""

from __future__ import annotations

import importlib
import os
import socket
import sys
from pathlib import Path

from celery import Celery

from services.settings import Settings, settings
from services.telemetry import logs
from workers import liveness
from workers.app import make_celery

DELIVERING_THREADS = 16  # they wait for receivers: each slow one holds one
SWITCH_SECONDS = 0.0005


def arguments(kind: str, given: Settings) -> list[str]:
    """Of the celery worker. Reading is CPU work in the model server: one process per two cores, and two
    at least, so that the next study is opened while the model computes."""
    count = given.worker_processes or max(2, (os.cpu_count() or 2) // 2)
    name = f"{kind}@{socket.gethostname()}-{os.getpid()}"
    common = [
        "--quiet",
        "worker",
        "-n",
        name,
        "--without-gossip",
        "--without-mingle",
        "-l",
        given.log_level,
    ]
    if kind == "publish":
        return [*common, "-Q", "publish", "-P", "threads", "-c", str(DELIVERING_THREADS)]
    return [*common, "-Q", "urgent,routine", "-P", "prefork", "-c", str(count)]


def warm() -> None:
    """Import what reading needs before the fork: the children share it, and no study waits for it."""
    importlib.import_module("workers.analysis.job_runner")


def main(kind: str, beat: Path) -> None:
    """Consume messages of ``kind`` until SIGTERM; ``beat`` is touched while all is well."""
    given = settings()
    logs.setup(given.log_level)  # Celery warns before it asks how to log
    # The thread that writes a result is all Python. The one that reads the next study asks the index,
    # the store and the model many short questions, and would wait 5 ms for the interpreter after each.
    sys.setswitchinterval(SWITCH_SECONDS)
    if kind == "analyse":
        warm()
    app: Celery = make_celery(given)
    setattr(app, liveness.BEAT, beat)
    app.worker_main(arguments(kind, given))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
