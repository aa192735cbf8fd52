"""The sections of the printed report, each from the examination alone; nothing here measures or judges."""

from __future__ import annotations

from datetime import date
from typing import Any

from services.domain.biometry import age_by_last_period, weeks_and_days
from services.domain.dicom.values import STUDY_DATE, first_date, first_text
from services.domain.examination.examination import Examination
from services.domain.examination.source import Source, SourceKind
from services.domain.examination.summary import MeasureSummary
from services.domain.report import Centile
from services.publish.pdf_sheet import SOFT, Sheet
from services.publish.pdf_strings import Words

ORGANS = (
    "head", "brain", "face", "spine", "chest", "heart", "abdomen", "kidneys", "bladder", "limbs",
    "cord",
)  # fmt: skip
_FIRST_TRIMESTER = ("CRL", "NT")  # not asked for later on
_LATE_DAYS = 98
_EMPTY = "–"
_FACT_WORDS = {"last_period": "period", "heart_rate": "heart_activity", "fluid_impression": "fluid"}
_OTHERS = 3


def who(sheet: Sheet, attributes: dict[str, Any], examination: Examination) -> None:
    """Who, when, why, by whom and with what."""
    words = sheet.words
    parity = examination.fact("parity") or {}
    born, day = first_date(attributes, "00100030"), first_date(attributes, STUDY_DATE)
    rows = [
        ("patient", _name(attributes, "00100010") or _EMPTY),
        ("number", first_text(attributes, "00100020") or _EMPTY),
        ("born", words.day(born) if born else ""),
        ("day", words.day(day) if day else _EMPTY),
        ("accession", first_text(attributes, "00080050")),
        ("referrer", _name(attributes, "00080090")),
        ("scanned_by", examination.acquired.operator.replace("^", " ").strip()),
        ("machine", examination.acquired.machine),
        ("parity", f"{parity.get('gravida', _EMPTY)} / {parity.get('para', _EMPTY)}" if parity else ""),
        ("made", sheet.moment(sheet.report.created_at)),
    ]  # fmt: skip
    sheet.pairs([(words(key), value) for key, value in rows if value])
    sheet.row(words("indication"), examination.fact("indication") or _EMPTY)
    frames = sheet.report.frames
    line = words("images_read").format(
        read=sum(1 for one in frames if one.in_scope), all=len(frames),
        skipped=len(sheet.report.skipped),
    )  # fmt: skip
    sheet.row(words("images"), line)


def dating(sheet: Sheet, attributes: dict[str, Any], examination: Examination) -> None:
    """Last period, what holds and why, the age on this day, the due date."""
    words, summary = sheet.words, examination.summary
    sheet.heading(words("dating"))
    period = _last_period(attributes, examination)
    held = summary.dating
    rows = [("period", words.day(period) if period else words("not_known"))]
    if period is not None and (day := summary.day) is not None:
        rows.append(("age_period", weeks_and_days((day - period).days)))
    if held is None:
        sheet.pairs([(words(key), value) for key, value in rows])
        sheet.row(words("basis"), words("not_dated"))
        return
    if summary.ga_days is not None:
        rows.append(("age_today", weeks_and_days(summary.ga_days)))
    rows.append(("due", words.day(held.due)))
    sheet.pairs([(words(key), value) for key, value in rows])
    reason = words.counted(held.reason, abs(held.differs_days or 0), m=held.allowed_days)
    if held.equation:
        reason += f" · {held.equation}"
    if held.scan_day is not None:
        reason += f" · {words.day(held.scan_day)}"
    sheet.row(words("basis"), reason)
    if summary.discordance_days is not None:
        sheet.row(words("agreement"), words.counted("days", summary.discordance_days))


def fetus(sheet: Sheet, examination: Examination) -> None:
    """What people saw; "not assessed" where nobody has entered it."""
    words, fact = sheet.words, examination.fact
    sheet.heading(words("fetus"))
    number, heart, rate = fact("fetuses"), fact("heart_activity"), fact("heart_rate")
    pulse = [words(heart)] if heart else []
    pulse += [f"{rate}/min"] if rate else []
    nothing = words("not_assessed")
    sheet.pairs(
        [
            (words("fetuses"), str(number) if number else nothing),
            (words("presentation"), words(fact("presentation") or "not_assessed")),
            (words("heart_activity"), ", ".join(pulse) or nothing),
            (words("placenta"), _placenta(words, fact("placenta") or {}) or nothing),
            (words("fluid"), _fluid(words, examination) or nothing),
        ]
    )
    if examination.summary.several:
        sheet.text_line(words("several"), 8, bold=True)
    if unassigned := examination.summary.unassigned:
        values = ", ".join(f"{one.measure} {one.mm:.1f} mm" for one in unassigned)
        sheet.row(words("unassigned"), values)


def _placenta(words: Words, placenta: dict[str, Any]) -> str:
    parts = [words(placenta["site"])] if placenta.get("site") else []
    if placenta.get("low") is not None:
        parts.append(words("low" if placenta["low"] else "not_low"))
    return ", ".join(parts)


def _fluid(words: Words, examination: Examination) -> str:
    fluid, parts = examination.fact("fluid") or {}, []
    if fluid.get("mm") is not None:
        parts.append(f"{words(fluid.get('kind') or 'deepest_pocket')} {fluid['mm']:g} mm")
    if examination.fact("fluid_impression"):
        parts.append(words(examination.fact("fluid_impression")))
    return ", ".join(parts)


def biometry(sheet: Sheet, examination: Examination, letter: str = "") -> None:
    """A row for each measure: the value that counts, the images it rests on, age by it, centile.

    ``letter``: of the fetus that this is of, where there are several.
    """
    words, summary = sheet.words, examination.summary
    title = words("biometry")
    sheet.heading(f"{title} · {words('fetus')} {letter}" if letter else title)
    head = [words(key) for key in ("measure", "value", "interval", "age_by", "centile", "images")]
    rows = [_measure(words, one) for one in summary.measures]
    rows += _uncalibrated(sheet, examination, letter)
    if rows:
        sheet.grid((30, 12, 20, 13, 15, 20), [head, *rows])
    charts = dict.fromkeys(
        one.centile.chart.split(" (")[0] for one in summary.measures if one.centile is not None
    )
    equations = dict.fromkeys(
        one.dating.equation.split(" (")[0] for one in summary.measures if one.dating is not None
    )
    if charts or equations:
        named = [f"{words('centile')}: {', '.join(charts)}"] if charts else []
        named += [f"{words('age_by')}: {', '.join(equations)}"] if equations else []
        sheet.text_line(" · ".join(named), 7, colour=SOFT)
    if summary.composite is not None:
        sheet.row(words("composite"), f"{summary.composite.text} · {summary.composite.equation}")
    late = summary.ga_days is None or summary.ga_days > _LATE_DAYS
    missing = [n for n in summary.not_assessed if not (late and n in _FIRST_TRIMESTER)]
    missing = [n for n in missing if not any(row[0].startswith(f"{n} ") for row in rows)]
    if missing:
        sheet.row(words("not_assessed"), ", ".join(f"{n} ({words.label(n)})" for n in missing))


def _measure(words: Words, one: MeasureSummary) -> list[str]:
    values = " ".join(f"{c.mm:.1f}" for c in one.counted)
    if any(c.by_person for c in one.counted):
        values += f" {words('by_hand')}"
    others = [f"{c.mm:.1f}" for c in one.candidates if c not in one.counted]
    if others:  # accepted, and not in the mean
        values += f" ({' '.join(others[:_OTHERS])}{' …' if len(others) > _OTHERS else ''})"
    return [
        f"{one.measure} {words.label(one.measure)}",
        f"{one.mm:.1f} mm",
        _interval(one.mm_low, one.mm_high),
        one.dating.text if one.dating is not None else _EMPTY,
        centile(one.centile) if one.centile is not None else _EMPTY,
        values,
    ]


def _interval(low: float | None, high: float | None) -> str:
    return _EMPTY if low is None or high is None else f"{low:.1f}–{high:.1f} mm"


def _uncalibrated(sheet: Sheet, examination: Examination, letter: str) -> list[list[str]]:
    """What was measured in pixels alone, and what the summary does not hold."""
    words = sheet.words
    rows: dict[str, list[str]] = {}
    shows = examination.fact("fetus_images") or {}
    for frame in sheet.report.frames:
        if letter and shows.get(frame.sop_uid) != letter:
            continue
        for one in frame.measurements:
            if examination.summary.of(one.name) is None and (one.mm is not None or frame.in_scope):
                value = f"{one.px:.0f} px" if one.mm is None else f"{one.mm:.1f} mm"
                about = _interval(one.mm_low, one.mm_high)
                about = words("not_calibrated") if one.mm is None else about
                name = f"{one.name} {words.label(one.name)}"
                rows.setdefault(one.name, [name, value, about, _EMPTY, _EMPTY, ""])
    return list(rows.values())


def weight(sheet: Sheet, examination: Examination) -> None:
    """The weight with its equation and interval, the ratios, growth since the last examination."""
    words, summary = sheet.words, examination.summary
    one = summary.weight
    if one is not None:
        text = f"{one.grams:.0f} g ({words('two_sd')} {one.low_grams:.0f}–{one.high_grams:.0f} g)"
        text += f" · {one.equation}"
        if one.centile is not None:
            text += f" · {words('centile')} {centile(one.centile)} · {one.centile.chart}"
        sheet.row(words("weight"), text)
    else:
        sheet.row(words("weight"), words("not_assessed"))
    if summary.ratios:
        ratios = (_ratio(words, name, value) for name, value in summary.ratios.items())
        sheet.row(words("ratios"), " · ".join(ratios))
    if summary.growth:
        grown = [
            f"{g.measure} {g.per_week:+.0f} g {words('a_week')}" if g.measure == "EFW"
            else f"{g.measure} {g.per_week:+.1f} mm {words('a_week')}"
            for g in summary.growth
        ]  # fmt: skip
        sheet.row(words("growth_since"), " · ".join(grown))


def _ratio(words: Words, name: str, value: float) -> str:
    label = words("CI") if name == "CI" else name
    return f"{label} {value:.2f}" if name == "HC/AC" else f"{label} {value:.0f} %"


def anatomy(sheet: Sheet, examination: Examination) -> None:
    """What a person saw, did not see and did not look at; never "normal"."""
    words = sheet.words
    sheet.heading(words("anatomy"))
    entered = examination.fact("anatomy") or {}
    for state in ("seen", "not_seen", "not_looked_at"):
        organs = [o for o in ORGANS if entered.get(o, "not_looked_at") == state]
        if organs:
            sheet.row(words(state), ", ".join(words(organ) for organ in organs))


def impression(sheet: Sheet, examination: Examination) -> None:
    """By a person alone; and the comments."""
    words = sheet.words
    sheet.heading(words("impression"))
    sheet.text_line(examination.fact("impression") or words("no_impression"))
    comments = [examination.fact("comment") or "", sheet.report.comment]
    for text in dict.fromkeys(text for text in comments if text):
        sheet.row(words("comment"), text)
    sources(sheet, examination)


def sources(sheet: Sheet, examination: Examination) -> None:
    """Who said what of it, and when."""
    words = sheet.words
    notes = []
    for said in examination.said:
        about = dict.fromkeys(words(_FACT_WORDS.get(name, name)) for name in said.facts)
        notes.append(f"{_source(words, said.source)}: {', '.join(about)}")
    if notes:
        sheet.text_line(f"{words('said_by')} – {' · '.join(notes)}", 7, colour=SOFT)


def _source(words: Words, source: Source) -> str:
    kind = "" if source.kind is SourceKind.PERSON else words(f"source_{source.kind.value}")
    day = words.day(source.at.date()) if source.at is not None else ""
    return ", ".join(one for one in (f"{kind} {source.name}".strip(), day) if one)


def centile(one: Centile) -> str:
    """For people: never 0 and never 100."""
    if one.centile < 1:
        return f"<1 ({one.z:+.1f} z)"
    return f">99 ({one.z:+.1f} z)" if one.centile > 99 else f"{one.centile:.0f} ({one.z:+.1f} z)"


def _last_period(attributes: dict[str, Any], examination: Examination) -> date | None:
    if examination.last_period is not None:
        return examination.last_period
    entered = examination.fact("last_period")
    if entered:
        return entered if isinstance(entered, date) else date.fromisoformat(entered)
    days, day = age_by_last_period(attributes), first_date(attributes, STUDY_DATE)
    return date.fromordinal(day.toordinal() - int(days)) if days is not None and day else None


def _name(attributes: dict[str, Any], tag: str) -> str:
    """Every script in which the name is written."""
    values = attributes.get(tag, {}).get("Value") or []
    if not values or not isinstance(values[0], dict):
        return first_text(attributes, tag)
    groups = (values[0].get(group, "") for group in ("Alphabetic", "Ideographic", "Phonetic"))
    return " · ".join(text.replace("^", " ").strip() for text in groups if text)
