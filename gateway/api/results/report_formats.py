"""A result version as PDF, FHIR, DICOM SR and SEG: stored ones as they are, others made on request.

A person's review has no worker behind it, so its documents are made here, from the same report, with
the label that this version carries.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from gateway.dependencies import Services, ServicesDep
from gateway.http.params import Language, Reader, ResultVersion, StudyId
from gateway.representations import images
from gateway.representations.drawing_turns import drawing_turn
from gateway.representations.files import artefact_filename, artefact_response
from gateway.representations.images import SpooledImage
from gateway.representations.results import draw_overlay, masks_of, printed, read_result
from services.dicom.objects import seg, sr
from services.dicom.objects.sr_examination import procedure_report
from services.dicom.parser.correction import corrected
from services.domain.errors import NotFound
from services.domain.examination.charts import CHARTS, INTERGROWTH
from services.domain.examination.examination import Examination
from services.domain.report import FrameReading, Report
from services.domain.study import Principal
from services.examinations import examination_of
from services.index.port import Artefact, Instance, Result, Study
from services.publish import fhir, pdf
from services.result_objects import image_refs

router = APIRouter(prefix="/api/studies/{study_id}/results/{version}", tags=["Results"])
Chart = Annotated[str, Query(pattern=f"^({'|'.join(CHARTS)})$", description="of size and weight")]
_DICOM = "application/dicom"
_PDF_IMAGES = 100  # frames with an image in the PDF


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
    with_images: Annotated[
        bool,
        Query(
            alias="images", description=f"the images too, on further pages; {_PDF_IMAGES} at most"
        ),
    ] = False,
    chart: Chart = INTERGROWTH,
) -> Response:
    """One page on the examination, in one of five languages; it says whether a person has reviewed it."""
    study, result = _read(services, who, study_id, version)
    with services.index.read() as tx:
        whole = examination_of(tx, study, result.report.frames, chart=chart)
    overlays: dict[tuple[str, int], bytes] = {}
    for reading in first_images(result.report, whole.examination) if with_images else ():
        try:
            key = (reading.sop_uid, reading.frame)
            overlays[key] = printed(draw_overlay(services, who.site, result, reading))
        except NotFound:  # a phone's report whose image has not arrived
            continue
    data = pdf.render(result.report, study.attributes, whole.examination, overlays, lang)
    return _file(data, pdf.MEDIA_TYPE, f"report-{result.version}.pdf")


def first_images(report: Report, examination: Examination) -> list[FrameReading]:
    """The images that are printed: all, or of very many those that count and those that show a plane."""
    counted = {
        (one.sop_uid, one.frame)
        for _, part in examination.parts
        for measure in part.summary.measures
        for one in measure.counted
    }
    ranked = sorted(
        range(len(report.frames)),
        key=lambda at: (
            (report.frames[at].sop_uid, report.frames[at].frame) not in counted,
            not report.frames[at].in_scope,
            at,
        ),
    )
    return [report.frames[at] for at in sorted(ranked[:_PDF_IMAGES])]


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
    stored = _stored_artefact(result, "fhir")
    if stored is not None and study.corrected is None:
        return artefact_response(services, who.site, stored)
    with services.index.read() as tx:
        whole = examination_of(tx, study, result.report.frames)
    stored_images = image_refs(_instances(services, study))
    data = fhir.document(
        result.report, study.attributes, stored_images, whole.examination, site=study.site
    )
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
        return _stored_dicom(services, study, stored)
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
        return _stored_dicom(services, study, stored)
    with ExitStack() as stack:
        sources = [f.dataset for f in _sources(services, stack, study, result)]
        with services.index.read() as tx:
            whole = examination_of(tx, study, result.report.frames).examination
        data = procedure_report(sources, result.report, result.id, (), whole)
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
        if named and any(s.mask or s.polygon for s in reading.structures):
            return _segmentation(services, who, study, result, reading)
    raise NotFound("There are no masks in this version, or not in that frame.")


def _segmentation(
    services: Services, who: Principal, study: Study, result: Result, reading: FrameReading
) -> Response:
    stored = _stored_artefact(result, "seg", reading)
    if stored is not None:
        return _stored_dicom(services, study, stored)
    with services.index.read() as tx:
        instance = images.find_instance(tx, study.site, study.study_uid, reading.sop_uid)
    with drawing_turn(who), images.open_frames(services, instance) as frames:
        masks = masks_of(services, study.site, reading)
        data = seg.segmentation(frames.dataset, reading, masks, result.report, result.id)
    return _file(data, _DICOM, f"masks-{result.version}.seg.dcm")


def _read(services: Services, who: Principal, study_id: str, version: str) -> tuple[Study, Result]:
    with services.index.read() as tx:
        study = tx.studies.get(who.site, study_id)
    return study, read_result(services, who, study_id, version)


def _instances(services: Services, study: Study) -> list[Instance]:
    with services.index.read() as tx:
        return tx.studies.instances(study.site, study_uid=study.study_uid)


def _sources(
    services: Services, stack: ExitStack, study: Study, result: Result
) -> list[SpooledImage]:
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


def _stored_dicom(services: Services, study: Study, stored: Artefact) -> Response:
    """The object as it is stored, or with the patient as a person put her right."""
    if study.corrected is None:
        return artefact_response(services, study.site, stored)
    data = corrected(services.store.get(study.site, stored.sha256), study.corrected["now"])
    return _file(data, _DICOM, artefact_filename(stored))


def _file(data: bytes, media_type: str, name: str) -> Response:
    headers = {"Content-Disposition": f'inline; filename="{name}"', "Cache-Control": "no-store"}
    return Response(data, headers=headers, media_type=media_type)
