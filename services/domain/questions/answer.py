"""Answers from the findings of one frame alone, in five languages. The pages answer by the same rules
(``web/shared/ask/answer.ts``)."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from services.domain.language.languages import catalogue
from services.domain.questions.question import Question
from services.domain.questions.words import sentence, table
from services.domain.report import FEMUR_ANGLE, Angle, FrameReading, Measurement, Structure, percent

_ANGLES = {"AoP": "angle", FEMUR_ANGLE: "femur_angle"}
_OF_IMAGE = ("out_of_scope", "too_poor", "unknown_plane")


def answer(
    question: Question, reading: FrameReading | None, known: Collection[str] | None, language: str
) -> str:
    """Sentences about ``reading``; ``known`` are the labels that the release looks for (None: any).

    A declined question, or an image that was abstained from, is answered by its reason.
    """
    if question.declined or reading is None:
        return sentence(f"declined_{question.declined or 'domain'}", language)
    said = _stopped(question, reading, language)
    if not said:
        said = _TASKS[question.task](question, reading, known, language)
    if question.unassessed:
        said.append(sentence("unassessed", language))
    return " ".join(said)


def _stopped(question: Question, reading: FrameReading, language: str) -> list[str]:
    why = next((str(w.value) for w, _ in reading.abstentions if w.value in _OF_IMAGE), "")
    if question.task == "quality" and why in ("", "too_poor"):
        return []
    return [sentence(why, language)] if why else []


def _plane_name(label: str, language: str) -> str:
    return catalogue(language).get(f"answer.plane.{label}", label.replace("_", " "))


def _structure_name(label: str, language: str) -> str:
    words = table()["structures"].get(label)
    name = str(words["words"][language][0]) if words else label.replace("_", " ")
    return name[:1].upper() + name[1:]


def _plane(
    question: Question, reading: FrameReading, known: Collection[str] | None, language: str
) -> list[str]:
    said = []
    for one in (reading.plane, reading.subplane):
        if one is not None:
            name, sure = _plane_name(one.label, language), percent(one.confidence)
            said.append(sentence("plane", language, name=name, sure=sure))
    return said


def _find(
    question: Question, reading: FrameReading, known: Collection[str] | None, language: str
) -> list[str]:
    if not question.structures:
        seen = [_seen(question, s.label, s, language) for s in reading.structures]
        return seen or [sentence("nothing_found", language)]
    said = []
    for key in question.structures:
        labels = table()["structures"][key]["finds"]
        mine = next((s for s in reading.structures if s.label in labels), None)
        if mine is not None:
            said.append(_seen(question, key, mine, language))
        else:
            said.append(_lacking("not_found", key, known, language))
    return said


def _lacking(why: str, key: str, known: Collection[str] | None, language: str) -> str:
    """``why`` of a structure, or that the release does not look for it: no release does where nothing finds
    it."""
    labels = table()["structures"][key]["finds"]
    able = any(known is None or label in known for label in labels)
    name = _structure_name(key, language)
    return sentence(why if able else "not_known", language, name=name)


def _seen(question: Question, key: str, mine: Structure, language: str) -> str:
    how = "found"
    if question.task == "segment":
        how = "outlined" if mine.polygon else "no_outline"
    sure = percent(mine.confidence)
    return sentence(how, language, name=_structure_name(key, language), sure=sure)


def _measure(
    question: Question, reading: FrameReading, known: Collection[str] | None, language: str
) -> list[str]:
    if not question.structures:
        said = _sizes(reading.measurements, reading.angles, language)
        return said or [sentence("nothing_measured", language)]
    said = []
    for key in question.structures:
        names = table()["structures"][key].get("measures", ())
        sizes = tuple(m for m in reading.measurements if m.name in names)
        angles = tuple(a for a in reading.angles if a.name in names)
        mine = _sizes(sizes, angles, language)
        said += mine or [_lacking("not_measured", key, known, language)]
    return list(dict.fromkeys(said))


def _sizes(
    measurements: Sequence[Measurement], angles: Sequence[Angle], language: str
) -> list[str]:
    said = []
    for m in measurements:
        if m.mm is None:
            said.append(sentence("uncalibrated", language, name=m.name, value=f"{m.px:.0f}"))
            continue
        given = m.mm_low is not None and m.mm_high is not None
        span = (
            sentence("range", language, low=f"{m.mm_low:.1f}", high=f"{m.mm_high:.1f}")
            if given
            else ""
        )
        value = f"{m.mm:.1f}"
        said.append(sentence("measured", language, name=m.name, value=value, range=span))
    if any(m.mm is not None and m.calibration == "scale_bar" for m in measurements):
        said.append(sentence("by_hand", language))
    return said + [sentence(_ANGLES[a.name], language, value=f"{a.degrees:.0f}") for a in angles]


def _age(
    question: Question, reading: FrameReading, known: Collection[str] | None, language: str
) -> list[str]:
    ages = [sentence("age", language, value=d.text, equation=d.equation) for d in reading.datings]
    return ages or [sentence("no_age", language)]


def _quality(
    question: Question, reading: FrameReading, known: Collection[str] | None, language: str
) -> list[str]:
    return [sentence("quality", language, value=percent(reading.quality))]


def _describe(
    question: Question, reading: FrameReading, known: Collection[str] | None, language: str
) -> list[str]:
    parts = (_plane, _find, _measure, _quality)
    said = [text for part in parts for text in part(question, reading, known, language)]
    return [*said, sentence("unassessed", language)] if not question.unassessed else said


_TASKS = {
    "plane": _plane, "detect": _find, "segment": _find, "measure": _measure, "age": _age,
    "quality": _quality, "describe": _describe,
}  # fmt: skip
