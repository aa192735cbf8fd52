"""Expert scores of the model's work, 1 (acceptable) to 3 (major), as CSV: one row a score, or summed up.

Interpretation and annotation are scored as FADA's paper does it (arXiv 2606.11106; lower is better), in two
modes: ``autonomous``, where the scored version is a model's own, and ``human_in_the_loop``, where a person
had worked on it before.
"""

from __future__ import annotations

import csv
import io
import secrets
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations
from statistics import fmean
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from gateway.dependencies import Services, ServicesDep
from gateway.http.params import Manager, Since, Until
from gateway.reviews.export import ExportPseudonyms, spreadsheet_safe
from services.actors import names_of
from services.domain.report import Origin
from services.domain.review import kappa
from services.index.port import Result, StudyQuery, StudyState

router = APIRouter(prefix="/api/export", tags=["Review"])
AUTONOMOUS, HUMAN_IN_THE_LOOP = "autonomous", "human_in_the_loop"
KINDS = ("interpretation", "annotation")
COLUMNS = (
    "study", "version", "scored_version", "mode", "reader", "at", "release", *KINDS,
)  # fmt: skip
SUMMARY = ("mode", "what", "readers", "n", "mean", "share_1", "kappa_linear", "observed_agreement")
_SCALE = (1, 2, 3)
_PAGE = 200
_CSV: dict[str, Any] = {
    "response_class": Response,
    "responses": {200: {"content": {"text/csv": {}}}},
}


@dataclass(frozen=True, slots=True)
class Score:
    """One reader's scores of one version of a study."""

    study: str
    mode: str
    result: Result


@router.get("/scores.csv", summary="Export expert scores", operation_id="exportScores", **_CSV)
def scores(
    who: Manager, services: ServicesDep, received_from: Since = None, received_to: Until = None
) -> Response:
    """One row a score. Studies have pseudonyms that mean nothing outside of this export."""
    with services.index.begin() as tx:
        tx.audit.add(who, "export.scores", who.site, {})
        known = names_of(tx, who.site)
    pseudonyms = ExportPseudonyms(secrets.token_bytes(32))
    every = list(_all(services, who.site, received_from, received_to))
    names = readers(every, known)
    rows = [
        {
            "study": pseudonyms.of(one.study),
            "version": one.result.version,
            "scored_version": one.result.based_on,
            "mode": one.mode,
            "reader": names[one.result.author],
            "at": one.result.created_at.isoformat(),
            "release": spreadsheet_safe(
                f"{one.result.report.release.name} {one.result.report.release.version}"
            ),
            **{kind: one.result.scores.get(kind, "") for kind in KINDS},
        }
        for one in every
    ]
    return _csv("fada-scores.csv", COLUMNS, rows)


@router.get(
    "/scores-agreement.csv",
    summary="Export how experts score and agree",
    operation_id="exportScoresAgreement",
    **_CSV,
)
def agreement(
    who: Manager, services: ServicesDep, received_from: Since = None, received_to: Until = None
) -> Response:
    """By mode: all scores (number, mean, share of 1), then each pair of readers over the versions that
    both scored, with linearly weighted kappa."""
    every = list(_all(services, who.site, received_from, received_to))
    with services.index.read() as tx:
        names = readers(every, names_of(tx, who.site))
    rows = [
        row
        for mode in (AUTONOMOUS, HUMAN_IN_THE_LOOP)
        for kind in KINDS
        for row in _summed([one for one in every if one.mode == mode], mode, kind, names)
    ]
    return _csv("fada-scores-agreement.csv", SUMMARY, rows)


def _all(
    services: Services, site: str, since: datetime | None, until: datetime | None
) -> Iterator[Score]:
    for offset in range(0, 1_000_000, _PAGE):
        query = StudyQuery(
            states=(StudyState.REVIEWED, StudyState.READY),
            received_from=since,
            received_to=until,
            limit=_PAGE,
            offset=offset,
        )
        with services.index.read() as tx:
            rows = tx.studies.find(site, query)
            versions = [(row.id, tx.results.versions(site, row.id)) for row in rows]
        for study, results in versions:
            by_number = {one.version: one for one in results}
            for one in results:
                if one.origin is Origin.REVIEW and one.scores:
                    base = by_number.get(one.based_on or 0)
                    by_person = base is not None and base.origin is Origin.REVIEW
                    yield Score(study, HUMAN_IN_THE_LOOP if by_person else AUTONOMOUS, one)
        if len(rows) < _PAGE:
            return


def readers(scored: Sequence[Score], known: Mapping[str, str]) -> dict[str, str]:
    """What people call those who scored, by subject; of several with one name the later are numbered."""
    names: dict[str, str] = {}
    for subject in sorted({one.result.author for one in scored}):
        name = known.get(subject, subject)
        namesakes = sum(known.get(other, other) == name for other in names)
        names[subject] = spreadsheet_safe(f"{name} ({namesakes + 1})" if namesakes else name)
    return names


def _summed(
    scored: list[Score], mode: str, kind: str, names: Mapping[str, str]
) -> Iterator[dict[str, Any]]:
    values = [one.result.scores[kind] for one in scored if kind in one.result.scores]
    if not values:
        return
    yield _row(mode, kind, "all", values)
    by_reader: dict[str, dict[tuple[str, int], int]] = defaultdict(dict)
    for one in scored:  # a reader's later score of the same version counts
        if kind in one.result.scores:
            of = (one.study, one.result.based_on or 0)
            by_reader[one.result.author][of] = one.result.scores[kind]
    for a, b in combinations(sorted(by_reader), 2):
        both = sorted(by_reader[a].keys() & by_reader[b].keys())
        if both:
            mine, theirs = ([by_reader[r][of] for of in both] for r in (a, b))
            weighted = kappa(mine, theirs, ordered=_SCALE)
            assert weighted is not None
            row = _row(mode, kind, f"{names[a]} / {names[b]}", [*mine, *theirs])
            value = "" if weighted.value is None else round(weighted.value, 4)
            observed = round(weighted.observed, 4)
            yield {**row, "n": len(both), "kappa_linear": value, "observed_agreement": observed}


def _row(mode: str, kind: str, readers: object, values: list[int]) -> dict[str, Any]:
    return {
        "mode": mode,
        "what": kind,
        "readers": readers,
        "n": len(values),
        "mean": round(fmean(values), 4),
        "share_1": round(values.count(1) / len(values), 4),
    }


def _csv(name: str, columns: tuple[str, ...], rows: list[dict[str, Any]]) -> Response:
    table = io.StringIO()
    writer = csv.DictWriter(table, columns)
    writer.writeheader()
    writer.writerows(rows)
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(table.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)
