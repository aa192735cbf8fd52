"""Agreement between readers: Cohen's kappa and Dice between their reviews of the same studies."""

from __future__ import annotations

from collections import defaultdict
from itertools import combinations
from statistics import fmean
from typing import Any

from fastapi import APIRouter

from gateway.dependencies import Services, ServicesDep
from gateway.http.params import Manager, Since, Until
from services.actors import names_of
from services.domain.report import Origin, Structure
from services.domain.review import Kappa, box_dice, dice, kappa
from services.index.port import Result, StudyQuery, StudyState

router = APIRouter(prefix="/api", tags=["Review"])
_PAGE = 200
_MAX_STUDIES = 5000
_SCALE = (1, 2, 3)


@router.get("/agreement", summary="Get agreement between readers", operation_id="agreement")
def agreement(
    who: Manager, services: ServicesDep, received_from: Since = None, received_to: Until = None
) -> dict[str, Any]:
    """Pairs of readers, over the studies that both reviewed, each by their last version; ``names``: what
    people call them.

    Scores by linearly weighted kappa, planes by plain kappa, structures by mean Dice. A reader who
    started from the other's version did not read independently: such pairs do not count.
    """
    query = StudyQuery(
        states=(StudyState.REVIEWED,),
        received_from=received_from,
        received_to=received_to,
    )
    studies = reviews_by_reader(services, who.site, query)
    readers = sorted({author for reviews in studies for author in reviews})
    pairs = [p for a, b in combinations(readers, 2) if (p := _pair(studies, a, b)) is not None]
    with services.index.read() as tx:
        known = names_of(tx, who.site)
    names = {reader: known.get(reader, reader) for reader in readers}
    return {"readers": readers, "names": names, "studies": len(studies), "pairs": pairs}


def reviews_by_reader(services: Services, site: str, query: StudyQuery) -> list[dict[str, Result]]:
    """For each study, each reader's last independent version, by author."""
    studies = []
    for offset in range(0, _MAX_STUDIES, _PAGE):
        page = StudyQuery(
            states=query.states,
            received_from=query.received_from,
            received_to=query.received_to,
            limit=_PAGE,
            offset=offset,
        )
        with services.index.read() as tx:
            rows = tx.studies.find(site, page)
            versions = [tx.results.versions(site, row.id) for row in rows]
        studies += [_independent(v) for v in versions]
        if len(rows) < _PAGE:
            break
    return studies


def _independent(versions: list[Result]) -> dict[str, Result]:
    """Each author's last version that was not started from another person's."""
    by_number = {r.version: r for r in versions}
    last: dict[str, Result] = {}
    for result in versions:
        if result.origin is not Origin.REVIEW:
            continue
        start = by_number.get(result.based_on or 0)
        while start is not None and start.origin is Origin.REVIEW:
            if start.author != result.author:
                break
            start = by_number.get(start.based_on or 0)
        if start is None or start.origin is not Origin.REVIEW:
            last[result.author] = result
    return last


def _pair(studies: list[dict[str, Result]], a: str, b: str) -> dict[str, Any] | None:
    both = [(s[a], s[b]) for s in studies if a in s and b in s]
    if not both:
        return None
    overlap: dict[str, list[float]] = defaultdict(list)
    planes: list[tuple[str, str]] = []
    for first, second in both:
        theirs = {(f.sop_uid, f.frame): f for f in second.report.frames}
        for frame in first.report.frames:
            other = theirs.get((frame.sop_uid, frame.frame))
            if other is None:
                continue
            labels = [f.plane.label if f.plane else "none" for f in (frame, other)]
            planes.append((labels[0], labels[1]))
            for one, two in _matched(frame.structures, other.structures):
                overlap[one.label].append(_overlap(one, two))
    return {
        "a": a,
        "b": b,
        "studies": len(both),
        "kappa": {
            "interpretation": _scores(both, "interpretation"),
            "annotation": _scores(both, "annotation"),
            "plane": _kappa_json(kappa([p for p, _ in planes], [p for _, p in planes])),
        },
        "dice": {
            label: {"mean": round(fmean(values), 4), "n": len(values)}
            for label, values in sorted(overlap.items())
        },
    }


def _scores(both: list[tuple[Result, Result]], name: str) -> dict[str, Any] | None:
    given = [
        (x.scores[name], y.scores[name]) for x, y in both if name in x.scores and name in y.scores
    ]
    return _kappa_json(kappa([x for x, _ in given], [y for _, y in given], ordered=_SCALE))


def _kappa_json(agreement: Kappa | None) -> dict[str, Any] | None:
    if agreement is None:
        return None
    value = round(agreement.value, 4) if agreement.value is not None else None
    return {"value": value, "observed": round(agreement.observed, 4), "n": agreement.n}


def _matched(
    first: tuple[Structure, ...], second: tuple[Structure, ...]
) -> list[tuple[Structure, Structure]]:
    theirs = {s.label: s for s in second}
    return [(s, theirs[s.label]) for s in first if s.label in theirs]


def _overlap(first: Structure, second: Structure) -> float:
    if first.polygon and second.polygon:
        return dice(first.polygon, second.polygon)
    return box_dice(first.box, second.box)
