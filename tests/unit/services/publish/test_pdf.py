"""The printed page: one page, in the order of a biometry report, and never more than is known."""

import io
import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from PIL import Image

from services.domain.examination.examination import Acquisition, Examination
from services.domain.examination.fetuses import summarise_several
from services.domain.examination.pregnancy import DatingScan, date_pregnancy
from services.domain.examination.source import Source, SourceKind
from services.domain.examination.summary import PastExamination, summarise
from services.domain.language.languages import LANGUAGES
from services.domain.report import (
    Abstention,
    Angle,
    FrameReading,
    Measurement,
    Origin,
    ReleaseId,
    Report,
    Scored,
)
from services.publish import pdf
from services.publish.pdf_strings import Words

DAY, PERIOD = date(2026, 1, 2), date(2025, 6, 6)
PAST = (PastExamination(date(2025, 10, 10), {"HC": 165.0, "AC": 140.0, "FL": 29.0}),)
ATTRIBUTES = {
    "00100010": {"vr": "PN", "Value": [{"Alphabetic": "Wanjiru^Grace"}]},
    "00100020": {"vr": "LO", "Value": ["P-1"]},
    "00080020": {"vr": "DA", "Value": ["20260102"]},
}
FACTS = {
    "last_period": "2025-06-06", "indication": "growth", "parity": {"gravida": 3, "para": 1}, "fetuses": 1, "presentation": "breech",
    "heart_activity": "present", "heart_rate": 142, "placenta": {"site": "fundal", "low": True},
    "fluid": {"kind": "index", "mm": 120}, "anatomy": {"heart": "not_seen", "spine": "seen"},
    "impression": "Growth along its centile.", "comment": "Come again.",
}  # fmt: skip


def measurement(name: str, mm: float | None) -> Measurement:
    low, high = (mm - 5, mm + 5) if mm else (None, None)
    return Measurement(name, 800.0, mm, low, high, "ultrasound_region" if mm else "not_calibrated")


def frame(number: int, plane: str, *measured: Measurement) -> FrameReading:
    return FrameReading(
        "1.2", f"1.2.{number}", 1, 540, 360, True, 0.99, 0.9, Scored(plane, 0.97),
        measurements=measured, abstentions=((Abstention.LOW_CONFIDENCE, "CSP"),),
    )  # fmt: skip


FRAMES = (
    frame(1, "head", measurement("BPD", 78.4), measurement("HC", 281.2)),
    frame(2, "abdomen", measurement("AC", 255.0)),
    frame(3, "femur", measurement("FL", 55.0)),
)


def report(*frames: FrameReading, **more: object) -> Report:
    made = Report(
        "1.2.3.4", Origin.HUB, ReleaseId("fada-nano", "0.4.0", "ab" * 32),
        datetime(2026, 1, 2, tzinfo=UTC), frames,
    )  # fmt: skip
    return replace(made, **more)  # type: ignore[arg-type]


def examination(*frames: FrameReading, **facts: object) -> Examination:
    dating = date_pregnancy(PERIOD, (DatingScan(PAST[0].day, 128.0, "Hadlock 1984 (HC)"),))
    return Examination(summarise(frames, day=DAY, dating=dating, past=PAST), facts, PAST)


def pages(data: bytes) -> int:
    return data.count(b"/Type /Page\n")


def text(data: bytes) -> str:
    if shutil.which("pdftotext") is None:
        pytest.skip("poppler-utils is not installed")
    completed = subprocess.run(["pdftotext", "-layout", "-", "-"], input=data, capture_output=True)
    return completed.stdout.decode()


@pytest.mark.parametrize("language", LANGUAGES)
def test_one_page_in_each_language(language: str) -> None:
    whole = examination(*FRAMES, **FACTS)
    made = pdf.render(report(*FRAMES), ATTRIBUTES, whole, language=language)
    assert pages(made) == 1
    assert made == pdf.render(report(*FRAMES), ATTRIBUTES, whole, language=language)
    words, page_text = Words(language), text(made)
    if language != "hi":  # poppler does not undo the shaping of Devanagari
        assert words("unreviewed") in page_text
        assert words.day(date(2026, 3, 13)) in page_text, "the due date, as the reader writes it"


def test_in_the_order_of_a_biometry_report() -> None:
    page_text = text(pdf.render(report(*FRAMES), ATTRIBUTES, examination(*FRAMES, **FACTS)))
    order = ("Wanjiru Grace", "Dating", "Fetus", "Biometry", "Estimated fetal weight", "Growth",
             "Anatomy", "Impression")  # fmt: skip
    places = [page_text.index(f"\n{word}" if word != order[0] else word) for word in order]
    assert places == sorted(places)


def test_its_figures_are_those_of_the_summary() -> None:
    whole = examination(*FRAMES, **FACTS)
    page_text = text(pdf.render(report(*FRAMES), ATTRIBUTES, whole))
    weight = whole.summary.weight
    assert weight is not None
    assert f"{weight.grams:.0f} g" in page_text
    assert weight.equation in page_text
    for one in whole.summary.measures:
        assert f"{one.mm:.1f} mm" in page_text
        assert one.centile is not None
        assert f"{one.centile.centile:.0f} ({one.centile.z:+.1f} z)" in page_text
    assert "AC +" in page_text, "growth since the examination before"
    for words in ("breech", "142/min", "fundal, low-lying", "index 120 mm", "Come again."):
        assert words in page_text


def test_who_scanned_and_with_what() -> None:
    acquired = Acquisition("Acme Probe 9", "Mwangi^Asha")
    whole = replace(examination(*FRAMES), acquired=acquired)
    page_text = text(pdf.render(report(*FRAMES), ATTRIBUTES, whole))
    assert "Acme Probe 9" in page_text
    assert "Mwangi Asha" in page_text


def test_a_value_beside_the_summary_has_its_interval() -> None:
    whole = frame(1, "abdomen", measurement("AC", 219.2), measurement("TAD", 68.8))
    page_text = text(pdf.render(report(whole), ATTRIBUTES, examination(whole)))
    (row,) = (line for line in page_text.splitlines() if line.startswith("TAD"))
    assert "63.8–73.8 mm" in row


def test_what_nobody_entered_is_not_assessed() -> None:
    page_text = text(pdf.render(report(), ATTRIBUTES, Examination(summarise((), day=None))))
    assert page_text.count("Not assessed") >= 7
    assert "normal" not in page_text
    assert "none entered by a person" in page_text
    assert "head, brain, face, spine" in page_text.split("Not looked at")[1]


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_says_who_entered_what_and_stays_one_page(language: str) -> None:
    ann = Source(SourceKind.PERSON, "Ann Otieno", datetime(2026, 1, 2, 9, tzinfo=UTC))
    sources = dict.fromkeys([*FACTS, "anatomy.heart", "anatomy.spine"], ann) | {
        "last_period": Source(SourceKind.IMAGES), "indication": Source(SourceKind.ORDER, "A-7"),
        "comment": Source(SourceKind.PHONE, "Clinic 2", datetime(2026, 1, 3, tzinfo=UTC)),
    }  # fmt: skip
    whole = replace(examination(*FRAMES, **FACTS), sources=sources, last_period=PERIOD)
    made = pdf.render(report(*FRAMES), ATTRIBUTES, whole, language=language)
    assert pages(made) == 1
    page_text, words = " ".join(text(made).split()), Words(language)
    if language == "hi":
        return
    assert f"Ann Otieno, {words.day(DAY)}: {words('parity')}" in page_text
    assert f"{words('source_order')} A-7: {words('indication')}" in page_text
    assert f"{words('source_images')}: {words('period')}" in page_text
    assert f"{words('source_phone')} Clinic 2, {words.day(date(2026, 1, 3))}: " in page_text


def test_a_name_is_printed_in_every_script_that_it_is_written_in() -> None:
    groups = {
        "Alphabetic": "Yamada^Hanako",
        "Ideographic": "山田^花子",
        "Phonetic": "やまだ^はなこ",
    }
    named = ATTRIBUTES | {"00100010": {"vr": "PN", "Value": [groups]}}
    page_text = text(pdf.render(report(*FRAMES), named, examination(*FRAMES)))
    for words in ("Yamada Hanako", "山田 花子", "やまだ はなこ"):
        assert words in page_text


def test_a_last_period_of_an_earlier_examination_is_known() -> None:
    whole = replace(examination(*FRAMES), last_period=PERIOD)
    page_text = text(pdf.render(report(*FRAMES), ATTRIBUTES, whole))
    assert "6 Jun 2025" in page_text
    assert "not known" not in page_text


def test_no_millimetre_without_calibration() -> None:
    bare = frame(1, "head", measurement("HC", None))
    page_text = text(pdf.render(report(bare), ATTRIBUTES, Examination(summarise((bare,), day=DAY))))
    assert "800 px" in page_text
    assert "not calibrated" in page_text
    assert " mm" not in page_text


def test_each_of_several_fetuses_has_its_own_rows() -> None:
    facts = {**FACTS, "fetuses": 2, "fetus_images": {"1.2.1": "A", "1.2.2": "B"}}
    parts = {
        letter: Examination(summarise([FRAMES[at]], day=DAY), facts)
        for at, letter in enumerate("AB")
    }
    whole = summarise_several(FRAMES, FRAMES[2:], day=DAY)
    page_text = text(pdf.render(report(*FRAMES), ATTRIBUTES, Examination(whole, facts, (), parts)))
    assert "no value is averaged over two of them" in page_text
    assert "FL 55.0 mm" in page_text.split("Fetus not said")[1].splitlines()[0]
    one, other = page_text.split("Fetus A")[1].split("Fetus B")
    assert "281.2 mm" in one
    assert "281.2 mm" not in other
    assert "255.0 mm" in other


def test_images_come_on_request_and_are_named_by_their_plane() -> None:
    picture = io.BytesIO()
    Image.new("RGB", (540, 360)).save(picture, "PNG")
    overlays = {(one.sop_uid, 1): picture.getvalue() for one in FRAMES}
    made = pdf.render(report(*FRAMES), ATTRIBUTES, examination(*FRAMES), overlays)
    assert pages(made) == 2
    page_text = text(made)
    assert "femur (97 % confidence)" in page_text
    assert "1.2.3" not in page_text, "no numbers instead of planes"


@pytest.mark.parametrize(("degrees", "hint"), [(12.0, 0), (52.0, 1)])
def test_a_femur_has_its_angle_and_a_hint_where_it_lies_too_steep(
    degrees: float, hint: int
) -> None:
    angle = Angle("FemurAngle", degrees, degrees - 3, degrees + 3)
    one = replace(frame(1, "femur", measurement("FL", 55.0)), angles=(angle,))
    picture = io.BytesIO()
    Image.new("RGB", (540, 360)).save(picture, "PNG")
    made = pdf.render(
        report(one), ATTRIBUTES, examination(one), {(one.sop_uid, 1): picture.getvalue()}
    )
    page_text = " ".join(text(made).split())
    assert (
        f"angle of the femur {degrees:.0f}° ({degrees - 3:.0f} – {degrees + 3:.0f}°)" in page_text
    )
    assert page_text.count("steeper than 45°") == hint


def test_pictures_stand_two_rows_a_page_with_the_models_text_in_the_readers_language() -> None:
    said = {"imaging_plane": "Transverse plane of the fetal abdomen.", "image_quality": "Good."}
    frames = [
        replace(frame(n, "abdomen", measurement("AC", 219.2)), interpretation=said)
        for n in range(4)
    ]
    picture = io.BytesIO()
    Image.new("RGB", (540, 540)).save(picture, "PNG")
    overlays = {(one.sop_uid, 1): picture.getvalue() for one in frames}
    whole = examination(*frames)
    made = pdf.render(report(*frames), ATTRIBUTES, whole, overlays, language="fr")
    assert pages(made) == 2
    page_text = text(made)
    assert page_text.count("Plan de coupe: Plan transversal de l’abdomen fœtal.") == 4
    assert "Transverse" not in page_text


@pytest.mark.parametrize(
    ("name", "font"),
    [("山田^花子", "DroidSansFallback"), ("عبد الرحمن^فاطمة", "NotoSansArabic"), ("כהן^שרה", "NotoSansHebrew"),
     ("ใจดี^สมหญิง", "NotoSansThai"), ("शर्मा^प्रिया", "NotoSansDevanagari"), ("김^지영", "DroidSansFallback")],
)  # fmt: skip
def test_names_in_their_own_script(name: str, font: str) -> None:
    named = ATTRIBUTES | {"00100010": {"vr": "PN", "Value": [{"Ideographic": name}]}}
    made = pdf.render(report(*FRAMES), named, examination(*FRAMES))
    assert font.encode() in made, "embedded, in no reader's hands"
    assert font.encode() not in pdf.render(report(*FRAMES), ATTRIBUTES, examination(*FRAMES))


def test_a_long_impression_goes_on_and_leaves_no_empty_page() -> None:
    long = "Growth is to be looked at again in four weeks. " * 80
    page_text = text(pdf.render(report(*FRAMES), ATTRIBUTES, examination(*FRAMES, impression=long)))
    assert all("Growth is to be" in page for page in page_text.split("\f")[1:-1])
