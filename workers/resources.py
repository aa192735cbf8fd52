"""What a worker works with, opened once in each process after its fork."""

from __future__ import annotations

from dataclasses import dataclass

from services.composition import Adapters
from services.index.port import Index
from services.inference.port import Inference
from services.reading.releases.registry import Manifests
from services.settings import Settings
from services.storage.port import ObjectStore


@dataclass(frozen=True, slots=True)
class Resources:
    """Everything that a job may touch."""

    settings: Settings
    index: Index
    store: ObjectStore
    inference: Inference
    manifests: Manifests


def open_resources(settings: Settings) -> Resources:
    """The real ones that the settings name. Nothing is connected before it is used."""
    adapters = Adapters(settings)
    return Resources(
        settings,
        adapters.index,
        adapters.store,
        adapters.inference,
        Manifests(settings.releases, settings.release),
    )
