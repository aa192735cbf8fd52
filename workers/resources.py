"""What a worker works with, made once in each process after its fork."""

from __future__ import annotations

from dataclasses import dataclass

from services.index import connect as connect_index
from services.index.port import Index
from services.inference.connect import connect
from services.inference.port import Inference
from services.settings import Settings
from services.storage import connect as storage
from services.storage.port import ObjectStore
from workers.analysis.manifests import Manifests


@dataclass(frozen=True, slots=True)
class Ports:
    """Everything that ``analyse`` may touch."""

    settings: Settings
    index: Index
    store: ObjectStore
    inference: Inference
    manifests: Manifests

    def close(self) -> None:
        self.inference.close()
        self.index.close()


def open_ports(settings: Settings) -> Ports:
    """The real parts that the settings name. Nothing is connected before it is used."""
    return Ports(
        settings,
        connect_index(settings),
        storage.connect(settings),
        connect(settings),
        Manifests(settings.releases, settings.release),
    )
