"""A hospital of the drill: the hub and its peers, and what each step came to."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
from playwright.sync_api import Browser
from rich.console import Console

from bench.hospital.issuer import Issuer
from bench.hospital.peers import FhirStore, Machines, Pacs
from services.standalone.local_stack import LocalStack

console = Console()


@dataclass
class Drill:
    """A hospital of a drill, and what its steps came to."""

    hub: LocalStack
    client: httpx.Client
    pacs: Pacs
    machines: Machines
    hl7_port: int
    issuer: Issuer
    browser: Browser
    viewers: int  # the port of the origin that OHIF and dwv come from
    fhir: FhirStore = field(default_factory=FhirStore)
    messages: list[Any] = field(default_factory=list)
    steps: list[tuple[str, bool, str]] = field(default_factory=list)

    def step(self, name: str, held: bool, detail: str = "") -> None:
        """Note a step, and say it."""
        self.steps.append((name, held, detail))
        console.print(f"{'held  ' if held else 'FAILED'} {name}  {detail}")

    def wait(self, condition: Callable[[], Any], seconds: float = 240) -> Any:
        """Its first true answer; the last one when the time is over."""
        end, answer = time.monotonic() + seconds, condition()
        while not answer and time.monotonic() < end:
            self.hub.tend()
            time.sleep(0.5)
            answer = condition()
        return answer

    def get(self, path: str) -> Any:
        """The API's answer."""
        return self.client.get(path).raise_for_status().json()
