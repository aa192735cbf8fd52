"""Several gateways behind a load balancer, several workers, PostgreSQL and Redis, all on one machine.

As on many machines, all state is in database, store and broker. What the gateways share besides is the folder
of partial uploads, as a volume that all of them mount.
"""

from __future__ import annotations

import os
import shutil
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

from pydantic import SecretStr

from bench.postgres import Postgres
from services.composition import Adapters
from services.domain.errors import FadaError
from services.domain.study import Role
from services.processes.process import Process, ProcessFailed, ProcessSpec
from services.processes.process_reaper import ProcessReaper
from services.settings import Settings
from services.standalone import ports, programs, seaweed, secrets, triton, valkey
from services.standalone.local_settings import settings_of
from services.standalone.local_stack import DEFAULT_SITE, RELEASES
from services.standalone.probe import http_ok

_PORTS = ("gateway", "valkey", "worker_metrics", "sweeper_metrics", *seaweed.PORTS, *triton.PORTS)


@dataclass
class Plant:
    """``start``, then ``tend`` again and again, then ``stop``: all from one thread."""

    home: Path
    gateways: int = 2
    workers: int = 4
    environment: dict[str, str] = field(default_factory=dict)
    processes: dict[str, Process] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        self._secrets = secrets.load(self.home / "secrets.json")
        chosen = ports.free(len(_PORTS) + self.gateways)
        self.ports = dict(zip(_PORTS, chosen, strict=False))
        self._gateway_ports = chosen[len(_PORTS) :]
        self._database = Postgres()
        self._reaper = ProcessReaper()
        self.settings: Settings = settings_of(self.home, self._secrets, self.ports).model_copy(
            update={
                "index_url": self._database.url(),
                "originals": "",  # in S3: gateways and workers need not share a disk
                "releases": RELEASES,
                "metrics_port": 0,
                "sweeper_metrics_port": 0,
                "worker_processes": 1,
                "trusted_proxies": ports.HOST,
            }
        )

    @property
    def address(self) -> str:
        """Of the load balancer."""
        return f"http://{ports.HOST}:{self.ports['gateway']}"

    @property
    def index_url(self) -> str:
        """Of PostgreSQL."""
        return self.settings.index_url

    def start(self) -> None:
        """Start all and wait until all answer. Raises ProcessFailed."""
        self._database.create()
        servers = [self._database.spec(self.home / "database.log"), self._broker(), self._store()]
        servers.append(triton.spec(self.home, self.ports, RELEASES))
        for spec in servers:
            self._begin(spec)
        for spec in servers:
            self.processes[spec.name].wait_ready(180)
        adapters = Adapters(self.settings)
        adapters.index.migrate()
        self._prepare(adapters)
        adapters.index.close()
        for spec in [*self._programs(), self._balancer()]:
            self._begin(spec)
        for name, process in self.processes.items():
            if not name.startswith("worker"):
                process.wait_ready(240)

    def new_key(self) -> str:
        """A key of an administrator."""
        index = Adapters(self.settings).index
        try:
            with index.begin() as tx:
                return tx.keys.create(DEFAULT_SITE, Role.ADMIN, "drill")[1]
        finally:
            index.close()

    def tend(self) -> None:
        """Restart what ended, as an orchestrator does."""
        for name, process in self.processes.items():
            if change := process.tend():
                print(f"           {name}: {change.text}", flush=True)

    def stop(self) -> None:
        """End all; programs first."""
        for process in reversed(self.processes.values()):
            process.ask_to_stop()
        for process in reversed(self.processes.values()):
            process.finish_stop()
        self._reaper.close()
        self._database.remove()

    # --- parts -------------------------------------------------------------------------------
    def _begin(self, spec: ProcessSpec) -> None:
        self.processes[spec.name] = Process(spec, self._reaper)
        self.processes[spec.name].start()

    def _broker(self) -> ProcessSpec:
        """Redis of Debian's where it is installed, else Valkey."""
        spec = valkey.spec(self.home, self.ports["valkey"], self._secrets.broker_password)
        redis = shutil.which("redis-server")
        command = (redis, *spec.command[1:]) if redis else spec.command
        return replace(spec, name="broker", command=command)

    def _store(self) -> ProcessSpec:
        own = self._secrets
        return seaweed.spec(self.home, self.ports, own.s3_access_key, own.s3_secret_key, own.s3_kek)

    def _prepare(self, adapters: Adapters) -> None:
        for attempt in range(120):
            try:
                adapters.store.prepare()
                return
            except FadaError:
                if attempt == 119:
                    raise
                time.sleep(0.25)

    def _programs(self) -> list[ProcessSpec]:
        made = []
        for number, port in enumerate(self._gateway_ports, 1):
            spec = programs.gateway(self.home, self._environment({"port": port}), port)
            made.append(self._named(spec, f"gateway {number}"))
        broker, password = self.ports["valkey"], self._secrets.broker_password
        for number, port in enumerate(ports.free(self.workers), 1):
            env = self._environment({"metrics_port": port})
            spec = programs.worker(self.home, env, port, broker, password)
            made.append(self._named(spec, f"worker {number}"))
        for number, port in enumerate(ports.free(2), 1):
            env = self._environment({"sweeper_metrics_port": port})
            made.append(self._named(programs.sweeper(self.home, env, port), f"sweeper {number}"))
        return made

    def _named(self, spec: ProcessSpec, name: str) -> ProcessSpec:
        log = self.home / "logs" / f"{name.replace(' ', '-')}.log"
        return replace(spec, name=name, log=log)

    def _environment(self, more: dict[str, object]) -> dict[str, str]:
        env = {"PYTHONUNBUFFERED": "1", **self.environment, "FADA_QUIET_SECONDS": "0"}
        values = {n: getattr(self.settings, n) for n in self.settings.model_fields_set} | more
        for name, value in values.items():
            text = value.get_secret_value() if isinstance(value, SecretStr) else str(value)
            env.setdefault(f"FADA_{name.upper()}", text)
        return env

    def _balancer(self) -> ProcessSpec:
        """Caddy: a request that no gateway has taken yet goes to another one."""
        caddy = shutil.which("caddy")
        if caddy is None:
            raise ProcessFailed("Install Debian's caddy.")
        upstreams = " ".join(f"{ports.HOST}:{port}" for port in self._gateway_ports)
        path = self.home / "Caddyfile"
        path.write_text(
            "{\n\tadmin off\n\tauto_https off\n}\n"
            f"http://{ports.HOST}:{self.ports['gateway']} {{\n"
            f"\treverse_proxy {upstreams} {{\n"
            "\t\tlb_policy round_robin\n\t\tlb_try_duration 10s\n\t\tfail_duration 3s\n"
            "\t\thealth_uri /health/serving\n\t\thealth_interval 2s\n\t\thealth_timeout 4s\n"
            "\t\tflush_interval -1\n\t}\n}\n"
        )
        home = {"HOME": str(self.home), "PATH": os.environ.get("PATH", "")}
        return ProcessSpec(
            "load balancer",
            (caddy, "run", "--config", str(path), "--adapter", "caddyfile"),
            log=self.home / "logs" / "caddy.log",
            env={**home, "XDG_DATA_HOME": str(self.home), "XDG_CONFIG_HOME": str(self.home)},
            cwd=self.home,
            ready=lambda: http_ok(self.ports["gateway"], "/health/live", 5.0),
        )
