"""Growth curves of the printed report: size and weight by age over all examinations of the pregnancy."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from services.domain.examination.charts import size_at
from services.domain.examination.examination import Examination
from services.domain.examination.weight import weight_at
from services.publish.pdf_sheet import INK, RULE, SOFT, Sheet

_MEASURES = ("HC", "AC", "FL", "EFW")
_FIRST, _LAST = 14, 40  # weeks
_Z97 = 1.8808
_HEIGHT, _GAP = 30.0, 4.0
Curve = Callable[[float, float], float | None]  # weeks, z → mm or g, where the chart holds it


def draw_growth(sheet: Sheet, examination: Examination) -> None:
    """Four small charts with the 3rd, 50th and 97th centile; none where no age is known."""
    summary = examination.summary
    if summary.dating is None or summary.day is None:
        return
    points = {measure: _points(examination, measure) for measure in _MEASURES}
    if not any(points.values()):
        return
    words = sheet.words
    if sheet.will_page_break(_HEIGHT + 12):
        sheet.add_page()
    sheet.heading(words("growth"))
    sheet.text_line(
        f"{words('curves')}: {summary.chart} · {_FIRST}–{_LAST} {words('weeks')}", 7, colour=SOFT,
    )  # fmt: skip
    top = sheet.get_y() + 4
    width = (sheet.epw - _GAP * (len(_MEASURES) - 1)) / len(_MEASURES)
    for number, measure in enumerate(_MEASURES):
        left = sheet.l_margin + number * (width + _GAP)
        curve = _curve(summary.chart, measure)
        _chart(sheet, measure, points[measure], curve, (left, top, width))
    sheet.set_xy(sheet.l_margin, top + _HEIGHT + 4)


def _points(examination: Examination, measure: str) -> list[tuple[float, float, bool]]:
    """(weeks, value, whether it is this examination), at the age by the pregnancy's dating."""
    summary = examination.summary
    dating, day = summary.dating, summary.day
    assert dating is not None and day is not None  # noqa: PT018
    now = summary.of(measure)
    values: list[tuple[date, float | None, bool]] = [
        (one.day, one.grams if measure == "EFW" else one.mm.get(measure), False)
        for one in examination.past
    ]
    if measure == "EFW":
        values.append((day, summary.weight.grams if summary.weight is not None else None, True))
    else:
        values.append((day, now.mm if now is not None else None, True))
    return sorted(
        (weeks, value, is_now)
        for when, value, is_now in values
        if value is not None and _FIRST <= (weeks := dating.age_on(when) / 7) <= _LAST
    )


def _chart(
    sheet: Sheet,
    measure: str,
    points: list[tuple[float, float, bool]],
    curve: Curve,
    place: tuple[float, float, float],
) -> None:
    left, top, width = place
    values = [value for _, value, _ in points]
    highest = 1.05 * max(curve(_LAST, _Z97) or 1.0, *values, 1.0)

    def at(weeks: float, value: float) -> tuple[float, float]:
        share = (weeks - _FIRST) / (_LAST - _FIRST)
        return left + width * share, top + _HEIGHT * (1 - min(max(value / highest, 0.0), 1.0))

    sheet.set_draw_color(*RULE)
    sheet.rect(left, top, width, _HEIGHT)
    for week in (20, 30):
        x, _ = at(week, 0)
        sheet.line(x, top, x, top + _HEIGHT)
        _note(sheet, str(week), x - 2, top + _HEIGHT + 0.3)
    unit = "g" if measure == "EFW" else "mm"
    _note(sheet, f"{measure} ({unit}), {sheet.words.label(measure)}", left, top - 3)
    for z in (-_Z97, 0.0, _Z97):
        sheet.set_draw_color(*SOFT)
        sheet.set_line_width(0.25 if z == 0 else 0.12)
        ages = [half / 2 for half in range(2 * _FIRST, 2 * _LAST + 1)]
        line = [at(w, value) for w in ages if (value := curve(w, z)) is not None]
        if line:  # not every chart holds every measure
            sheet.polyline(line)
    sheet.set_line_width(0.15)
    _draw_points(sheet, [(*at(weeks, value), is_now) for weeks, value, is_now in points])


def _draw_points(sheet: Sheet, points: list[tuple[float, float, bool]]) -> None:
    sheet.set_draw_color(*INK)
    sheet.set_fill_color(*INK)
    if len(points) > 1:
        sheet.polyline([(x, y) for x, y, _ in points])
    for x, y, is_now in points:
        radius = 0.9 if is_now else 0.6
        sheet.circle(x, y, radius, style="F")


def _note(sheet: Sheet, text: str, x: float, y: float) -> None:
    sheet.use(6, colour=SOFT)
    sheet.set_xy(x, y)
    sheet.cell(0, 2.5, text)


def _curve(chart: str, measure: str) -> Curve:
    if measure == "EFW":
        return lambda weeks, z: weight_at(chart, weeks, z)
    return lambda weeks, z: size_at(chart, measure, weeks, z)
