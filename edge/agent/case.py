"""A case on this device: what was captured, and how far it has come, in words."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class CaseState(StrEnum):
    """How far a case has come. Each is shown to the user as words, never one tick for all."""

    CAPTURED = "captured"
    ANALYSED = "analysed"
    UNREAD = "unread"  # not readable on this device: sent without a report, for the hub to read
    FAILED = "failed"  # set before every attempt to send; only the hub's answer changes it
    RECEIVED = "received"  # the hub has report and images, durably
    HUB_ANALYSED = "hub_analysed"
    REVIEWED = "reviewed"


WORDS = {
    CaseState.CAPTURED: "captured, not yet analysed",
    CaseState.ANALYSED: "analysed here, waiting to be sent",
    CaseState.UNREAD: "not read on this device, waiting to be sent",
    CaseState.FAILED: "not sent yet, will be tried again",
    CaseState.RECEIVED: "received by the hub",
    CaseState.HUB_ANALYSED: "second reading by the hub is here",
    CaseState.REVIEWED: "reviewed by a person",
}
UNSENT = (CaseState.ANALYSED, CaseState.UNREAD, CaseState.FAILED)


@dataclass(frozen=True, slots=True)
class CapturedImage:
    """An image of a case: ``size`` in bytes; the bytes lie in the outbox folder under their SHA-256."""

    sha256: str
    media_type: str
    size: int


@dataclass(frozen=True, slots=True)
class CapturedCase:
    """``order`` counts captures on this device: the clock is never trusted for order.

    ``pixel_mm`` is the size of a pixel in mm (x, y) that the user measured by hand, if at all.
    ``frozen`` is set with the first attempt to send: from then on a correction is a new version.
    ``study_uid`` is the examination that DICOM files name; empty for pictures.
    """

    id: str
    order: int
    state: CaseState
    urgent: bool
    frozen: bool
    version: int
    images: tuple[CapturedImage, ...]
    report: bytes
    pixel_mm: tuple[float, float] | None = None
    hub_version: int = 0
    hub_report: bytes = b""
    problem: str = ""
    study_uid: str = ""
