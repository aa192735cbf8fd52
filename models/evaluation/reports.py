"""What the hub's own judgement makes of labelled images: the figures of the finished reports."""

from dataclasses import replace
from typing import Any

import numpy as np

from models.evaluation.observe import Observation
from services.domain.calibration import Calibration, PixelSize
from services.domain.report import FrameReading
from services.domain.study import FrameRef
from services.reading.judge import judge
from services.reading.releases.manifest import Manifest

_NOWHERE = FrameRef("1.2.3", "1.2.3.4", 1)


def report_of(observation: Observation, manifest: Manifest) -> FrameReading:
    """The frame's reading, with the record's pixel size as its calibration."""
    mm = observation.record.pixel_mm
    spacing = PixelSize(mm, mm, "pixel_spacing") if mm else None
    raw = replace(observation.raw, interpretation="", classification="")
    return judge(raw, observation.square, _NOWHERE, manifest, Calibration(spacing=spacing)).reading


def report_figures(observations: list[Observation], manifest: Manifest) -> dict[str, Any]:
    """Share of images answered, reasons of abstention, HC error of the reports that give one."""
    readings = [(o, report_of(o, manifest)) for o in observations if o.record.plane]
    reasons: dict[str, int] = {}
    errors = []
    wanted = 0
    for observation, reading in readings:
        for reason, about in reading.abstentions:
            if about in ("image", "plane"):
                reasons[reason.value] = reasons.get(reason.value, 0) + 1
        truth = observation.record.hc_mm if observation.record.pixel_mm else None
        if truth is None:
            continue
        wanted += 1
        circumferences = [m.mm for m in reading.measurements if m.name == "HC" and m.mm is not None]
        errors += [abs(mm - truth) for mm in circumferences]
    answered = [reading.plane is not None for _, reading in readings]
    return {
        "reported": {
            "answered": float(np.mean(answered)) if answered else float("nan"),
            "abstentions": reasons,
            "hc_reported": len(errors),
            "hc_wanted": wanted,
            "hc_mae_mm": float(np.mean(errors)) if errors else float("nan"),
        }
    }
