"""Previews: seen by a reader before the image is here, gone when it comes, nobody else's business."""

from __future__ import annotations

import io

import hub as hubs
import numpy as np
import pytest
from integration.gateway.test_sync import PICTURE, body, phone  # noqa: F401  (``phone`` is a fixture)
from integration.gateway.test_sync_pictures import send
from PIL import Image
from uuid_utils import uuid7

from edge.agent.hub import Hub as Client
from edge.agent.preview import MOST_BYTES, preview
from services.domain import dicom_values
from services.domain.errors import FadaError, NotFound
from services.domain.study import Role

NOISE = np.random.default_rng(1).integers(0, 255, (900, 1200, 3), np.uint8)


def test_a_preview_is_small_and_upright() -> None:
    made = preview(NOISE)
    assert len(made) <= MOST_BYTES
    assert Image.open(io.BytesIO(made)).size[0] > Image.open(io.BytesIO(made)).size[1]


def test_a_preview_is_shown_until_the_image_is_here(hub: hubs.Hub, phone: Client) -> None:  # noqa: F811
    case = str(uuid7())
    told = phone.put_case(case, 1, body(case))
    name = dicom_values.case_picture_uid(case, told["missing"][0])
    small = preview(NOISE)
    phone.put_preview(case, name, 1, small)
    phone.put_preview(case, name, 1, preview(NOISE[:400]))  # sent again: the first one counts
    path = f"/api/studies/{told['study_id']}/previews"
    with hub.client("phones", Role.READER) as reader:
        assert reader.get(path).json()["items"] == [{"sop_uid": name, "frame": 1}]
        shown = reader.get(f"{path}/{name}/1")
        assert (shown.content, shown.headers["content-type"]) == (small, "image/jpeg")
        with hub.client(site="b") as elsewhere:
            assert elsewhere.get(f"{path}/{name}/1").status_code == 404
        send(phone, case, PICTURE)
        assert reader.get(path).json()["items"] == []
        assert reader.get(f"{path}/{name}/1").status_code == 404
    phone.put_preview(case, name, 1, small)  # late: the image is here
    with hub.client("phones") as reader:
        assert reader.get(path).json()["items"] == []


def test_what_is_no_preview_is_refused(phone: Client) -> None:  # noqa: F811
    case = str(uuid7())
    with pytest.raises(NotFound):
        phone.put_preview(case, "2.25.1", 1, preview(NOISE))
    phone.put_case(case, 1, body(case))
    for wrong in (b"\xff\xd8\xff" + bytes(40_000), b"<svg/>", b""):
        with pytest.raises(FadaError):
            phone.put_preview(case, "2.25.1", 1, wrong)
