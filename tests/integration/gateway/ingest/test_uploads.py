"""The web form: DICOM, ZIP, PNG, JPEG; and what a ZIP may not do (case 28). Idempotency (10, 11)."""

from __future__ import annotations

import io
import os
import stat
import struct
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import hub as hubs
import numpy as np
import pytest
from PIL import Image

from services.index.port import StudyQuery

HEAD = hubs.SAMPLES / "head-27w.dcm"


def picture(seed: int, kind: str = "PNG") -> bytes:
    out = io.BytesIO()
    noise = np.random.default_rng(seed).integers(0, 255, (64, 80), dtype=np.uint8)
    Image.fromarray(noise).save(out, kind)
    return out.getvalue()


def packed(entries: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return out.getvalue()


def test_mixed_files_each_have_an_outcome(hub: hubs.Hub) -> None:
    files = [
        ("file", ("a.dcm", HEAD.read_bytes())),
        ("file", ("b.png", picture(1))),
        ("file", ("c.jpg", picture(2, "JPEG"))),
        ("file", ("d.zip", packed({"x/one.dcm": (hubs.SAMPLES / "head-14w.dcm").read_bytes(),
                                   "__MACOSX/one.dcm": b"x", "notes.txt": b"hello"}))),
        ("file", ("e.dcm", HEAD.read_bytes()[:5000])),
    ]  # fmt: skip
    with hub.client("mixed") as client:
        body = client.post("/api/uploads", files=files).json()
    names = [i["name"] for i in body["items"]]
    assert names == ["a.dcm", "b.png", "c.jpg", "x/one.dcm", "notes.txt", "e.dcm"]
    assert [i["accepted"] for i in body["items"]] == [True, True, True, True, False, False]
    assert body["items"][4]["problem"]["code"] == "unsupported_media"
    assert body["items"][5]["problem"]["code"] == "invalid_dicom"
    assert (body["accepted"], body["refused"]) == (4, 2)
    pictures = {i["study_id"] for i in body["items"][1:3]}
    assert len(pictures) == 1, "pictures of one request are one study"


def test_nothing_accepted_is_a_problem(hub: hubs.Hub) -> None:
    with hub.client("mixed") as client:
        answer = client.post("/api/uploads", files={"file": ("x.exe", b"MZ" + bytes(500))})
    assert answer.status_code == 415
    assert answer.json()["items"][0]["problem"]["code"] == "unsupported_media"


def test_a_pixel_size_given_by_hand_is_marked(hub: hubs.Hub) -> None:
    from gateway.representations.images import CalibrationCache, open_frames

    with hub.client("hand") as client:
        item = client.post(
            "/api/uploads",
            files={"file": picture(3)},
            data={"pixel_mm": "0.25", "patient_id": "P1"},
        ).json()["items"][0]
        wrong = client.post("/api/uploads", files={"file": picture(4)}, data={"pixel_mm": "250"})
    assert wrong.status_code == 400
    with hub.services.index.read() as tx:
        instance = tx.studies.instances("hand", sop_uid=item["sop_uid"])[0]
    size = CalibrationCache(hub.services).of(instance).for_points([(1, 1), (20, 20)])
    assert size is not None
    assert size.mm_x == pytest.approx(0.25)
    assert size.source == "scale_bar", "marked on every page"
    with open_frames(hub.services, instance) as frames:
        assert "by hand" in str(frames.dataset.ImageComments)


def test_twenty_at_once_are_one(hub: hubs.Hub) -> None:
    """Cases 10 and 11."""
    data = (hubs.SAMPLES / "head-35w.dcm").read_bytes()
    with hub.client("twenty") as client, ThreadPoolExecutor(20) as pool:
        answers = list(
            pool.map(lambda _: client.post("/api/uploads", files={"file": data}), range(20))
        )
        rows = client.get("/api/studies").json()
        assert {a.status_code for a in answers} == {200}
        items = [a.json()["items"][0] for a in answers]
        assert sum(i["new"] for i in items) == 1
        assert len({(i["study_id"], i["job_id"]) for i in items}) == 1
        assert rows["total"] == 1
        assert len(client.get(f"/api/studies/{items[0]['study_id']}").json()["jobs"]) == 1
        again = client.post("/api/uploads", files={"file": data}).json()["items"][0]
    assert again["study_id"] == items[0]["study_id"]
    assert not again["new"]


# --- ZIP -----------------------------------------------------------------------------------------
def slip(name: str) -> bytes:
    return packed({name: HEAD.read_bytes()})


def link() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        info = zipfile.ZipInfo("link.dcm")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    return out.getvalue()


def encrypted() -> bytes:
    data = bytearray(packed({"a.dcm": b"x" * 100}, zipfile.ZIP_STORED))
    data[6] |= 1
    central = data.rfind(b"PK\x01\x02")
    data[central + 8] |= 1
    return bytes(data)


def false_size() -> bytes:
    """Says 10 bytes, inflates to 40 MiB."""
    data = bytearray(packed({"a.dcm": bytes(40 * 2**20)}))
    central = data.rfind(b"PK\x01\x02")
    struct.pack_into("<I", data, central + 24, 10)
    struct.pack_into("<I", data, 22, 10)
    return bytes(data)


@pytest.mark.parametrize(
    ("archive", "status"),
    [
        (lambda: packed({"bomb.dcm": bytes(300 * 2**20)}), 413),
        (lambda: packed({f"{n}.dcm": bytes(8 * 2**20) for n in range(6)}), 413),
        (lambda: packed({f"{n}.dcm": b"x" for n in range(60)}), 413),
        (lambda: slip("../../../tmp/evil.dcm"), 400),
        (lambda: slip("/tmp/evil.dcm"), 400),
        (lambda: slip("a/../../evil.dcm"), 400),
        (lambda: slip("..\\evil.dcm"), 400),
        (lambda: slip("C:/evil.dcm"), 400),
        (link, 400),
        (encrypted, 400),
        (false_size, 400),
        (lambda: packed({"inner.zip": packed({"a.dcm": b"x"})}), 415),
        (lambda: packed({"inner.dcm": packed({"a.dcm": b"x"})}), 415),
        (lambda: packed({"a.dcm": b"x" * 1000}, zipfile.ZIP_LZMA), 415),
        (lambda: packed({}), 400),
        (lambda: packed({"a.dcm": HEAD.read_bytes()})[:-40], 400),
        (lambda: packed({"a.dcm": HEAD.read_bytes()})[:3000], 400),
    ],
)  # fmt: skip
def test_hostile_archives(hub: hubs.Hub, archive, status: int) -> None:
    before = set(os.listdir("/tmp"))
    with hub.client("zips") as client:
        answer = client.post("/api/uploads", files={"file": ("x.zip", archive())})
    assert answer.status_code == status, answer.text
    assert not any("evil" in name for name in set(os.listdir("/tmp")) - before)
    assert not Path("/tmp/evil.dcm").exists()
    left = [p for p in hub.services.spool.folder.iterdir() if p.name.startswith("in-")]
    assert left == [], "the spool is empty again"


def test_hostile_pictures(hub: hubs.Hub) -> None:
    """A small PNG that says it is huge is refused before it is decoded."""
    import zlib

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    huge = b"\x89PNG\r\n\x1a\n" + chunk(
        b"IHDR", struct.pack(">IIBBBBB", 60000, 60000, 8, 0, 0, 0, 0)
    )
    huge += chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    with hub.client("zips") as client:
        assert client.post("/api/uploads", files={"file": huge}).status_code == 413
        cut = client.post("/api/uploads", files={"file": picture(9)[:200]})
        assert cut.status_code == 400


# --- Idempotency-Key -----------------------------------------------------------------------------
def test_a_retried_post_acts_once(hub: hubs.Hub) -> None:
    with hub.client("once") as client:
        data = (hubs.SAMPLES / "nt-view.dcm").read_bytes()
        boundary = {"Content-Type": "multipart/form-data; boundary=b", "Idempotency-Key": "k-1"}
        body = (
            b'--b\r\nContent-Disposition: form-data; name="file"; filename="n.dcm"\r\n\r\n'
            + data + b"\r\n--b--\r\n"
        )  # fmt: skip
        first = client.post("/api/uploads", content=body, headers=boundary)
        second = client.post("/api/uploads", content=body, headers=boundary)
        assert first.status_code == second.status_code == 200
        assert second.headers["idempotency-replayed"] == "true"
        assert first.content == second.content
        other = client.post(
            "/api/uploads", content=body.replace(b"n.dcm", b"m.dcm"), headers=boundary
        )
        assert other.status_code == 422
        assert other.json()["code"] == "idempotency_key_reused"
        study = first.json()["items"][0]["study_id"]
        key = {"Idempotency-Key": "k-2"}
        one = client.post(f"/api/studies/{study}/shares", json={"hours": 1}, headers=key)
        two = client.post(f"/api/studies/{study}/shares", json={"hours": 1}, headers=key)
        assert one.json() == two.json()
        assert len(client.get(f"/api/studies/{study}/shares").json()["items"]) == 1
        made = [client.post("/api/keys", json={"name": "k", "role": "reader"}, headers=key).json()
                for _ in range(2)]  # fmt: skip
        assert made[0]["key"] != made[1]["key"], "a secret is never kept to be shown again"


def test_the_same_key_at_once_runs_once(hub: hubs.Hub) -> None:
    with hub.client("once2") as client:
        study = client.post("/api/uploads", files={"file": HEAD.read_bytes()}).json()["items"][0][
            "study_id"
        ]
        with ThreadPoolExecutor(8) as pool:
            answers = list(
                pool.map(
                    lambda _: client.post(
                        f"/api/studies/{study}/shares",
                        json={"hours": 2},
                        headers={"Idempotency-Key": "same"},
                    ),
                    range(8),
                )
            )
        assert {a.status_code for a in answers} <= {201, 409}
        assert len(client.get(f"/api/studies/{study}/shares").json()["items"]) == 1


def test_the_worklist_filters(hub: hubs.Hub) -> None:
    with hub.client("list") as client:
        for name in ("head-27w", "head-14w", "head-35w"):
            client.post("/api/uploads", files={"file": (hubs.SAMPLES / f"{name}.dcm").read_bytes()},
                        data={"urgent": "true"} if name == "head-14w" else {})  # fmt: skip
        rows = client.get("/api/studies").json()
        assert rows["total"] == 3
        assert rows["items"][0]["urgent"]
        assert rows["items"][0]["reasons"] == ["urgent"]
        assert client.get("/api/studies", params={"urgent": True}).json()["total"] == 1
        assert client.get("/api/studies", params={"state": "ready,failed"}).json()["total"] == 0
        study = client.get("/api/studies", params={"urgent": False}).json()["items"][0]
        assert client.patch(f"/api/studies/{study['id']}", json={"urgent": True}).json()["urgent"]
        page = client.get("/api/studies", params={"limit": 2, "offset": 2}).json()
        assert len(page["items"]) == 1
    with hub.services.index.read() as tx:
        assert tx.studies.count("list", StudyQuery(urgent=True)) == 2


def test_a_picture_sent_again_keeps_what_was_said_before(hub: hubs.Hub) -> None:
    """A name alone keeps the scale, a scale alone the name, and nothing at all is the same again."""
    data = picture(4711)

    def post(**fields: str) -> Any:
        with hub.client("again") as client:
            answer = client.post("/api/uploads", files={"file": data}, data=fields)
        assert answer.status_code == 200, answer.text
        return answer.json()["items"][0]

    def stored(item: Any) -> tuple[str, float | None]:
        with hub.client("again") as client:
            study = client.get(f"/api/studies/{item['study_id']}").json()
        scale = study["instances_list"][0]["calibration"]
        regions = scale["regions"] if scale else []
        return study["patient"]["name"], regions[0]["mm_x"] if regions else None

    first = post(pixel_mm="0.23")
    assert stored(first) == ("", pytest.approx(0.23))  # type: ignore[comparison-overlap]
    named = post(patient_name="Doe^Jane")
    assert (named["study_id"], named["new"]) == (first["study_id"], True)
    assert stored(named) == ("Doe Jane", pytest.approx(0.23))  # type: ignore[comparison-overlap]
    assert not post()["new"]
    scaled = post(pixel_mm="0.31")
    assert stored(scaled) == ("Doe Jane", pytest.approx(0.31))  # type: ignore[comparison-overlap]
    assert not post(pixel_mm="0.31")["new"]
