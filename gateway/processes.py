"""The processes that share the gateway's port: each is watched, and replaced when it ends or hangs."""

from __future__ import annotations

from socket import socket
from typing import Any

import uvicorn
from uvicorn.supervisors.multiprocess import Multiprocess, Process

from gateway.http.connection_limits import BoundedProtocol
from services.processes.start_grace import StartGrace
from services.settings import Settings

_HEALTH_SECONDS = 30  # a process that has started and does not answer for so long hangs


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
        "proxy_headers": bool(given.trusted_proxies),
        "forwarded_allow_ips": given.trusted_proxies,
    }
    if given.gateway_processes == 1:
        uvicorn.run("gateway.bootstrap:app", **options)
        return
    config = uvicorn.Config(
        "gateway.bootstrap:app",
        workers=given.gateway_processes,
        timeout_worker_healthcheck=_HEALTH_SECONDS,
        **options,
    )
    GatewayProcesses(config, sockets=[config.bind_socket()]).run()


class GatewayProcesses(Multiprocess):
    """uvicorn's supervisor, which waits for a process that is still starting as long as it works at it:
    on a machine under load one that is ended as ill, again and again, never comes back.
    """

    def __init__(self, config: uvicorn.Config, sockets: list[socket]) -> None:
        super().__init__(config, sockets)
        self._starting: dict[int, StartGrace] = {}
        self._started: set[int] = set()

    def keep_subprocess_alive(self) -> None:
        """Called twice a second."""
        before, self.processes = self.processes, [p for p in self.processes if not self._waits(p)]
        waiting = [process for process in before if process not in self.processes]
        super().keep_subprocess_alive()
        self.processes = [*self.processes, *waiting]

    def _waits(self, process: Process) -> bool:
        """Whether it is starting, and may."""
        pid = process.pid
        if pid is None or pid in self._started or not process.process.is_alive():
            return False
        if process.is_ready(timeout=0.2):
            self._started.add(pid)
            self._starting.pop(pid, None)
            while process.parent_conn.poll(0):  # late answers would hide a later silence
                process.parent_conn.recv()
            return False
        return self._starting.setdefault(pid, StartGrace(pid)).holds()
