"""A phone on a bad link: 20 cases over 64 kbit/s, cut every 30 s, the phone killed at random.

Run: python -m bench.drill_field [--cases 20]. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx
from PIL import Image
from rich.console import Console
from rich.table import Table

from bench.link import Link
from edge.agent.case import UNSENT
from edge.agent.case_reader import CaseReader
from edge.agent.hub import enrol
from edge.agent.identity import Identity
from edge.agent.outbox import Outbox
from edge.agent.vault import Vault
from services.reading import report_json
from services.reading.images.picture import decode
from services.standalone.local_stack import RELEASES, LocalStack, StackOptions

PIN = "246813"
SAMPLE = Path(__file__).resolve().parents[1] / "samples" / "head-27w.jpg"
console = Console()


def pictures(count: int, seed: int) -> list[bytes]:
    """Different crops of the sample, as a portable probe would export them."""
    draw, whole = random.Random(seed), Image.open(SAMPLE)
    made = []
    for _ in range(count):
        x, y = draw.randint(0, 24), draw.randint(0, 24)
        crop = whole.crop((x, y, whole.width - draw.randint(0, 24), whole.height - 1))
        out = io.BytesIO()
        crop.save(out, "JPEG", quality=90)
        made.append(out.getvalue())
    return made


def capture(home: Path, images: list[bytes]) -> int:
    """Analyse all cases with no network; returns the bytes that have to travel."""
    outbox = Outbox(home, Vault.create(home, PIN))
    reader = CaseReader(RELEASES)
    payload = 0
    for number, data in enumerate(images):
        case = outbox.capture([(data, "image/jpeg")], urgent=number % 7 == 3)
        names = [image.sha256 for image in case.images]
        report = report_json.dump(reader.read(case.id, [decode(data).pixels], sha256s=names))
        outbox.analysed(case.id, report)
        payload += len(data) + len(report)
    outbox.close()
    return payload


def phone(home: Path) -> subprocess.Popen[bytes]:
    """The device's own program, as a process that can be killed."""
    command = [sys.executable, "-m", "bench.phone", str(home)]
    environment = {**os.environ, "FADA_EDGE_PIN": PIN}
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)


def waiting(home: Path) -> int:
    """How many cases on the phone the hub has not acknowledged."""
    outbox = Outbox(home, Vault.unlock(home, PIN))
    left = sum(case.state in UNSENT for case in outbox.all())
    outbox.close()
    return left


def drill(machine: LocalStack, key: str, home: Path, cases: int, limit: float) -> dict[str, object]:
    """Run until nothing waits on the phone; figures for people and as the result."""
    client = httpx.Client(base_url=machine.address, headers={"Authorization": f"Bearer {key}"})
    code = client.post("/api/devices/codes").json()["code"]
    images = pictures(cases, seed=7)
    payload = capture(home, images)
    link = Link(("127.0.0.1", machine.ports["gateway"]))
    device = enrol(machine.address, code, "drill")
    link.start()
    Identity(
        f"http://127.0.0.1:{link.port}", device.device_id, device.site, device.private_key
    ).save(home)
    draw, began, kills, first = random.Random(3), time.monotonic(), 0, None
    image_bytes = sum(map(len, images))
    while (left := waiting(home)) and time.monotonic() - began < limit:
        process, ends = phone(home), time.monotonic() + draw.uniform(15, 45)
        while process.poll() is None and time.monotonic() < ends:
            time.sleep(0.5)
            machine.tend()
            if first is None and client.get("/api/studies").json()["total"] == cases:
                first = link.sent_up - (payload - image_bytes)
        if process.poll() is None:
            process.kill()
            kills += 1
        process.wait()
    link.stop()
    return {
        **tally(client, cases),
        "bytes_ratio": round(link.sent_up / payload, 3),
        "reports_first": first is not None and first < image_bytes / 2,
        "left": left,
        "kills": kills,
        "cuts": link.cuts,
        "seconds": round(time.monotonic() - began),
        "payload": payload,
    }


def tally(client: httpx.Client, cases: int) -> dict[str, object]:
    """What the hub has in the end: each case once, each with its image."""
    rows = client.get("/api/studies", params={"limit": 1000}).json()["items"]
    uids = [row["study_uid"] for row in rows]
    whole = [row for row in rows if images_of(client, row["id"]) == 1]
    return {"cases": cases, "arrived": len(whole), "doubled": len(uids) - len(set(uids))}


def images_of(client: httpx.Client, study_id: str) -> int:
    """Images of a study; the hub's own SEG and SR have no frames."""
    listed = client.get(f"/api/studies/{study_id}").json()["instances_list"]
    return sum(instance["modality"] == "US" for instance in listed)


def main() -> int:
    """Run the drill on a hub of its own; 0 when every case arrived once, else 1."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=20)
    parser.add_argument("--limit", type=float, default=1200.0, help="seconds until it gives up")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="fada-drill-"))
    machine = LocalStack(StackOptions(home=folder / "hub"))
    try:
        machine.start()
        figures = drill(machine, machine.new_key(), folder / "phone", options.cases, options.limit)
    finally:
        machine.stop()
        shutil.rmtree(folder, ignore_errors=True)
    table = Table("figure", "value", title="A phone on a bad link")
    for name, value in figures.items():
        table.add_row(name, str(value))
    console.print(table)
    print(json.dumps(figures))
    good = figures["arrived"] == options.cases and figures["doubled"] == 0
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
