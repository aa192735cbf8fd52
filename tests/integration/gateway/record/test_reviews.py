"""Corrections are versions; two readers lose nothing (case 19); agreement, export, share links."""

from __future__ import annotations

import base64
import csv
import io
import re
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import hub as hubs
import numpy as np
import pytest
import readings
from PIL import Image

from services.domain.report import UNREVIEWED
from services.domain.study import Role


@pytest.fixture
def case(hub: hubs.Hub, request: pytest.FixtureRequest) -> dict[str, Any]:
    """A study of its own site with one hub result: 0.2 mm pixels come from the object itself."""
    site = f"rev-{abs(hash(request.node.name)) % 10**8}"
    return make_case(hub, site)


def make_case(
    hub: hubs.Hub, site: str, name: str = "head-27w.dcm", read: bool = True, side: int = 0
) -> dict[str, Any]:
    with hub.client(site) as client:
        data = (hubs.SAMPLES / name).read_bytes()
        item = client.post("/api/uploads", files={"file": data}).json()["items"][0]
        instance = client.get(f"/api/studies/{item['study_id']}").json()["instances_list"][0]
    frame = readings.head(
        instance["sop_uid"], side or instance["columns"], side or instance["rows"]
    )
    report = readings.report(item["study_uid"], *([frame] if read else []))
    readings.finish(hub.services.index, site, item["study_id"], report)
    return {"site": site, "id": item["study_id"], "sop": item["sop_uid"],
            "width": instance["columns"], "height": instance["rows"]}  # fmt: skip


def review(
    client: httpx.Client, case: dict[str, Any], based_on: int, **more: Any
) -> httpx.Response:
    return client.post(f"/api/studies/{case['id']}/reviews", json={"based_on": based_on, **more})


def scale_of(hub: hubs.Hub, case: dict[str, Any]) -> tuple[float, float]:
    from gateway.representations.images import CalibrationCache

    with hub.services.index.read() as tx:
        instance = tx.studies.instances(case["site"], sop_uid=case["sop"])[0]
    size = CalibrationCache(hub.services).of(instance).for_points([(5, 5), (50, 50)])
    assert size is not None
    return size.mm_x, size.mm_y


def test_a_corrected_outline_is_measured_by_the_server(hub: hubs.Hub, case: dict[str, Any]) -> None:
    a, b = 100.0, 80.0
    polygon = readings.ellipse(case["width"] / 2, case["height"] / 2, a, b, 200)
    frame = {"sop_uid": case["sop"], "frame": 1,
             "structures": [{"label": "fetal_head", "polygon": polygon}]}  # fmt: skip
    with hub.client(case["site"]) as client:
        live = client.post("/api/measure", json={"study_id": case["id"], **frame}).json()
        assert len(client.get(f"/api/studies/{case['id']}/results").json()["items"]) == 1
        made = review(client, case, 1, action="save", frames=[frame])
        assert made.status_code == 201
        body = made.json()
    mm_x, mm_y = scale_of(hub, case)
    from services.domain.biometry import ellipse_perimeter

    hc = body["report"]["frames"][0]["measurements"][0]
    assert hc["name"] == "HC"
    assert hc["mm"] == pytest.approx(ellipse_perimeter(a * mm_x, b * mm_y), abs=0.2)
    assert hc["mm_low"] is None, "a person's figure has no interval of the model"
    assert live["measurements"][0]["mm"] == hc["mm"]
    assert body["report"]["frames"][0]["datings"][0]["equation"] == "Hadlock 1984 (HC)"
    assert (body["version"], body["based_on"], body["origin"]) == (2, 1, "review")
    assert body["label"] == UNREVIEWED, "saved is not reviewed"
    mask = body["report"]["frames"][0]["structures"][0]["mask"]
    with hub.client(case["site"]) as client:
        png = client.get(f"/api/artefacts/{mask}")
        tag = {"If-None-Match": png.headers["etag"]}
        assert client.get(f"/api/artefacts/{mask}", headers=tag).status_code == 304
        link = client.get(f"/api/artefacts/{mask}/url").json()["url"]
    assert httpx.get(link).content == png.content, "the store itself answers a presigned link"
    drawn = np.array(Image.open(io.BytesIO(png.content)))
    assert drawn.shape == (case["height"], case["width"])
    assert (drawn > 0).sum() == pytest.approx(np.pi * a * b, rel=0.01)


def test_a_brushed_mask_calipers_and_words(hub: hubs.Hub, case: dict[str, Any]) -> None:
    canvas = np.zeros((case["height"], case["width"]), np.uint8)
    canvas[100:200, 150:300] = 255
    out = io.BytesIO()
    Image.fromarray(canvas).save(out, "PNG")
    frame = {
        "sop_uid": case["sop"],
        "structures": [
            {"label": "CSP", "mask_png": base64.b64encode(out.getvalue()).decode()},
            {"label": "thalami", "box": [10, 20, 60, 50]},
        ],
        "calipers": [{"name": "BPD", "points": [[100, 100], [100, 200]]}],
        "interpretation": {"image_quality": "good"},
    }
    with hub.client(case["site"]) as client:
        body = review(client, case, 1, action="sign", frames=[frame], comment="see CSP",
                      scores={"interpretation": 1, "annotation": 2}).json()  # fmt: skip
        row = client.get(f"/api/studies/{case['id']}").json()
    reading = body["report"]["frames"][0]
    csp, thalami = reading["structures"]
    assert csp["area_px"] == 100 * 150
    assert csp["box"] == pytest.approx([150, 100, 300, 200], abs=1)
    assert thalami["box"] == [10, 20, 60, 50]
    bpd = reading["measurements"]
    assert [m["name"] for m in bpd] == ["BPD"], "the head was taken away, so is its circumference"
    assert bpd[0]["mm"] == pytest.approx(100 * scale_of(hub, case)[1], abs=0.1)
    assert reading["interpretation"] == {"image_quality": "good"}
    assert body["scores"] == {"interpretation": 1, "annotation": 2}
    assert body["report"]["reviewed_by"] == f"admin of {case['site']}"
    assert body["report"]["reviewed_at"]
    assert body["label"].startswith("Reviewed by")
    assert row["state"] == "reviewed"


def test_what_would_fill_the_gateways_memory_is_refused(hub: hubs.Hub) -> None:
    """Outlines on a huge frame, and the mask of one, which is decoded in a bounded child."""
    case = make_case(hub, "rev-huge", side=8192)
    outline = {"label": "fetal_head", "polygon": [[1, 1], [8000, 2], [9, 8000]]}
    out = io.BytesIO()
    Image.new("1", (8192, 8192), 1).save(out, "PNG")
    mask = {"label": "CSP", "mask_png": base64.b64encode(out.getvalue()).decode()}
    with hub.client(case["site"]) as client:
        for structure in (outline, mask):
            frame = {"sop_uid": case["sop"], "structures": [structure]}
            asked = client.post("/api/measure", json={"study_id": case["id"], **frame})
            assert (asked.status_code, asked.json()["code"]) == (413, "too_large")
            made = review(client, case, 1, frames=[frame])
            assert (made.status_code, made.json()["code"]) == (413, "too_large")
        seg = client.get(f"/api/studies/{case['id']}/results/1/seg.dcm")
        assert seg.status_code == 413
        words = {"sop_uid": case["sop"], "interpretation": {"image_quality": "good"}}
        assert review(client, case, 1, frames=[words]).status_code == 201


def test_a_drawn_mask_is_decoded_in_a_child(
    hub: hubs.Hub, case: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    ask = hub.services.parser.ask

    def noted(task: dict[str, Any], *more: Any) -> dict[str, Any]:
        asked.append(task["do"])
        return ask(task, *more)

    monkeypatch.setattr(hub.services.parser, "ask", noted)
    out = io.BytesIO()
    Image.new("1", (case["width"], case["height"]), 1).save(out, "PNG")
    drawn = {"label": "CSP", "mask_png": base64.b64encode(out.getvalue()).decode()}
    frame = {"sop_uid": case["sop"], "structures": [drawn]}
    with hub.client(case["site"]) as client:
        reading = client.post("/api/measure", json={"study_id": case["id"], **frame}).json()
    assert reading["structures"][0]["area_px"] == case["width"] * case["height"]
    assert "mask" in asked


@pytest.mark.parametrize(
    "frame",
    [
        {"structures": [{"label": "fetal_head", "polygon": [[1, 1], [2, 2]]}]},
        {"structures": [{"label": "fetal_head", "polygon": [[-5, 1], [90, 2], [9, 90]]}]},
        {"structures": [{"label": "fetal_head", "box": [9, 9, 5, 5]}]},
        {"structures": [{"label": "fetal_head"}]},
        {"structures": [{"label": "fetal_head", "mask_png": "AAAA"}]},
        {"structures": [{"label": "a", "box": [1, 1, 2, 2]}, {"label": "a", "box": [1, 1, 2, 2]}]},
        {"calipers": [{"name": "HC", "points": [[1, 1], [2, 2], [3, 3]]}]},
        {"calipers": [{"name": "BPD", "points": [[1, 1], [1, 1]]}]},
        {"calipers": [{"name": "sex", "points": [[1, 1], [2, 2]]}]},
        {"structures": [{"label": "<b>", "box": [1, 1, 2, 2]}]},
        {"frame": 7},
        {"unknown": 1},
    ],
)
def test_what_makes_no_sense_is_refused(
    hub: hubs.Hub, case: dict[str, Any], frame: dict[str, Any]
) -> None:
    with hub.client(case["site"]) as client:
        answer = review(client, case, 1, frames=[{"sop_uid": case["sop"], **frame}])
        assert answer.status_code in (400, 404, 422), answer.text
        assert len(client.get(f"/api/studies/{case['id']}/results").json()["items"]) == 1


def test_the_fetal_sex_is_not_written_down(hub: hubs.Hub, case: dict[str, Any]) -> None:
    """Case 50."""
    words = {"sop_uid": case["sop"], "interpretation": {"anatomical_structures": "un garçon"}}
    with hub.client(case["site"]) as client:
        for more in ({"comment": "It is a boy."}, {"frames": [words]}):
            answer = review(client, case, 1, **more)
            assert (answer.status_code, answer.json()["code"]) == (400, "text_withheld")
            assert "boy" not in answer.text
        assert len(client.get(f"/api/studies/{case['id']}/results").json()["items"]) == 1


def test_two_readers_at_once_lose_nothing(hub: hubs.Hub, case: dict[str, Any]) -> None:
    """Case 19."""
    with hub.client(case["site"]) as client, ThreadPoolExecutor(5) as pool:
        answers = list(pool.map(lambda n: review(client, case, 1, comment=f"reader {n}"), range(5)))
        codes = sorted(a.status_code for a in answers)
        assert codes == [201, 409, 409, 409, 409]
        kept = client.get(f"/api/studies/{case['id']}/results").json()["items"]
        assert [k["version"] for k in kept] == [1, 2, 3, 4, 5, 6]
        comments = {
            client.get(f"/api/studies/{case['id']}/results/{n}").json()["report"]["comment"]
            for n in range(2, 7)
        }
        assert comments == {f"reader {n}" for n in range(5)}
        for refused in (a.json() for a in answers if a.status_code == 409):
            assert refused["code"] == "stale_version"
            assert refused["based_on"] == 1
            assert refused["conflicting"] == list(range(2, refused["version"]))
        assert client.get(f"/api/studies/{case['id']}/results/6").json()["stale"]


def test_the_label_is_burned_into_the_overlay(hub: hubs.Hub, case: dict[str, Any]) -> None:
    url = f"/api/studies/{case['id']}/results/{{}}/frames/{case['sop']}/1/overlay.png"
    with hub.client(case["site"]) as client:
        before = client.get(url.format("latest"))
        review(client, case, 1, action="accept")
        after = client.get(url.format(2))
    images = [np.array(Image.open(io.BytesIO(a.content)).convert("RGB")) for a in (before, after)]
    assert images[0].shape == (case["height"], case["width"], 3)
    assert (images[0][-30:] != images[1][-30:]).any(), "the words at the foot changed"
    assert (images[0][60:-60] == images[1][60:-60]).all(), "the picture did not"


def test_agreement_between_readers(hub: hubs.Hub) -> None:
    site = "agree"
    cases = [make_case(hub, site, n) for n in ("head-27w.dcm", "head-14w.dcm", "head-35w.dcm")]
    one, two = hub.client(site, Role.SONOGRAPHER), hub.client(site, Role.MANAGER)
    scores = [(1, 1), (2, 2), (3, 1)]
    for place, case in enumerate(cases):
        for reader, shift in ((one, 0.0), (two, 10.0)):
            polygon = readings.ellipse(case["width"] / 2 + shift, case["height"] / 2, 60, 60, 100)
            score = scores[place][0 if reader is one else 1]
            answer = review(
                reader, case, 1, action="accept",
                scores={"interpretation": score, "annotation": 1},
                frames=[{"sop_uid": case["sop"],
                         "structures": [{"label": "fetal_head", "polygon": polygon}]}],
            )  # fmt: skip
            assert answer.status_code in (201, 409)
    agreement = two.get("/api/agreement").json()
    assert set(agreement["names"].values()) == {"sonographer of agree", "manager of agree"}
    (pair,) = agreement["pairs"]
    assert pair["studies"] == 3
    # linear weights: observed (0 + 0 + 1) / 3, expected 5/9 of it
    assert pair["kappa"]["interpretation"]["n"] == 3
    assert pair["kappa"]["interpretation"]["value"] == pytest.approx(0.25)
    assert pair["kappa"]["annotation"]["value"] is None, "one category: kappa is not defined"
    overlap = 2 * np.arccos(10 / 120) - np.sin(2 * np.arccos(10 / 120))
    assert pair["dice"]["fetal_head"]["mean"] == pytest.approx(overlap / np.pi, abs=0.01)
    # who starts from another's version has not read independently
    review(one, cases[0], 3, action="accept", scores={"interpretation": 3})
    assert two.get("/api/agreement").json()["pairs"][0]["kappa"]["interpretation"]["n"] == 3
    one.close()
    two.close()


def test_corrections_become_a_training_set(
    hub: hubs.Hub, case: dict[str, Any], tmp_path: Path
) -> None:
    with hub.client(case["site"]) as client:
        empty = client.get("/api/export/training.zip")
        polygon = readings.ellipse(case["width"] / 2, case["height"] / 2, 90, 70)
        review(client, case, 1, action="sign", frames=[
            {"sop_uid": case["sop"], "structures": [{"label": "fetal_head", "polygon": polygon},
                                                    {"label": "thalami", "box": [5, 5, 50, 40]}]}
        ])  # fmt: skip
        full = client.get("/api/export/training.zip")
    rows = list(
        csv.DictReader(
            zipfile.ZipFile(io.BytesIO(empty.content)).read("manifest.csv").decode().splitlines()
        )
    )
    assert rows == []
    with zipfile.ZipFile(io.BytesIO(full.content)) as archive:
        assert archive.testzip() is None
        archive.extractall(tmp_path)
    from models.data.manifest import read_manifest

    (example,) = read_manifest(tmp_path)
    assert example.plane == "head"
    assert set(example.mask_labels.values()) == {"fetal_head"}
    assert example.boxes is not None
    assert set(example.boxes) == {"fetal_head", "thalami"}
    assert example.mask_path is not None
    image = np.array(Image.open(example.path))
    mask = np.array(Image.open(example.mask_path))
    assert example.pixel_mm == pytest.approx(scale_of(hub, case)[0], rel=1e-2)
    assert image.shape == mask.shape == (case["height"], case["width"])
    assert (mask == 1).sum() == pytest.approx(np.pi * 90 * 70, rel=0.01)


def test_a_share_link_ends(hub: hubs.Hub, case: dict[str, Any]) -> None:
    with hub.client(case["site"]) as client, httpx.Client(base_url=hub.url) as public:
        made = client.post(f"/api/studies/{case['id']}/shares", json={"hours": 1}).json()
        token = made["url"].rsplit("/", 1)[1]
        response = public.get(f"/api/shared/{token}")
        assert response.status_code == 200
        assert response.json()["result"]["label"] == UNREVIEWED
        assert not {"author", "author_name"} & set(response.json()["result"])
        assert "key:" not in response.text
        assert set(response.json()["study"]) == {"study_date", "state"}
        assert set(response.json()["examination"]) == {
            "summary", "fetuses", "facts", "earlier", "last_period",
        }  # fmt: skip
        assert set(response.json()["examination"]["facts"]) == {
            "version",
            "values",
        }  # nobody's name
        png = public.get(f"/api/shared/{token}/frames/{case['sop']}/1.png")
        assert png.content.startswith(b"\x89PNG")
        assert png.headers["cache-control"] == "private, no-store"
        assert public.get(f"/api/shared/{token[:-2]}xx").status_code == 404
        assert public.get(f"/api/studies/{case['id']}").status_code == 401, "that study alone"
        signer = hub.app.state.signer
        claims = {"share": made["id"], "study": case["id"], "site": case["site"]}
        over = signer.sign("share", claims, -1)
        assert public.get(f"/api/shared/{over}").status_code == 410
        session = signer.sign("session", claims, 100)
        assert public.get(f"/api/shared/{session}").status_code == 404, "another purpose"
        url = f"/api/studies/{case['id']}/shares"
        assert [s["id"] for s in client.get(url).json()["items"]] == [made["id"]]
        assert client.delete(f"{url}/{made['id']}").status_code == 204
        assert public.get(f"/api/shared/{token}").status_code == 410
        assert client.get(url).json()["items"] == []


def test_a_share_link_ends_with_the_key_that_made_it(hub: hubs.Hub, case: dict[str, Any]) -> None:
    url = f"/api/studies/{case['id']}/shares"
    with hub.client(case["site"]) as admin, httpx.Client(base_url=hub.url) as public:
        made = admin.post("/api/keys", json={"name": "locum", "role": "sonographer"}).json()
        shared = public.post(url, json={"hours": 1}, headers={"X-Api-Key": made["key"]}).json()
        kept = admin.post(url, json={"hours": 1}).json()
        links = [one["url"].rsplit("/", 1)[1] for one in (shared, kept)]
        assert [public.get(f"/api/shared/{one}").status_code for one in links] == [200, 200]
        assert admin.delete(f"/api/keys/{made['id']}").status_code == 204
        assert [public.get(f"/api/shared/{one}").status_code for one in links] == [410, 200]
        assert [one["id"] for one in admin.get(url).json()["items"]] == [kept["id"]]


def test_a_review_in_its_standard_forms(hub: hubs.Hub, case: dict[str, Any]) -> None:
    """PDF, FHIR, SR and SEG of a version that no worker made; the label goes along."""
    import pydicom

    polygon = readings.ellipse(case["width"] / 2, case["height"] / 2, 100, 80)
    frame = {"sop_uid": case["sop"], "structures": [{"label": "fetal_head", "polygon": polygon}]}
    base = f"/api/studies/{case['id']}/results"
    with hub.client(case["site"]) as client:
        assert review(client, case, 1, action="save", frames=[frame]).status_code == 201
        assert review(client, case, 2, action="sign").status_code == 201
        pdfs = [client.get(f"{base}/{n}/report.pdf", params={"lang": "hi"}) for n in (1, 3)]
        assert client.get(f"{base}/3/report.pdf", params={"lang": "xx"}).status_code == 422
        bundle = client.get(f"{base}/3/fhir.json").json()
        objects = {
            n: {f: client.get(f"{base}/{n}/{f}.dcm").content for f in ("sr", "sr-obgyn", "seg")}
            for n in (2, 3)
        }
        assert client.get(f"{base}/1/seg.dcm").status_code == 200, "the outline is filled"
    assert all(p.content.startswith(b"%PDF") for p in pdfs)
    assert {e["resource"]["resourceType"] for e in bundle["entry"]} >= {
        "DiagnosticReport", "ImagingStudy", "Observation",
    }  # fmt: skip
    for number, words in ((2, b"AI result, not for diagnosis"), (3, b"Reviewed by")):
        for name in ("sr", "sr-obgyn"):
            assert words in objects[number][name], (number, name)
    seg = pydicom.dcmread(io.BytesIO(objects[3]["seg"]))
    assert (seg.Rows, seg.Columns) == (case["height"], case["width"])
    assert seg.StudyInstanceUID == pydicom.dcmread(io.BytesIO(objects[3]["sr"])).StudyInstanceUID


def test_a_frame_that_no_model_read_can_be_measured(hub: hubs.Hub) -> None:
    """Its plane and a caliper make it a frame of the report; frames that are not there stay refused."""
    case = make_case(hub, "rev-unread", read=False)
    with hub.client(case["site"]) as client:
        frame = {"sop_uid": case["sop"], "frame": 1, "plane": "femur",
                 "calipers": [{"name": "FL", "points": [[100, 100], [200, 100]]}]}  # fmt: skip
        live = client.post("/api/measure", json={"study_id": case["id"], **frame}).json()
        made = review(client, case, 1, action="accept", frames=[frame])
        assert made.status_code == 201, made.text
        beyond = review(client, case, 2, frames=[{**frame, "frame": 2}])
    (read,) = made.json()["report"]["frames"]
    mm_x, _ = scale_of(hub, case)
    assert read["plane"]["label"] == "femur"
    assert read["in_scope"]
    assert read["measurements"][0]["mm"] == pytest.approx(100 * mm_x, abs=0.06)
    assert live["measurements"] == read["measurements"]
    assert beyond.status_code == 404


def test_growth_curves_and_schema(hub: hubs.Hub) -> None:
    with hub.client() as client:
        chart = client.get("/api/charts/hc").json()["charts"][0]
        at = chart["weeks"].index(20)
        assert chart["p50"][at] == pytest.approx(172.48, abs=0.01)
        assert chart["p3"][at] < chart["p10"][at] < chart["p50"][at] < chart["p97"][at]
        weight = client.get("/api/charts/EFW").json()["charts"]
        assert [one["chart"] for one in weight] == ["INTERGROWTH-21st", "Hadlock"]
        assert weight[1]["p50"][weight[1]["weeks"].index(30)] == pytest.approx(1559, abs=1)
        assert weight[0]["p50"][weight[0]["weeks"].index(30)] == pytest.approx(1396, abs=1)
        femur = client.get("/api/charts/FL").json()["charts"]
        assert [one["chart"] for one in femur] == ["INTERGROWTH-21st", "Hadlock"]
        assert femur[0]["p50"][femur[0]["weeks"].index(30)] == pytest.approx(55.51, abs=0.01)
        assert femur[1]["p50"][femur[1]["weeks"].index(30)] == pytest.approx(58.4, abs=0.01)
        diameter = client.get("/api/charts/OFD").json()["charts"]
        assert [one["chart"] for one in diameter] == ["INTERGROWTH-21st"]
        assert client.get("/api/charts/XX").status_code == 404
        schema = client.get("/api/schemas/report.json").json()
        assert schema["$schema"].endswith("2020-12/schema")


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_scores_and_agreement_by_mode(hub: hubs.Hub) -> None:
    site = "scored"
    cases = [make_case(hub, site, n) for n in ("head-27w.dcm", "head-14w.dcm", "head-35w.dcm")]
    given = [(1, 1), (2, 2), (3, 1)]
    with hub.client(site, Role.SONOGRAPHER) as one, hub.client(site, Role.MANAGER) as two:
        for case, (first, second) in zip(cases, given, strict=True):
            for reader, score in ((one, first), (two, second)):
                scores = {"interpretation": score, "annotation": 2}
                assert review(reader, case, 1, action="save", scores=scores).status_code in (
                    201,
                    409,
                )
        # The third case again, after a person's correction.
        scores = {"interpretation": 1, "annotation": 1}
        assert review(two, cases[2], 2, action="accept", scores=scores).status_code in (201, 409)
        for case in cases[:2]:
            review(two, case, 1, action="accept", scores={})

        score_rows = rows(two.get("/api/export/scores.csv").text)
        assert one.get("/api/export/scores.csv").status_code == 403
        summed = rows(two.get("/api/export/scores-agreement.csv").text)

    assert len(score_rows) == 7
    with hub.services.index.read() as tx:
        called = {key.name for key in tx.keys.find(site)}
    assert called >= {re.sub(r" \(\d\)$", "", row["reader"]) for row in score_rows}, (
        "names, no key ids"
    )
    assert len({row["reader"] for row in score_rows}) == 2
    assert not [r for r in summed if "key:" in r["readers"]]
    assert len({row["study"] for row in score_rows}) == 3
    assert not {row["study"] for row in score_rows} & {case["id"] for case in cases}
    assert [row["mode"] for row in score_rows].count("human_in_the_loop") == 1
    assert {row["scored_version"] for row in score_rows if row["mode"] == "autonomous"} == {"1"}

    table = {(r["mode"], r["what"], r["readers"] == "all"): r for r in summed}
    whole = table["autonomous", "interpretation", True]
    assert (whole["n"], float(whole["mean"])) == ("6", pytest.approx(10 / 6, abs=1e-3))  # type: ignore[comparison-overlap]
    assert float(whole["share_1"]) == pytest.approx(0.5)
    pair = table["autonomous", "interpretation", False]
    assert (pair["n"], float(pair["kappa_linear"])) == ("3", pytest.approx(0.25))  # type: ignore[comparison-overlap]
    assert table["autonomous", "annotation", False]["kappa_linear"] == ""
    assert table["human_in_the_loop", "annotation", True]["mean"] == "1.0"
    assert ("human_in_the_loop", "annotation", False) not in table
