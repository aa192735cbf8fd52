"""The processes that share the gateway's port: each is watched, and replaced when it ends or hangs."""

from __future__ import annotations

import logging
import pickle
import time
from multiprocessing.connection import Connection
from socket import socket
from typing import Any

import uvicorn
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors.multiprocess import Multiprocess, Process

from gateway.http.connection_limits import BoundedProtocol
from services.processes.start_grace import StartGrace
from services.settings import Settings

_HEALTH_SECONDS = 30  # a process that has started and does not answer for so long hangs
_END_SECONDS = 20  # to answer what is under way (5 s), and to close what it holds
_log = logging.getLogger("gateway.processes")


def serve(given: Settings) -> None:
    """Serve until SIGTERM or SIGINT, in this process or in as many as the settings say."""
    options: dict[str, Any] = {
        "factory": True,
        "host": given.host,
        "port": given.port,
        "log_config": None,
        "access_log": False,
        "server_header": False,
        "timeout_keep_alive": 30,
        "timeout_graceful_shutdown": 5,
        "http": BoundedProtocol,
        "ws_max_size": 4096,  # nothing is expected of who listens
        "ws_per_message_deflate": False,
        "proxy_headers": bool(given.trusted_proxies),
        "forwarded_allow_ips": given.trusted_proxies,
    }
    if given.gateway_processes == 1:
        uvicorn.run("gateway.bootstrap:app", **options)
        return
    config = uvicorn.Config(
        "gateway.bootstrap:app",
        workers=given.gateway_processes,
        **options,
    )
    GatewayProcesses(config, sockets=[config.bind_socket()]).run()


class GatewayProcesses(Multiprocess):
    """uvicorn's supervisor, never held up by one process.

    uvicorn's own look waits for each answer: a process killed just then costs the whole time of its
    health check, in which no signal is obeyed. It also ends as ill a process that starts slowly on a
    machine under load, again and again, and waits for ever for one that does not end.
    """

    def __init__(self, config: uvicorn.Config, sockets: list[socket]) -> None:
        super().__init__(config, sockets)
        self._watched: dict[int, _Watch] = {}

    def keep_subprocess_alive(self) -> None:
        """Called twice a second."""
        self._watched = {
            pid: self._watched.get(pid) or _Watch(pid, process.parent_conn)
            for process in self.processes
            if (pid := process.pid) is not None
        }
        for number, process in enumerate(self.processes):
            if self.should_exit.is_set():
                return
            if not self._holds(process):
                self._replace(number, process)

    def join_all(self) -> None:
        """Wait for all to end; kill what has not after ``_END_SECONDS``."""
        end = time.monotonic() + _END_SECONDS
        for process in self.processes:
            process.process.join(max(0.0, end - time.monotonic()))
            if process.process.is_alive():
                _log.error("a process did not end and was killed", extra={"pid": process.pid})
                process.process.kill()
                process.process.join()

    def _holds(self, process: Process) -> bool:
        watch = self._watched.get(process.pid or 0)
        return watch is not None and process.process.is_alive() and watch.holds()

    def _replace(self, number: int, process: Process) -> None:
        process.kill()
        process.join()
        if process.exitcode == STARTUP_FAILURE:  # the next would fail in the same way
            _log.error("a process could not start", extra={"pid": process.pid})
            self.should_exit.set()
            return
        _log.error("a process ended and is replaced", extra={"pid": process.pid})
        self.processes[number] = Process(self.config, self.sockets)
        self.processes[number].start()


class _Watch:
    """What one process answered, and when; a look never waits."""

    def __init__(self, pid: int, connection: Connection) -> None:
        self._connection = connection
        self._grace = StartGrace(pid)
        self._answered = time.monotonic()
        self._asked = self._started = False

    def holds(self) -> bool:
        """Whether it is starting and works at it, or has answered lately."""
        try:
            self._exchange()
        except (OSError, EOFError, pickle.UnpicklingError):
            return False
        if self._started:
            return time.monotonic() - self._answered < _HEALTH_SECONDS
        return self._grace.holds()

    def _exchange(self) -> None:
        while self._connection.poll():
            self._started = self._connection.recv() or self._started
            self._answered, self._asked = time.monotonic(), False
        if not self._asked:
            self._connection.send(b"ping")
            self._asked = True
