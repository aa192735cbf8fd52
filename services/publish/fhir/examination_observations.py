"""An examination as FHIR observations: biometry, weight, ratios, dating and what people entered.

LOINC codes are those of the obstetric ultrasound set (PS3.16 CID 12003 to 12019); codes of WHO's antenatal
care data dictionary stand beside them where it has the element. Intervals, centiles and what was not assessed
are coded data: components and ``dataAbsentReason``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date

from services.domain.examination.examination import Examination
from services.domain.examination.source import Source, SourceKind
from services.domain.examination.summary import ExaminationSummary, MeasureSummary
from services.domain.examination.weight import Weight
from services.domain.report import Abstention, Centile, Report
from services.publish.fhir.codes import (
    EQUATIONS,
    LOINC,
    LOINC_CODES,
    SYSTEM,
    WHO,
    WHO_CODES,
    Json,
    quantity,
)
from services.publish.fhir.version import instant

_ABSENT = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
_ASKED = ("BPD", "HC", "AC", "FL")
_FACTS = ("presentation", "heart_activity", "fluid_impression")
_TEXTS = ("indication", "impression", "comment")
# The fact that an observation is of, where it has another name.
_ABOUT = {
    "gravida": "parity",
    "para": "parity",
    "fluid_deepest_pocket": "fluid",
    "fluid_index": "fluid",
}
Base = Callable[[str], Json]


def observations(examination: Examination, report: Report, base: Base) -> list[Json]:
    """The observations; ``base`` makes an empty one (status, subject, device) by what it is about."""
    made = [*_dating(examination, base)]
    placing = next((one["id"] for one in made if one["id"] == base("age")["id"]), None)
    for letter, part in examination.parts:
        made += _of_fetus(part.summary, report, _about(base, letter) if letter else base)
    for one in made:
        if placing is not None and _has_centile(one):  # the age at which it was placed
            reference = {"reference": f"urn:uuid:{placing}", "type": "Observation"}
            one["derivedFrom"] = [*one.get("derivedFrom", ()), reference]
    return [*made, *_entered(examination, base)]


def _about(base: Base, letter: str) -> Base:
    """Observations of one fetus of several."""
    focus = [{"display": f"Fetus {letter}"}]
    return lambda what: {**base(f"{what} of fetus {letter}"), "focus": focus}


def _of_fetus(summary: ExaminationSummary, report: Report, base: Base) -> Iterable[Json]:
    if summary.composite is not None:
        yield {
            **_coded("composite", base),
            "valueQuantity": quantity(round(summary.composite.days, 1), "d"),
            "method": {"text": summary.composite.equation},
        }
    for measure in summary.measures:
        yield _measure(measure, base)
    for name in _ASKED:
        if summary.of(name) is None:
            yield _absent(name, report, base)
    if summary.weight is not None:
        yield _weight(summary.weight, base)
    for name, value in summary.ratios.items():
        unit = "1" if name == "HC/AC" else "%"
        yield {**_coded(name, base), "valueQuantity": quantity(round(value, 3), unit)}


def _coded(name: str, base: Base) -> Json:
    coding = []
    if name in LOINC_CODES:
        code, words = LOINC_CODES[name]
        coding.append({"system": LOINC, "code": code, "display": words})
    if name in WHO_CODES:
        code, words = WHO_CODES[name]
        coding.append({"system": WHO, "code": code, "display": words})
    coding = coding or [{"system": SYSTEM, "code": name.replace("_", "-")}]
    return {**base(name), "code": {"coding": coding, "text": name}}


def _dating(examination: Examination, base: Base) -> Iterable[Json]:
    summary = examination.summary
    held = summary.dating
    day, entered = examination.last_period, examination.fact("last_period")
    if day is None and entered:
        day = date.fromisoformat(str(entered))
    if day is not None:
        period = {**_coded("last_period", base), "valueDateTime": day.isoformat()}
        yield _said(period, examination.source("last_period"))
        if summary.day is not None:
            days = (summary.day - day).days
            yield {**_coded("age_by_period", base), "valueQuantity": quantity(days, "d")}
    if held is None:
        return
    method = {
        "coding": [{"system": f"{SYSTEM}/dating", "code": held.reason}],
        "text": held.equation,
    }
    method = {key: value for key, value in method.items() if value}
    yield {**_coded("due", base), "valueDateTime": held.due.isoformat(), "method": method}
    if summary.ga_days is not None:
        age = quantity(summary.ga_days, "d")
        yield {**_coded("age", base), "valueQuantity": age, "method": method}


def _measure(one: MeasureSummary, base: Base) -> Json:
    components = _interval(one.mm_low, one.mm_high, "mm")
    if one.dating is not None:
        coding = [{"system": SYSTEM, "code": "age-by-measure"}]
        if one.dating.equation in EQUATIONS:
            coding.insert(0, {"system": LOINC, "code": EQUATIONS[one.dating.equation]})
        code = {"coding": coding, "text": one.dating.equation}
        components.append({"code": code, "valueQuantity": quantity(round(one.dating.days, 1), "d")})
    components += _centile(one.centile)
    components.append(
        {"code": _own("images-counted"), "valueInteger": len(one.counted)},
    )
    method = "by a person" if any(c.by_person for c in one.counted) else "by the model"
    return {
        **_coded(one.measure, base),
        "valueQuantity": quantity(round(one.mm, 1), "mm"),
        "method": {"coding": [{"system": f"{SYSTEM}/method", "code": method.split()[-1]}],
                   "text": method},
        "component": components,
    }  # fmt: skip


def _weight(weight: Weight, base: Base) -> Json:
    coding = [{"system": LOINC, "code": code}] if (code := EQUATIONS.get(weight.equation)) else None
    method = {"coding": coding, "text": weight.equation} if coding else {"text": weight.equation}
    components = _interval(round(weight.low_grams), round(weight.high_grams), "g")
    return {
        **_coded("EFW", base),
        "valueQuantity": quantity(round(weight.grams), "g"),
        "method": method,
        "component": [*components, *_centile(weight.centile)],
    }


def _absent(name: str, report: Report, base: Base) -> Json:
    """Why there is no size: measured in pixels alone, or not measured at all."""
    pixels = any(m.name == name and m.mm is None for f in report.frames for m in f.measurements)
    coding = [{"system": _ABSENT, "code": "unsupported" if pixels else "not-performed"}]
    if pixels:
        coding.append({"system": f"{SYSTEM}/abstention", "code": Abstention.NOT_CALIBRATED.value})
    return {**_coded(name, base), "dataAbsentReason": {"coding": coding}}


def _entered(examination: Examination, base: Base) -> Iterable[Json]:
    """What people entered, and who; what nobody has is absent as "not-performed"."""
    nothing = {"dataAbsentReason": {"coding": [{"system": _ABSENT, "code": "not-performed"}]}}
    measured = {name for name, _ in _values(examination)}
    for name in ("fetuses", *_FACTS):
        if name not in measured:
            yield {**_coded(name, base), **nothing}
    for name, value in _values(examination):
        about = _ABOUT.get(name, name.replace("anatomy_", "anatomy."))
        yield _said({**_coded(name, base), **value}, examination.source(about))


def _said(made: Json, source: Source | None) -> Json:
    """With who said it: a person as performer, a phone as device, else where it is from as a note."""
    if source is None:
        return made
    issued = {} if source.at is None else {"issued": instant(source.at)}
    made = {key: value for key, value in made.items() if key != "device"}  # no model said it
    if source.kind is SourceKind.PERSON:
        performer = [{"type": "Practitioner", "display": source.name}]
        return {**made, **issued, "performer": performer}
    if source.kind is SourceKind.PHONE:
        return {**made, **issued, "device": {"display": f"phone {source.name}".strip()}}
    kind = "order" if source.kind is SourceKind.ORDER else "the images' header"
    note = {"text": f"From {kind} {source.name}".strip()}
    return {**made, **issued, "note": [*made.get("note", ()), note]}


def _values(examination: Examination) -> Iterable[tuple[str, Json]]:
    """Name and value of all that was entered."""
    number, rate = examination.fact("fetuses"), examination.fact("heart_rate")
    if number:
        yield "fetuses", {"valueInteger": number}
    for name, count in (examination.fact("parity") or {}).items():
        yield name, {"valueInteger": count}
    if rate:
        yield "heart_rate", {"valueQuantity": quantity(rate, "/min")}
    for name in _FACTS:
        if value := examination.fact(name):
            yield name, {"valueCodeableConcept": _own(value)}
    for name in _TEXTS:
        if text := examination.fact(name):
            yield name, {"valueString": text}
    placenta = examination.fact("placenta") or {}
    if placenta.get("site"):
        value = {"valueCodeableConcept": _own(placenta["site"])}
        low = [] if placenta.get("low") is None else [
            {"code": _own("low-lying"), "valueBoolean": placenta["low"]}
        ]  # fmt: skip
        yield "placenta", {**value, **({"component": low} if low else {})}
    fluid = examination.fact("fluid") or {}
    if fluid.get("mm") is not None:
        kind = fluid.get("kind") or "deepest_pocket"
        yield f"fluid_{kind}", {"valueQuantity": quantity(fluid["mm"], "mm")}
    for organ, state in (examination.fact("anatomy") or {}).items():
        yield f"anatomy_{organ}", {"valueCodeableConcept": _own(state)}


def _interval(low: float | None, high: float | None, unit: str) -> list[Json]:
    return [
        {"code": _own(f"interval-95-{end}"), "valueQuantity": quantity(round(value, 1), unit)}
        for end, value in (("low", low), ("high", high))
        if value is not None
    ]


def _centile(centile: Centile | None) -> list[Json]:
    if centile is None:
        return []
    named = {"coding": _own("centile")["coding"], "text": centile.chart}
    z = {"code": _own("z-score"), "valueQuantity": quantity(round(centile.z, 2), "1")}
    return [{"code": named, "valueQuantity": quantity(round(centile.centile, 1), "%")}, z]


def _has_centile(one: Json) -> bool:
    codes = (c["code"]["coding"][0]["code"] for c in one.get("component", ()))
    return "centile" in codes


def _own(code: str) -> Json:
    return {"coding": [{"system": SYSTEM, "code": code.replace("_", "-")}]}
