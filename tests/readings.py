"""Readings for tests of what comes after a model: a head outlined by an exact ellipse."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np

from services.domain.calibration import Calibration, PixelSize
from services.domain.report import (
    FrameReading,
    Measurement,
    Origin,
    ReleaseId,
    Report,
    Scored,
    Structure,
)
from services.domain.study import IngestSource, Principal, Role
from services.index.port import Artefact, Index, Result
from services.reading.confidence import Thresholds
from services.reading.judge import date_by_head
from services.reading.measures import measure_head
from services.result_objects import DICOM, MadeObject, new_instances

RELEASE = ReleaseId("fada-test", "1.0.0", "a" * 64)
Polygon = tuple[tuple[float, float], ...]


def ellipse(cx: float, cy: float, a: float, b: float, n: int = 64) -> Polygon:
    return tuple(
        (cx + a * math.cos(2 * math.pi * k / n), cy + b * math.sin(2 * math.pi * k / n))
        for k in range(n)
    )


def head(
    sop_uid: str,
    width: int,
    height: int,
    *,
    mm: float | None = 0.2,
    scale: float = 0.3,
    frame: int = 1,
) -> FrameReading:
    polygon = ellipse(width / 2, height / 2, width * scale, height * scale)
    size = Calibration(spacing=PixelSize(mm, mm, "pixel_spacing")) if mm else Calibration()
    measured = measure_head(np.array(polygon), size, Thresholds(hc_interval=(2.0, 0.01)))
    datings, centiles = date_by_head(measured, None)
    xs, ys = zip(*polygon, strict=True)
    return FrameReading(
        series_uid="",
        sop_uid=sop_uid,
        frame=frame,
        width=width,
        height=height,
        in_scope=True,
        scope_confidence=0.99,
        quality=0.9,
        plane=Scored("head", 0.97),
        interpretation={"normality_assessment": "not assessed"},
        structures=(Structure("fetal_head", 0.98, (min(xs), min(ys), max(xs), max(ys)), polygon),),
        measurements=measured,
        datings=datings,
        centiles=centiles,
    )


def measured(**mm: float) -> FrameReading:
    """A frame with these sizes, in mm with an interval of 3 on either side."""
    sizes = (
        Measurement(name, 3 * value, value, value - 3, value + 3, "pixel_spacing")
        for name, value in mm.items()
    )
    return replace(head("1.2.3.9", 800, 540), measurements=tuple(sizes), datings=(), centiles=())


def report(study_uid: str, *frames: FrameReading, release: ReleaseId = RELEASE) -> Report:
    return Report(study_uid, Origin.HUB, release, datetime.now(UTC), frames)


def finish(index: Index, site: str, study_id: str, result_report: Report) -> Result:
    """As a worker does it: lease the study's job, then the result in one transaction."""
    with index.begin() as tx:
        job = next(j for j in tx.jobs.find(site, study_id=study_id) if j.finished_at is None)
        assert tx.jobs.lease(job.id, "test", 60) is not None
        return tx.jobs.finish(job.id, "test", result_report, [], score=10.0, reasons=())


def phone(site: str) -> Principal:
    return Principal("device:phone", site, Role.SONOGRAPHER)


def finish_with_objects(
    services: Any, site: str, study_id: str, result_report: Report, made: list[MadeObject]
) -> Result:
    """As a worker does it: objects first, then instances and result in one transaction."""
    artefacts = []
    for one in made:
        kept = services.store.put(site, one.data, DICOM)
        artefacts.append(Artefact(one.kind, kept.sha256, DICOM, kept.size, one.sop_uid, one.frame))
    with services.index.begin() as tx:
        job = next(j for j in tx.jobs.find(site, study_id=study_id) if j.finished_at is None)
        assert tx.jobs.lease(job.id, "test", 60) is not None
        tx.studies.receive(
            Principal("worker", site, Role.ADMIN), result_report.study_uid, {},
            new_instances([one.data for one in made]),
            source=IngestSource.WEB, urgent=False, request_id="",
        )  # fmt: skip
        return tx.jobs.finish(job.id, "test", result_report, artefacts, score=10.0, reasons=())
