"""Free text finds pieces of names in every script, of numbers and accessions, on both databases.

What came a moment ago and what the index of words holds already is found alike; what was changed or erased
is not found by what it said before.
"""

from __future__ import annotations

from typing import Any

import pytest
from index_cases import ANNA, instance, send

from services.index.clinical import studies
from services.index.clinical.words import match, short
from services.index.port import Index, StudyQuery

NAMES = {
    "1.1": "Doe^Jane",
    "1.2": "Wang^XiaoDong=王^小東",
    "1.3": "Hong^Gildong=洪^吉洞=홍^길동",
    "1.4": "बसन्ती^देवी",
    "1.5": "الزهراء^فاطمة",
    "1.6": "Ölschläger^Zoë",
    "1.7": 'O"Neil-AND^100%_!',
}
FOUND = {
    "jan": "1.1", "DOE": "1.1", "王": "1.2", "小東": "1.2", "東": "1.2", "길": "1.3", "洪 吉洞": "1.3", "सन्त": "1.4",
    "देवी बस": "1.4", "زهر": "1.5", "فا": "1.5", "schläg": "1.6", "zoë ö": "1.6", '"nei': "1.7", "neil-and": "1.7",
    "0%_": "1.7", "n-7": "1.7", "a-3": "1.3",
}  # fmt: skip


def received(index: Index) -> None:
    for uid, name in NAMES.items():
        number = uid[-1]
        groups = dict(zip(("Alphabetic", "Ideographic", "Phonetic"), name.split("="), strict=False))
        attributes: dict[str, Any] = {
            "00100010": {"vr": "PN", "Value": [groups]},
            "00100020": {"vr": "LO", "Value": [f"N-{number}"]},
            "00080050": {"vr": "SH", "Value": [f"A-{number}"]},
        }
        with index.begin() as tx:
            send(tx, uid, [instance(f"{uid}.9")], attributes=attributes)


def filled(index: Index) -> None:
    with index.begin() as tx:
        while tx.studies.fill_words(3):
            pass
        assert not tx.studies.words_waiting()


def uids_matching(index: Index, text: str) -> list[str]:
    query = StudyQuery(text=text)
    with index.read() as tx:
        uids = [one.study_uid for one in tx.studies.find("north", query)]
        assert tx.studies.count("north", query) == len(uids)
        assert tx.studies.find("south", query) == []
    return sorted(uids)


@pytest.mark.parametrize("rare", [5000, 0])
@pytest.mark.parametrize("known", ["all", "half", "none"])
def test_pieces_of_names_in_every_script_are_found(
    index: Index, monkeypatch: pytest.MonkeyPatch, known: str, rare: int
) -> None:
    monkeypatch.setattr(studies, "_RARE", rare)  # 0: as where many have the words
    received(index)
    if known == "all":
        filled(index)
    elif known == "half":
        with index.begin() as tx:
            tx.studies.fill_words(4)
    for text, uid in FOUND.items():
        assert uids_matching(index, text) == [uid], text
    assert uids_matching(index, "n-") == uids_matching(index, "^") == sorted(NAMES)
    assert uids_matching(index, "jane n-2") == []


def test_what_was_changed_or_erased_is_not_found_by_what_it_said(index: Index) -> None:
    received(index)
    filled(index)
    with index.begin() as tx:
        study = tx.studies.by_uid("north", "1.1")
        corrected = instance("1.1.9", sha="d" * 64, correction=True)
        attributes = {"00100010": {"vr": "PN", "Value": [{"Alphabetic": "Roe^Mary"}]}}
        send(tx, "1.1", [corrected], attributes=attributes)
        gone = tx.studies.by_uid("north", "1.2")
        tx.erasures.of_study(ANNA, gone.id, "asked for")
    for _ in range(2):
        assert uids_matching(index, "jane") == []
        assert uids_matching(index, "王") == []
        assert uids_matching(index, "mary") == [study.study_uid]
        filled(index)


def test_of_short_words_in_latin_no_trigram_is_asked() -> None:
    assert match(["oe", "z"]) == ""
    assert match(["doe1", "oe"]) == '"doe" AND "oe1"'
    assert match(['a"b']) == '"a""b"'
    assert "王" in match(["王"])
    assert short("doe jane p-1") == ""
