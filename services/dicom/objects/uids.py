"""Unique identifiers that FADA makes: the same cause gives the same UID, so a run again is no new thing."""

from __future__ import annotations

import uuid

# Namespace of FADA's own UIDs; must never change.
_NAMESPACE = uuid.UUID("5d1ab7a0-8a4f-5e0c-9f0e-2a6f0c6d8a11")

IMPLEMENTATION_CLASS = f"2.25.{uuid.uuid5(_NAMESPACE, 'implementation').int}"
IMPLEMENTATION_VERSION = "FADA_1"


def derived_uid(*cause: str) -> str:
    """A UID of the form 2.25.<integer of a UUIDv5> (PS3.5 annex B.2), a function of ``cause`` alone."""
    return f"2.25.{uuid.uuid5(_NAMESPACE, chr(31).join(cause)).int}"
