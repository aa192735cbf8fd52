"""Growth charts, and the published JSON Schema of a report."""

from __future__ import annotations

from statistics import NormalDist
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path

from gateway.http.params import Reader
from services.domain.biometry import (
    HADLOCK_HC,
    INTERGROWTH_HC_CHART,
    hadlock_hc,
    intergrowth_hc_mean_sd,
)
from services.domain.examination.charts import HADLOCK, INTERGROWTH, size_at
from services.domain.examination.weight import weight_at
from services.reading import report_json

router = APIRouter(prefix="/api", tags=["Results"])
_CENTILES = (3, 10, 50, 90, 97)
Measure = Annotated[
    Literal["BPD", "HC", "OFD", "AC", "FL", "EFW"], Path(description="EFW: estimated fetal weight")
]


@router.get("/charts/hc", summary="Get head circumference charts", operation_id="chartsHc")
def hc(_: Reader) -> dict[str, Any]:
    """INTERGROWTH-21st as centiles by week; Hadlock 1984 as dated age by HC with ±2 SD."""
    weeks = [14 + step / 2 for step in range(53)]
    curves: dict[str, list[float]] = {f"p{c}": [] for c in _CENTILES}
    for week in weeks:
        mean, sd = intergrowth_hc_mean_sd(week)
        for centile in _CENTILES:
            z = NormalDist().inv_cdf(centile / 100)
            curves[f"p{centile}"].append(round(mean + z * sd, 2))
    dated = [
        (mm, dating) for mm in range(70, 361, 5) if (dating := hadlock_hc(float(mm))) is not None
    ]
    return {
        "charts": [
            {"name": INTERGROWTH_HC_CHART, "unit": "mm", "weeks": weeks, **curves},
            {
                "name": HADLOCK_HC,
                "unit": "mm",
                "hc": [mm for mm, _ in dated],
                "weeks": [round(d.days / 7, 3) for _, d in dated],
                "weeks_low": [round((d.low_days or d.days) / 7, 3) for _, d in dated],
                "weeks_high": [round((d.high_days or d.days) / 7, 3) for _, d in dated],
            },
        ]
    }


@router.get("/charts/{measure}", summary="Get a growth chart", operation_id="charts")
def chart_of(measure: Measure, _: Reader) -> dict[str, Any]:
    """The curves of a measure (mm) or of the weight (g) by exact weeks, for each chart that holds it."""
    charts = [
        {"chart": chart, "unit": "g" if measure == "EFW" else "mm", **curves}
        for chart in (INTERGROWTH, HADLOCK)
        if (curves := _curves(chart, measure))["weeks"]
    ]
    return {"measure": measure, "charts": charts}


def _curves(chart: str, measure: str) -> dict[str, list[float]]:
    """Only the ages at which every curve holds."""
    curves: dict[str, list[float]] = {"weeks": [], **{f"p{c}": [] for c in _CENTILES}}
    for week in (14 + step / 2 for step in range(53)):
        scores = [NormalDist().inv_cdf(centile / 100) for centile in _CENTILES]
        values = [
            weight_at(chart, week, z) if measure == "EFW" else size_at(chart, measure, week, z)
            for z in scores
        ]
        if any(value is None for value in values):
            continue
        curves["weeks"].append(week)
        for centile, value in zip(_CENTILES, values, strict=True):
            curves[f"p{centile}"].append(round(value or 0.0, 2))
    return curves


@router.get(
    "/schemas/report.json", summary="Get the JSON Schema of a report", operation_id="reportSchema"
)
def schema(_: Reader) -> dict[str, Any]:
    """JSON Schema 2020-12."""
    return report_json.schema()
