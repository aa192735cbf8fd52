"""Media types, and multipart/related as it is written."""

from __future__ import annotations

from gateway.dicomweb.multipart import media_type, media_types


def test_media_types() -> None:
    media = media_type('Multipart/Related; type="application/dicom"; boundary="a;b"')
    assert (media.name, media.parameters["boundary"]) == ("multipart/related", "a;b")
    best = media_types("image/png;q=0.5, image/jpeg, text/html;q=nonsense")
    assert [m.name for m in best] == ["image/jpeg", "image/png", "text/html"]


def test_a_media_type_of_any_characters() -> None:
    assert media_type("Text/\u20acx; a=\u1234").name == "text/?x"
    assert media_types('multipart/related; type="a,b";q=0.1, */*')[1].parameters["type"] == "a,b"
