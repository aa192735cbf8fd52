"""A hub among a hospital's systems: ``python -m bench.drill_hospital``.

An order comes by HL7 v2, the machine finds it on its worklist and sends the study by C-STORE with TLS; it is
read, corrected and signed by API; a reader signs on at the hospital's issuer of OpenID Connect, corrects and
signs on the page in Chromium; the final result goes to a PACS (Orthanc), which is down for a while, to a
FHIR server that validates every resource, and to a receiver of HL7 v2. In the end nothing is lost, nothing
is there twice, and OHIF and dwv show it. The last line is one JSON object with ``steps`` and ``held``.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pydicom
from playwright.sync_api import Browser, sync_playwright
from pynetdicom import AE
from rich.console import Console
from rich.table import Table

from bench.hospital_issuer import Issuer
from bench.hospital_peers import FhirStore, Machines, Pacs, fhir_server, hl7_receiver
from bench.hospital_reader import clip_of, correct_and_sign, look_in_dwv, look_in_ohif
from bench.viewers import site as viewers
from services.publish import mllp
from services.publish.access import tls_context
from services.standalone import ports
from services.standalone.local_stack import LocalStack, StackOptions

ROOT = Path(__file__).resolve().parents[1]
SAMPLE = ROOT / "samples" / "head-27w.dcm"
CLIP = ROOT / "tests" / "fixtures" / "clips" / "h264.mp4"
STEP = "1.2.840.10008.3.1.2.3.3"
MOVE = "1.2.840.10008.5.1.4.1.2.2.2"
console = Console()


@dataclass
class Drill:
    """A hospital of a drill, and what its steps came to."""

    hub: LocalStack
    client: httpx.Client
    pacs: Pacs
    machines: Machines
    hl7_port: int
    issuer: Issuer
    browser: Browser
    viewers: int  # the port of the origin that OHIF and dwv come from
    fhir: FhirStore = field(default_factory=FhirStore)
    messages: list[Any] = field(default_factory=list)
    steps: list[tuple[str, bool, str]] = field(default_factory=list)

    def step(self, name: str, held: bool, detail: str = "") -> None:
        """Note a step, and say it."""
        self.steps.append((name, held, detail))
        console.print(f"{'held  ' if held else 'FAILED'} {name}  {detail}")

    def wait(self, condition: Callable[[], Any], seconds: float = 240) -> Any:
        """Its first true answer; the last one when the time is over."""
        end, answer = time.monotonic() + seconds, condition()
        while not answer and time.monotonic() < end:
            self.hub.tend()
            time.sleep(0.5)
            answer = condition()
        return answer

    def get(self, path: str) -> Any:
        """The API's answer."""
        return self.client.get(path).raise_for_status().json()


def order_in(drill: Drill) -> dict[str, Any]:
    """The hospital's system orders, and sends its message again: one order."""
    text = (
        "MSH|^~\\&|HIS|WARD|FADA|CLINIC|20260301080000||OMG^O19^OMG_O19|4711|P|2.5.1||||||UNICODE UTF-8\r"
        "PID|1||P-77^^^HIS^MR||Müller^Ida||19900201|F\rORC|NW|77^HIS\r"
        f"OBR|1|77^HIS||US1^Growth scan{'|' * 14}A-77|||US1\r"
    )
    for _ in range(2):
        mllp.send(("127.0.0.1", drill.hl7_port), text)
    orders = drill.get("/api/orders")["items"]
    drill.step("order by HL7, sent twice, is one", len(orders) == 1, f"{len(orders)} order")
    return dict(orders[0])


def on_worklist(drill: Drill, order: dict[str, Any]) -> pydicom.Dataset:
    """The machine's list has it, another machine's has not, and a stranger gets nothing."""
    mine = drill.machines.worklist("US1")
    others = [len(drill.machines.worklist(aet)) for aet in ("US2", "STRANGER")]
    held = len(mine) == 1 and mine[0].AccessionNumber == order["accession"] and others == [0, 0]
    drill.step("worklist by TLS (findscu)", held, f"{len(mine)} for US1, {others[0]} for US2")
    return mine[0]


def associated(drill: Drill, aet: str, service: str) -> Any:
    """An association with the hub by TLS."""
    entity = AE(aet)
    entity.add_requested_context(service)
    both = drill.machines.certificate()
    tls = tls_context({"ca": drill.machines.own.read_text()}, {"certificate": both.read_text()})
    return entity.associate(
        "127.0.0.1", drill.machines.port, ae_title="FADA", tls_args=(tls, "localhost")
    )


def step_report(drill: Drill, item: pydicom.Dataset, state: str) -> None:
    """The machine's own report (MPPS), which moves the order."""
    uid = f"{item.StudyInstanceUID}.9"[:64]
    report = pydicom.Dataset()
    report.PerformedProcedureStepStatus = state
    association = associated(drill, "US1", STEP)
    if state == "IN PROGRESS":
        scheduled = pydicom.Dataset()
        scheduled.AccessionNumber = item.AccessionNumber
        report.ScheduledStepAttributesSequence = [scheduled]
        status = association.send_n_create(report, STEP, uid)[0].Status
    else:
        status = association.send_n_set(report, STEP, uid)[0].Status
    association.release()
    (order,) = drill.get("/api/orders")["items"]
    wanted = state.lower().replace(" ", "_")
    drill.step(f"MPPS {state}", status == 0 and order["state"] == wanted, order["state"])


def study_in(drill: Drill, item: pydicom.Dataset) -> str:
    """The machine's study with the worklist's data, twice; its id."""
    dataset = pydicom.dcmread(SAMPLE)
    for name in (
        "PatientName",
        "PatientID",
        "PatientBirthDate",
        "AccessionNumber",
        "StudyInstanceUID",
    ):
        setattr(dataset, name, getattr(item, name))
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.decompress(generate_instance_uid=False)
    path = drill.machines.folder / "study.dcm"
    dataset.save_as(path)
    sent = [drill.machines.run("storescu", "US1", str(path)).returncode for _ in range(2)]
    (order,) = drill.get("/api/orders")["items"]
    met = order["studies"]
    drill.step("study by C-STORE with TLS, sent twice, meets its order", sent == [0, 0] and len(met) == 1,
               f"{len(met)} study")  # fmt: skip
    return str(met[0]["id"])


def read_and_sign(drill: Drill, study: str) -> int:
    """The hub reads; a person corrects and signs. The signed version."""
    path = f"/api/studies/{study}"
    row = drill.wait(lambda: (r := drill.get(path))["state"] in ("ready", "failed") and r)
    drill.step("read", bool(row) and row["state"] == "ready", row["plane"] if row else "")
    told = drill.get(f"{path}/results/latest")["report"]
    frame = told["frames"][0]
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
        told = look_in_ohif(drill.browser, origin, "Müller", study_uid, str(clip["study_uid"]))
        other = look_in_dwv(drill.browser, origin, hub, study_uid)
    drill.step(
        "OHIF lists the study and draws its image",
        told["image"].lit > 5000,
        f"{told['image'].lit} pixels",
    )
    drill.step(
        "OHIF draws the mask",
        told["mask"].coloured > 1000,
        ", ".join(told["segments"]).replace("\n", " "),
    )
    drill.step(
        "OHIF opens the report", told["report"].lit > 5000 and not told["faults"], "TID 1500"
    )
    moved = told["moved"].hash != told["clip"].hash
    drill.step("OHIF goes through a clip", moved and told["frames"] == "1/16", told["frames"])
    errors = [error for of in other.values() for one in of for error in one["errors"]]
    shapes = [shape for one in other["SR"] for shape in one.get("shapes", ()) if shape["a"]]
    held = not errors and bool(shapes) and bool(other["US"])
    drill.step("dwv reads image and ellipse", held, "; ".join(errors) or f"{len(shapes)} ellipse")


def everywhere(drill: Drill, order: dict[str, Any], study_uid: str) -> None:
    """HL7 and FHIR have the final result while the PACS is down; then the PACS has it, all of it once."""
    final = drill.wait(
        lambda: [m for m in drill.messages if str(m.segment("OBR")[25]) in ("F", "C")]
    )
    numbers = {str(m.segment("OBR")[2]) for m in final or []}
    drill.step(
        "HL7 has the final result",
        bool(final) and numbers == {order["accession"]},
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


def moved(drill: Drill, study_uid: str) -> None:
    """A workstation has the study sent to the PACS by C-MOVE, and to nobody else. (dcmtk's movescu knows
    no TLS.)"""
    query = pydicom.Dataset()
    query.QueryRetrieveLevel, query.StudyInstanceUID = "STUDY", study_uid
    association = associated(drill, "VIEWER", MOVE)
    thief, done = (
        [status for status, _ in association.send_c_move(query, aet, MOVE)][-1].Status
        for aet in ("THIEF", "PACS")
    )
    association.release()
    images = [one for one in drill.pacs.objects(study_uid) if one["Modality"] == "US"]
    held = (thief, done, len(images)) == (0xA801, 0, 1)
    drill.step(
        "C-MOVE to the PACS alone", held, f"0x{thief:04X} elsewhere, {len(images)} image there"
    )


def run(drill: Drill, fhir_port: int, mllp_port: int) -> None:
    """All steps, in the order of a day."""
    for name, kind, address in (
        ("PACS", "c_store", f"PACS@127.0.0.1:{drill.pacs.dimse}"),
        ("FHIR", "fhir", f"http://127.0.0.1:{fhir_port}/fhir"),
        ("EMR", "hl7", f"127.0.0.1:{mllp_port}"),
    ):
        body = {"name": name, "kind": kind, "address": address}
        drill.client.post("/api/destinations", json=body).raise_for_status()
    order = order_in(drill)
    item = on_worklist(drill, order)
    step_report(drill, item, "IN PROGRESS")
    study = study_in(drill, item)
    step_report(drill, item, "COMPLETED")
    read_and_sign(drill, study)
    sign_on_the_page(drill, study)
    everywhere(drill, order, str(item.StudyInstanceUID))
    moved(drill, str(item.StudyInstanceUID))
    seen_in_viewers(drill, str(item.StudyInstanceUID))


def main() -> int:
    """Run the drill on a hub of its own; 0 when every step held, else 1."""
    folder = Path(tempfile.mkdtemp(prefix="fada-hospital-"))
    if not viewers.install():
        raise SystemExit("Install npm: OHIF and dwv come by it")
    dimse, hl7_port, port, issuer_port, viewers_port = ports.free(5)
    issuer = Issuer(issuer_port, f"http://127.0.0.1:{port}")
    machines = Machines(folder, dimse)
    certificate = str(machines.certificate())
    environment = {
        "FADA_DIMSE_PEERS": "US1,US2", "FADA_DIMSE_QUERY_PEERS": "VIEWER",
        "FADA_DIMSE_TLS_CERTIFICATE": certificate, "FADA_DIMSE_TLS_CA": str(machines.own),
        "FADA_HL7_SENDERS": "HIS", "FADA_CORS_ORIGINS": f"http://127.0.0.1:{viewers_port}",
        **issuer.environment,
    }  # fmt: skip
    options = StackOptions(
        home=folder / "hub",
        port=port,
        quiet_seconds=0,
        dimse_port=dimse,
        hl7_port=hl7_port,
        environment=environment,
    )
    hub, drill = LocalStack(options), None
    try:
        with ExitStack() as stack:
            stack.enter_context(issuer.running())
            hub.start()
            headers = {"Authorization": f"Bearer {hub.new_key()}"}
            browser = viewers.chromium(stack.enter_context(sync_playwright()))
            stack.callback(browser.close)
            client = stack.enter_context(
                httpx.Client(base_url=hub.address, headers=headers, timeout=60)
            )
            pacs = Pacs.at(folder / "pacs")
            drill = Drill(hub, client, pacs, machines, hl7_port, issuer, browser, viewers_port)
            stack.callback(drill.pacs.stop)
            fhir_port = stack.enter_context(fhir_server(drill.fhir))
            mllp_port = stack.enter_context(hl7_receiver(drill.messages))
            run(drill, fhir_port, mllp_port)
    finally:
        hub.stop()
        shutil.rmtree(folder, ignore_errors=True)
    table = Table("step", "held", "", title="A hub among a hospital's systems")
    for name, done, detail in drill.steps:
        table.add_row(name, "yes" if done else "NO", detail)
    console.print(table)
    held = sum(done for _, done, _ in drill.steps)
    print(json.dumps({"steps": len(drill.steps), "held": held}))
    return 0 if held == len(drill.steps) else 1


if __name__ == "__main__":
    raise SystemExit(main())
