"""QIDO-RS (PS3.18 section 10.6): search for studies, series and instances of the caller's site."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from gateway.audit.reads import gives
from gateway.dependencies import Services, ServicesDep
from gateway.dicomweb.matching import KEYWORDS, SearchQuery, parse_query
from gateway.dicomweb.page_marks import PageMarks
from gateway.dicomweb.responses import (
    IGNORED,
    JSON,
    base_url,
    instance_url,
    retrieve_url,
    series_url,
    study_url,
)
from gateway.dicomweb.result_attributes import INSTANCE, SERIES, STUDY, select
from gateway.http.params import ReaderOrDevice, SeriesUid, StudyUid
from services.domain.dicom.matching import matches
from services.domain.dicom.values import is_uid
from services.domain.errors import NotFound
from services.domain.study import Principal
from services.index.port import MATCHABLE, Instance, Study, StudyQuery, Transaction

router = APIRouter(prefix="/dicomweb", tags=["DICOMweb"])
_ONLINE = {"vr": "CS", "Value": ["ONLINE"]}
_UTF8 = {"vr": "CS", "Value": ["ISO_IR 192"]}
_PAGE = 500
# The words of PS3.18 8.3.4.
_MORE = (
    '299 fada "The number of results exceeded the maximum supported by the server. '
    'Additional results can be requested."'
)
_DOCUMENTED: dict[str, Any] = {
    "response_class": Response,
    "responses": {
        200: {"description": "The matches", "content": {JSON: {}}},
        204: {"description": "Nothing matches"},
    },
}


@router.get("/studies", summary="Search for studies (QIDO-RS)", operation_id="qidoStudies",
            **_DOCUMENTED)  # fmt: skip
def studies(request: Request, who: ReaderOrDevice, services: ServicesDep) -> Response:
    """Match by PatientName, PatientID, StudyDate and others; ``*`` and ``?`` are wildcards."""
    query = _parse(request)
    match = _by_keyword(query)
    known = {name: pattern for name, pattern in match.items() if name in MATCHABLE}
    query = replace(query, ignored=query.ignored or len(known) < len(match))
    marks: PageMarks = request.app.state.page_marks
    study_query = StudyQuery(
        match=known, fuzzy=query.fuzzy, limit=query.limit + 1, offset=query.offset
    )
    with services.index.read() as tx:
        matches = marks.find(tx, who.site, study_query) if query.limit else []
    rows = matches[: query.limit]
    gives(request, len(rows))
    base = base_url(request)
    items = [
        {
            **row.attributes,
            "00080005": _UTF8,
            "00080056": _ONLINE,
            "00081190": retrieve_url(study_url(base, row.study_uid)),
            "0020000D": {"vr": "UI", "Value": [row.study_uid]},
        }
        for row in rows
    ]
    chosen = [select(item, STUDY, query) for item in items]
    return _response(chosen, query, more=len(matches) > len(rows))


@router.get("/series", summary="Search for series (QIDO-RS)", operation_id="qidoSeries",
            **_DOCUMENTED)  # fmt: skip
def series(request: Request, who: ReaderOrDevice, services: ServicesDep) -> Response:
    """Series of all studies."""
    return _series(request, who, services, None)


@router.get("/studies/{study}/series", summary="Search for series of a study (QIDO-RS)",
            operation_id="qidoStudySeries", **_DOCUMENTED)  # fmt: skip
def study_series(
    request: Request, study: StudyUid, who: ReaderOrDevice, services: ServicesDep
) -> Response:
    """The hub's SEG and SR are series of the study like any other."""
    return _series(request, who, services, study)


@router.get("/instances", summary="Search for instances (QIDO-RS)", operation_id="qidoInstances",
            **_DOCUMENTED)  # fmt: skip
def instances(request: Request, who: ReaderOrDevice, services: ServicesDep) -> Response:
    """Instances of all studies."""
    return _instances(request, who, services, None, None)


@router.get("/studies/{study}/instances", summary="Search for instances of a study (QIDO-RS)",
            operation_id="qidoStudyInstances", **_DOCUMENTED)  # fmt: skip
def study_instances(
    request: Request, study: StudyUid, who: ReaderOrDevice, services: ServicesDep
) -> Response:
    """Instances of one study."""
    return _instances(request, who, services, study, None)


@router.get("/studies/{study}/series/{series}/instances",
            summary="Search for instances of a series (QIDO-RS)",
            operation_id="qidoSeriesInstances", **_DOCUMENTED)  # fmt: skip
def series_instances(
    request: Request, study: StudyUid, series: SeriesUid, who: ReaderOrDevice, services: ServicesDep
) -> Response:
    """Instances of one series."""
    return _instances(request, who, services, study, series)


def _parse(request: Request) -> SearchQuery:
    return parse_query(list(request.query_params.multi_items()))


def _by_keyword(query: SearchQuery) -> dict[str, str]:
    """The index matches by keyword; a tag that it does not know is refused there by name."""
    return {KEYWORDS.get(tag, tag): pattern for tag, pattern in query.match.items()}


def _series(request: Request, who: Principal, services: Services, study: str | None) -> Response:
    query, base = _parse(request), base_url(request)
    items = []
    with services.index.read() as tx:
        for study_uid, study_attributes in _studies(tx, who.site, study, query):
            for attributes in tx.studies.series(who.site, study_uid):
                uid = attributes["0020000E"]["Value"][0]
                item = {
                    **study_attributes,
                    **attributes,
                    "00080005": _UTF8,
                    "00080056": _ONLINE,
                    "0020000D": {"vr": "UI", "Value": [study_uid]},
                    "00081190": retrieve_url(series_url(base, study_uid, uid)),
                }
                if matches(item, query.match, fuzzy=query.fuzzy):
                    items.append(item)
            if len(items) > query.limit + query.offset:
                break
    return _paged(request, items, SERIES | _study_table(study), query)


def _instances(
    request: Request,
    who: Principal,
    services: Services,
    study: str | None,
    series_uid: str | None,
) -> Response:
    query, base = _parse(request), base_url(request)
    exact = {tag: p for tag, p in query.match.items() if is_uid(p)}
    items: list[dict[str, Any]] = []
    with services.index.read() as tx:
        studies: dict[str, Study] = {}
        for row in _rows(tx, who.site, study or exact.get("0020000D"),
                         series_uid or exact.get("0020000E"), exact.get("00080018")):  # fmt: skip
            if row.study_uid not in studies:
                studies[row.study_uid] = tx.studies.by_uid(who.site, row.study_uid)
            of = studies[row.study_uid]
            if of.withdrawn_at is not None:
                continue
            item = _instance(row, of.attributes, base)
            if matches(item, query.match, fuzzy=query.fuzzy):
                items.append(item)
                if len(items) > query.limit + query.offset:
                    break
    return _paged(request, items, INSTANCE | _study_table(study), query)


def _rows(
    tx: Transaction, site: str, study: str | None, series_uid: str | None, sop: str | None
) -> Iterator[Instance]:
    offset = 0
    while True:
        rows = tx.studies.instances(
            site, study_uid=study, series_uid=series_uid, sop_uid=sop,
            replaced=sop is not None, limit=_PAGE, offset=offset,
        )  # fmt: skip
        yield from rows
        if len(rows) < _PAGE:
            return
        offset += _PAGE


def _instance(row: Instance, study_attributes: dict[str, Any], base: str) -> dict[str, Any]:
    url = instance_url(base, row.study_uid, row.series_uid, row.sop_uid)
    return {
        **study_attributes,
        **row.attributes,
        "00080005": _UTF8,
        "00080056": _ONLINE,
        "00081190": retrieve_url(url),
        "00083002": {"vr": "UI", "Value": [row.transfer_syntax]},
        "0020000D": {"vr": "UI", "Value": [row.study_uid]},
    }


def _studies(
    tx: Transaction, site: str, study: str | None, query: SearchQuery
) -> Iterator[tuple[str, dict[str, Any]]]:
    """(UID, attributes) of the studies whose series are searched, however many they are."""
    if study is not None:
        try:
            row = tx.studies.by_uid(site, study)
        except NotFound:
            return
        if row.withdrawn_at is None:
            yield row.study_uid, row.attributes
        return
    match = {name: one for name, one in _by_keyword(query).items() if name in MATCHABLE}
    for offset in itertools.count(0, _PAGE):
        rows = tx.studies.find(
            site, StudyQuery(match=match, fuzzy=query.fuzzy, limit=_PAGE, offset=offset)
        )
        yield from ((row.study_uid, row.attributes) for row in rows)
        if len(rows) < _PAGE:
            return


def _study_table(study: str | None) -> dict[str, str]:
    """Without a study in the URL, its attributes belong into each item (table 10.6.3-4)."""
    return {} if study is not None else STUDY


def _paged(
    request: Request, items: list[dict[str, Any]], table: dict[str, str], query: SearchQuery
) -> Response:
    """``items``: all up to the page's end, and one more where there are more."""
    page = items[query.offset : query.offset + query.limit]
    gives(request, len(page))
    more = len(items) > query.offset + query.limit
    return _response([select(item, table, query) for item in page], query, more=more)


def _response(items: list[dict[str, Any]], query: SearchQuery, *, more: bool) -> Response:
    said = [IGNORED] * query.ignored + [_MORE] * (more and query.bounded)
    headers = {"Warning": ", ".join(said)} if said else {}
    if not items:
        return Response(status_code=204, headers=headers)
    body = json.dumps(items, ensure_ascii=False).encode()
    return Response(body, media_type=JSON, headers=headers)
