"""Orders and news out of HL7 v2 as systems write it, and what is no such message."""

from __future__ import annotations

import hl7
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.domain.errors import InvalidInput
from services.domain.orders.order import OrderState
from services.domain.patient import Identity
from services.orders.acknowledgement import acknowledgement
from services.orders.hl7_orders import UnknownMessage, news_of, orders_of
from services.orders.message import MAX_BYTES, parse

MSH = "MSH|^~\\&|HIS|WARD9|FADA|CLINIC|20260301080000||{kind}|42|P|2.5.1||||||{charset}\r"
PID = "PID|1||X1^^^NAT^NI~P1^^^HIS^MR||Doe^Jane^Maria^^Dr||19900201|F\r"


def message(kind: str, *segments: str, charset: str = "UNICODE UTF-8") -> bytes:
    head = MSH.format(kind=kind, charset=charset)
    return (head + "".join(segments)).encode("utf-8")


def test_an_order_as_omg_with_timing_and_its_station() -> None:
    (one,) = orders_of(
        parse(
            message(
                "OMG^O19^OMG_O19",
                PID,
                "ORC|NW|77^HIS||||||||||D1^Who^Ann\r",
                "TQ1|1||||||202603011000||S\r",
                "OBR|1|77^HIS||US1^Growth\\F\\scan||||||||||||||A1|||US2\r",
                "ZDS|1.2.840.99.1^FADA^Application^DICOM\r",
            )
        )
    )
    order = one.order
    assert order.identity == Identity("P1", "Doe^Jane^Maria^Dr", "1990-02-01")
    assert (order.accession, order.placer, order.placer_system) == ("A1", "77", "HIS")
    assert (order.day, order.time, order.station, order.urgent) == (
        "2026-03-01",
        "10:00",
        "US2",
        True,
    )
    assert (order.procedure, order.referring, order.sex) == ("Growth|scan", "Who^Ann", "F")
    assert (order.study_uid, one.state) == ("1.2.840.99.1", None)


def test_an_older_orm_and_its_cancellation() -> None:
    text = message("ORM^O01", PID, "ORC|CA|77|||||^^^20260302^^R\r", "OBR|1|77||US1\r", charset="")
    (one,) = orders_of(parse(text))
    assert (one.state, one.order.day, one.order.time) == (OrderState.CANCELLED, "2026-03-02", "")
    assert (one.order.accession, one.order.placer_system) == ("77", "WARD9")
    assert not one.order.urgent


def test_several_orders_in_one_message() -> None:
    data = message("ORM^O01", PID, "ORC|NW|1\r", "OBR|1|1||A\r", "ORC|NW|2\r", "OBR|2|2||B\r")
    assert [one.order.procedure for one in orders_of(parse(data))] == ["A", "B"]


def test_news_and_a_merge() -> None:
    assert news_of(parse(message("ADT^A08^ADT_A01", PID))).identity.number == "P1"
    merged = news_of(parse(message("ADT^A40", PID, "MRG|P0^^^HIS^MR\r")))
    assert (merged.prior, merged.identity.number, merged.message) == ("P0", "P1", "42")
    for wrong in (message("ADT^A40", PID), message("ADT^A08", "PID|1\r")):
        with pytest.raises(InvalidInput):
            news_of(parse(wrong))


def test_character_sets() -> None:
    person = PID.replace("Jane", "Zoë")
    data = MSH.format(kind="ADT^A08", charset="8859/1").encode() + person.encode("latin-1")
    assert news_of(parse(data)).identity.name.startswith("Doe^Zoë")
    undeclared = MSH.format(kind="ADT^A08", charset="").encode() + person.encode("latin-1")
    assert news_of(parse(undeclared)).identity.name.startswith("Doe^Zoë")
    for charset in ("EBCDIC", "UNICODE UTF-8"):
        wrong = MSH.format(kind="ADT^A08", charset=charset).encode() + person.encode("latin-1")
        with pytest.raises(InvalidInput):
            parse(wrong)


@pytest.mark.parametrize(
    "data",
    [b"", b"MSH", b"MSH|", b"MSH|^~\\&|", b"PID|1\r", b"\xff\xfe", b"x" * (MAX_BYTES + 1),
     b"MSH|\\^~\\|A|B|C|D|E||ORM^O01|1\\2|P\r",  # two delimiters the same
     b"MSH|^~\\&|A|B\r" + b"X|1\r" * 600],
)  # fmt: skip
def test_what_is_no_message(data: bytes) -> None:
    with pytest.raises(InvalidInput):
        parse(data)


def test_other_kinds_are_refused() -> None:
    with pytest.raises(UnknownMessage):
        orders_of(parse(message("ADT^A01", PID)))
    with pytest.raises(UnknownMessage):
        news_of(parse(message("ORM^O01", PID)))
    with pytest.raises(InvalidInput):
        orders_of(parse(message("ORM^O01", PID, "ORC|ZZ|1\r")))


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="MSHPIDORCBRNW|^~\\&\r0123456789.<>é\x00 ", max_size=300))
def test_nothing_else_than_a_refusal_comes_of_any_text(text: str) -> None:
    for data in (text.encode(), message("ORM^O01", PID, text), message("ORM^O01", text)):
        try:
            orders_of(parse(data))
        except (InvalidInput, UnknownMessage):
            continue


def test_answers_name_the_message_that_they_are_for() -> None:
    known = parse(message("ORM^O01", PID))
    answer = hl7.parse(acknowledgement(known, "AR", "No | such"))
    assert [str(answer["MSA"][0][n]) for n in (1, 2)] == ["AR", "42"]
    assert str(answer["MSH"][0][5]) == "HIS"
    unread = acknowledgement(None, "AR", "x", b"MSH|^~\\&|A|B|C|D|E||ORM^O01|77|P\r")
    assert str(hl7.parse(unread)["MSA"][0][2]) == "77"
