"""The outbox on its way to the broker. What it may hold, and where that goes: ``services.domain.work``."""
