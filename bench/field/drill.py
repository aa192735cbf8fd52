"""A phone on a bad link: 20 cases over 64 kbit/s, cut every 30 s, the phone killed at random; and 20 cases
of a phone without any link, by three carriers, each case by two of them at once.

Run: python -m bench.field.drill [--cases 20]. The last line is one JSON object.
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
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
from PIL import Image
from rich.console import Console
from rich.table import Table

from bench.field.link import Link
from edge.agent import carry
from edge.agent.case import UNSENT
from edge.agent.case_reader import CaseReader
from edge.agent.hub import Hub, enrol
from edge.agent.identity import DeviceIdentity
from edge.agent.image_file import open_image
from edge.agent.preview import preview
from edge.agent.storage.outbox import CaseOutbox
from edge.agent.storage.vault import Vault
from services.reading import report_json
from services.reading.contract import ALL_PHASES, Phase
from services.standalone.local_stack import RELEASES, LocalStack, StackOptions

PIN = "246813"
PHASES = tuple(
    p for p in ALL_PHASES if p is not Phase.INTERPRET
)  # sending is measured, not reading
SAMPLE = Path(__file__).resolve().parents[2] / "samples" / "head-27w.jpg"
console = Console()


def pictures(count: int, seed: int) -> list[bytes]:
    """Different crops of the sample, as a portable probe would export them."""
    draw, whole = random.Random(seed), Image.open(SAMPLE)
    made = []
    for _ in range(count):
        x, y = draw.randint(0, 24), draw.randint(0, 24)
        crop = whole.crop((x, y, whole.width - draw.randint(0, 24), whole.height - 1))
        out = io.BytesIO()
        crop.resize((1024, 692)).save(out, "JPEG", quality=92)
        made.append(out.getvalue())
    return made


def capture(home: Path, images: list[bytes]) -> tuple[int, int]:
    """Analyse all cases with no network; the bytes that have to travel, and those of previews in them."""
    outbox = CaseOutbox(home, Vault.create(home, PIN))
    reader = CaseReader(RELEASES, threads=1)
    payload = previews = 0
    for number, data in enumerate(images):
        case = outbox.capture([(data, "image/jpeg")], urgent=number % 7 == 3)
        picture = open_image(case.id, case.images[0].sha256, "image/jpeg", data)
        report = report_json.dump(reader.read(case.id, [picture], phases=PHASES))
        outbox.analysed(case.id, report)
        small = len(preview(picture.frames[0][1]))
        payload, previews = payload + len(data) + len(report) + small, previews + small
    outbox.close()
    return payload, previews


def phone(home: Path) -> subprocess.Popen[bytes]:
    """The device's own program, as a process that can be killed."""
    command = [sys.executable, "-m", "bench.field.phone", str(home)]
    environment = {**os.environ, "FADA_EDGE_PIN": PIN}
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)


def waiting(home: Path) -> int:
    """How many cases on the phone the hub has not acknowledged."""
    outbox = CaseOutbox(home, Vault.unlock(home, PIN))
    left = sum(case.state in UNSENT for case in outbox.all())
    outbox.close()
    return left


def drill(machine: LocalStack, key: str, home: Path, cases: int, limit: float) -> dict[str, object]:
    """Run until nothing waits on the phone; figures for people and as the result."""
    client = httpx.Client(base_url=machine.address, headers={"Authorization": f"Bearer {key}"})
    code = client.post("/api/devices/codes").json()["code"]
    device = enrol(machine.address, code, "drill")
    images = pictures(cases, seed=7)
    payload, previews = capture(home, images)
    link = Link(("127.0.0.1", machine.ports["gateway"]))
    link.start()
    DeviceIdentity(
        f"http://127.0.0.1:{link.port}", device.device_id, device.site, device.private_key
    ).save(home)
    draw, began, kills, first, seen = random.Random(3), time.monotonic(), 0, None, None
    previewed: set[str] = set()
    image_bytes = sum(map(len, images))
    while (left := waiting(home)) and time.monotonic() - began < limit:
        process, ends = phone(home), time.monotonic() + draw.uniform(15, 45)
        while process.poll() is None and time.monotonic() < ends:
            time.sleep(0.5)
            machine.tend()
            if first is None and client.get("/api/studies").json()["total"] == cases:
                first = link.sent_up - (payload - image_bytes)
            if seen is None and first is not None:
                previewed |= with_previews(client)
                if len(previewed) == cases:
                    seen = link.sent_up - (payload - image_bytes)
        if process.poll() is None:
            process.kill()
            kills += 1
        process.wait()
    link.stop()
    return {
        **tally(client, cases),
        "bytes_ratio": round(link.sent_up / payload, 3),
        "ratio_of": {k: round(n / payload, 4) for k, n in sorted(link.traffic.bytes_of.items())},
        "requests": dict(sorted(link.traffic.requests.items())),
        "reports_first": first is not None and first < image_bytes / 2,
        "previews_first": seen is not None and seen < image_bytes / 2,
        "left": left,
        "kills": kills,
        "cuts": link.cuts,
        "seconds": round(time.monotonic() - began),
        "payload": payload,
        "previews": previews,
    }


def with_previews(client: httpx.Client) -> set[str]:
    """Studies of which the hub shows a preview now, or has the image."""
    rows = client.get("/api/studies", params={"limit": 1000}).json()["items"]
    return {
        row["id"]
        for row in rows
        if client.get(f"/api/studies/{row['id']}/previews").json()["items"]
        or images_of(client, row["id"])
    }


def carried(machine: LocalStack, key: str, folder: Path, cases: int) -> dict[str, object]:
    """Cases of a phone without a link, by three carriers at once, each case by two; receipts back."""
    client = httpx.Client(base_url=machine.address, headers={"Authorization": f"Bearer {key}"})
    before = {row["study_uid"] for row in rows_of(client)}
    maker = _device(client, machine, folder / "maker")
    outbox = CaseOutbox(folder / "maker", Vault.create(folder / "maker", PIN))
    for data in pictures(cases, seed=11):
        case = outbox.capture([(data, "image/jpeg")])
        outbox.give_up_reading(case.id, "no release on this phone")
    carry.pack(outbox, maker, folder / "packed")
    sticks = [folder / f"stick-{n}" for n in range(3)]
    for n, path in enumerate(sorted((folder / "packed").iterdir())):
        for stick in (sticks[n % 3], sticks[(n + 1) % 3]):
            stick.mkdir(exist_ok=True)
            shutil.copy(path, stick)
    carriers = [Hub(_device(client, machine, stick)) for stick in sticks]
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(carry.hand_in, carriers, sticks))
    receipts = sum(carry.take_receipts(outbox, maker, stick) for stick in sticks)
    uids = [row["study_uid"] for row in rows_of(client) if row["study_uid"] not in before]
    whole = [
        row["id"]
        for row in rows_of(client)
        if row["study_uid"] not in before and images_of(client, row["id"]) == 1
    ]
    return {
        "carried": len(whole),
        "carried_doubled": len(uids) - len(set(uids)) + max(0, len(uids) - cases),
        "receipts": receipts,
    }


def _device(client: httpx.Client, machine: LocalStack, home: Path) -> DeviceIdentity:
    code = client.post("/api/devices/codes").json()["code"]
    return enrol(machine.address, code, home.name)


def rows_of(client: httpx.Client) -> list[dict[str, Any]]:
    """All studies of the worklist."""
    return list(client.get("/api/studies", params={"limit": 1000}).json()["items"])


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
    machine = LocalStack(StackOptions(home=folder / "hub", quiet_seconds=0))
    try:
        machine.start()
        key = machine.new_key()
        figures = drill(machine, key, folder / "phone", options.cases, options.limit)
        figures |= carried(machine, key, folder, options.cases)
    finally:
        machine.stop()
        shutil.rmtree(folder, ignore_errors=True)
    table = Table("figure", "value", title="A phone on a bad link")
    for name, value in figures.items():
        for part, figure in value.items() if isinstance(value, dict) else [("", value)]:
            table.add_row(f"{name} {part}".strip(), str(figure))
    console.print(table)
    print(json.dumps(figures))
    good = all(figures[name] == options.cases for name in ("arrived", "carried", "receipts"))
    good &= not figures["doubled"] and not figures["carried_doubled"]
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
