"""Previews: seen by a reader before the image is here, gone when it comes, nobody else's business."""

from __future__ import annotations

import io

import hub as hubs
import numpy as np
import pytest
from integration.gateway.sync.test_sync import PICTURE, body, phone  # noqa: F401  (``phone`` is a fixture)
from integration.gateway.sync.test_sync_pictures import send
from PIL import Image
from uuid_utils import uuid7

from edge.agent.hub import Hub as Client
from edge.agent.preview import MOST_BYTES, preview
from services.domain.dicom import values as dicom_values
from services.domain.errors import FadaError, NotFound
from services.domain.study import Role

NOISE = np.random.default_rng(1).integers(0, 255, (900, 1200, 3), np.uint8)


def put(phone: Client, case: str, name: str, frame: int, jpeg: bytes) -> None:  # noqa: F811
    """In one request, as the app in a browser does."""
    path = f"/api/sync/cases/{case}/previews/{name}/{frame}"
    phone._ask("PUT", path, content=jpeg, headers={"Content-Type": "image/jpeg"})


def test_a_preview_is_small_and_upright() -> None:
    made = preview(NOISE)
    assert len(made) <= MOST_BYTES
    assert Image.open(io.BytesIO(made)).size[0] > Image.open(io.BytesIO(made)).size[1]


def test_a_preview_is_shown_until_the_image_is_here(hub: hubs.Hub, phone: Client) -> None:  # noqa: F811
    case = str(uuid7())
    receipt = phone.put_case(case, 1, body(case))
    name = dicom_values.case_picture_uid(case, receipt["missing"][0])
    small = preview(NOISE)
    put(phone, case, name, 1, small)
    put(phone, case, name, 1, preview(NOISE[:400]))  # sent again: the first one counts
    path = f"/api/studies/{receipt['study_id']}/previews"
    with hub.client("phones", Role.READER) as reader:
        assert reader.get(path).json()["items"] == [{"sop_uid": name, "frame": 1}]
        shown = reader.get(f"{path}/{name}/1")
        assert (shown.content, shown.headers["content-type"]) == (small, "image/jpeg")
        with hub.client(site="b") as elsewhere:
            assert elsewhere.get(f"{path}/{name}/1").status_code == 404
        send(phone, case, PICTURE)
        assert reader.get(path).json()["items"] == []
        assert reader.get(f"{path}/{name}/1").status_code == 404
    put(phone, case, name, 1, small)  # late: the image is here
    with hub.client("phones") as reader:
        assert reader.get(path).json()["items"] == []


def test_what_is_no_preview_is_refused(phone: Client) -> None:  # noqa: F811
    case = str(uuid7())
    with pytest.raises(NotFound):
        put(phone, case, "2.25.1", 1, preview(NOISE))
    phone.put_case(case, 1, body(case))
    for wrong in (b"\xff\xd8\xff" + bytes(40_000), b"<svg/>", b""):
        with pytest.raises(FadaError):
            put(phone, case, "2.25.1", 1, wrong)


def test_a_preview_goes_on_where_it_was_cut(hub: hubs.Hub, phone: Client) -> None:  # noqa: F811
    case = str(uuid7())
    receipt = phone.put_case(case, 1, body(case))
    name = dicom_values.case_picture_uid(case, receipt["missing"][0])
    small = preview(NOISE)
    path = phone.new_preview(case, name, 1, small)
    headers = {"Tus-Resumable": "1.0.0", "Content-Type": "application/offset+octet-stream"}
    first = {**headers, "Upload-Offset": "0"}
    assert phone._ask("PATCH", path, content=small[:9000], headers=first).status_code == 204
    phone._begun.clear()  # another start of the program
    assert phone.upload(path, small)
    with hub.client("phones", Role.READER) as reader:
        shown = reader.get(f"/api/studies/{receipt['study_id']}/previews/{name}/1")
        assert shown.content == small
    with pytest.raises(FadaError, match="preview"):
        phone._create(small, {"case": case, "preview": f"{name}/2"})  # not where images go
    with pytest.raises(FadaError, match="preview"):
        phone._create(small, {"case": case}, endpoint="/tus/previews/")
    assert not phone.upload(phone.new_preview(case, name, 2, b"<svg/>"), b"<svg/>")
