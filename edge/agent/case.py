"""A case on its way: what was captured, and how far it has come, in words."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """Each is shown to the user as words, never one tick for all."""

    CAPTURED = "captured"
    ANALYSED = "analysed"
    FAILED = "failed"  # set before every attempt to send; only the hub's answer changes it
    RECEIVED = "received"  # the hub has report and images, durably
    HUB_ANALYSED = "hub_analysed"
    REVIEWED = "reviewed"


WORDS = {
    State.CAPTURED: "captured, not yet analysed",
    State.ANALYSED: "analysed here, waiting to be sent",
    State.FAILED: "not sent yet, will be tried again",
    State.RECEIVED: "received by the hub",
    State.HUB_ANALYSED: "second reading by the hub is here",
    State.REVIEWED: "reviewed by a person",
}
UNSENT = (State.ANALYSED, State.FAILED)


@dataclass(frozen=True, slots=True)
class Picture:
    """An image of a case; its bytes lie in the outbox folder under their SHA-256."""

    sha256: str
    media_type: str
    size: int


@dataclass(frozen=True, slots=True)
class Case:
    """``order`` counts captures on this device: the clock is never trusted for order.

    ``pixel_mm`` is what the user calibrated by hand (x, y), if at all. ``frozen`` is set with the
    first attempt to send: from then on a correction is a new version.
    """

    id: str
    order: int
    state: State
    urgent: bool
    frozen: bool
    version: int
    pictures: tuple[Picture, ...]
    report: bytes
    pixel_mm: tuple[float, float] | None = None
    hub_version: int = 0
    hub_report: bytes = b""
    problem: str = ""
