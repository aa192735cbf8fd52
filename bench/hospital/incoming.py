"""What comes in: an order, the machine's worklist, its steps and its study, and what is fetched back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pydicom
from pynetdicom import AE

from bench.hospital.drill import Drill
from services.publish import mllp
from services.publish.access import tls_context

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "samples" / "head-27w.dcm"
STEP = "1.2.840.10008.3.1.2.3.3"
MOVE = "1.2.840.10008.5.1.4.1.2.2.2"


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
