"""Case 50: text that tells the fetal sex is withheld, in five languages and in disguise."""

from __future__ import annotations

from dataclasses import replace

import pytest
import readings

from services.domain.fetal_sex_filter import FLAG, WITHHELD, cleaned, tells_sex, withhold


@pytest.mark.parametrize(
    "text",
    [
        "It is a boy.", "FEMALE fetus", "gender: f", "The scrotum is seen.", "hamburger sign",
        "C'est un garçon", "sexe féminin", "uma menina", "é um menino.", "ni mvulana", "mtoto wa  kike",
        "यह लड़का है", "लिंग: पुरुष", "कन्या या बेटी", "♀", "46,XY 46xy", "m a l e", "f-e-m-a-l-e",
        "ma\u200ble", "b.o.y", "ｍａｌｅ", "fe\u00admale",
    ],
)  # fmt: skip
def test_what_tells(text: str) -> None:
    assert tells_sex(text)


@pytest.mark.parametrize(
    "text",
    [
        "The head is seen in an axial plane.", "malformation not assessed", "Essex hospital", "sextant",
        "HC 250 mm, 27w 1d", "the placenta is anterior", "she has diabetes", "axial, BPD plane", "",
        "Le crâne est ovale.", "सिर का आकार", "cavum septi pellucidi: seen", "nárazový", "gurl",
    ],
)  # fmt: skip
def test_what_does_not(text: str) -> None:
    assert not tells_sex(text)


def test_pronouns_tell_where_only_the_fetus_is_spoken_of() -> None:
    assert tells_sex("He lies in breech.", fetus_only=True)
    assert withhold({"a": "her spine", "b": "the spine"}) == {"a": WITHHELD, "b": "the spine"}


def test_a_report_from_elsewhere_is_cleaned() -> None:
    head = readings.head("1.2", 100, 80)
    frame = replace(head, interpretation={"anatomical_structures": "male fetus"})
    report = cleaned(replace(readings.report("1", frame, head), comment="a girl"))
    assert report.frames[0].interpretation == {"anatomical_structures": WITHHELD}
    assert report.frames[0].flags == (FLAG,)
    assert report.frames[1] == head
    assert report.comment == WITHHELD
