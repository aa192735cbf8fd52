"""A question about a frame is answered by a real reading of it, and stored nowhere."""

from __future__ import annotations

import io

import hub as hubs
import numpy as np
import pytest
from PIL import Image

from services.domain.study import Role

SAMPLE = hubs.SAMPLES / "head-27w.dcm"


@pytest.fixture(scope="module")
def study(hub: hubs.Hub) -> str:
    with hub.client("ask") as client:
        sent = client.post("/api/uploads", files={"file": SAMPLE.read_bytes()})
        assert sent.status_code in (200, 201), sent.text
        return str(client.get("/api/studies").json()["items"][0]["id"])


def test_where_and_which_plane(hub: hubs.Hub, study: str) -> None:
    with hub.client("ask", Role.READER) as client:
        response = client.post(f"/api/studies/{study}/ask", json={"question": "Segment the head"})
        assert response.status_code == 200, response.text
        body = response.json()
        assert (body["task"], body["structures"]) == ("segment", ["fetal_head"])
        assert body["phases"] == ["classify", "map", "detect", "segment"]
        assert body["answer"].startswith("Fetal head: found and outlined")
        assert body["reading"]["structures"][0]["label"] == "fetal_head"
        assert body["release"] == {"name": "fada-test", "version": "1.0.0"}
        french = {"question": "Où est le cœur ?", "language": "fr"}
        response = client.post(f"/api/studies/{study}/ask", json=french)
        assert response.json()["answer"] == "Cœur : cette version du modèle ne le cherche pas."
        assert client.get(f"/api/studies/{study}").json()["latest_version"] == 0


def test_what_lies_outside_is_declined_and_nothing_is_run(hub: hubs.Hub, study: str) -> None:
    with hub.client("ask", Role.READER) as client:
        body = client.post(f"/api/studies/{study}/ask", json={"question": "Is it a girl?"}).json()
        assert (body["declined"], body["phases"], body["reading"]) == ("sex", [], None)
        body = client.post(f"/api/studies/{study}/ask", json={"question": "Tell me a joke"}).json()
        assert body["declined"] == "domain"


def test_who_may_ask_and_about_what(hub: hubs.Hub, study: str) -> None:
    question = {"question": "what plane is this?"}
    with hub.client("other") as client:
        assert client.post(f"/api/studies/{study}/ask", json=question).status_code == 404
    with hub.client("ask") as client:
        wrong = {**question, "sop_uid": "1.2.3"}
        assert client.post(f"/api/studies/{study}/ask", json=wrong).status_code == 404
        detail = client.get(f"/api/studies/{study}").json()
        sop_uid = detail["instances_list"][0]["sop_uid"]
        late = {**question, "sop_uid": sop_uid, "frame": 7}
        assert client.post(f"/api/studies/{study}/ask", json=late).status_code == 404
        long = {"question": "x" * 501}
        assert client.post(f"/api/studies/{study}/ask", json=long).status_code in (400, 422)


def test_where_a_finding_comes_from_is_a_picture_of_the_frames_shape(
    hub: hubs.Hub, study: str
) -> None:
    with hub.client("ask", Role.READER) as client:
        instance = client.get(f"/api/studies/{study}").json()["instances_list"][0]
        base = f"/api/studies/{study}/frames/{instance['sop_uid']}/1/heatmap"
        for of in ("plane", "fetal_head"):
            answer = client.get(base, params={"of": of})
            assert answer.status_code == 200, answer.text
            picture = Image.open(io.BytesIO(answer.content))
            assert picture.mode == "RGBA"
            assert answer.headers["Fada-Release"].startswith("fada-test 1.0.0 ")
            shape = instance["columns"] / instance["rows"]
            assert picture.width / picture.height == pytest.approx(shape, rel=0.02)
        assert np.asarray(picture)[..., 3].max() == 200
        assert client.get(base, params={"of": "heart"}).status_code == 404
        assert client.get(base.replace("/1/", "/9/")).status_code == 404
    with hub.client("other", Role.READER) as client:
        assert client.get(base).status_code == 404
