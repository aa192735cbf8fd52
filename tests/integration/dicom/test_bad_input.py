"""What must not come in, and what must come in once: cases 10 to 12, 27 to 37 at the real gateway."""

from __future__ import annotations

import gzip
import hashlib
import http.client
import io
import json
import os
import socket
import struct
import subprocess
import sys
import threading
import time
import zlib
from pathlib import Path

import combination
import httpx
import numpy as np
import pydicom
import pytest
from integration.dicom.open_gateway import ROOT, SAMPLES, OpenGateway
from pydicom.encaps import encapsulate
from pydicom.uid import DeflatedExplicitVRLittleEndian, RLELossless

from services.dicom.objects.composite import part10
from services.dicom.objects.ultrasound import PictureFrames, Subject, ultrasound_object
from services.domain.errors import NotFound
from services.index.port import StudyQuery

EXPLICIT = "1.2.840.10008.1.2.1"


def fresh(key: str, **more: object) -> bytes:
    """A small study of its own for each ``key``."""
    pixels = np.full((1, 16, 16), len(key) % 250, np.uint8)
    data = ultrasound_object(
        PictureFrames(pixels), Subject(key, patient_name="BAD^INPUT"), (0.2, 0.2)
    )
    if not more:
        return data
    dataset = pydicom.dcmread(io.BytesIO(data))
    for name, value in more.items():
        setattr(dataset, name, value)
    return part10(dataset, EXPLICIT)


def stow(gateway: OpenGateway, *parts: bytes, path: str = "", **headers: str) -> httpx.Response:
    """Parts without a file name, as PS3.18 has them."""
    body = b"".join(
        b"--edge\r\nContent-Type: application/dicom\r\n\r\n" + part + b"\r\n" for part in parts
    )
    kind = 'multipart/related; type="application/dicom"; boundary=edge'
    return httpx.post(
        f"{gateway.url}/dicomweb/studies{path}", content=body + b"--edge--",
        headers={**gateway.headers, "Content-Type": kind, **headers}, timeout=60,
    )  # fmt: skip


def reasons(answer: httpx.Response) -> list[str]:
    """FADA's codes in a Store Instances Response."""
    body = answer.json()
    items = [*body.get("00081198", {}).get("Value", []), *body.get("0008119A", {}).get("Value", [])]
    return [item["00000902"]["Value"][0].split(":")[0] for item in items]


def uid(data: bytes, name: str = "StudyInstanceUID") -> str:
    return str(pydicom.dcmread(io.BytesIO(data), stop_before_pixels=True)[name].value)


def test_twenty_identical_uploads_at_once_are_one(gateway: OpenGateway) -> None:
    """Case 11: one row, one job; every sender hears success."""
    data, answers = fresh("twenty"), []
    threads = [
        threading.Thread(target=lambda: answers.append(stow(gateway, data).status_code))
        for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [200] * 20
    with gateway.services.index.read() as tx:
        study = tx.studies.by_uid("north", uid(data))
        assert study.instances == 1
        assert len(tx.jobs.find("north", study_id=study.id)) == 1


def test_a_lost_answer_is_given_again(gateway: OpenGateway) -> None:
    """Case 10: the retry is answered with the same resource."""
    first, second = (stow(gateway, fresh("lost")) for _ in range(2))
    assert first.status_code == second.status_code == 200
    assert first.json()["00081199"] == second.json()["00081199"]


def test_other_bytes_under_the_same_uid(gateway: OpenGateway) -> None:
    """Case 12: 409, the original stays."""
    original = fresh("rival")
    assert stow(gateway, original).status_code == 200
    rival = fresh("rival", PatientID="X")
    answer = stow(gateway, rival)
    assert (answer.status_code, reasons(answer)) == (409, ["different_bytes"])
    (item,) = answer.json()["00081198"]["Value"]
    assert item["00081155"]["Value"] == [uid(original, "SOPInstanceUID")]
    with gateway.services.index.read() as tx:
        (row,) = tx.studies.instances("north", study_uid=uid(original))
    assert row.sha256 == hashlib.sha256(original).hexdigest()
    assert gateway.services.store.get("north", row.sha256) == original
    # Another site may hold the very same UID: it is another study there.
    other = {"Authorization": f"Bearer {gateway.other}"}
    assert stow(gateway, rival, **other).status_code == 200


def test_the_same_instance_with_another_file_header(gateway: OpenGateway) -> None:
    """Another writer's file meta information around the very same data set contradicts nothing."""
    original = fresh("two writers")
    assert stow(gateway, original).status_code == 200
    again = pydicom.dcmread(io.BytesIO(original))
    again.file_meta.ImplementationVersionName = "OTHER_WRITER"
    out = io.BytesIO()
    again.save_as(out)
    assert out.getvalue() != original
    answer = stow(gateway, out.getvalue())
    assert (answer.status_code, reasons(answer)) == (200, [])
    assert stored_bytes(gateway, uid(original)) == original


def test_of_two_rivals_in_one_request_the_first_stays(gateway: OpenGateway) -> None:
    answer = stow(gateway, fresh("rivals"), fresh("rivals", PatientID="X"))
    assert (answer.status_code, reasons(answer)) == (202, ["different_bytes"])


def test_some_stored_some_not(gateway: OpenGateway) -> None:
    answer = stow(gateway, fresh("good one"), b"nonsense" * 100, fresh("ct", SOPClassUID="1.2.840.10008.5.1.4.1.1.2"))  # fmt: skip
    assert answer.status_code == 202
    assert sorted(reasons(answer)) == ["invalid_dicom", "unsupported_object"]
    assert len(answer.json()["00081199"]["Value"]) == 1


def test_objects_of_another_study_than_the_address(gateway: OpenGateway) -> None:
    answer = stow(gateway, fresh("elsewhere"), path="/1.2.3.4")
    assert (answer.status_code, reasons(answer)) == (409, ["study_mismatch"])


@pytest.mark.parametrize(
    "kind",
    ["application/json", 'multipart/related; type="application/dicom+json"; boundary=x',
     "multipart/form-data; boundary=x", ""],
)  # fmt: skip
def test_other_content_types(gateway: OpenGateway, kind: str) -> None:
    answer = httpx.post(f"{gateway.url}/dicomweb/studies", content=b"--x--",
                        headers={**gateway.headers, "Content-Type": kind})  # fmt: skip
    assert answer.status_code == 415


@pytest.mark.parametrize(
    "body",
    [b"", b"--edge--", b"--edge\r\n\r\nabc", b"no boundary at all", b"--edge junk\r\n\r\n",
     b"--edge\r\n" + b"X: y\r\n" * 5000 + b"\r\n"],
)  # fmt: skip
def test_malformed_multipart(gateway: OpenGateway, body: bytes) -> None:
    kind = 'multipart/related; type="application/dicom"; boundary=edge'
    answer = httpx.post(f"{gateway.url}/dicomweb/studies", content=body,
                        headers={**gateway.headers, "Content-Type": kind})  # fmt: skip
    assert answer.status_code == 400, answer.text


def deflated_bomb() -> bytes:
    meta = fresh("bomb")
    dataset = pydicom.dcmread(io.BytesIO(meta))
    whole = part10(dataset, DeflatedExplicitVRLittleEndian)
    head = whole[: 144 + struct.unpack_from("<I", whole, 140)[0]]
    engine = zlib.compressobj(9, zlib.DEFLATED, -15)
    blocks = [engine.compress(bytes(1 << 24)) for _ in range(16)]
    return head + b"".join(blocks) + engine.flush()


def peak_memory(pid: int) -> int:
    """Bytes, the most that was resident."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) * 1024
    return 0


def test_a_deflate_bomb(gateway: OpenGateway) -> None:
    """Case 27: a quarter of a megabyte that inflates to 256 MB; 413 within bounded memory."""
    bomb = deflated_bomb()
    assert len(bomb) < 2**19
    answer = stow(gateway, bomb)
    assert (answer.status_code, reasons(answer)) == (413, ["too_large"])
    children = {child.pid for child in gateway.services.parser._all}
    assert children
    assert all(peak_memory(pid) < 300 * 2**20 for pid in children)


def test_a_gzip_bomb_as_body(gateway: OpenGateway) -> None:
    """Case 28: the inflated size is what counts."""
    bomb = gzip.compress(bytes(200 * 2**20))
    answer = httpx.post(
        f"{gateway.url}/dicomweb/studies", content=bomb, timeout=60,
        headers={**gateway.headers, "Content-Type": "application/dicom", "Content-Encoding": "gzip"},
    )  # fmt: skip
    assert answer.status_code == 413


def test_a_gzip_body_is_understood(gateway: OpenGateway) -> None:
    answer = httpx.post(
        f"{gateway.url}/dicomweb/studies", content=gzip.compress(fresh("gzip")),
        headers={**gateway.headers, "Content-Type": "application/dicom", "Content-Encoding": "gzip"},
    )  # fmt: skip
    assert answer.status_code == 200


def test_an_object_above_the_limit_ends_alone(gateway: OpenGateway) -> None:
    large = fresh("large")[:-2] + bytes(33 * 2**20)
    answer = stow(gateway, large, fresh("beside a large one"))
    assert (answer.status_code, reasons(answer)) == (202, ["too_large"])


def test_huge_images_are_refused_before_decoding(gateway: OpenGateway) -> None:
    """Case 29: RLE and JPEG whose header claims 65,535 squared."""
    rle = pydicom.dcmread(io.BytesIO(fresh("rle")))
    rle.Rows = rle.Columns = 65535
    rle.PixelData = encapsulate([b"\x01\0\0\0\x40\0\0\0" + bytes(56) + b"\x81\0"])
    rle["PixelData"].is_undefined_length = True
    answer = stow(gateway, part10(rle, RLELossless))
    assert (answer.status_code, reasons(answer)) == (413, ["too_large"])
    jpeg = bytearray((SAMPLES / "head-14w.dcm").read_bytes())
    at = jpeg.index(b"\xff\xc0") + 5
    jpeg[at : at + 4] = b"\xff\xff\xff\xff"
    answer = stow(gateway, bytes(jpeg))
    assert (answer.status_code, reasons(answer)) == (400, ["invalid_dicom"])


def test_a_later_frame_that_lies_is_refused_when_it_is_asked_for(gateway: OpenGateway) -> None:
    """Case 29: only the first frame is looked at on the way in; decoding looks at each."""
    dataset = pydicom.dcmread(SAMPLES / "head-14w.dcm")
    frame = next(iter(pydicom.encaps.generate_frames(dataset.PixelData, number_of_frames=1)))
    lying = bytearray(frame)
    at = lying.index(b"\xff\xc0") + 5
    lying[at : at + 4] = b"\xff\xff\xff\xff"
    dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.3.1"
    dataset.SOPInstanceUID, dataset.StudyInstanceUID = "1.2.3.55", "1.2.3.54"
    dataset.NumberOfFrames, dataset.FrameTime = 2, "33"
    dataset.PixelData = encapsulate([frame, bytes(lying)])
    assert stow(gateway, part10(dataset, dataset.file_meta.TransferSyntaxUID)).status_code == 200
    place = f"{gateway.url}/dicomweb/studies/1.2.3.54/series/{dataset.SeriesInstanceUID}/instances/1.2.3.55"
    rendered = [
        httpx.get(f"{place}/frames/{n}/rendered", headers=gateway.headers).status_code
        for n in (1, 2)
    ]
    assert rendered == [200, 400]


def test_twenty_thousand_nested_sequences(gateway: OpenGateway) -> None:
    """Case 31: 400, not 500."""
    nested = b"\x08\x00\x15\x11SQ\0\0\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff" * 20_000
    answer = stow(gateway, fresh("deep") + nested)
    assert (answer.status_code, reasons(answer)) == (400, ["invalid_dicom"])


def test_malformed_uids(gateway: OpenGateway) -> None:
    """Case 32: refused; nothing is stored under them, nothing echoes them."""
    whole = fresh("uid")
    at = whole.index(b"\x20\x00\x0d\x00UI")
    (length,) = struct.unpack_from("<H", whole, at + 6)
    for value in (b"../../../etc/passwd\0", b"1.2.3\0.4.5.6.7.8\0", b"1." + b"2" * 64):
        data = whole[: at + 6] + struct.pack("<H", len(value)) + value + whole[at + 8 + length :]
        answer = stow(gateway, data)
        assert (answer.status_code, reasons(answer)) == (400, ["invalid_uid"])
        assert "passwd" not in answer.text
    for path in ("/studies/..%2f..%2fetc", f"/studies/{'1' * 65}", "/studies/1.2.%00"):
        answer = httpx.get(f"{gateway.url}/dicomweb{path}", headers=gateway.headers)
        assert answer.status_code in (400, 404, 422), path


def stored_bytes(gateway: OpenGateway, study_uid: str) -> bytes:
    with gateway.services.index.read() as tx:
        (row,) = tx.studies.instances("north", study_uid=study_uid)
    return gateway.services.store.get("north", row.sha256)


@pytest.mark.parametrize("magic", [b"MZ\x90\0", b"\x7fELF\x02", b"#!/bin/sh\n"])
def test_a_program_in_the_preamble_is_zeroed(gateway: OpenGateway, magic: bytes) -> None:
    """Case 33, CVE-2019-11687; sent twice it is still one."""
    clean = fresh(f"preamble {magic!r}")
    hostile = magic + b"\xcc" * (128 - len(magic)) + clean[128:]
    assert [stow(gateway, hostile).status_code for _ in range(2)] == [200, 200]
    assert stored_bytes(gateway, uid(clean)) == clean


def test_a_tiff_preamble_stays(gateway: OpenGateway) -> None:
    dual = b"II*\0" + b"\x08" * 124 + fresh("tiff")[128:]
    assert stow(gateway, dual).status_code == 200
    assert stored_bytes(gateway, uid(dual)) == dual


def test_a_hostile_dicomdir(gateway: OpenGateway) -> None:
    """Case 34, CVE-2026-32711."""
    answer = stow(gateway, fresh("dir", SOPClassUID="1.2.840.10008.1.3.10", FileSetID="../../etc"))
    assert (answer.status_code, reasons(answer)) == (409, ["unsupported_object"])


def test_a_cut_file(gateway: OpenGateway) -> None:
    """Case 35: at the gateway, at any byte (every byte in tests/unit/services/dicom/parser/test_parse.py)."""
    whole = fresh("cut")
    for length in (len(whole) - 1, len(whole) - 100, 400, 200, 140, 1):
        answer = stow(gateway, whole[:length])
        assert (answer.status_code, reasons(answer)) == (400, ["invalid_dicom"]), length
    with gateway.services.index.read() as tx, pytest.raises(NotFound):
        tx.studies.by_uid("north", uid(whole))


def test_a_false_content_length(gateway: OpenGateway) -> None:
    """Case 30: a body that stops early is not taken, and holds nobody for long."""
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=60)
    connection.putrequest("POST", "/dicomweb/studies")
    for name, value in {**gateway.headers, "Content-Type": "application/dicom",
                        "Content-Length": "100000000"}.items():  # fmt: skip
        connection.putheader(name, value)
    connection.endheaders(fresh("short"))
    connection.sock.shutdown(socket.SHUT_WR)
    connection.close()
    time.sleep(0.3)
    with gateway.services.index.read() as tx, pytest.raises(NotFound):
        tx.studies.by_uid("north", uid(fresh("short")))
    assert httpx.get(f"{gateway.url}/dicomweb/studies?limit=1", headers=gateway.headers).is_success


def test_range_abuse(gateway: OpenGateway) -> None:
    """Case 37: thousands of ranges cost nothing: DICOMweb answers whole, once."""
    data = fresh("ranges")
    place = stow(gateway, data).json()["00081199"]["Value"][0]["00081190"]["Value"][0]
    ranges = "bytes=" + ",".join(f"{n}-" for n in range(1000))
    answer = httpx.get(
        place, headers={**gateway.headers, "Accept": "application/dicom", "Range": ranges}
    )
    assert (answer.status_code, answer.content) == (200, data)


def test_the_spool_is_left_empty(gateway: OpenGateway) -> None:
    left = [p for p in gateway.services.spool.folder.iterdir() if p.name.startswith("in-")]
    assert left == []


def test_nothing_refused_was_indexed(gateway: OpenGateway) -> None:
    with gateway.services.index.read() as tx:
        kept = tx.studies.find("north", StudyQuery(match={"PatientName": "BAD^INPUT"}, limit=1000))
    assert {s.attributes["00100010"]["Value"][0]["Alphabetic"] for s in kept} == {"BAD^INPUT"}
    assert all(s.instances == 1 for s in kept)


def test_a_broker_that_is_gone_fails_no_answer(gateway: OpenGateway, tmp_path: Path) -> None:
    """After the commit the answer is success; the outbox keeps what the broker did not get."""
    program = """
import sys, json, pathlib
sys.path.insert(0, 'tests')
from gateway.bootstrap import compose
from services.domain.study import IngestSource, Principal, Role
from services.settings import Settings
services = compose(Settings())
services.index.migrate()
with services.spool.request_files() as files:
    with services.spool.writer(1 << 30) as out:
        out.write(pathlib.Path(sys.argv[1]).read_bytes())
        files.append(out.finish())
    (outcome,) = services.ingest.ingest(Principal('p', 'north', Role.SONOGRAPHER), files, source=IngestSource.STOW)
services.ingest.close()
with services.index.read() as tx:
    print(json.dumps([outcome.error is None, outcome.new, tx.outbox.pending('analyse')]))
services.parser.close()
"""
    given = gateway.services.settings
    environment = {
        **os.environ,
        "FADA_HOME": str(tmp_path),
        "FADA_INDEX_URL": combination.index_url(tmp_path),
        "FADA_BROKER_URL": "redis://127.0.0.1:1/0",
        "FADA_S3_ENDPOINT": given.s3_endpoint,
        "FADA_S3_ACCESS_KEY": given.s3_access_key.get_secret_value(),
        "FADA_S3_SECRET_KEY": given.s3_secret_key.get_secret_value(),
        "FADA_S3_BUCKET": given.s3_bucket,
        "FADA_RUNNER": "inprocess",
    }
    done = subprocess.run(
        [sys.executable, "-c", program, str(SAMPLES / "head-27w.dcm")], env=environment, cwd=ROOT,
        capture_output=True, text=True, timeout=90,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stdout.splitlines()[-1]) == [True, True, 1]
