"""A whole hub on one machine: every part a child process, its state in one folder. Whatever ends
this process ends the children: Ctrl-C and signals by ``stop``, a SIGKILL by the reaper.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from pydantic import SecretStr

from services.composition import Adapters
from services.domain.errors import FadaError
from services.domain.study import Role
from services.inference.port import Inference
from services.processes.process import Process, ProcessSpec
from services.processes.process_reaper import ProcessReaper
from services.settings import Settings
from services.standalone import ports, programs, seaweed, secrets, triton, valkey
from services.standalone.doctor import Check, Doctor, reads
from services.standalone.local_settings import settings_of
from services.standalone.lock import HomeLock
from services.standalone.openings import openings
from services.standalone.probe import DICOM, MLLP, http_ok, listener_answers
from services.standalone.releases import gather

RELEASES = triton.ROOT / "models" / "releases"
DEFAULT_SITE = "default"
NAMES = ("gateway", "valkey", "worker_metrics", "sweeper_metrics")
Say = Callable[[str, str], None]  # part, what happened: "starting", "ready", or a sentence


@dataclass
class StackOptions:
    """``port`` 0: the usual one or, if that is taken, another. ``dimse_port`` 0: no DICOM listener,
    ``hl7_port`` 0: no HL7 listener. ``listen``: the address at which the network reaches these two; empty:
    this machine alone.

    ``quiet_seconds``: how long a study waits for further images; None: as the settings say.
    ``index_url``: a PostgreSQL that runs already; empty: SQLite in ``home``.
    ``broker`` None: Valkey, or Redis where that is missing.
    """

    home: Path
    port: int = 0
    releases: Path = RELEASES
    runner: str = "triton"
    dimse_port: int = 0
    hl7_port: int = 0
    listen: str = ""
    quiet_seconds: float | None = None
    index_url: str = ""
    broker: Path | None = None
    environment: dict[str, str] = field(default_factory=dict)  # further FADA_… for the programs


class LocalStack:
    """``start``, then ``tend`` again and again, then ``stop``: all from one thread."""

    def __init__(self, options: StackOptions, say: Say = lambda part, words: None) -> None:
        self.options, self._say = options, say
        opened = openings(options.listen, _listeners(options)) if options.listen else []
        self.home = options.home.expanduser().resolve()
        self.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock = HomeLock(self.home)
        self._secrets = secrets.load(self.home / "secrets.json")
        names = [*NAMES, *seaweed.PORTS, *triton.PORTS]
        wanted = {"gateway": options.port} if options.port else {}
        self.ports, self.notes = ports.choose(names, self.home / "ports.json", wanted)
        self.notes += opened
        self.runner = options.runner
        if self.runner == "triton" and (why := triton.missing()):
            self.runner = "inprocess"
            self.notes.append(f"{why}: the worker reads images itself, without a model server")
        self._releases = gather(options.releases.expanduser().resolve(), self.home / "releases")
        self.settings = settings_of(self.home, self._secrets, self.ports).model_copy(
            update={
                "runner": self.runner,
                "releases": self._releases,
                "gateway_processes": programs.gateway_processes(),
                "dimse_port": options.dimse_port,
                "hl7_port": options.hl7_port,
                **({"index_url": options.index_url} if options.index_url else {}),
            }
        )
        self._reaper = ProcessReaper()
        self.processes: dict[str, Process] = {}
        self._doctor: Doctor | None = None
        self._inference: Inference | None = None
        self.seconds: dict[str, float] = {}

    @property
    def address(self) -> str:
        """Of the gateway, as a URL."""
        return f"http://{ports.HOST}:{self.ports['gateway']}"

    @property
    def _listening(self) -> str:
        """The address of the listeners of DICOM and HL7."""
        return self.options.listen or self.options.environment.get("FADA_HOST", ports.HOST)

    def start(self, stopping: threading.Event | None = None) -> None:
        """Start all and wait until all answer. ``stopping`` set meanwhile: give up.

        Raises:
            ProcessFailed: a part did not start; the detail has the end of its log.
        """
        began = time.monotonic()
        self._lock.note(self.address)
        with ThreadPoolExecutor(2) as pool:
            # The programs need long to load and wait for the servers by themselves.
            migrated = pool.submit(self._migrate)
            processes = self._begin(self._servers())
            migrated.result()
            processes += self._begin(self._programs())
            self._wait(processes, began, stopping, lambda: pool.submit(self._make_bucket))
        self._doctor = Doctor(self._checks())

    def new_key(self) -> str:
        """A key of an administrator of the default site. The hub keeps its hash only."""
        index = Adapters(self.settings).index
        try:
            with index.begin() as tx:
                return tx.keys.create(DEFAULT_SITE, Role.ADMIN, "this machine's command line")[1]
        finally:
            index.close()

    def tend(self) -> None:
        """Restart what ended, and what hangs. Call it twice a second or so."""
        for name in self._doctor.ill() if self._doctor is not None else ():
            if self.processes[name].starting():
                continue  # a start takes its time on a machine under load
            self._say(name, f"{name} does not answer; it is ended and starts again")
            self.processes[name].kill()
        for name, process in self.processes.items():
            if change := process.tend():
                self._say(name, change.text)

    def stop(self) -> None:
        """End all children; programs first, then what they use."""
        if self._doctor is not None:
            self._doctor.close()
        if self._inference is not None:
            self._inference.close()
        program_names = {"gateway", "worker", "sweeper", "dimse", "hl7"}
        waves = [
            [p for n, p in self.processes.items() if n in program_names],
            [p for n, p in self.processes.items() if n not in program_names],
        ]
        for wave in waves:
            for process in wave:
                process.ask_to_stop()
            for process in wave:
                process.finish_stop()
                self._say(process.spec.name, "stopped")
        self._reaper.close()
        self._lock.release()

    def _checks(self) -> dict[str, Check]:
        port = self.ports["gateway"]
        checks: dict[str, Check] = {"gateway": lambda: http_ok(port, "/health/live", 5.0)}
        store = self.ports["s3"]
        checks["valkey"] = self.processes["valkey"].spec.ready
        checks[seaweed.NAME] = lambda: http_ok(store, "/healthz", 5.0)
        for part in ("worker", "sweeper"):
            checks[part] = partial(http_ok, self.ports[f"{part}_metrics"], "/metrics", 5.0)
        for name, at, words in (
            ("dimse", self.options.dimse_port, DICOM), ("hl7", self.options.hl7_port, MLLP)
        ):  # fmt: skip
            if at:
                checks[name] = partial(listener_answers, self._listening, at, words)
        if self.runner == "triton":
            self._inference = Adapters(self.settings).inference
            checks["triton"] = reads(self._inference)
        return checks

    # --- parts -------------------------------------------------------------------------------

    def _servers(self) -> list[ProcessSpec]:
        own = self._secrets
        parts = [
            valkey.spec(
                self.home, self.ports["valkey"], own.broker_password, server=self.options.broker
            ),
            seaweed.spec(self.home, self.ports, own.s3_access_key, own.s3_secret_key, own.s3_kek),
        ]
        if self.runner == "triton":
            parts.append(triton.spec(self.home, self.ports, self._releases))
        return parts

    def _programs(self) -> list[ProcessSpec]:
        env = self._environment()
        broker = self.ports["valkey"]
        parts = [
            programs.gateway(self.home, env, self.ports["gateway"]),
            programs.worker(
                self.home, env, self.ports["worker_metrics"], broker, self._secrets.broker_password
            ),
            programs.sweeper(self.home, env, self.ports["sweeper_metrics"]),
        ]
        listening = {**env, "FADA_HOST": self._listening}
        if port := self.options.dimse_port:
            parts.append(programs.dimse(self.home, listening, port))
        if port := self.options.hl7_port:
            parts.append(programs.hl7(self.home, listening, port))
        return parts

    def _environment(self) -> dict[str, str]:
        """The same settings for the programs; what the caller's environment says besides stays."""
        env = {"PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "", **self.options.environment}
        if self.options.quiet_seconds is not None:
            env["FADA_QUIET_SECONDS"] = str(self.options.quiet_seconds)
        for name in self.settings.model_fields_set:
            value = getattr(self.settings, name)
            text = value.get_secret_value() if isinstance(value, SecretStr) else str(value)
            env.setdefault(f"FADA_{name.upper()}", text)
        return env

    # --- starting ----------------------------------------------------------------------------

    def _begin(self, parts: Sequence[ProcessSpec]) -> list[Process]:
        begun = []
        for part in parts:
            process = Process(part, self._reaper)
            self.processes[part.name] = process
            process.start()
            self._say(part.name, "starting")
            begun.append(process)
        return begun

    def _wait(
        self,
        processes: list[Process],
        began: float,
        stopping: threading.Event | None,
        make_bucket: Callable[[], Future[None]],
    ) -> None:
        """Until all are ready, each for as long as its start makes progress; the bucket is made when the
        object store is."""
        left, bucket = list(processes), None
        while left:
            for process in list(left):
                if stopping is not None and stopping.is_set():
                    raise Interrupted
                if process.ready():
                    left.remove(process)
                    self.seconds[process.spec.name] = time.monotonic() - began
                    self._say(process.spec.name, "ready")
                    if process.spec.name == seaweed.NAME:
                        bucket = make_bucket()
                else:
                    process.check_start()
            if bucket is not None and bucket.done():
                bucket.result()
            time.sleep(0.05)
        if bucket is not None:
            bucket.result()

    def _migrate(self) -> None:
        index = Adapters(self.settings).index
        index.migrate()
        index.close()
        if not self.options.index_url:
            (self.home / "fada.db").chmod(0o600)

    def _make_bucket(self) -> None:
        store = Adapters(self.settings).store
        for attempt in range(120):
            try:
                store.prepare()
                break
            except FadaError:
                if attempt == 119:
                    raise
                time.sleep(0.25)
        store.close()


def _listeners(options: StackOptions) -> Settings:
    """What the listeners' programs will be told."""
    given = {name.removeprefix("FADA_").lower(): v for name, v in options.environment.items()}
    texts = {n: v for n, v in given.items() if Settings.model_fields[n].annotation is str}
    ports_of = {"dimse_port": options.dimse_port, "hl7_port": options.hl7_port}
    return Settings(**{**texts, **ports_of})  # type: ignore[arg-type]


class Interrupted(FadaError):
    """Somebody asked to stop while the stack was starting."""

    code, title = "interrupted", "Ended before all parts were there"
