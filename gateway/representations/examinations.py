"""An examination as pages and machines get it: its summary, what people entered, the earlier ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.representations import serializers
from services.domain.fetal_sex_filter import tells_sex
from services.examinations import EarlierExamination, FoundExamination
from services.index.port import FactsVersion


def facts(version: FactsVersion, names: Mapping[str, str]) -> dict[str, Any]:
    """Version 0: nothing was entered. ``names``: of authors by subject (``serializers.names_of``)."""
    return {
        "version": version.version,
        "author": version.author or None,
        "author_name": names.get(version.author, version.author) or None,
        "at": version.at,
        "values": version.values,
    }


def said(whole: FoundExamination) -> list[dict[str, Any]]:
    """Who said which facts, by source and day."""
    return [
        {
            "kind": one.source.kind.value,
            "name": one.source.name,
            "at": one.source.at,
            "facts": one.facts,
        }
        for one in whole.examination.said
    ]


def order(whole: FoundExamination) -> dict[str, Any] | None:
    """The order that it met: its number, and the reason that it gives."""
    one = whole.order
    if one is None:
        return None
    reason = "" if tells_sex(one.reason) else one.reason
    return {"accession": one.accession, "reason": reason, "at": one.changed_at}


def earlier(one: EarlierExamination) -> dict[str, Any]:
    """One that came before in the pregnancy."""
    return {"study": serializers.study(one.study), **_measured(one), "summary": one.summary}


def fetuses(whole: FoundExamination) -> list[dict[str, Any]]:
    """Of several, the summary of each; empty for one."""
    each = whole.examination.fetuses.items()
    return [{"fetus": letter, "summary": one.summary} for letter, one in each]


def without_identity(whole: FoundExamination) -> dict[str, Any]:
    """For whoever has a link: neither whose it is, nor who entered it, nor her other studies by name."""
    return {
        "summary": whole.examination.summary,
        "fetuses": fetuses(whole),
        "facts": {"version": whole.facts.version, "values": _values(whole)},
        "last_period": whole.last_period,
        "earlier": [_measured(one) for one in whole.earlier],
    }


def for_the_phone(whole: FoundExamination) -> dict[str, Any]:
    """What a phone's own summary of the images goes by: the day, the pregnancy's dating, the fetuses."""
    summary, values = whole.examination.summary, whole.facts.values
    return {
        "day": summary.day,
        "last_period": whole.last_period,
        "dating": summary.dating,
        "fetuses": whole.fetuses,
        "fetus_images": values.get("fetus_images") or {},
        "chosen": values.get("chosen") or {},
    }


def _values(whole: FoundExamination) -> dict[str, Any]:
    """As entered; an indication that nobody entered is the order's."""
    indication = whole.examination.fact("indication")
    return {**whole.facts.values, **({"indication": indication} if indication else {})}


def _measured(one: EarlierExamination) -> dict[str, Any]:
    return {
        "day": one.day,
        "ga_days": one.ga_days,
        "mm": one.past.mm,
        "grams": one.past.grams,
        "fetuses": {
            letter: {"mm": past.mm, "grams": past.grams} for letter, past in one.fetuses.items()
        },
    }
