"""What every object that FADA makes says of itself: the label that stays, and reproducible times."""

from __future__ import annotations

from pydicom.dataset import Dataset

from services.domain.report import Abstention, Report

REASONS = {
    Abstention.OUT_OF_SCOPE: "not a fetal ultrasound of a plane that the model knows",
    Abstention.TOO_POOR: "image quality below what the model was validated on",
    Abstention.UNKNOWN_PLANE: "no plane is confident enough",
    Abstention.LOW_CONFIDENCE: "confidence too low",
    Abstention.NOT_CALIBRATED: "px only: not calibrated",
    Abstention.OUT_OF_RANGE: "outside the range of the formula",
}


def series(what: str, report: Report) -> str:
    """A series description (LO, at most 64 characters) with the state of the result."""
    state = "reviewed" if report.reviewed_by else "AI, unreviewed, not for diagnosis"
    return f"FADA {what} ({state})"[:64]


def stamp(ds: Dataset, report: Report) -> None:
    """Times of the report instead of the clock's, so that a run again makes the same bytes."""
    date, time = report.created_at.strftime("%Y%m%d"), report.created_at.strftime("%H%M%S")
    ds.ContentDate, ds.ContentTime = date, time
    ds.SeriesDate, ds.SeriesTime = date, time
    for name, value in (("InstanceCreationDate", date), ("InstanceCreationTime", time)):
        if name in ds:
            setattr(ds, name, value)
    if "ContributingEquipmentSequence" in ds:
        for item in ds.ContributingEquipmentSequence:
            if "ContributionDateTime" in item:
                item.ContributionDateTime = f"{date}{time}"
    if "PixelData" in ds:
        ds.ImageComments = report.label
