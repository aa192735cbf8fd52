"""A result version as PDF, FHIR, DICOM SR and SEG: stored ones as they are, others made on request.

A person's review has no worker behind it, so its documents are made here, from the same report, with
the label that this version carries.
"""

from __future__ import annotations

import io
from contextlib import ExitStack
from typing import Annotated, Literal

import numpy as np
from fastapi import APIRouter, Query
from PIL import Image
from starlette.responses import Response

from gateway.dependencies import Services, ServicesDep
from gateway.http.params import Reader, ResultVersion, StudyId
from gateway.representations import images
from gateway.representations.files import artefact_response
from gateway.representations.results import draw_overlay, read_result
from services.dicom.objects import seg, sr
from services.dicom.parser.frames import Frames
from services.domain.errors import NotFound
from services.domain.report import FrameReading
from services.domain.study import Principal
from services.index.port import Artefact, Instance, Result, Study
from services.publish import fhir, pdf

router = APIRouter(prefix="/api/studies/{study_id}/results/{version}", tags=["Results"])
Language = Literal["en", "fr", "sw", "hi", "pt"]
_DICOM = "application/dicom"
_PDF_IMAGES = 12  # frames with an image in the PDF


@router.get(
    "/report.pdf",
    summary="Get a report as PDF",
    operation_id="reportPdf",
    response_class=Response,
    responses={200: {"content": {"application/pdf": {}}}},
)
def report_pdf(
    study_id: StudyId,
    version: ResultVersion,
    who: Reader,
    services: ServicesDep,
    lang: Annotated[
        Language, Query(description="of the text; numbers and units stay as they are")
    ] = "en",
) -> Response:
    """In one of five languages; every page says whether a person has reviewed it."""
    study, result = _read(services, who, study_id, version)
    overlays: dict[tuple[str, int], bytes] = {}
    for reading in result.report.frames[:_PDF_IMAGES]:
        try:
            key = (reading.sop_uid, reading.frame)
            overlays[key] = draw_overlay(services, who.site, result, reading)
        except NotFound:  # a phone's report whose image has not arrived
            continue
    data = pdf.render(result.report, study.attributes, overlays, lang)
    return _file(data, pdf.MEDIA_TYPE, f"report-{result.version}.pdf")


@router.get(
    "/fhir.json",
    summary="Get a report as FHIR R4",
    operation_id="reportFhir",
    response_class=Response,
    responses={200: {"content": {"application/fhir+json": {}}}},
)
def report_fhir(
    study_id: StudyId, version: ResultVersion, who: Reader, services: ServicesDep
) -> Response:
    """A bundle of ImagingStudy, DiagnosticReport and Observations."""
    study, result = _read(services, who, study_id, version)
    if stored := _stored_artefact(result, "fhir"):
        return artefact_response(services, who.site, stored)
    image_refs = [
        fhir.ImageRef(i.series_uid, i.sop_uid, i.sop_class, i.modality, i.frames)
        for i in _instances(services, study)
        if i.frames > 0
    ]
    data = fhir.document(result.report, study.attributes, image_refs)
    return _file(data, fhir.MEDIA_TYPE, f"report-{result.version}.fhir.json")


@router.get(
    "/sr.dcm",
    summary="Get a report as DICOM SR",
    operation_id="reportSr",
    response_class=Response,
    responses={200: {"content": {_DICOM: {}}}},
)
def report_sr(
    study_id: StudyId, version: ResultVersion, who: Reader, services: ServicesDep
) -> Response:
    """TID 1500 (PS3.16) of all frames."""
    study, result = _read(services, who, study_id, version)
    if stored := _stored_artefact(result, "sr"):
        return artefact_response(services, who.site, stored)
    with ExitStack() as stack:
        sources = [f.dataset for f in _sources(services, stack, study, result)]
        data = sr.measurement_report(sources, result.report, result.id)
    return _file(data, _DICOM, f"report-{result.version}.sr.dcm")


@router.get(
    "/sr-obgyn.dcm",
    summary="Get head circumference and age as DICOM SR",
    operation_id="reportObgyn",
    response_class=Response,
    responses={200: {"content": {_DICOM: {}}}},
)
def report_obgyn(
    study_id: StudyId, version: ResultVersion, who: Reader, services: ServicesDep
) -> Response:
    """TID 5000 (PS3.16); 404 where nothing was measured in millimetres."""
    study, result = _read(services, who, study_id, version)
    if stored := _stored_artefact(result, "sr_obgyn"):
        return artefact_response(services, who.site, stored)
    with ExitStack() as stack:
        sources = [f.dataset for f in _sources(services, stack, study, result)]
        data = sr.procedure_report(sources, result.report, result.id)
    if data is None:
        raise NotFound("Nothing in this version was measured in millimetres.")
    return _file(data, _DICOM, f"report-{result.version}.obgyn.dcm")


@router.get(
    "/seg.dcm",
    summary="Get a frame's masks as DICOM SEG",
    operation_id="reportSeg",
    response_class=Response,
    responses={200: {"content": {_DICOM: {}}}},
)
def report_seg(
    study_id: StudyId,
    version: ResultVersion,
    who: Reader,
    services: ServicesDep,
    sop: Annotated[str, Query(max_length=64, pattern=r"^[0-9.]*$")] = "",
    frame: Annotated[int, Query(ge=1, le=100_000)] = 1,
) -> Response:
    """Of the named frame, else of the first that has masks."""
    study, result = _read(services, who, study_id, version)
    for reading in result.report.frames:
        named = not sop or (reading.sop_uid, reading.frame) == (sop, frame)
        if named and any(s.mask for s in reading.structures):
            return _segmentation(services, study, result, reading)
    raise NotFound("There are no masks in this version, or not in that frame.")


def _segmentation(
    services: Services, study: Study, result: Result, reading: FrameReading
) -> Response:
    stored = _stored_artefact(result, "seg", reading)
    if stored is not None:
        return artefact_response(services, study.site, stored)
    masks = {
        s.label: _mask(services.store.get(study.site, s.mask)) for s in reading.structures if s.mask
    }
    with services.index.read() as tx:
        instance = images.find_instance(tx, study.site, study.study_uid, reading.sop_uid)
    with images.open_frames(services, instance) as frames:
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
    return study, read_result(services, who, study_id, version)


def _instances(services: Services, study: Study) -> list[Instance]:
    with services.index.read() as tx:
        return tx.studies.instances(study.site, study_uid=study.study_uid)


def _sources(services: Services, stack: ExitStack, study: Study, result: Result) -> list[Frames]:
    """The images that the report describes; open as long as ``stack``. Raises NotFound."""
    frames = []
    for sop_uid in dict.fromkeys(f.sop_uid for f in result.report.frames):
        with services.index.read() as tx:
            instance = images.find_instance(tx, study.site, study.study_uid, sop_uid)
        frames.append(stack.enter_context(images.open_frames(services, instance)))
    if not frames:
        raise NotFound("This version describes no image.")
    return frames


def _stored_artefact(
    result: Result, kind: str, reading: FrameReading | None = None
) -> Artefact | None:
    for artefact in result.artefacts:
        frame = (artefact.sop_uid, artefact.frame)
        if artefact.kind == kind and (reading is None or frame == (reading.sop_uid, reading.frame)):
            return artefact
    return None


def _file(data: bytes, media_type: str, name: str) -> Response:
    headers = {"Content-Disposition": f'inline; filename="{name}"', "Cache-Control": "no-store"}
    return Response(data, headers=headers, media_type=media_type)
