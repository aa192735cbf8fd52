"""Who is looked at first."""

from dataclasses import replace
from datetime import UTC, datetime

from services.domain.report import (
    Abstention,
    Dating,
    FrameReading,
    Measurement,
    Origin,
    ReleaseId,
    Report,
    Scored,
)
from services.domain.triage import triage_readings, uncertainty

FRAME = FrameReading(
    "1.2", "1.2.3", 1, 10, 10, True, 0.99, 0.9, Scored("head", 0.98),
    measurements=(Measurement("HC", 100.0, 250.0),),
    datings=(Dating("Hadlock 1984 (HC)", "HC", 190.0, 176.0, 204.0, "27w 1d"),),
)  # fmt: skip
REPORT = Report(
    "1.2", Origin.HUB, ReleaseId("a", "1.0.0", "0" * 64), datetime(2026, 1, 1, tzinfo=UTC), (FRAME,)
)


def of(report=REPORT, **more):
    return triage_readings(
        **{"urgent": False, "hub": report, "phone": None, "lmp_days": None, **more}
    )


def test_sure_report_has_a_low_score():
    assert of().reasons == ()
    assert of().score < 10


def test_nothing_assessed_is_uncertain():
    blind = replace(
        FRAME, plane=None, measurements=(), abstentions=((Abstention.TOO_POOR, "image"),)
    )
    triaged = of(replace(REPORT, frames=(blind,)))
    assert triaged.reasons == ("low_confidence",)
    assert uncertainty(None) == 1.0


def test_structure_in_doubt_is_low_confidence():
    doubtful = replace(FRAME, abstentions=((Abstention.LOW_CONFIDENCE, "fetal_head"),))
    assert of(replace(REPORT, frames=(doubtful,))).reasons == ("low_confidence",)


def test_age_that_contradicts_the_last_period_is_a_finding():
    assert of(lmp_days=190.0).reasons == ()
    assert of(lmp_days=230.0).reasons == ("finding",)


def test_urgent_is_first_and_a_phone_that_disagrees_is_said():
    phone = replace(
        REPORT, origin=Origin.PHONE, frames=(replace(FRAME, plane=Scored("abdomen", 0.9)),)
    )
    triaged = of(urgent=True, phone=phone)
    assert triaged.reasons == ("urgent", "disagreement")
    assert triaged.score > of(phone=phone).score > of().score


def test_a_phone_alone_is_judged_by_the_same_rule():
    phone = replace(REPORT, origin=Origin.PHONE)
    assert of(report=None, phone=phone) == of()
    assert of(report=None, phone=phone, lmp_days=230.0).reasons == ("finding",)
    assert of(report=None).reasons == ("low_confidence",)


def test_the_order_in_which_two_readers_came_does_not_matter():
    doubtful = replace(FRAME, plane=Scored("abdomen", 0.3))
    phone = replace(REPORT, origin=Origin.PHONE, frames=(doubtful,))
    assert of(phone=phone).reasons == ("disagreement",)
