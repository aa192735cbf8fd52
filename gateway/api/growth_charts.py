"""Growth charts, and the published JSON Schema of a report."""

from __future__ import annotations

from statistics import NormalDist
from typing import Any

from fastapi import APIRouter

from gateway.http.params import Reader
from services.domain.biometry import (
    HADLOCK_HC,
    INTERGROWTH_HC_CHART,
    hadlock_hc,
    intergrowth_hc_mean_sd,
)
from services.reading import report_json

router = APIRouter(prefix="/api", tags=["Results"])
_CENTILES = (3, 10, 50, 90, 97)


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


@router.get(
    "/schemas/report.json", summary="Get the JSON Schema of a report", operation_id="reportSchema"
)
def schema(_: Reader) -> dict[str, Any]:
    """JSON Schema 2020-12."""
    return report_json.schema()
