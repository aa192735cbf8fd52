"""A signature makes its own final objects, which name what they replace and go where results go."""

from __future__ import annotations

import io
from typing import Any

import httpx
import hub as hubs
import numpy as np
import pydicom
import pytest
import readings

from services.index.port import Result
from services.result_objects import dicom_objects, documents_before, new_instances


@pytest.fixture
def case(hub: hubs.Hub, request: pytest.FixtureRequest) -> dict[str, Any]:
    """A study whose worker has written objects of its own, as it does."""
    site = f"final-{abs(hash(request.node.name)) % 10**8}"
    with hub.client(site) as client:
        data = (hubs.SAMPLES / "head-27w.dcm").read_bytes()
        item = client.post("/api/uploads", files={"file": data}).json()["items"][0]
        instance = client.get(f"/api/studies/{item['study_id']}").json()["instances_list"][0]
    frame = readings.head(instance["sop_uid"], instance["columns"], instance["rows"])
    report = readings.report(item["study_uid"], frame)
    source = pydicom.dcmread(io.BytesIO(data))
    mask = np.zeros((instance["rows"], instance["columns"]), bool)
    mask[50:150, 60:200] = True
    made = dicom_objects(
        report, {frame.sop_uid: source}, {(frame.sop_uid, 1): {"fetal_head": mask}}, "job"
    )
    readings.finish_with_objects(hub.services, site, item["study_id"], report, made)
    return {"site": site, "id": item["study_id"], "uid": item["study_uid"], "sop": frame.sop_uid,
            "width": instance["columns"], "height": instance["rows"]}  # fmt: skip


def sign(client: httpx.Client, case: dict[str, Any], based_on: int, **more: Any) -> dict[str, Any]:
    body = {"based_on": based_on, "action": "sign", **more}
    answer = client.post(f"/api/studies/{case['id']}/reviews", json=body)
    assert answer.status_code == 201, answer.text
    result: dict[str, Any] = answer.json()
    return result


def objects(client: httpx.Client, version: dict[str, Any]) -> dict[str, bytes]:
    return {one["kind"]: client.get(one["url"]).content for one in version["artefacts"]}


def test_a_signature_makes_final_objects(hub: hubs.Hub, case: dict[str, Any]) -> None:
    outline = readings.ellipse(case["width"] / 2, case["height"] / 2, 90.0, 70.0, 100)
    frame = {"sop_uid": case["sop"], "frame": 1,
             "structures": [{"label": "fetal_head", "polygon": outline}]}  # fmt: skip
    with hub.client(case["site"]) as client:
        version = sign(client, case, 1, frames=[frame])
        made = objects(client, version)
        read = {kind: pydicom.dcmread(io.BytesIO(made[kind])) for kind in ("sr", "sr_obgyn", "seg")}
        preliminary = objects(client, client.get(f"/api/studies/{case['id']}/results/1").json())
    for kind in ("sr", "sr_obgyn"):
        document = read[kind]
        assert (document.VerificationFlag, document.PreliminaryFlag) == ("VERIFIED", "FINAL")
        assert document.VerifyingObserverSequence[0].VerifyingObserverName
        replaced = document.PredecessorDocumentsSequence[0].ReferencedSeriesSequence[0]
        before = pydicom.dcmread(io.BytesIO(preliminary[kind]))
        assert before.VerificationFlag == "UNVERIFIED"
        named = replaced.ReferencedSOPSequence[0].ReferencedSOPInstanceUID
        assert named == before.SOPInstanceUID != document.SOPInstanceUID
    area = np.pi * 90 * 70
    assert read["seg"].pixel_array.sum() == pytest.approx(area, rel=0.02), "the corrected outline"
    page = pydicom.dcmread(io.BytesIO(made["pdf_dicom"]))
    assert page.EncapsulatedDocument.startswith(b"%PDF-")


def test_they_are_found_in_the_study_and_offered_for_push(
    hub: hubs.Hub, case: dict[str, Any]
) -> None:
    with hub.client(case["site"]) as client:
        version = sign(client, case, 1)
        hashes = {one["kind"]: one["sha256"] for one in version["artefacts"]}
    with hub.services.index.read() as tx:
        stored = {
            one.sha256: one for one in tx.studies.instances(case["site"], study_uid=case["uid"])
        }
        study = tx.studies.get(case["site"], case["id"])
    for kind in ("seg", "sr", "sr_obgyn", "pdf_dicom"):
        assert stored[hashes[kind]].frames == 0, kind
    assert study.state.value == "reviewed", "objects of our own are no new images"


def test_fhir_is_final_and_then_amended(hub: hubs.Hub, case: dict[str, Any]) -> None:
    with hub.client(case["site"]) as client:
        states = []
        for based_on in (1, 2):
            sign(client, case, based_on)
            bundle = client.get(
                f"/api/studies/{case['id']}/results/{based_on + 1}/fhir.json"
            ).json()
            (report,) = (one["resource"] for one in bundle["entry"]
                         if one["resource"]["resourceType"] == "DiagnosticReport")  # fmt: skip
            states.append(report["status"])
    assert states == ["final", "amended"]


def test_the_next_signature_replaces_the_one_before(hub: hubs.Hub, case: dict[str, Any]) -> None:
    with hub.client(case["site"]) as client:
        first = pydicom.dcmread(io.BytesIO(objects(client, sign(client, case, 1))["sr"]))
        second = pydicom.dcmread(io.BytesIO(objects(client, sign(client, case, 2))["sr"]))
    (series,) = second.PredecessorDocumentsSequence[0].ReferencedSeriesSequence
    assert series.ReferencedSOPSequence[0].ReferencedSOPInstanceUID == first.SOPInstanceUID


def test_what_is_only_saved_makes_none(hub: hubs.Hub, case: dict[str, Any]) -> None:
    with hub.client(case["site"]) as client:
        answer = client.post(f"/api/studies/{case['id']}/reviews", json={"based_on": 1})
        assert {one["kind"] for one in answer.json()["artefacts"]} <= {"mask"}


def test_a_phone_report_without_its_image_is_signed_all_the_same(
    hub: hubs.Hub, case: dict[str, Any]
) -> None:
    frame = readings.head("1.2.3.4.5", 400, 300)
    report = readings.report(case["uid"], frame)
    with hub.client(case["site"]) as client:
        with hub.services.index.begin() as tx:
            made: Result = tx.results.add(
                readings.phone(case["site"]), case["id"], report, [],
                origin=readings.Origin.PHONE, based_on=None,
            )  # fmt: skip
        version = sign(client, case, made.version)
    assert {one["kind"] for one in version["artefacts"]} == {"fhir"}


def test_predecessors_are_of_the_last_version_that_has_any(
    hub: hubs.Hub, case: dict[str, Any]
) -> None:
    with hub.client(case["site"]) as client:
        client.post(f"/api/studies/{case['id']}/reviews", json={"based_on": 1, "action": "save"})
    with hub.services.index.read() as tx:
        versions = tx.results.versions(case["site"], case["id"])
        stored = tx.studies.instances(case["site"], study_uid=case["uid"])
    assert len(versions) == 2
    assert len(documents_before(versions, stored)["sr"]) == 1
    assert new_instances([]) == []
