"""What is read, signed and goes out: by API and page, to PACS, FHIR and HL7, and into viewers."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from bench.hospital.drill import Drill
from bench.hospital.reader import clip_of, correct_and_sign, look_in_dwv, look_in_ohif
from bench.viewers import site as viewers

ROOT = Path(__file__).resolve().parents[2]
CLIP = ROOT / "tests" / "fixtures" / "clips" / "h264.mp4"


def read_and_sign(drill: Drill, study: str) -> int:
    """The hub reads; a person corrects and signs. The signed version."""
    path = f"/api/studies/{study}"
    row = drill.wait(lambda: (r := drill.get(path))["state"] in ("ready", "failed") and r)
    drill.step("read", bool(row) and row["state"] == "ready", row["plane"] if row else "")
    report = drill.get(f"{path}/results/latest")["report"]
    frame = report["frames"][0]
    edit = {"sop_uid": frame["sop_uid"], "frame": frame["frame"],
            "calipers": [{"name": "BPD", "points": [[100, 100], [300, 100]]}]}  # fmt: skip
    version = row["latest_version"]
    for action, frames in (("save", [edit]), ("sign", [])):
        body = {"based_on": version, "action": action, "frames": frames}
        answer = drill.client.post(f"{path}/reviews", json=body)
        version = answer.raise_for_status().json()["version"]
    signed = drill.get(path)["signed_version"]
    drill.step("corrected and signed by API", signed == version, f"version {signed}")
    return int(signed)


def sign_on_the_page(drill: Drill, study: str) -> None:
    """A sonographer signs on by code with PKCE, draws the head anew and signs."""
    page = drill.browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    page.set_default_timeout(120_000)
    who = drill.issuer.sign_on(page)
    drill.step("signed on by OpenID Connect", "Dr. Amina Juma" in who, " ".join(who.split()))
    path = f"/api/studies/{study}"
    before = drill.get(path)["signed_version"]
    frame = drill.get(f"{path}/results/latest")["report"]["frames"][0]
    box = next(one["box"] for one in frame["structures"] if one["label"] == "fetal_head")
    label = correct_and_sign(page, drill.hub.address, study, box, "Amina")
    page.context.close()
    after = drill.get(path)["signed_version"]
    drill.step(
        "corrected and signed on the page", "Amina" in label and after > before, f"version {after}"
    )


def seen_in_viewers(drill: Drill, study_uid: str) -> None:
    """OHIF and dwv, from an origin of their own, show what the hub made."""
    clip = clip_of(drill.client, CLIP.name, CLIP.read_bytes())
    path = f"/api/studies/{clip['study_id']}"
    drill.wait(lambda: drill.get(path)["state"] in ("ready", "failed"))
    key = {"name": "viewers", "role": "reader"}
    answer = drill.client.post("/api/keys", json=key).raise_for_status()
    hub = viewers.Hub(drill.hub.address, str(answer.json()["key"]))
    with viewers.serving(drill.viewers, hub) as origin:
        seen = look_in_ohif(drill.browser, origin, "Müller", study_uid, str(clip["study_uid"]))
        other = look_in_dwv(drill.browser, origin, hub, study_uid)
    drill.step(
        "OHIF lists the study and draws its image",
        seen["image"].lit > 5000,
        f"{seen['image'].lit} pixels",
    )
    drill.step(
        "OHIF draws the mask",
        seen["mask"].coloured > 1000,
        ", ".join(seen["segments"]).replace("\n", " "),
    )
    drill.step(
        "OHIF opens the report", seen["report"].lit > 5000 and not seen["faults"], "TID 1500"
    )
    moved = seen["moved"].hash != seen["clip"].hash
    drill.step("OHIF goes through a clip", moved and seen["frames"] == "1/16", seen["frames"])
    errors = [error for of in other.values() for one in of for error in one["errors"]]
    shapes = [shape for one in other["SR"] for shape in one.get("shapes", ()) if shape["a"]]
    held = not errors and bool(shapes) and bool(other["US"])
    drill.step("dwv reads image and ellipse", held, "; ".join(errors) or f"{len(shapes)} ellipse")


def everywhere(drill: Drill, order: dict[str, Any], study_uid: str) -> None:
    """HL7 and FHIR have the final result while the PACS is down; then the PACS has it, all of it once."""
    final = drill.wait(
        lambda: [m for m in drill.messages if str(m.segment("OBR")[25]) in ("F", "C")]
    )
    numbers = {(str(m.segment("OBR")[2]), str(m.segment("OBR")[18])) for m in final or []}
    drill.step(
        "HL7 has the final result",
        bool(final) and numbers == {("77^HIS", order["accession"])},
        f"{len(final or [])} ORU",
    )
    reports = drill.wait(
        lambda: [
            r for r in drill.fhir.of("DiagnosticReport") if r["status"] in ("final", "amended")
        ]
    )
    held = bool(reports) and not drill.fhir.invalid and len(drill.fhir.of("Patient")) == 1
    words = f"{len(drill.fhir.resources)} resources, {len(drill.fhir.invalid)} invalid"
    drill.step("FHIR has it, every resource valid, one patient", held, words)
    waiting = drill.get("/api/deliveries?state=waiting")["items"]
    drill.step("the PACS is down: its deliveries wait", bool(waiting), f"{len(waiting)} wait")
    drill.pacs.start()
    came_up = drill.wait(drill.pacs.ready, 60)
    drill.step("the PACS is up again", bool(came_up))

    def all_there() -> bool:
        kinds = {one["Modality"] for one in drill.pacs.objects(study_uid)}
        left = drill.get("/api/deliveries?state=waiting")["items"]
        return bool(kinds >= {"SR"}) and not left

    drill.wait(all_there, 600)
    objects = drill.pacs.objects(study_uid)
    verified = [one for one in objects if one.get("VerificationFlag") == "VERIFIED"]
    uids = Counter(one["SOPInstanceUID"] for one in objects)
    kinds = Counter(one["Modality"] for one in objects)
    drill.step("the PACS has the signed documents", len(verified) >= 1, str(dict(kinds)))
    dead = drill.get("/api/deliveries?state=dead")["items"]
    drill.step("nothing is lost", not dead, f"{len(dead)} given up")
    ids = Counter(str(m.segment("MSH")[10]) for m in drill.messages)
    twice = [one for one in (*uids.values(), *ids.values()) if one > 1]
    drill.step("nothing is there twice", not twice, f"{len(uids)} objects, {len(ids)} messages")
