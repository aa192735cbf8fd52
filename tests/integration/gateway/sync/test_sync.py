"""Phones: the device agent's own client against a real gateway (cases 17, 20 and the protocol)."""

from __future__ import annotations

import base64
import hashlib
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import hub as hubs
import pytest
import readings
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from PIL import Image
from uuid_utils import uuid7

from edge.agent.hub import Hub as Client
from edge.agent.hub import enrol
from edge.agent.storage.outbox import CaseOutbox
from edge.agent.storage.vault import Vault
from edge.agent.sync import fetch_answers
from services.domain.errors import Conflict, Gone, InvalidInput, NotAuthenticated, NotFound
from services.domain.report import Origin, ReleaseId, Scored
from services.domain.study import Principal, Role
from services.reading import report_json

PICTURE = (hubs.SAMPLES / "head-27w.png").read_bytes()
SHA = hashlib.sha256(PICTURE).hexdigest()
PHONE = ReleaseId("fada-nano", "0.9.0", "b" * 64)


def code(hub: hubs.Hub, site: str) -> str:
    with hub.client(site) as admin:
        return str(admin.post("/api/devices/codes").json()["code"])


@pytest.fixture
def phone(hub: hubs.Hub) -> Iterator[Client]:
    client = Client(enrol(hub.url, code(hub, "phones"), "midwife's phone"))
    yield client
    client.close()


def size() -> tuple[int, int]:
    width, height = Image.open(io.BytesIO(PICTURE)).size
    return width, height


def body(case_id: str, **changes: Any) -> bytes:
    width, height = size()
    phone_report = readings.report(
        case_id, readings.head(case_id, width, height, mm=None), release=PHONE
    )
    report = json.loads(report_json.dump(replace(phone_report, origin=Origin.PHONE)))
    whole = {
        "urgent": False, "pixel_mm": None, "report": report,
        "pictures": [{"sha256": SHA, "size": len(PICTURE), "media_type": "image/png"}],
    }  # fmt: skip
    return json.dumps({**whole, **changes}).encode()


def send(phone: Client, case_id: str) -> None:
    path = phone.new_upload(case_id, SHA, "image/png", PICTURE)
    phone.upload(path, PICTURE)


def test_a_code_works_once(hub: hubs.Hub) -> None:
    once = code(hub, "phones")
    assert enrol(hub.url, once.lower().replace("-", " "), "a").site == "phones"
    with pytest.raises(Gone):
        enrol(hub.url, once, "b")
    with pytest.raises(NotFound):
        enrol(hub.url, "0000-0000-0000", "c")


def test_what_was_said_at_the_capture_is_a_fact_and_the_comment_comes_back(
    hub: hubs.Hub, phone: Client
) -> None:
    case = str(uuid7())
    said = {"last_period": "2026-01-31", "indication": "growth check", "patient_id": "K-7"}
    study = phone.put_case(case, 1, body(case, **said))["study_id"]
    with hub.services.index.read() as tx:
        facts = tx.facts.latest("phones", study)
    assert facts.values["last_period"] == "2026-01-31"
    assert facts.values["indication"] == "growth check"
    reader = Principal("key:a reader", "phones", Role.READER)
    with hub.services.index.begin() as tx:
        tx.facts.state(reader, study, indication="twins", comment="See her again in two weeks.")
    phone.put_case(case, 2, body(case, **said))
    with hub.services.index.read() as tx:
        now = tx.facts.latest("phones", study).values
    assert now["indication"] == "twins", "a person at the hub goes before the capture"
    (item,) = phone.changes("")["items"]
    assert item["comment"] == "See her again in two weeks."


def test_the_day_and_the_fetuses_travel_both_ways(hub: hubs.Hub, phone: Client) -> None:
    case, tomorrow = str(uuid7()), (datetime.now(UTC) + timedelta(days=400)).date().isoformat()
    said = {"study_date": "2026-01-20", "last_period": "2025-08-02", "fetuses": 2}
    study = phone.put_case(case, 1, body(case, **said, fetus_images={"1.9": "A", "1.8": "B"}))[
        "study_id"
    ]
    reader = Principal("key:a reader", "phones", Role.READER)
    with hub.services.index.begin() as tx:
        tx.facts.state(reader, study, fetus_images={"1.9": "B", "1.7": "A"})
    phone.put_case(case, 2, body(case, **said, fetus_images={"1.9": "A", "1.8": "", "1.6": "A"}))
    (item,) = phone.changes("")["items"]
    examination = item["examination"]
    assert (examination["day"], examination["last_period"], examination["fetuses"]) == (
        "2026-01-20",
        "2025-08-02",
        2,
    )
    assert examination["dating"]["zero"] == "2025-08-02"
    assert examination["fetus_images"] == {"1.9": "B", "1.7": "A", "1.6": "A"}, (
        "a person at the hub first"
    )
    other = str(uuid7())
    phone.put_case(other, 1, body(other, study_date=tomorrow))
    known = {one["case_id"]: one for one in phone.changes("")["items"]}[other]["examination"]
    assert known["day"] is None, "a day that has not come yet is a wrong clock"


def test_a_key_that_is_none_is_refused(hub: hubs.Hub) -> None:
    enrolment = {"code": code(hub, "phones"), "name": "x", "public_key": "A" * 44}
    assert httpx.post(f"{hub.url}/api/sync/enrol", json=enrolment).status_code == 400


def test_a_challenge_works_once_and_for_its_phone(hub: hubs.Hub) -> None:
    one = enrol(hub.url, code(hub, "phones"), "one")
    two = enrol(hub.url, code(hub, "phones"), "two")

    def session(device: str, challenge: str, signature: str) -> int:
        proof = {"device_id": device, "challenge": challenge, "signature": signature}
        return httpx.post(f"{hub.url}/api/sync/session", json=proof).status_code

    def challenge(device: str) -> str:
        answer = httpx.post(f"{hub.url}/api/sync/challenge", json={"device_id": device})
        return str(answer.json()["challenge"])

    nonce = challenge(one.device_id)
    assert session(one.device_id, nonce, two.sign(nonce)) == 401
    assert session(two.device_id, nonce, two.sign(nonce)) == 401
    assert session(one.device_id, nonce + "x", one.sign(nonce + "x")) == 401
    assert session(one.device_id, nonce, one.sign(nonce)) == 200
    assert session(one.device_id, nonce, one.sign(nonce)) == 401, "used"
    old = hub.app.state.signer.sign("challenge", {"device": one.device_id, "nonce": "n"}, -1)
    assert session(one.device_id, old, one.sign(old)) == 401, "over"
    stranger = base64.b64encode(Ed25519PrivateKey.generate().sign(b"x")).decode()
    assert session(str(uuid7()), challenge(str(uuid7())), stranger) == 401


def test_a_revoked_phone_is_shut_out(hub: hubs.Hub, phone: Client) -> None:
    phone.changes("0")
    with hub.client("phones") as admin:
        devices = admin.get("/api/devices").json()["items"]
        newest = max(devices, key=lambda d: d["enrolled_at"])
        assert newest["last_seen_at"]
        assert admin.delete(f"/api/devices/{newest['id']}").status_code == 204
    with pytest.raises(NotAuthenticated, match="revoked"):
        phone.changes("0")


def test_report_first_then_images_then_the_answer(hub: hubs.Hub, phone: Client) -> None:
    case = str(uuid7())
    with pytest.raises(NotFound):
        phone.new_upload(case, SHA, "image/png", PICTURE)
    first = phone.put_case(case, 1, body(case))
    assert first["missing"] == [SHA]
    study = first["study_id"]
    with hub.client("phones") as client:
        row = client.get(f"/api/studies/{study}").json()
        assert (row["source"], row["plane"], row["instances"]) == ("phone", "head", 0)
        early = client.get(f"/api/studies/{study}/results/1").json()
        assert early["origin"] == "phone"
        assert early["report"]["frames"][0]["measurements"][0]["mm"] is None
        send(phone, case)
        assert phone.case(case)["missing"] == []
        row = client.get(f"/api/studies/{study}").json()
        assert row["instances"] == 1
        assert row["jobs"][0]["state"] == "queued", "the hub reads it again"
        sop = row["instances_list"][0]["sop_uid"]
        assert early["report"]["frames"][0]["sop_uid"] == sop, "the report speaks of that image"
        frame = readings.head(sop, *size(), scale=0.2)
        readings.finish(
            hub.services.index, "phones", study, readings.report(row["study_uid"], frame)
        )
        page = phone.changes("0")
        item = next(i for i in page["items"] if i["case_id"] == case)
        assert [r["origin"] for r in item["results"]] == ["phone", "hub"]
        assert [d["what"] for d in item["disagreement"]["differences"]] == ["HC"]
        review = {"based_on": 2, "action": "sign", "comment": "agreed"}
        assert client.post(f"/api/studies/{study}/reviews", json=review).status_code == 201
    later = phone.changes(str(page["cursor"]))
    (item,) = later["items"]
    assert item["results"][-1]["reviewed"]
    assert item["state"] == "reviewed"
    assert phone.changes(str(later["cursor"]))["items"] == []


def test_the_same_bytes_again_are_harmless(hub: hubs.Hub, phone: Client) -> None:
    case = str(uuid7())
    data = body(case)
    first = phone.put_case(case, 1, data)
    assert phone.put_case(case, 1, data) == first
    with pytest.raises(Conflict):
        phone.put_case(case, 1, body(case, urgent=True))
    second = phone.put_case(case, 2, body(case, urgent=True))
    assert second["result_version"] == 2, "a correction is a further version"
    send(phone, case)
    send(phone, case)
    with hub.client("phones") as client:
        row = client.get(f"/api/studies/{first['study_id']}").json()
    assert row["instances"] == 1
    assert row["urgent"]
    assert len(row["jobs"]) == 1


def test_many_at_once_are_one(hub: hubs.Hub, phone: Client) -> None:
    from concurrent.futures import ThreadPoolExecutor

    case = str(uuid7())
    data = body(case)
    phone.changes("0")
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: phone.put_case(case, 1, data), range(8)))
    assert len({json.dumps(a) for a in answers}) == 1
    with hub.client("phones") as client:
        versions = client.get(f"/api/studies/{answers[0]['study_id']}/results").json()["items"]
    assert len(versions) == 1


def test_wrong_bytes_do_not_become_the_image(phone: Client) -> None:
    case = str(uuid7())
    phone.put_case(case, 1, body(case))
    path = phone.new_upload(case, SHA, "image/png", PICTURE)
    phone.upload(path, PICTURE[:-1] + b"x")
    assert phone.case(case)["missing"] == [SHA]


def test_a_phone_sees_its_own_cases_only(hub: hubs.Hub, phone: Client) -> None:
    other = Client(enrol(hub.url, code(hub, "phones"), "other"))
    foreign = Client(enrol(hub.url, code(hub, "elsewhere"), "foreign"))
    case = str(uuid7())
    phone.put_case(case, 1, body(case))
    for client in (other, foreign):
        with pytest.raises(NotFound):
            client.case(case)
        with pytest.raises(NotFound):
            client.new_upload(case, SHA, "image/png", PICTURE)
        assert all(i["case_id"] != case for i in client.changes("0")["items"])
    with pytest.raises(Conflict):
        other.put_case(case, 1, body(case))
    other.close()
    foreign.close()


def test_a_phone_reaches_its_own_cases_studies_alone(hub: hubs.Hub, phone: Client) -> None:
    with hub.client("phones") as admin:
        files = {"file": ("head.png", PICTURE, "image/png")}
        sent = admin.post("/api/uploads", files=files, data={"study": str(uuid7())})
        other = sent.json()["items"][0]
        before = admin.get(f"/api/studies/{other['study_id']}").json()
    case = str(uuid7())
    own = phone.put_case(case, 1, body(case))["study_id"]
    with hub.services.index.read() as tx:
        own_uid = tx.studies.get("phones", own).study_uid
    with httpx.Client(
        base_url=hub.url, headers={"Authorization": f"Bearer {phone._session.token}"}
    ) as reader:
        for study, uid, status in (
            (own, own_uid, 200),
            (other["study_id"], other["study_uid"], 404),
        ):
            assert reader.get(f"/api/studies/{study}/status").status_code == status
            assert reader.get(f"/api/studies/{study}/results").status_code == status
            actual = reader.get(f"/dicomweb/studies/{uid}/series").status_code
            assert actual in ((200, 204) if status == 200 else (404,))
        assert reader.get(f"/dicomweb/studies/{other['study_uid']}").status_code == 404
        for path in ("/dicomweb/studies", "/dicomweb/instances", "/api/events",
                     f"/api/artefacts/{other['sha256']}"):  # fmt: skip
            assert reader.get(path).status_code == 403, path
        assert reader.get("/api/me").status_code == 200
        with hub.services.index.read() as tx:
            (row,) = tx.studies.instances("phones", study_uid=other["study_uid"])
        data = hub.services.store.get("phones", row.sha256).replace(
            row.sop_uid.encode(), row.sop_uid[:-1].encode() + b"9"
        )
        files = {"file": ("other.dcm", data, "application/dicom")}
        refused = reader.post("/api/uploads", files=files)
        assert (refused.status_code, refused.json()["code"]) == (409, "not_own_study")
    with pytest.raises(Conflict):
        phone.put_case(str(uuid7()), 1, body(case, study_uid=other["study_uid"]))
    with hub.client("phones") as admin:
        after = admin.get(f"/api/studies/{other['study_id']}").json()
    assert after["results"] == before["results"]
    assert after["instances_list"] == before["instances_list"]


def test_a_phones_version_after_a_signature_is_shown_as_new(hub: hubs.Hub, phone: Client) -> None:
    case = str(uuid7())
    study = phone.put_case(case, 1, body(case))["study_id"]
    with hub.client("phones") as reviewer:
        change = {"based_on": 1, "action": "sign", "frames": []}
        assert reviewer.post(f"/api/studies/{study}/reviews", json=change).status_code == 201
        phone.put_case(case, 2, body(case, urgent=True))
        row = reviewer.get(f"/api/studies/{study}").json()
        latest = reviewer.get(f"/api/studies/{study}/results/latest").json()
    assert (row["latest_version"], row["newest_version"], row["signed_version"]) == (2, 3, 2)
    assert row["has_new_version"]
    assert row["state"] == "ready"
    assert latest["reviewed_by"]


@pytest.mark.parametrize(
    "data",
    [b"", b"{}x", b"[]", b'{"report": {"frames": 1}}', b'{"pixel_mm": [0, 1]}',
     b'{"pictures": [{"sha256": "../x", "size": 1}]}', b'{"study_uid": "1.2.../x"}',
     b'{"pixel_mm": [NaN, 1]}', b'{"patient_name": "a\\u0000b"}', b"[" * 100_000],
)  # fmt: skip
def test_malformed_cases_are_refused(phone: Client, data: bytes) -> None:
    with pytest.raises(InvalidInput):
        phone.put_case(str(uuid7()), 1, data)


def test_a_report_that_could_not_be_read_again_is_refused(phone: Client) -> None:
    case = str(uuid7())
    data = body(case).replace(b'"quality": 0.9', b'"quality": NaN')
    assert b"NaN" in data
    with pytest.raises(InvalidInput):
        phone.put_case(case, 1, data)


@pytest.mark.parametrize(
    "change",
    [{"width": 2**31}, {"height": 10**12}, {"width": 0}, {"width": -5, "height": -5},
     {"points": 2**16}],
    ids=["wide", "high", "no width", "negative", "an outline of many points"],
)  # fmt: skip
def test_a_frame_that_no_image_has_is_refused_before_anything_is_drawn(
    phone: Client, change: dict[str, int]
) -> None:
    case = str(uuid7())
    document = json.loads(body(case))
    frame = document["report"]["frames"][0]
    if count := change.pop("points", 0):
        zigzag = [[n % 7, (n % 2) * frame["height"]] for n in range(count)]
        frame["structures"][0]["polygon"] = zigzag
    frame |= change
    with pytest.raises(InvalidInput):
        phone.put_case(case, 1, json.dumps(document).encode())


@pytest.mark.parametrize(
    ("size", "outlines"), [((8192, 8192), 1), ((6000, 8192), 6)], ids=["a frame", "many outlines"]
)
def test_a_frame_that_no_outline_could_be_drawn_on_is_refused_at_the_door(
    phone: Client, size: tuple[int, int], outlines: int
) -> None:
    case = str(uuid7())
    document = json.loads(body(case))
    frame = document["report"]["frames"][0]
    frame |= {"width": size[0], "height": size[1]}
    frame["structures"] = [
        {**frame["structures"][0], "label": f"outline {number}"} for number in range(outlines)
    ]
    with pytest.raises(InvalidInput, match=r"megapixels|too many masks"):
        phone.put_case(case, 1, json.dumps(document).encode())
    with pytest.raises(NotFound):
        phone.case(case)


def test_a_phone_cannot_name_an_object_of_the_site_as_its_mask(
    hub: hubs.Hub, phone: Client
) -> None:
    case = str(uuid7())
    document = json.loads(body(case))
    document["report"]["frames"][0]["structures"][0]["mask"] = "0" * 64
    study = phone.put_case(case, 1, json.dumps(document).encode())["study_id"]
    send(phone, case)
    with hub.client("phones") as client:
        assert client.get(f"/api/studies/{study}/results/1/seg.dcm").status_code == 200


def test_the_phones_clock_orders_nothing(hub: hubs.Hub, phone: Client) -> None:
    """Case 17: two years ahead and two years behind; the hub's receipt is the order."""
    ids = []
    for years in (2, -2):
        case = str(uuid7())
        document = json.loads(body(case))
        document["report"]["created_at"] = (
            datetime.now(UTC) + timedelta(days=730 * years)
        ).isoformat()
        ids.append(phone.put_case(case, 1, json.dumps(document).encode())["study_id"])
    with hub.client("phones") as client:
        rows = client.get("/api/studies", params={"order": "newest", "limit": 2}).json()["items"]
    assert [r["id"] for r in rows] == ids[::-1]


def test_a_phone_cannot_say_that_it_was_reviewed(hub: hubs.Hub, phone: Client) -> None:
    case = str(uuid7())
    document = json.loads(body(case))
    document["report"] |= {"reviewed_by": "Dr. Phone", "reviewed_at": "2026-01-01T00:00:00Z"}
    study = phone.put_case(case, 1, json.dumps(document).encode())["study_id"]
    with hub.client("phones", Role.READER) as client:
        assert client.get(f"/api/studies/{study}/results/1").json()["reviewed_by"] is None


def test_a_phones_words_about_the_sex_are_withheld(hub: hubs.Hub, phone: Client) -> None:
    case = str(uuid7())
    document = json.loads(body(case))
    document["report"]["frames"][0]["interpretation"]["anatomical_structures"] = "a girl"
    study = phone.put_case(case, 1, json.dumps(document).encode())["study_id"]
    with hub.client("phones") as client:
        kept = client.get(f"/api/studies/{study}/results/1").json()["report"]["frames"][0]
    assert kept["interpretation"]["anatomical_structures"] == "withheld"
    assert kept["flags"] == ["text_withheld"]


def test_disagreement_is_shown_with_both_hashes(hub: hubs.Hub, phone: Client) -> None:
    """Case 20."""
    case = str(uuid7())
    study = phone.put_case(case, 1, body(case))["study_id"]
    with hub.client("phones") as client:
        assert client.get(f"/api/studies/{study}/disagreement").status_code == 404
        send(phone, case)
        row = client.get(f"/api/studies/{study}").json()
        frame = readings.head(row["instances_list"][0]["sop_uid"], *size())
        frame = replace(frame, plane=Scored("abdomen", 0.8), structures=(), measurements=())
        report = readings.report(row["study_uid"], frame)
        readings.finish(hub.services.index, "phones", study, report)
        disagreement = client.get(f"/api/studies/{study}/disagreement").json()
        assert disagreement["differences"] == [{"what": "plane", "phone": "head", "hub": "abdomen"}]
        assert disagreement["phone_release"]["sha256"] == "b" * 64
        assert disagreement["hub_release"]["sha256"] == "a" * 64
        both = client.get(f"/api/studies/{study}/results").json()["items"]
        assert [r["origin"] for r in both] == ["phone", "hub"]
        again = phone.put_case(case, 2, body(case, urgent=True))
        assert again["result_version"] == 3
        reasons = client.get(f"/api/studies/{study}").json()["reasons"]
    assert set(reasons) == {"urgent", "disagreement"}


def test_releases_by_range(hub: hubs.Hub, phone: Client, tmp_path: Path) -> None:
    releases = phone.releases()
    item = next(i for i in releases["items"] if f"{i['name']}-{i['version']}" == releases["active"])
    for file in item["files"]:
        target = tmp_path / file["path"]
        phone.fetch(releases["active"], file["path"], target, file["sha256"])
        data = target.read_bytes()
        assert hashlib.sha256(data).hexdigest() == file["sha256"]
        target.write_bytes(data[: len(data) // 3])  # cut, and resumed
        phone.fetch(releases["active"], file["path"], target, file["sha256"])
        assert target.read_bytes() == data
    headers = {
        "Authorization": f"Bearer {phone._session.token}",
        "Range": "bytes=5-",
        "If-Range": '"old"',
    }
    url = f"{hub.url}/api/sync/releases/{releases['active']}/{item['files'][0]['path']}"
    assert httpx.get(url, headers=headers).status_code == 200, "another file: all of it"
    for path in ("..%2f..%2fpyproject.toml", "trusted-keys.json", "%2e%2e", "nothing.bin"):
        with pytest.raises(NotFound):
            phone.fetch(releases["active"], path, tmp_path / "x", "0")


def test_last_picture_of_a_case_ends_the_wait_for_more(hub: hubs.Hub) -> None:
    flipped = io.BytesIO()
    mirrored = Image.open(io.BytesIO(PICTURE)).transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    mirrored.save(flipped, "PNG")
    sent = {SHA: PICTURE, hashlib.sha256(flipped.getvalue()).hexdigest(): flipped.getvalue()}
    pictures = [
        {"sha256": digest, "size": len(data), "media_type": "image/png"}
        for digest, data in sent.items()
    ]
    case_id, waits = str(uuid7()), []
    phone = Client(enrol(hub.url, code(hub, "quiet-phones"), "a phone"))
    case = phone.put_case(case_id, 1, body(case_id, pictures=pictures))
    with hub.client("quiet-phones") as client:
        for digest, data in sent.items():
            phone.upload(phone.new_upload(case_id, digest, "image/png", data), data)
            job = client.get(f"/api/studies/{case['study_id']}/status").json()["job"]
            waits.append(datetime.fromisoformat(job["due_at"]) > datetime.now(UTC))
    phone.close()
    assert waits == [True, False]


def test_a_case_that_was_erased_is_forgotten_by_the_phone(
    hub: hubs.Hub, phone: Client, tmp_path: Path
) -> None:
    outbox = CaseOutbox(tmp_path, Vault(bytes(32)), reserve=0)
    erased = outbox.capture([(PICTURE, "image/png"), (b"alone", "image/png")])
    other = outbox.capture([(PICTURE, "image/png")])
    study = phone.put_case(erased.id, 1, body(erased.id))["study_id"]
    with hub.services.index.begin() as tx:
        manager = Principal("key:a manager", "phones", Role.MANAGER)
        made = tx.erasures.of_study(manager, study, "the wrong woman")
    assert made.phones[0][1:] == (1, 0)
    with pytest.raises(Gone):
        phone.put_case(erased.id, 2, body(erased.id))
    assert phone.changes("")["forget"] == [erased.id]
    fetch_answers(outbox, phone)
    assert [case.id for case in outbox.all()] == [other.id]
    assert [path.name for path in outbox.images.path.iterdir()] == [SHA]
    assert phone.changes("")["forget"] == []
    with hub.services.index.read() as tx:
        assert tx.erasures.get("phones", made.id).phones[0][1:] == (1, 1)
    with pytest.raises(NotFound):
        phone.forgot(other.id)
    outbox.close()
