"""Phones: several pictures in a case, a scale of their own, several cases of one examination."""

from __future__ import annotations

import base64
import hashlib
import io
import json

import hub as hubs
import numpy as np
import pytest
from integration.gateway.sync.test_sync import PICTURE, body, phone, size  # noqa: F401  (``phone`` is a fixture)
from PIL import Image
from uuid_utils import uuid7

from edge.agent.hub import Hub as Client
from services.domain.errors import NotFound


def picture(seed: int) -> bytes:
    out = io.BytesIO()
    pixels = np.random.default_rng(seed).integers(0, 255, (60, 80), np.uint8)
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


def announced(*files: bytes) -> list[dict[str, object]]:
    return [
        {"sha256": hashlib.sha256(f).hexdigest(), "size": len(f), "media_type": "image/png"}
        for f in files
    ]


def send(phone: Client, case: str, data: bytes, **metadata: str) -> None:  # noqa: F811
    """As a phone does that knows the scale of this very picture."""
    facts = {"case": case, "sha256": hashlib.sha256(data).hexdigest(), **metadata}
    pairs = (f"{k} {base64.b64encode(v.encode()).decode()}" for k, v in facts.items())
    answer = phone._ask(
        "POST",
        "/tus/",
        headers={
            "Tus-Resumable": "1.0.0", "Upload-Length": str(len(data)),
            "Upload-Metadata": ",".join(pairs),
        },
    )  # fmt: skip
    phone.upload(answer.headers["Location"], data)


def missing(phone: Client, case: str, version: int) -> list[str]:  # noqa: F811
    answer = phone._ask("GET", f"/api/sync/cases/{case}", params={"version": version})
    return list(answer.json()["missing"])


def test_a_later_version_may_have_more_pictures(hub: hubs.Hub, phone: Client) -> None:  # noqa: F811
    case, more = str(uuid7()), picture(1)
    first = phone.put_case(case, 1, body(case))
    send(phone, case, PICTURE)
    both = [*announced(PICTURE), *announced(more)]
    second = phone.put_case(case, 2, body(case, pictures=both))
    assert second["study_id"] == first["study_id"]
    assert second["missing"] == [both[1]["sha256"]]
    assert phone.case(case)["missing"] == [], "the first version is whole"
    assert missing(phone, case, 1) == []
    assert missing(phone, case, 2) == [both[1]["sha256"]]
    with pytest.raises(NotFound):
        missing(phone, case, 3)
    send(phone, case, more)
    assert missing(phone, case, 2) == []
    with hub.client("phones") as client:
        row = client.get(f"/api/studies/{first['study_id']}").json()
    assert row["instances"] == 2


def test_a_scale_is_of_one_picture(hub: hubs.Hub, phone: Client) -> None:  # noqa: F811
    case, other = str(uuid7()), picture(2)
    answer = phone.put_case(case, 1, body(case, pictures=[*announced(PICTURE), *announced(other)]))
    send(phone, case, PICTURE, pixel_mm_x="0.2", pixel_mm_y="0.25")
    send(phone, case, other)
    with hub.client("phones") as client:
        images = client.get(f"/api/studies/{answer['study_id']}").json()["instances_list"]
    scales = {i["columns"]: i["calibration"] for i in images}
    (region,) = scales[size()[0]]["regions"]
    assert (region["mm_x"], region["mm_y"]) == pytest.approx((0.2, 0.25))
    assert not scales[80] or not scales[80]["regions"]


def test_a_cases_own_scale_is_for_all_its_pictures(hub: hubs.Hub, phone: Client) -> None:  # noqa: F811
    """As agents tell it."""
    case, other = str(uuid7()), picture(3)
    both = [*announced(PICTURE), *announced(other)]
    answer = phone.put_case(case, 1, body(case, pictures=both, pixel_mm=[0.3, 0.3]))
    send(phone, case, PICTURE)
    send(phone, case, other)
    with hub.client("phones") as client:
        images = client.get(f"/api/studies/{answer['study_id']}").json()["instances_list"]
    assert [i["calibration"]["regions"][0]["mm_x"] for i in images] == pytest.approx([0.3, 0.3])


def test_two_cases_of_one_examination_are_told_of_both(hub: hubs.Hub, phone: Client) -> None:  # noqa: F811
    study_uid = "1.2.826.0.1.3680043.8.498.4711"
    cases = [str(uuid7()), str(uuid7())]
    answers = [
        phone.put_case(case, 1, body(case, study_uid=study_uid, pictures=announced(picture(n))))
        for n, case in enumerate(cases)
    ]
    assert answers[0]["study_id"] == answers[1]["study_id"]
    assert {i["case_id"] for i in phone.changes("0")["items"]} >= set(cases)
    again = json.loads(body(cases[1], study_uid=study_uid, pictures=announced(picture(1))))
    again["urgent"] = True
    phone.put_case(cases[1], 2, json.dumps(again).encode())
    items = [i for i in phone.changes("0")["items"] if i["case_id"] in cases]
    assert len(items) == 2
