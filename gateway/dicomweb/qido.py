"""QIDO-RS (PS3.18 section 10.6): search for studies, series and instances of the caller's site."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from gateway.dependencies import Needs, Services
from gateway.dicomweb.addresses import (
    SeriesUid,
    StudyUid,
    base,
    instance_address,
    retrieve_url,
    series_address,
    study_address,
)
from gateway.dicomweb.matching import KEYWORDS, Search, matches, search
from gateway.http.params import ReaderOrDevice
from services.domain.errors import NotFound
from services.domain.study import Principal, is_uid
from services.index.port import Instance, StudyQuery, Transaction

router = APIRouter(prefix="/dicomweb", tags=["DICOMweb"])
JSON = "application/dicom+json"
_ONLINE = {"vr": "CS", "Value": ["ONLINE"]}
_UTF8 = {"vr": "CS", "Value": ["ISO_IR 192"]}
_STUDY_TAGS = frozenset(
    ("00080005", "00080020", "00080030", "00080050", "00080056", "00080061", "00080090", "00080201",
     "00081190", "00100010", "00100020", "00100030", "00100040", "0020000D", "00200010", "00201206",
     "00201208")
)  # fmt: skip
_SERIES_TAGS = frozenset(
    ("00080005", "00080056", "00080060", "0008103E", "00081190", "0020000D", "0020000E", "00200011",
     "00201209", "00400244", "00400245")
)  # fmt: skip
_INSTANCE_TAGS = frozenset(
    ("00080005", "00080016", "00080018", "00080056", "00080060", "00081190", "0020000D", "0020000E",
     "00200013", "00280008", "00280010", "00280011", "00280100")
)  # fmt: skip
_PAGE = 500
_DOCUMENTED: dict[str, Any] = {
    "response_class": Response,
    "responses": {
        200: {"description": "Found", "content": {JSON: {}}},
        204: {"description": "Nothing matches"},
    },
}


@router.get("/studies", summary="Search studies (QIDO-RS)", operation_id="qidoStudies",
            **_DOCUMENTED)  # fmt: skip
def studies(request: Request, who: ReaderOrDevice, services: Needs) -> Response:
    """Match by PatientName, PatientID, StudyDate and others; ``*`` and ``?`` are wildcards."""
    wanted = _search(request)
    query = StudyQuery(match=_by_keyword(wanted), limit=wanted.limit, offset=wanted.offset)
    with services.index.read() as tx:
        rows = tx.studies.find(who.site, query) if wanted.limit else []
    address = base(request)
    found = [
        {
            **row.attributes,
            "00080005": _UTF8,
            "00080056": _ONLINE,
            "00081190": retrieve_url(study_address(address, row.study_uid)),
            "0020000D": {"vr": "UI", "Value": [row.study_uid]},
        }
        for row in rows
    ]
    return _answer([_only(one, _STUDY_TAGS, wanted) for one in found])


@router.get("/series", summary="Search series (QIDO-RS)", operation_id="qidoSeries",
            **_DOCUMENTED)  # fmt: skip
def series(request: Request, who: ReaderOrDevice, services: Needs) -> Response:
    """Series of all studies."""
    return _series(request, who, services, None)


@router.get("/studies/{study}/series", summary="Search series of a study (QIDO-RS)",
            operation_id="qidoStudySeries", **_DOCUMENTED)  # fmt: skip
def study_series(
    request: Request, study: StudyUid, who: ReaderOrDevice, services: Needs
) -> Response:
    """FADA's SEG and SR are series of the study like any other."""
    return _series(request, who, services, study)


@router.get("/instances", summary="Search instances (QIDO-RS)", operation_id="qidoInstances",
            **_DOCUMENTED)  # fmt: skip
def instances(request: Request, who: ReaderOrDevice, services: Needs) -> Response:
    """Instances of all studies."""
    return _instances(request, who, services, None, None)


@router.get("/studies/{study}/instances", summary="Search instances of a study (QIDO-RS)",
            operation_id="qidoStudyInstances", **_DOCUMENTED)  # fmt: skip
def study_instances(
    request: Request, study: StudyUid, who: ReaderOrDevice, services: Needs
) -> Response:
    """Instances of one study."""
    return _instances(request, who, services, study, None)


@router.get("/studies/{study}/series/{series}/instances",
            summary="Search instances of a series (QIDO-RS)",
            operation_id="qidoSeriesInstances", **_DOCUMENTED)  # fmt: skip
def series_instances(
    request: Request, study: StudyUid, series: SeriesUid, who: ReaderOrDevice, services: Needs
) -> Response:
    """Instances of one series."""
    return _instances(request, who, services, study, series)


def _search(request: Request) -> Search:
    return search(list(request.query_params.multi_items()))


def _by_keyword(wanted: Search) -> dict[str, str]:
    """The index matches by keyword; a tag that it does not know is refused there by name."""
    return {KEYWORDS.get(tag, tag): pattern for tag, pattern in wanted.match.items()}


def _series(request: Request, who: Principal, services: Services, study: str | None) -> Response:
    wanted, address = _search(request), base(request)
    found = []
    with services.index.read() as tx:
        for study_uid, shared in _studies(tx, who.site, study, wanted):
            for one in tx.studies.series(who.site, study_uid):
                uid = one["0020000E"]["Value"][0]
                found.append(
                    {
                        **shared,
                        **one,
                        "00080005": _UTF8,
                        "00080056": _ONLINE,
                        "0020000D": {"vr": "UI", "Value": [study_uid]},
                        "00081190": retrieve_url(series_address(address, study_uid, uid)),
                    }
                )
    page = _page([one for one in found if matches(one, wanted.match)], wanted)
    return _answer([_only(one, _SERIES_TAGS | _shared(study), wanted) for one in page])


def _instances(
    request: Request,
    who: Principal,
    services: Services,
    study: str | None,
    series_uid: str | None,
) -> Response:
    wanted, address = _search(request), base(request)
    exact = {tag: p for tag, p in wanted.match.items() if is_uid(p)}
    found: list[dict[str, Any]] = []
    needed = wanted.limit + wanted.offset
    with services.index.read() as tx:
        known: dict[str, dict[str, Any]] = {}
        for row in _rows(tx, who.site, study or exact.get("0020000D"),
                         series_uid or exact.get("0020000E"), exact.get("00080018")):  # fmt: skip
            if row.study_uid not in known:
                known[row.study_uid] = tx.studies.by_uid(who.site, row.study_uid).attributes
            one = _instance(row, known[row.study_uid], address)
            if matches(one, wanted.match):
                found.append(one)
                if len(found) >= needed:
                    break
    tags = _INSTANCE_TAGS | _shared(study)
    return _answer([_only(one, tags, wanted) for one in _page(found, wanted)])


def _rows(
    tx: Transaction, site: str, study: str | None, series_uid: str | None, sop: str | None
) -> Iterator[Instance]:
    offset = 0
    while True:
        rows = tx.studies.instances(
            site, study_uid=study, series_uid=series_uid, sop_uid=sop, limit=_PAGE, offset=offset
        )
        yield from rows
        if len(rows) < _PAGE:
            return
        offset += _PAGE


def _instance(row: Instance, shared: dict[str, Any], address: str) -> dict[str, Any]:
    place = instance_address(address, row.study_uid, row.series_uid, row.sop_uid)
    return {
        **shared,
        **row.attributes,
        "00080005": _UTF8,
        "00080056": _ONLINE,
        "00081190": retrieve_url(place),
        "00083002": {"vr": "UI", "Value": [row.transfer_syntax]},
        "0020000D": {"vr": "UI", "Value": [row.study_uid]},
    }


def _studies(
    tx: Transaction, site: str, study: str | None, wanted: Search
) -> list[tuple[str, dict[str, Any]]]:
    """The studies whose series are looked at, with their own attributes."""
    if study is not None:
        try:
            row = tx.studies.by_uid(site, study)
        except NotFound:
            return []
        return [(row.study_uid, row.attributes)]
    uid = wanted.match.get("0020000D")
    query = StudyQuery(match={"StudyInstanceUID": uid} if uid else {}, limit=10_000)
    return [(row.study_uid, row.attributes) for row in tx.studies.find(site, query)]


def _shared(study: str | None) -> frozenset[str]:
    """Without a study in the address, its attributes belong into each answer (table 10.6.3-4)."""
    return frozenset() if study is not None else _STUDY_TAGS


def _page(found: list[dict[str, Any]], wanted: Search) -> list[dict[str, Any]]:
    return found[wanted.offset : wanted.offset + wanted.limit]


def _only(one: dict[str, Any], tags: frozenset[str], wanted: Search) -> dict[str, Any]:
    if wanted.include is None:
        return dict(sorted(one.items()))
    keep = tags | wanted.include | frozenset(wanted.match)
    return {tag: one[tag] for tag in sorted(one) if tag in keep}


def _answer(found: list[dict[str, Any]]) -> Response:
    if not found:
        return Response(status_code=204)
    return Response(json.dumps(found, ensure_ascii=False).encode(), media_type=JSON)
