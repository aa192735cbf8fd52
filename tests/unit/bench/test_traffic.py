"""What the bytes of a line are."""

from __future__ import annotations

from bench.field.traffic import Traffic


def request(first: str, body: bytes, *heads: str) -> bytes:
    lines = [f"{first} HTTP/1.1", "Host: hub", f"Content-Length: {len(body)}", *heads]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def test_bytes_have_a_part_in_whatever_pieces_they_come() -> None:
    traffic = Traffic()
    way = (
        request("POST /api/sync/challenge", b"x" * 10)
        + request("PUT /api/sync/cases/1/versions/1", b"r" * 100)
        + request("POST /tus/previews/", b"")
        + request("PATCH /tus/7", b"i" * 1000, "Upload-Offset: 0")
    )
    stream = traffic.stream()
    for at in range(0, len(way), 7):
        stream.feed(way[at : at + 7])
    again = request("PATCH /tus/7", b"i" * 300, "Upload-Offset: 900")
    traffic.stream().feed(again)
    parts = dict(traffic.bytes_of)
    heads = parts.pop("heads")
    assert parts == {
        "sign_in": 10,
        "reports": 100,
        "images and previews": 1200,
        "images and previews_again": 100,
    }
    assert heads == len(way) + len(again) - 10 - 100 - 1300
    assert traffic.requests == {"sign_in": 1, "reports": 1, "images and previews": 3}
