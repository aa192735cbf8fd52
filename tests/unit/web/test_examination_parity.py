"""The pages summarise an examination as the hub does: the same candidates, choice, ages, centiles, growth."""

from __future__ import annotations

import json
import math
import random
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from typescript import needs_node, run

from services.domain.examination import charts, fetuses, history, pregnancy, summary, weight
from services.domain.language.languages import LANGUAGES
from services.domain.language.plurals import is_one
from services.domain.report import FrameReading, Measurement, Scored

pytestmark = needs_node
SUMMARY, PREGNANCY, CHARTS, WEIGHT, FETUSES = (
    f"shared/examination/{name}.ts"
    for name in ("summary", "pregnancy", "charts", "weight", "fetuses")
)
EXAMINATION, HUB_FACTS = "shared/examination/examination.ts", "phone/src/case/hubFacts.ts"
DAY = date(2026, 3, 1)
AT = datetime(2026, 3, 1, tzinfo=UTC)
SPANS = {
    "BPD": (10.0, 110.0), "HC": (60.0, 370.0), "OFD": (20.0, 130.0), "AC": (45.0, 390.0),
    "FL": (5.0, 85.0), "CRL": (5.0, 90.0), "NT": (0.5, 4.0), "stray": (1.0, 2.0),
}  # fmt: skip


def plain(value: Any) -> Any:
    """As it is sent: days as text, lists for tuples."""
    return json.loads(json.dumps(value, default=lambda day: day.isoformat()))


def agree(got: Any, want: Any, where: str = "") -> None:
    """Equal in every field; numbers to the last digits of the arithmetic."""
    if isinstance(want, float) and not isinstance(got, bool):
        assert got == pytest.approx(want, rel=1e-9, abs=1e-9), where
    elif isinstance(want, dict):
        assert got.keys() == want.keys(), where
        for name, value in want.items():
            agree(got[name], value, f"{where}.{name}")
    elif isinstance(want, list):
        assert len(got) == len(want), where
        for number, pair in enumerate(zip(got, want, strict=True)):
            agree(*pair, f"{where}[{number}]")
    else:
        assert got == want, where


def a_frame(chance: random.Random, number: int) -> FrameReading:
    taken = []
    for name in chance.sample(sorted(SPANS), chance.choice((0, 1, 1, 2, 3))):
        mm = None if chance.random() < 0.15 else chance.uniform(*SPANS[name])
        known = mm is not None and chance.random() < 0.7
        taken.append(
            Measurement(
                name, 300.0, mm, mm - 2 if known and mm else None, mm + 2 if known and mm else None,
                "ultrasound_region", chance.choice(("ellipse", "ellipse", "calipers", "outline drawn by a person")),
            )
        )  # fmt: skip
    return FrameReading(
        "1.2", f"1.2.{number % 7}", number, 100, 100, chance.random() < 0.8, 0.9,
        chance.choice((0.2, 0.5, 0.9, chance.random())), Scored("head", 0.99),
        measurements=tuple(taken),
    )  # fmt: skip


def a_dating(chance: random.Random) -> pregnancy.PregnancyDating | None:
    period = (
        None if chance.random() < 0.3 else DAY - timedelta(days=chance.choice((84, 154, 210, 275)))
    )
    scans = tuple(
        pregnancy.DatingScan(
            DAY - timedelta(days=chance.choice((0, 14, 60))), chance.uniform(60, 270), "Hadlock"
        )
        for _ in range(chance.randrange(3))
    )
    return pregnancy.date_pregnancy(period, scans)


def test_the_whole_summary_of_made_up_examinations() -> None:
    chance = random.Random(12)
    wanted, calls = [], []
    for _ in range(300):
        frames = [a_frame(chance, n) for n in range(chance.randrange(12))]
        day = None if chance.random() < 0.1 else DAY
        dating, chart = a_dating(chance), chance.choice(charts.CHARTS)
        past = [
            summary.PastExamination(
                DAY - timedelta(days=chance.choice((-7, 0, 28, 28, 70))),
                {name: chance.uniform(*SPANS[name]) for name in ("HC", "AC")},
                chance.choice((None, 900.0)),
            )
            for _ in range(chance.randrange(4))
        ]
        chosen = {"HC": ("1.2.1", 1), "AC": ("1.2.3", 3)} if chance.random() < 0.4 else {}
        wanted.append(
            summary.summarise(frames, day=day, dating=dating, past=past, chart=chart, chosen=chosen)
        )
        given = {
            "day": day, "dating": asdict(dating) if dating else None, "chart": chart,
            "past": [asdict(one) for one in past],
            "chosen": {name: {"sop_uid": s, "frame": f} for name, (s, f) in chosen.items()},
        }  # fmt: skip
        calls.append((SUMMARY, "summarise", plain([[asdict(f) for f in frames], given])))
    for got, want in zip(run(*calls), wanted, strict=True):
        agree(got, plain(asdict(want)))
    # The cases are worth comparing only when they reach all that can be said.
    assert any(one.composite and one.discordance_days is not None for one in wanted)
    assert any(one.weight and one.weight.centile for one in wanted)
    assert any(m.centile and len(m.counted) == 3 for one in wanted for m in one.measures)
    assert any(g.measure == "EFW" for one in wanted for g in one.growth)
    assert any(one.dating and one.dating.scan_day == DAY for one in wanted)


def test_several_fetuses() -> None:
    chance = random.Random(3)
    wanted: list[Any] = []
    calls = []
    for _ in range(20):
        frames = [a_frame(chance, n) for n in range(8)]
        twins = fetuses.Fetuses(
            2, {f"1.2.{n}": chance.choice(("A", "B", "C")) for n in range(0, 7, 2)}
        )
        left = twins.unassigned(frames)
        wanted += [
            fetuses.summarise_several(frames, left, day=DAY, dating=None),
            left,
            twins.frames_of("B", frames),
        ]
        sent, images = [asdict(f) for f in frames], dict(twins.of_image)
        calls += [
            (FETUSES, "summariseSeveral", plain([sent, [asdict(f) for f in left], {"day": DAY}])),
            (FETUSES, "unassignedOf", plain([["A", "B"], sent, images])),
            (FETUSES, "framesOf", plain(["B", sent, images])),
        ]
    for got, want in zip(run(*calls), wanted, strict=True):
        expected = [asdict(one) for one in want] if isinstance(want, list) else asdict(want)
        agree(got, plain(expected))
    assert any(one.unassigned for one in wanted[::3])


def made_up(chance: random.Random) -> tuple[list[FrameReading], dict[str, Any]]:
    """Frames as a phone reads them, and what it knows beside them."""
    day = chance.choice((DAY, DAY - timedelta(days=5), DAY - timedelta(days=12)))
    period = chance.choice(
        (None, DAY - timedelta(days=chance.choice((-3, 84, 196, 203, 270, 900))))
    )
    images = {f"1.2.{n}": chance.choice(("A", "B", "")) for n in range(0, 7, 2)}
    chosen = {"HC": ("1.2.2", 2)} if chance.random() < 0.3 else {}
    known = {
        "day": day, "period": period, "chosen": chosen, "images": images,
        "fetuses": chance.choice((None, 1, 2, 2, 3)),
    }  # fmt: skip
    return [a_frame(chance, n) for n in range(chance.randrange(3, 12))], known


def as_on_the_hub(frames: list[FrameReading], known: dict[str, Any]) -> dict[str, Any]:
    """One examination of a pregnancy of its own, by the functions that the hub reads it with."""
    assignment, day, chosen = (
        fetuses.Fetuses(known["fetuses"] or 1, known["images"]),
        known["day"],
        known["chosen"],
    )
    stated = (history.StatedPeriod(AT, known["period"]),) if known["period"] else ()
    visit = history.Visit(day, stated, history.measured(frames, chosen, assignment))
    dating = history.date_visits([visit])

    def of(shown: list[FrameReading]) -> dict[str, Any]:
        return asdict(summary.summarise(shown, day=day, dating=dating, chosen=chosen))

    if not assignment.letters:
        return {"whole": of(frames), "fetuses": []}
    whole = fetuses.summarise_several(frames, assignment.unassigned(frames), day=day, dating=dating)
    each = [
        {"fetus": one, "summary": of(assignment.frames_of(one, frames))}
        for one in assignment.letters
    ]
    return {"whole": asdict(whole), "fetuses": each}


def test_the_phones_examination_of_twins_and_on_the_day_of_its_images() -> None:
    chance = random.Random(31)
    given = [made_up(chance) for _ in range(120)]
    calls = []
    for _, known in given:
        days = {"id": "", "imageDay": known["day"], "capturedDay": DAY}
        details = {
            "study_date": "", "last_period": known["period"] or "", "fetuses": str(known["fetuses"] or ""),
            "fetus_images": known["images"],
        }  # fmt: skip
        calls.append((HUB_FACTS, "examinationInput", plain([days, details, None, True])))
    inputs = run(*calls)
    for got, (_, known) in zip(inputs, given, strict=True):
        assert got["day"] == known["day"].isoformat(), "of the images, not of the capture"
        got["chosen"] = {m: {"sop_uid": s, "frame": f} for m, (s, f) in known["chosen"].items()}
    calls = [
        (EXAMINATION, "examinationOf", [plain([asdict(f) for f in frames]), one])
        for (frames, _), one in zip(given, inputs, strict=True)
    ]
    wanted = [as_on_the_hub(*one) for one in given]
    for got, want in zip(run(*calls), wanted, strict=True):
        agree(got, plain(want))
    several = [one for one in wanted if one["fetuses"]]
    assert any(f["summary"]["weight"] for one in several for f in one["fetuses"])
    assert all(not one["whole"]["measures"] for one in several), "nothing is averaged over two"
    assert any(
        one["whole"]["dating"] and one["whole"]["dating"]["basis"] == "scan" for one in wanted
    )


def test_what_the_hub_knows_and_what_it_does_not_have_yet() -> None:
    days = {"id": "", "imageDay": "", "capturedDay": "2026-03-01"}
    details = {
        "study_date": "", "last_period": "2025-08-10", "fetuses": "2", "fetus_images": {"1.1": "A", "1.2": "A"},
    }  # fmt: skip
    dating = {"basis": "scan", "zero": "2025-08-01", "scan_day": "2025-11-01"}
    hub = {
        "day": "2026-02-27", "last_period": "2025-08-01", "dating": dating, "fetuses": 3,
        "fetus_images": {"1.2": "B"}, "chosen": {},
    }  # fmt: skip
    sent, unsent, said = run(
        (HUB_FACTS, "examinationInput", [days, details, hub, False]),
        (HUB_FACTS, "examinationInput", [days, details, hub, True]),
        (
            HUB_FACTS,
            "examinationInput",
            [days, {**details, "study_date": "2026-02-26"}, None, True],
        ),
    )
    assert (sent["day"], sent["lastPeriod"], sent["fetuses"]) == ("2026-02-27", "2025-08-01", 3)
    assert (sent["ofImage"], sent["dating"]) == ({"1.1": "A", "1.2": "B"}, dating)
    assert (unsent["day"], unsent["lastPeriod"], unsent["fetuses"]) == (
        "2026-03-01",
        "2025-08-10",
        2,
    )
    assert (unsent["ofImage"], unsent["dating"]) == ({"1.1": "A", "1.2": "A"}, None)
    assert said["day"] == "2026-02-26", "a person's word goes before the day of the capture"


def test_counts_take_the_same_form() -> None:
    cases = [(tag, n) for tag in LANGUAGES for n in (*range(25), 100, 101, 1000)]
    categories = run(*(("shared/i18n/index.ts", "pluralCategory", list(one)) for one in cases))
    assert [one == "one" for one in categories] == [is_one(*case) for case in cases]


def test_dating_rule() -> None:
    scans = [
        pregnancy.DatingScan(DAY + timedelta(days=days), days + differs, "x")
        for days in (62, 63, 111, 112, 153, 154, 195, 196)
        for differs in (-21.6, -7.5, -5.5, 0.0, 4.5, 5.5, 6.5, 10.5, 14.5, 22.0)
    ]
    cases = [(period, (scan,)) for period in (DAY, None) for scan in scans]
    cases += [(DAY, tuple(scans)), (DAY, ()), (None, ()), (None, tuple(reversed(scans)))]  # type: ignore[list-item]
    datings = run(
        *((PREGNANCY, "datePregnancy", plain([p, [asdict(s) for s in some]])) for p, some in cases)
    )
    for got, (period, some) in zip(datings, cases, strict=True):
        dated = pregnancy.date_pregnancy(period, some)
        assert got == (plain(asdict(dated)) if dated else None)
    assert {got["reason"] for got in datings if got} == {
        "lmp_only",
        "lmp_agrees",
        "lmp_differs",
        "scan_only",
    }


def test_charts_and_weight() -> None:
    ages = [97.9, 98.0, 140.0, 153.9, 154.0, 210.0, 280.0, 280.1]
    sizes = [
        (c, m, 150.0, a)
        for c in charts.CHARTS
        for m in (*charts.INTERGROWTH_SIZES, "NT")
        for a in ages
    ]
    grams = [(c, 1500.0, a) for c in charts.CHARTS for a in ages]
    centiles = run(
        *((CHARTS, "sizeCentile", list(one)) for one in sizes),
        *((WEIGHT, "weightCentile", list(one)) for one in grams),
    )
    wanted = [charts.size_centile(*one) for one in sizes] + [
        weight.weight_centile(*one) for one in grams
    ]
    for got, want in zip(centiles, wanted, strict=True):
        agree(got, plain(asdict(want)) if want else None)
    assert all(math.isfinite(one.z) for one in wanted if one)
