"""multipart/related in any pieces, Accept headers, QIDO-RS matching."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.dicomweb.matching import matches, search
from gateway.dicomweb.multipart import Begin, Data, End, Reader, Writer, media_type, media_types
from services.domain.errors import IncompleteBody, InvalidInput


def parts(pieces: list[bytes], boundary: str) -> list[tuple[dict[str, str], bytes]]:
    reader, found = Reader(boundary), []
    for piece in pieces:
        for event in reader.feed(piece):
            if isinstance(event, Begin):
                found.append([event.headers, b""])
            elif isinstance(event, Data):
                found[-1][1] += event.data
            else:
                assert isinstance(event, End)
    reader.close()
    return [(headers, data) for headers, data in found]


@given(
    st.lists(st.binary(max_size=300), min_size=1, max_size=5),
    st.lists(st.integers(1, 97), min_size=1, max_size=40),
)
def test_any_content_in_any_pieces(contents: list[bytes], sizes: list[int]) -> None:
    writer = Writer("application/dicom")
    told = {"Content-Type": "application/dicom"}
    message = b"".join(writer.stream((told, [content]) for content in contents))
    pieces, at = [], 0
    while at < len(message):
        size = sizes[len(pieces) % len(sizes)]
        pieces.append(message[at : at + size])
        at += size
    expected = [({"content-type": "application/dicom"}, content) for content in contents]
    assert parts(pieces, writer.boundary) == expected


def test_preamble_epilogue_and_missing_headers() -> None:
    message = b"hello\r\n--b\r\n\r\none\r\n--b  \r\nA: 1\r\nB: x:y\r\n\r\n\r\n--b--\r\nbye"
    assert parts([message], "b") == [({}, b"one"), ({"a": "1", "b": "x:y"}, b"")]


def test_content_that_looks_like_a_boundary() -> None:
    content = b"\r\n--edg\r\n-- edge --edge\r\r\n-"
    message = b"--edge\r\n\r\n" + content + b"\r\n--edge--"
    assert parts([bytes([b]) for b in message], "edge") == [({}, content)]


@pytest.mark.parametrize("message", [b"", b"--b", b"--b\r\n\r\nx", b"--b\r\n\r\nx\r\n--b\r\n"])
def test_a_message_without_its_end(message: bytes) -> None:
    with pytest.raises(IncompleteBody):
        parts([message], "b")


@pytest.mark.parametrize("boundary", ["", "x" * 71, "ä"])
def test_malformed_boundaries(boundary: str) -> None:
    with pytest.raises(InvalidInput):
        Reader(boundary)


def test_media_types() -> None:
    media = media_type('Multipart/Related; type="application/dicom"; boundary="a;b"')
    assert (media.name, media.parameters["boundary"]) == ("multipart/related", "a;b")
    best = media_types("image/png;q=0.5, image/jpeg, text/html;q=nonsense")
    assert [m.name for m in best] == ["image/jpeg", "image/png", "text/html"]


ONE = {
    "00100010": {"vr": "PN", "Value": [{"Alphabetic": "Doe^Jane"}]},
    "00080060": {"vr": "CS", "Value": ["US"]},
    "0020000E": {"vr": "UI", "Value": ["1.2.3"]},
    "00080023": {"vr": "DA", "Value": ["20260115"]},
    "00200011": {"vr": "IS", "Value": [7]},
}


@pytest.mark.parametrize(
    ("name", "pattern", "expected"),
    [
        ("PatientName", "doe*", True),
        ("PatientName", "D?e^Jane", True),
        ("PatientName", "[D]oe*", False),
        ("Modality", "US", True),
        ("Modality", "U", False),
        ("00080060", "*", True),
        ("SeriesInstanceUID", "9.9,1.2.3", True),
        ("SeriesInstanceUID", "1.2.*", False),
        ("ContentDate", "20260101-20260131", True),
        ("ContentDate", "-20260114", False),
        ("ContentDate", "20260116-", False),
        ("SeriesNumber", "7", True),
        ("StudyID", "x", False),
        ("StudyID", "", True),
    ],
)
def test_matching(name: str, pattern: str, expected: bool) -> None:
    wanted = search([(name, pattern)])
    assert matches(ONE, wanted.match) is expected


def test_search_options() -> None:
    asked = search(
        [
            ("limit", "5"),
            ("offset", "2"),
            ("includefield", "Rows,00280011"),
            ("fuzzymatching", "true"),
        ]
    )
    assert (asked.limit, asked.offset, asked.match) == (5, 2, {})
    assert asked.include == {"00280010", "00280011"}
    assert search([("includefield", "all")]).include is None
    assert search([("limit", "99999")]).limit == 1000
    for bad in ([("limit", "x")], [("Nonsense", "1")], [("offset", "-1")], [("limit", "1" * 5000)]):
        with pytest.raises(InvalidInput):
            search(bad)
