"""Composition: settings become the adapters of a hub. The one place that knows which ones there are."""

from __future__ import annotations

from functools import cached_property

from services.index import connect as connect_index
from services.index.port import Index
from services.inference.port import Inference
from services.queue.port import Queue
from services.settings import Settings
from services.storage import connect as storage
from services.storage.port import ObjectStore


class Adapters:
    """Index, object store, queue and inference as the settings name them, each opened when it is first
    asked for. Nothing is connected before its first use, so this may be made before a fork and asked
    after it. Asking is for the one thread that starts a program; what it gives may be shared.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @cached_property
    def index(self) -> Index:
        """The database."""
        return connect_index(self.settings)

    @cached_property
    def store(self) -> ObjectStore:
        """Originals and results."""
        return storage.connect(self.settings)

    @cached_property
    def queue(self) -> Queue:
        """The broker. Celery is large: only programs that send load it."""
        from services.queue import broker

        return broker.connect(self.settings)

    @cached_property
    def inference(self) -> Inference:
        """The model server, or the runner in this process. Raises InvalidInput: neither is set."""
        from services.inference.connect import connect

        return connect(self.settings)
