"""A hub among a hospital's systems: ``python -m bench.hospital``.

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
from contextlib import ExitStack
from pathlib import Path

import httpx
from playwright.sync_api import sync_playwright
from rich.table import Table

from bench.hospital.drill import Drill, console
from bench.hospital.incoming import moved, on_worklist, order_in, step_report, study_in
from bench.hospital.issuer import Issuer
from bench.hospital.outgoing import everywhere, read_and_sign, seen_in_viewers, sign_on_the_page
from bench.hospital.peers import Machines, Pacs, fhir_server, hl7_receiver
from bench.viewers import site as viewers
from services.standalone import ports
from services.standalone.local_stack import LocalStack, StackOptions


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
