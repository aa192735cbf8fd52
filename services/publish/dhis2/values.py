"""What a mapping may ask of an examination, and the text that DHIS2 gets for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from services.domain.dicom.values import first_text, iso_date
from services.domain.examination.examination import Examination
from services.domain.report import Report

_MEASURES: Final = ("BPD", "HC", "OFD", "AC", "FL", "CRL", "NT")
PRELIMINARY, FINAL, CORRECTED = "preliminary", "final", "corrected"


@dataclass(frozen=True, slots=True)
class Examined:
    """One version of an examination. ``attributes``: the study's DICOM JSON; ``status``: one of the
    three above; ``day``: of the examination; ``last_period``: first day, where it is known."""

    report: Report
    attributes: dict[str, Any]
    examination: Examination
    status: str
    day: date
    last_period: date | None = None

    @property
    def number(self) -> str:
        """The woman's number; empty where there is none."""
        return first_text(self.attributes, "00100020")


@dataclass(frozen=True, slots=True)
class ValueSource:
    """``read`` gives the value of an examination, or of one fetus's part of it; None: not assessed.

    ``codes``: all that a value may be, empty where it is free; ``decimals``: places after the point by
    default, None for what is no number; ``of_fetus``: differs from fetus to fetus.
    """

    read: Callable[[Examined, Examination], Any]
    codes: tuple[str, ...] = ()
    decimals: int | None = None
    of_fetus: bool = False


def _measure(name: str) -> ValueSource:
    def read(_: Examined, part: Examination) -> float | None:
        measure = part.summary.of(name)
        return None if measure is None else measure.mm

    return ValueSource(read, decimals=1, of_fetus=True)


def _weight(_: Examined, part: Examination) -> float | None:
    return part.summary.weight.grams if part.summary.weight else None


def _weight_centile(_: Examined, part: Examination) -> float | None:
    weight = part.summary.weight
    return weight.centile.centile if weight is not None and weight.centile is not None else None


def _scan_days(_: Examined, part: Examination) -> float | None:
    return part.summary.composite.days if part.summary.composite else None


def _weeks(examined: Examined, _: Examination) -> int | None:
    days = examined.examination.summary.ga_days
    return None if days is None else days // 7


def _due(examined: Examined, _: Examination) -> str | None:
    dating = examined.examination.summary.dating
    return dating.due.isoformat() if dating is not None else None


def _fact(name: str, *codes: str, decimals: int | None = None) -> ValueSource:
    return ValueSource(lambda examined, _: examined.examination.fact(name), codes, decimals)


def _placenta(examined: Examined, _: Examination) -> Any:
    return (examined.examination.fact("placenta") or {}).get("site")


def _last_period(examined: Examined, _: Examination) -> str | None:
    return examined.last_period.isoformat() if examined.last_period else None


def _reviewed(examined: Examined, _: Examination) -> str:
    return "false" if examined.status == PRELIMINARY else "true"


SOURCES: Final[Mapping[str, ValueSource]] = {
    "ga_days": ValueSource(lambda one, _: one.examination.summary.ga_days, decimals=0),
    "ga_weeks": ValueSource(_weeks, decimals=0),
    "due_date": ValueSource(_due),
    "last_period": ValueSource(_last_period),
    "examination_date": ValueSource(lambda one, _: one.day.isoformat()),
    "ga_scan_days": ValueSource(_scan_days, decimals=0, of_fetus=True),
    "efw_g": ValueSource(_weight, decimals=0, of_fetus=True),
    "efw_centile": ValueSource(_weight_centile, decimals=1, of_fetus=True),
    **{f"{name.lower()}_mm": _measure(name) for name in _MEASURES},
    "presentation": _fact("presentation", "cephalic", "breech", "transverse", "oblique"),
    "fetuses": _fact("fetuses", decimals=0),
    "heart_activity": _fact("heart_activity", "present", "absent"),
    "heart_rate": _fact("heart_rate", decimals=0),
    "fluid_impression": _fact("fluid_impression", "normal", "reduced", "increased"),
    "placenta": ValueSource(_placenta, ("anterior", "posterior", "fundal", "left", "right")),
    "reviewed": ValueSource(_reviewed, ("true", "false")),
    "status": ValueSource(lambda one, _: one.status, (PRELIMINARY, FINAL, CORRECTED)),
}


def value_of(
    name: str,
    examined: Examined,
    fetus: str = "",
    options: Mapping[str, str] | None = None,
    decimals: int | None = None,
) -> str | None:
    """The text for DHIS2; None for what was not assessed, or has the empty option code.

    Args:
        fetus: letter, where a mapping names one: that fetus of several. Without it what differs from
            fetus to fetus is told of a single one alone.
        options: value → option code.
    """
    source, whole = SOURCES[name], examined.examination
    part = whole if not source.of_fetus else dict(whole.parts).get(fetus)
    value = None if part is None else source.read(examined, part)
    if value is None:
        return None
    if source.decimals is not None:
        places = source.decimals if decimals is None else decimals
        return f"{float(value):.{places}f}"
    text = str(value)
    return (options[text] if options else text) or None


def woman_value(name: str, attributes: dict[str, Any]) -> str | None:
    """Of the woman: ``number``, ``name``, ``given_name``, ``family_name`` or ``birth_date``."""
    if name == "number":
        return first_text(attributes, "00100020") or None
    if name == "birth_date":
        return iso_date(attributes, "00100030") or None
    family, _, given = first_text(attributes, "00100010").partition("^")
    given = " ".join(given.replace("^", " ").split())
    parts = {"given_name": given, "family_name": family.strip()}
    parts["name"] = f"{given} {family.strip()}".strip()
    return parts[name] or None
