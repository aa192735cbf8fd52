"""A version of a result in its standard forms: stored ones as they are, others made when asked for.

A person's review has no worker behind it, so its PDF, FHIR and DICOM objects are made here, from the
very report, with the label that this version carries.
"""

from __future__ import annotations

import io
from contextlib import ExitStack
from typing import Annotated, Literal

import numpy as np
from fastapi import APIRouter, Query
from PIL import Image
from starlette.responses import Response

from gateway.api import results
from gateway.api.artefacts import send
from gateway.api.results import Version
from gateway.dependencies import Needs, Services
from gateway.http.params import Reader, StudyId
from gateway.representations import images
from services.dicom.objects import obgyn, seg, sr
from services.dicom.parser.frames import Frames
from services.domain.errors import NotFound
from services.domain.report import FrameReading
from services.domain.study import Principal
from services.index.port import Artefact, Instance, Result, Study
from services.publish import fhir, pdf

router = APIRouter(prefix="/api/studies/{study_id}/results/{version}", tags=["Results"])
Language = Literal["en", "fr", "sw", "hi", "pt"]
_DICOM = "application/dicom"
_DRAWN = 12  # frames with a picture in the PDF


@router.get(
    "/report.pdf",
    summary="The report to print",
    operation_id="reportPdf",
    response_class=Response,
    responses={200: {"content": {"application/pdf": {}}}},
)
def report_pdf(
    study_id: StudyId,
    version: Version,
    who: Reader,
    services: Needs,
    lang: Annotated[Language, Query(description="numbers and units stay as they are")] = "en",
) -> Response:
    """In one of five languages; says on every page whether a person has reviewed it."""
    study, result = _read(services, who, study_id, version)
    overlays: dict[tuple[str, int], bytes] = {}
    for reading in result.report.frames[:_DRAWN]:
        try:
            key = (reading.sop_uid, reading.frame)
            overlays[key] = results.draw(services, who.site, result, reading)
        except NotFound:  # a phone's report whose image has not arrived
            continue
    data = pdf.render(result.report, study.attributes, overlays, lang)
    return _file(data, pdf.MEDIA_TYPE, f"report-{result.version}.pdf")


@router.get(
    "/fhir.json",
    summary="The report as FHIR R4",
    operation_id="reportFhir",
    response_class=Response,
    responses={200: {"content": {"application/fhir+json": {}}}},
)
def report_fhir(study_id: StudyId, version: Version, who: Reader, services: Needs) -> Response:
    """A bundle of ImagingStudy, DiagnosticReport and Observations."""
    study, result = _read(services, who, study_id, version)
    if stored := _stored(result, "fhir"):
        return send(services, who.site, stored)
    images = [
        fhir.ImageRef(i.series_uid, i.sop_uid, i.sop_class, i.modality, i.frames)
        for i in _instances(services, study)
        if i.frames > 0
    ]
    data = fhir.document(result.report, study.attributes, images)
    return _file(data, fhir.MEDIA_TYPE, f"report-{result.version}.fhir.json")


@router.get(
    "/sr.dcm",
    summary="The report as DICOM SR",
    operation_id="reportSr",
    response_class=Response,
    responses={200: {"content": {_DICOM: {}}}},
)
def report_sr(study_id: StudyId, version: Version, who: Reader, services: Needs) -> Response:
    """TID 1500 of all frames."""
    study, result = _read(services, who, study_id, version)
    if stored := _stored(result, "sr"):
        return send(services, who.site, stored)
    with ExitStack() as stack:
        sources = [f.dataset for f in _sources(services, stack, study, result)]
        data = sr.measurement_report(sources, result.report, result.id)
    return _file(data, _DICOM, f"report-{result.version}.sr.dcm")


@router.get(
    "/sr-obgyn.dcm",
    summary="Head circumference and age as DICOM SR",
    operation_id="reportObgyn",
    response_class=Response,
    responses={200: {"content": {_DICOM: {}}}},
)
def report_obgyn(study_id: StudyId, version: Version, who: Reader, services: Needs) -> Response:
    """TID 5000; 404 where nothing was measured in millimetres."""
    study, result = _read(services, who, study_id, version)
    if stored := _stored(result, "sr_obgyn"):
        return send(services, who.site, stored)
    with ExitStack() as stack:
        sources = [f.dataset for f in _sources(services, stack, study, result)]
        data = obgyn.procedure_report(sources, result.report, result.id)
    if data is None:
        raise NotFound("Nothing in this version was measured in millimetres.")
    return _file(data, _DICOM, f"report-{result.version}.obgyn.dcm")


@router.get(
    "/seg.dcm",
    summary="A frame's masks as DICOM SEG",
    operation_id="reportSeg",
    response_class=Response,
    responses={200: {"content": {_DICOM: {}}}},
)
def report_seg(
    study_id: StudyId,
    version: Version,
    who: Reader,
    services: Needs,
    sop: Annotated[str, Query(max_length=64, pattern=r"^[0-9.]*$")] = "",
    frame: Annotated[int, Query(ge=1, le=100_000)] = 1,
) -> Response:
    """Of the frame named, else of the first that has masks."""
    study, result = _read(services, who, study_id, version)
    for reading in result.report.frames:
        named = not sop or (reading.sop_uid, reading.frame) == (sop, frame)
        if named and any(s.mask for s in reading.structures):
            return _segmented(services, study, result, reading)
    raise NotFound("There are no masks in this version, or not in that frame.")


def _segmented(services: Services, study: Study, result: Result, reading: FrameReading) -> Response:
    stored = _stored(result, "seg", reading)
    if stored is not None:
        return send(services, study.site, stored)
    masks = {
        s.label: _mask(services.store.get(study.site, s.mask)) for s in reading.structures if s.mask
    }
    with services.index.read() as tx:
        instance = images.find(tx, study.site, study.study_uid, reading.sop_uid)
    with images.opened(services, instance) as frames:
        data = seg.segmentation(frames.dataset, reading, masks, result.report, result.id)
    return _file(data, _DICOM, f"masks-{result.version}.seg.dcm")


def _mask(png: bytes) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    pixels: np.ndarray[tuple[int, int], np.dtype[np.bool_]] = (
        np.asarray(Image.open(io.BytesIO(png)).convert("L")) > 127
    )
    return pixels


def _read(services: Services, who: Principal, study_id: str, version: str) -> tuple[Study, Result]:
    with services.index.read() as tx:
        study = tx.studies.get(who.site, study_id)
    return study, results.read(services, who, study_id, version)


def _instances(services: Services, study: Study) -> list[Instance]:
    with services.index.read() as tx:
        return tx.studies.instances(study.site, study_uid=study.study_uid)


def _sources(services: Services, stack: ExitStack, study: Study, result: Result) -> list[Frames]:
    """The images that the report speaks of; open as long as ``stack``. Raises NotFound."""
    found = []
    for sop_uid in dict.fromkeys(f.sop_uid for f in result.report.frames):
        with services.index.read() as tx:
            instance = images.find(tx, study.site, study.study_uid, sop_uid)
        found.append(stack.enter_context(images.opened(services, instance)))
    if not found:
        raise NotFound("This version speaks of no image.")
    return found


def _stored(result: Result, kind: str, reading: FrameReading | None = None) -> Artefact | None:
    for one in result.artefacts:
        of_it = reading is None or (one.sop_uid, one.frame) == (reading.sop_uid, reading.frame)
        if one.kind == kind and of_it:
            return one
    return None


def _file(data: bytes, kind: str, name: str) -> Response:
    told = {"Content-Disposition": f'inline; filename="{name}"', "Cache-Control": "no-store"}
    return Response(data, headers=told, media_type=kind)
