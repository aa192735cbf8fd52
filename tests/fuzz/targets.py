"""The doors that bytes from outside come through, as functions of bytes: a refusal is a FadaError, no more.

Each has seeds: small real files and messages. In the hub most of these run in bounded children or behind a
sign-in; here they run in this process, so that whatever else they raise is seen.
"""

from __future__ import annotations

import hashlib
import io
import json
import struct
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pydicom
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ImplicitVRLittleEndian

from gateway.dicomweb import multipart
from gateway.dicomweb.stow import StowBody
from gateway.ingest.case_form import parse_case, report_of
from gateway.ingest.spool import Spool
from gateway.uploads import tus
from services import bundle
from services.dicom.parser import dicom_json
from services.dicom.parser.dataset import read_dataset
from services.dicom.parser.frames import Frames, calibration
from services.dicom.parser.parse import parse_bytes
from services.domain.errors import FadaError
from services.index.port import Case
from services.orders import hl7_orders, message
from services.reading.releases.manifest import check_format, parse

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "samples"
SEEDS = Path(__file__).parent / "seeds"  # of real machines and phones: ATTRIBUTION.txt there
_CASE = Case("case-1", "device:1", "1.2.3", (), False, None, "", "", "")
_SECRET = b"fuzz"


@dataclass(frozen=True, slots=True)
class Target:
    """A door: what takes the bytes, and what it is tried from. ``is_json``: it takes JSON documents."""

    take: Callable[[bytes], object]
    seeds: Callable[[], list[bytes]]
    is_json: bool = False


def dicom(data: bytes) -> None:
    """The parser, and what is asked of an object that it took: header, metadata, scale, a frame."""
    with suppress(FadaError):
        parsed = parse_bytes(data)
        dicom_json.metadata(read_dataset(data))
        if parsed.frames and parsed.rows * parsed.columns <= 1 << 20:
            frames = Frames.of_bytes(data)
            calibration(frames.dataset)
            frames.read(1)


def case_form(data: bytes) -> None:
    """What a phone says of a case, and its report."""
    with suppress(FadaError):
        report_of(parse_case(data), _CASE)


def manifest(data: bytes) -> None:
    """A release's manifest."""
    with suppress(FadaError):
        try:
            document = json.loads(data)
        except (ValueError, RecursionError):
            return
        parse(check_format(document), "0" * 64)


def carried(data: bytes) -> None:
    """The inside of a carried case, as whoever knows the hub's public key can seal it."""
    key = bundle.hub_key(_SECRET)
    with suppress(FadaError):
        bundle.unseal(data, key)
        raise AssertionError("nobody sealed that")
    sealed = bundle.MAGIC + bytes(bundle._SUITE.encrypt(data, key.public_key(), info=bundle.INFO))
    with suppress(FadaError):
        bundle.unseal(sealed, key)


def tus_headers(data: bytes) -> None:
    """Upload-Metadata and Upload-Checksum, a line each."""
    first, _, second = data.decode("latin-1").partition("\n")
    with suppress(FadaError):
        tus._metadata(first)
    with suppress(FadaError):
        tus._checksum(second)


def multipart_body(data: bytes) -> None:
    """The header of a STOW-RS request, a line, then its body in two pieces."""
    first, _, body = data.partition(b"\n")
    services = _services()
    with suppress(FadaError), services.spool.request_files() as files:
        multipart.media_types(first.decode("latin-1"))
        taking = StowBody(services, first.decode("latin-1"), files)
        try:
            taking.feed([body[: len(body) // 2], body[len(body) // 2 :]])
            taking.close()
        finally:
            taking.abandon()


def hl7(data: bytes) -> None:
    """An order or a piece of news in HL7 v2."""
    with suppress(FadaError):
        parsed = message.parse(data)
        for read in (hl7_orders.orders_of, hl7_orders.news_of):
            with suppress(FadaError):
                read(parsed)


@lru_cache(maxsize=1)
def _services() -> Any:
    folder = Path(tempfile.mkdtemp(prefix="fada-fuzz-"))
    settings = SimpleNamespace(max_instance_bytes=1 << 20, max_request_bytes=1 << 21)
    return SimpleNamespace(spool=Spool(folder), settings=settings)


def dicom_seeds() -> list[bytes]:
    """Objects of nine machines, and a small head in several transfer syntaxes."""
    source = pydicom.dcmread(SAMPLES / "head-14w.dcm")
    source.decompress()
    source.Rows = source.Columns = 16
    source.PixelData = bytes(256)
    made = [path.read_bytes() for path in sorted((SEEDS / "dicom").glob("*.dcm"))]
    made.append((SAMPLES / "nt-view.dcm").read_bytes()[:20_000])
    for syntax in (ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian,
                   source.file_meta.TransferSyntaxUID):  # fmt: skip
        raw = io.BytesIO()
        source.file_meta.TransferSyntaxUID = syntax
        pydicom.dcmwrite(
            raw, source, implicit_vr=syntax.is_implicit_VR, little_endian=syntax.is_little_endian,
            force_encoding=True,
        )  # fmt: skip
        made.append(raw.getvalue())
    return made


def case_seeds() -> list[bytes]:
    """What a laptop sent of an examination, and a case with all fields."""
    picture = {"sha256": "0" * 64, "size": 3, "media_type": "image/png"}
    said = {"urgent": True, "pictures": [picture], "pixel_mm": [0.2, 0.2], "study_uid": "1.2.3",
            "report": {"frames": []}, "study_date": "2026-01-02", "fetuses": 2,
            "fetus_images": {"1.2": "A"}}  # fmt: skip
    sent = [path.read_bytes() for path in sorted((SEEDS / "case").glob("*.json"))]
    return [*sent, json.dumps(said).encode(), b"{}"]


def carried_seeds() -> list[bytes]:
    """The inside of a case with one image."""
    data = b"image"
    image = {"sha256": hashlib.sha256(data).hexdigest(), "media_type": "image/png", "size": 5,
             "pixel_mm": [0.1, 0.1]}  # fmt: skip
    head = json.dumps(
        {"device": "d", "case": "c", "version": 1, "body": 2, "images": [image]}
    ).encode()
    return [bytes(64) + struct.pack(">I", len(head)) + head + b"{}" + data]


def multipart_seeds() -> list[bytes]:
    """A message of two parts."""
    part = b"--b\r\nContent-Type: application/dicom\r\n\r\nDICM\r\n"
    head = b'multipart/related; type="application/dicom"; boundary=b\n'
    return [head + part + part + b"--b--\r\n"]


def hl7_seeds() -> list[bytes]:
    """An order."""
    lines = ("MSH|^~\\&|RIS|H|FADA|H|20260102||ORM^O01|1|P|2.5", "PID|1||P1^^^H||DOE^JANE||19900101|F",
             "ORC|NW|A1||||||20260102", "OBR|1|A1||US^Ultrasound")  # fmt: skip
    return ["\r".join(lines).encode()]


def manifest_seeds() -> list[bytes]:
    """Those of the repository's releases."""
    return [
        path.read_bytes() for path in sorted((ROOT / "models" / "releases").rglob("manifest.json"))
    ]


TARGETS = {
    "dicom": Target(dicom, dicom_seeds),
    "case": Target(case_form, case_seeds, is_json=True),
    "manifest": Target(manifest, manifest_seeds, is_json=True),
    "carried": Target(carried, carried_seeds),
    "tus": Target(tus_headers, lambda: [b"filename YS5kY20=,sha256 MDA=\nsha256 MDA="]),
    "multipart": Target(multipart_body, multipart_seeds),
    "hl7": Target(hl7, hl7_seeds),
}
