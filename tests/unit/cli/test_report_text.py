"""What the terminal says of a report: never a millimetre without calibration, never 'normal'."""

import io
import json
from datetime import UTC, datetime

import pytest
from rich.console import Console

from cli import report_text
from services.domain.report import (
    Abstention,
    Dating,
    FrameReading,
    Measurement,
    Origin,
    ReleaseId,
    Report,
    Scored,
    Structure,
)
from services.reading import report_json


def shown(**frame):
    reading = FrameReading(
        series_uid="1.2", sop_uid="1.2.3", frame=1, width=10, height=10, in_scope=True,
        scope_confidence=0.9, quality=0.9, plane=Scored("head", 0.97), **frame,
    )  # fmt: skip
    release = ReleaseId("fada-test", "1.0.0", "ab" * 32)
    report = Report("1.2.9", Origin.HUB, release, datetime.now(UTC), (reading,), {"infer": 0.5})
    result = {
        "report": json.loads(report_json.dump(report)),
        "version": 1,
        "origin": "hub",
        "label": report.label,
    }
    console = Console(width=120, record=True, file=io.StringIO())
    console.print(report_text.report(result, "http://hub/study/1"))
    return console.export_text()


def test_the_whole_report():
    text = shown(
        structures=(Structure("fetal_head", 0.953, (1, 1, 2, 2)),),
        measurements=(Measurement("HC", 500.0, 247.13, 240.0, 254.0, "region"),),
        datings=(Dating("Hadlock 1984", "HC", 188, 174, 202, "26w 6d"),),
    )
    for part in (
        "AI result, not for diagnosis", "head  97 %", "fetal_head  95 %", "247.1 mm",
        "95 %: 240.0 to 254.0 mm", "26w 6d  by Hadlock 1984", "24w 6d to 28w 6d",
        "fada-test 1.0.0", "infer 0.50 s", "http://hub/study/1",
    ):  # fmt: skip
        assert part in text


def test_days_are_rounded_as_on_the_page_and_nothing_is_wholly_sure():
    text = shown(
        structures=(Structure("fetal_head", 0.9996, (1, 1, 2, 2)),),
        datings=(Dating("Hadlock 1984", "HC", 191.6, 177.2, 205.9, "27w 3d"),),
    )
    assert "25w 2d to 29w 3d" in text
    assert "fetal_head  >99 %" in text
    assert "100" not in text.replace("1.0.0", "")


def test_without_calibration_there_are_pixels_only():
    text = shown(measurements=(Measurement("HC", 500.0),))
    assert "500.0 px (not calibrated)" in text
    assert "mm" not in text


@pytest.mark.parametrize("reason", list(Abstention))
def test_every_abstention_has_words(reason):
    text = shown(abstentions=((reason, "HC"),))
    assert "HC: " in text
    assert "normal" not in text.lower()
    assert reason.value not in text


def test_an_event_holds_what_the_stream_holds():
    event = {"type": "study.progress", "payload": {"phase": "infer", "percent": 20}}
    assert report_text.event(event) == "reading: infer 20 %"
