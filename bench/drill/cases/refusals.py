"""Hostile bytes: refused at the door, in bounded memory, with nothing left behind."""

from __future__ import annotations

import io
import struct
import zlib
from concurrent.futures import ThreadPoolExecutor

import httpx
import pydicom
from PIL import Image
from pydicom.uid import DeflatedExplicitVRLittleEndian

from bench.drill.case import Seen, case
from bench.drill.hub import DICOM, DrillHub, some_studies
from bench.drill.memory import Peak, watched
from bench.studies import SAMPLES

BAD = "tests/integration/dicom/test_bad_input.py"
POOL = "tests/unit/services/dicom/parser/test_pool.py"
PARSE = "tests/unit/services/dicom/parser/test_parse.py"
UPLOADS = "tests/integration/gateway/ingest/test_uploads.py"
MOST_MIB = (
    900.0  # above the gateway's own: all children of all its processes, each bounded by itself
)


@case(27, "413; memory bounded", f"{BAD}::test_a_deflate_bomb",
      f"{POOL}::test_a_bomb_of_deflate_is_refused_small",
      f"{PARSE}::test_a_deflate_bomb_is_stopped")  # fmt: skip
def deflate_bomb(hub: DrillHub) -> None:
    """27: a deflate bomb (1 MB inflating to 2 GB)"""


@case(
    28,
    "413 or 400; nothing written outside",
    f"{BAD}::test_a_gzip_bomb_as_body",
    f"{BAD}::test_a_gzip_body_is_understood",
    f"{UPLOADS}::test_hostile_archives",
    "tests/integration/gateway/access/test_limits.py::test_gzip_is_taken_and_a_gzip_bomb_is_not",
)
def archives(hub: DrillHub) -> None:
    """28: a gzip body, a ZIP bomb, zip-slip"""


@case(29, "refused before decoding", f"{BAD}::test_huge_images_are_refused_before_decoding",
      f"{PARSE}::test_a_huge_image_is_refused_before_decoding",
      f"{PARSE}::test_a_long_clip_is_refused_before_decoding",
      f"{PARSE}::test_a_jpeg_that_claims_another_size_is_refused")  # fmt: skip
def pixel_bomb(hub: DrillHub) -> None:
    """29: an RLE or JPEG bomb; Rows × Columns × Frames huge"""


@case(31, "400, not 500", f"{BAD}::test_twenty_thousand_nested_sequences",
      f"{PARSE}::test_sequences_nested_twenty_thousand_deep",
      f"{PARSE}::test_nesting_by_defined_lengths")  # fmt: skip
def nested(hub: DrillHub) -> None:
    """31: sequences nested 20,000 deep"""


@case(
    32,
    "refused; keys are hashes",
    f"{BAD}::test_malformed_uids",
    f"{PARSE}::test_a_malformed_uid_is_refused",
    "tests/integration/gateway/access/test_limits.py::test_names_from_outside_are_never_keys_or_paths",
)
def uids(hub: DrillHub) -> None:
    """32: a UID with ../, NUL, 65 characters"""


@case(33, "zeroed before storing", f"{BAD}::test_a_program_in_the_preamble_is_zeroed",
      f"{BAD}::test_a_tiff_preamble_stays")  # fmt: skip
def preamble(hub: DrillHub) -> None:
    """33: PE or ELF in the preamble (CVE-2019-11687)"""


@case(34, "refused", f"{BAD}::test_a_hostile_dicomdir", f"{PARSE}::test_a_dicomdir_is_refused")
def dicomdir(hub: DrillHub) -> None:
    """34: a hostile DICOMDIR (CVE-2026-32711)"""


@case(35, "refused at the door", f"{BAD}::test_a_cut_file",
      f"{PARSE}::test_a_file_cut_at_any_byte_is_refused")  # fmt: skip
def cut(hub: DrillHub) -> None:
    """35: a file cut at any byte"""


@case(
    "F5",
    "refused, with bounded memory; an honest study is taken beside them",
    f"{POOL}::test_items_without_end_are_refused_small",
    f"{POOL}::test_a_picture_is_decoded_in_the_child",
    f"{POOL}::test_memory_is_bounded",
    "tests/unit/workers/analysis/test_image_opener.py::test_bomb_of_empty_items_costs_its_image_alone",
    "tests/unit/services/dicom/objects/test_objects.py::TestPictures::test_a_png_bomb",
    live=True,
)
def bombs_at_once(hub: DrillHub) -> Seen:
    """F5: a deflate bomb, 60,000 regions, 32 MB of empty items and six PNG bombs at once"""
    pid = hub.machine.processes["gateway"].pid or 0
    png = _png()
    studies = some_studies(1)
    with watched(pid) as peak, hub.client(timeout=180) as client, ThreadPoolExecutor(9) as pool:
        asked = {
            "deflate": pool.submit(_stow, client, _deflated()),
            "60,000 regions": pool.submit(_stow, client, _items(60_000)),
            "empty items": pool.submit(_stow, client, _items(4_000_000)),
            **{f"PNG {n}": pool.submit(_picture, client, png) for n in range(6)},
        }
        tried = hub.send(studies.values())
        codes = {name: one.result() for name, one in asked.items()}
    counted = hub.settled(studies)
    refused = all(code in (400, 413, 429, 503) for code in codes.values())
    seen = ", ".join(f"{name} {code}" for name, code in codes.items())
    return Seen(
        refused and _small(peak) and counted.whole,
        f"{seen}; {peak.before:.0f} MiB before, at most {peak.mib:.0f}; honest: {tried[0]} tries, {counted}",
    )


def _small(peak: Peak) -> bool:
    return peak.mib - peak.before < MOST_MIB


def _stow(client: httpx.Client, data: bytes) -> int:
    """The refusal of its one object; the answer's own status where it was taken."""
    answer = client.post("/dicomweb/studies", content=data, headers=DICOM)
    return answer.status_code


def _picture(client: httpx.Client, data: bytes) -> int:
    return client.post("/api/uploads", files={"file": ("scan.png", data)}).status_code


def _png() -> bytes:
    """300 kB that would be 300 megapixels."""
    out = io.BytesIO()
    Image.new("1", (20_000, 15_000)).save(out, "PNG", optimize=True)
    return out.getvalue()


def _deflated() -> bytes:
    """Some 2 MB that would be 2 GB, written without holding them."""
    dataset = pydicom.dcmread(SAMPLES / "head-27w.dcm", stop_before_pixels=True)
    dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    dataset.NumberOfFrames = 11_000
    out = io.BytesIO()
    pydicom.dcmwrite(out, dataset, enforce_file_format=True)
    data = out.getvalue()
    at = _meta_end(data)
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -15)
    body = zlib.decompress(data[at:], -15)
    packed = [squeeze.compress(body + struct.pack("<HH2sHI", 0x7FE0, 0x0010, b"OB", 0, 2**31 - 2))]
    packed += [squeeze.compress(bytes(2**20)) for _ in range(2**11 - 1)]
    return data[:at] + b"".join(packed) + squeeze.flush()


def _meta_end(data: bytes) -> int:
    """Where the file meta information ends: its length is in its first element."""
    return 144 + int(struct.unpack_from("<I", data, 140)[0])


def _items(count: int) -> bytes:
    """An image with so many empty items in a sequence: 60,000 as regions, more as 32 MB of nothing."""
    whole = (SAMPLES / "head-27w.dcm").read_bytes()
    group, element = (0x0018, 0x6011) if count <= 60_000 else (0x0018, 0xA001)
    body = struct.pack("<HH2sHI", group, element, b"SQ", 0, 8 * count)
    body += struct.pack("<HHI", 0xFFFE, 0xE000, 0) * count
    if count <= 60_000:
        start = whole.find(struct.pack("<HH2s", 0x0018, 0x6011, b"SQ"))
        end = whole.index(struct.pack("<HH2s", 0x0020, 0x000D, b"UI"))
        return whole[:start] + body + whole[end:] if start > 0 else _before_rows(whole, body)
    return _before_rows(whole, body)


def _before_rows(whole: bytes, body: bytes) -> bytes:
    at = whole.index(struct.pack("<HH2s", 0x0028, 0x0002, b"US"))
    return whole[:at] + body + whole[at:]
