"""Bodies of STOW-RS in any pieces."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.dicomweb import stow
from gateway.dicomweb.multipart import MultipartWriter
from gateway.dicomweb.stow import StowBody, boundary_of
from gateway.ingest.service import IngestOutcome
from gateway.ingest.spool import Spool, SpooledFile
from services.domain.errors import IncompleteBody, InvalidInput, TooLarge, UnsupportedMedia

DICOM = "application/dicom"
Read = Callable[..., list[bytes | str]]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """(pieces of a body, boundary) → each part's content, or the code of its refusal."""

    def reading(pieces: list[bytes], boundary: str, limit: int = 1 << 20) -> list[bytes | str]:
        services = SimpleNamespace(
            spool=Spool(tmp_path), settings=SimpleNamespace(max_instance_bytes=limit)
        )
        with services.spool.request_files() as files:
            kind = f'multipart/related; type="{DICOM}"; boundary="{boundary}"'
            body = StowBody(cast(Any, services), kind, files)
            try:
                for piece in pieces:
                    body.feed([piece])
                parts = body.close()
            finally:
                body.abandon()
            assert len(files) == sum(isinstance(part, SpooledFile) for part in parts)
            contents = [_content(part) for part in parts]
        assert list(tmp_path.iterdir()) == []
        return contents

    return reading


def _content(part: SpooledFile | IngestOutcome) -> bytes | str:
    if isinstance(part, SpooledFile):
        return part.path.read_bytes()
    assert part.error is not None
    return part.error.code


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.binary(max_size=300), min_size=1, max_size=5),
    st.lists(st.integers(1, 97), min_size=1, max_size=40),
)
def test_any_content_in_any_pieces(read: Read, contents: list[bytes], sizes: list[int]) -> None:
    writer = MultipartWriter(DICOM)
    headers = {"Content-Type": DICOM}
    message = b"".join(writer.stream((headers, [content]) for content in contents))
    pieces: list[bytes] = []
    at = 0
    while at < len(message):
        size = sizes[len(pieces) % len(sizes)]
        pieces.append(message[at : at + size])
        at += size
    assert read(pieces, writer.boundary) == contents


def test_preamble_epilogue_and_missing_headers(read: Read) -> None:
    kind = b"Content-TYPE: application/dicom; transfer-syntax=1.2"
    message = b"hello\r\n--b\r\n\r\none\r\n--b  \r\nA: 1\r\n" + kind + b"\r\n\r\n\r\n--b--\r\nbye"
    assert read([message], "b") == [b"one", b""]
    assert read([bytes([byte]) for byte in message], "b") == [b"one", b""]
    with pytest.raises(InvalidInput):
        read([b"x" * 40_000], "b")


def test_content_that_looks_like_a_boundary(read: Read) -> None:
    content = b"\r\n--edg\r\n-- edge --edge\r\r\n-"
    message = b"--edge\r\n\r\n" + content + b"\r\n--edge--"
    assert read([bytes([b]) for b in message], "edge") == [content]


@pytest.mark.parametrize("message", [b"", b"--b", b"--b\r\n\r\nx", b"--b\r\n\r\nx\r\n--b\r\n"])
def test_a_message_without_its_end(read: Read, message: bytes) -> None:
    with pytest.raises(IncompleteBody):
        read([message], "b")


@pytest.mark.parametrize(
    "message",
    [
        b"--bx\r\n\r\n\r\n--b--",
        b"--b\r\nno header\r\n\r\nx\r\n--b--",
        b"--b\r\nA: " + b"x" * 20_000 + b"\r\n\r\nx\r\n--b--",
        b"--b\r\n" + b"A: 1\r\n" * 40 + b"\r\nx\r\n--b--",
    ],
)
def test_malformed_messages(read: Read, message: bytes) -> None:
    with pytest.raises(InvalidInput):
        read([message], "b")


def test_a_part_fails_alone(read: Read) -> None:
    text = b"Content-Type: text/plain\r\n\r\nhello"
    message = b"--b\r\n" + text + b"\r\n--b\r\n\r\n12345\r\n--b\r\n\r\nabc\r\n--b--"
    assert read([message], "b", limit=4) == ["unsupported_media", "too_large", b"abc"]


def test_the_number_of_parts_is_limited(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stow, "MAX_PARTS", 2)
    part = b"--b\r\n\r\nx\r\n"
    assert read([part * 2 + b"--b--"], "b") == [b"x", b"x"]
    with pytest.raises(TooLarge):
        read([part * 3 + b"--b--"], "b")


@pytest.mark.parametrize("length", [1, 70, 73])
def test_boundaries_that_peers_send(read: Read, length: int) -> None:
    """RFC 2046 allows 70 characters; Orthanc sends 73."""
    boundary = ("0123456789abcdef-" * 5)[:length]
    message = f"--{boundary}\r\n\r\nx\r\n--{boundary}--".encode()
    assert read([message], boundary) == [b"x"]


@pytest.mark.parametrize("boundary", ["", "x" * 129, "ä"])
def test_malformed_boundaries(boundary: str) -> None:
    with pytest.raises(InvalidInput):
        boundary_of(f'multipart/related; type="{DICOM}"; boundary="{boundary}"')


@pytest.mark.parametrize(
    "kind", ["text/plain", "", 'multipart/related; type="text/xml"; boundary=b']
)
def test_other_media_types(kind: str) -> None:
    with pytest.raises(UnsupportedMedia):
        boundary_of(kind)
