"""A whole hub for the tests: the very machine that ``fada up`` starts, on free ports."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import combination

from services.standalone import local_stack as machines
from services.standalone import ports, seaweed, triton


@dataclass
class WholeHub:
    """``machine.processes`` may be killed: the machine tends them as it does on a real hub."""

    machine: machines.LocalStack
    key: str

    @property
    def address(self) -> str:
        return self.machine.address

    @property
    def home(self) -> Path:
        return self.machine.home


@contextmanager
def running(home: Path, **options: object) -> Iterator[WholeHub]:
    """All parts, ready, and tended until the end. No study waits for more images."""
    take_free_ports(home)
    index = combination.index_url(home) if combination.POSTGRES else ""
    given = {
        "home": home, "quiet_seconds": 0, "index_url": index, "broker": combination.BROKER, **options
    }  # fmt: skip
    machine = machines.LocalStack(machines.StackOptions(**given))  # type: ignore[arg-type]
    ending = threading.Event()

    def tend() -> None:
        while not ending.wait(0.3):
            machine.tend()

    tending = threading.Thread(target=tend, name="tending", daemon=True)
    try:
        machine.start()
        tending.start()
        yield WholeHub(machine, machine.new_key())
    finally:
        ending.set()
        if tending.is_alive():
            tending.join(timeout=30)
        machine.stop()


def take_free_ports(home: Path) -> None:
    """The usual ports may belong to a hub that runs here."""
    names = [*machines.NAMES, *seaweed.PORTS, *triton.PORTS]
    ports.keep(home / "ports.json", dict(zip(names, ports.free(len(names)), strict=True)))
