"""Dump the index of a version: ``PYTHONPATH=.:tests python -m contract.dumps.make 0.2.0 URL``.

Run in a checkout of that version, once with the URL of a new SQLite file and once with that of an empty
PostgreSQL database. What is in it comes by that version's gateway over HTTP and is read by its own index.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import sqlite3
import subprocess
import sys
import tempfile
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock
from uuid import uuid4

import httpx
import hub as hubs
import numpy as np
import readings
import servers
from contract.dumps import content
from PIL import Image

from edge.agent.hub import Hub as Phone
from edge.agent.hub import enrol
from services.domain.report import Origin, Report
from services.index import open_index
from services.index.port import Transaction
from services.reading import report_json

JANE = {"patient_name": "Doe^Jane", "patient_id": "P-1", "study_date": "2026-03-01"}
AMA = {"patient_name": "Mensah^Ama", "patient_id": "P-2", "study_date": "2026-03-02"}


def main(version: str, url: str) -> None:
    """Writes ``VERSION-KIND.sql`` and ``.json`` beside this file."""
    kind = url.partition(":")[0].replace("postgresql", "postgres")
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        settings = partial(
            servers.settings_for, push_stow_url="https://pacs.example", push_site="north"
        )
        own = mock.patch.object(
            servers, "settings_for", lambda *a, **more: settings(*a, **{**more, "index_url": url})
        )
        with (
            own,
            servers.valkey_server(home) as broker,
            servers.seaweed_server(home) as store,
            hubs.running(home / "hub", broker, store) as hub,
        ):
            links = write(hub)
    index = open_index(url)  # the gateway has ended: nothing changes any more
    written = content.read(index, url, links)
    index.close()
    target = Path(__file__).with_name(f"{version}-{kind}")
    Path(f"{target}.json").write_text(json.dumps(written, indent=1, sort_keys=True) + "\n")
    Path(f"{target}.sql").write_text(dump(url))


def dump(url: str) -> str:
    """As SQL that a connection can execute at once."""
    if url.startswith("sqlite:///"):
        with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
            return "\n".join(connection.iterdump()) + "\n"
    options = ["--inserts", "--no-owner", "--no-privileges"]
    script = subprocess.run(["pg_dump", *options, url], check=True, capture_output=True, text=True)
    return "".join(
        line for line in script.stdout.splitlines(keepends=True) if not line.startswith("\\")
    )


def write(hub: hubs.Hub) -> dict[str, Any]:
    """What a hub of two sites may hold. Returns the links that were shared."""
    with hub.services.index.begin() as tx:
        tx.webhooks.create("north", "https://receiver.example/hook", ())
    with hub.client("north") as north, hub.client("south") as south:
        cases(hub, north)
        case_of_another_site(hub, south)
        made = studies(hub, north)
        uploads(north)
    with hub.services.index.begin() as tx:
        attempted_deliveries(tx)
    return made


def phone_of(hub: hubs.Hub, client: httpx.Client, name: str) -> Phone:
    return Phone(enrol(hub.url, client.post("/api/devices/codes").json()["code"], name))


def picture(seed: int) -> bytes:
    out = io.BytesIO()
    pixels = np.random.default_rng(seed).integers(0, 255, (60, 80), np.uint8)
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


def small_report(*sops: str, width: int = 80, height: int = 60) -> Report:
    """Of heads with outlines of eight corners: a dump is to be small."""
    frames = [readings.head(sop, width, height, frame=n) for n, sop in enumerate(sops, 1)]
    small = [
        replace(
            frame,
            structures=tuple(
                replace(one, polygon=tuple((round(x), round(y)) for x, y in one.polygon[::8]))
                for one in frame.structures
            ),
        )
        for frame in frames
    ]
    return readings.report("1.2.3", *small)


def body(case: str, *pictures: bytes, **more: Any) -> bytes:
    named = [
        {"sha256": hashlib.sha256(one).hexdigest(), "size": len(one), "media_type": "image/png"}
        for one in pictures
    ]
    reading = replace(small_report(*[case] * len(pictures)), origin=Origin.PHONE)
    report = json.loads(report_json.dump(reading))
    return json.dumps({"pictures": named, "report": report, **more}).encode()


def send(phone: Phone, case: str, data: bytes) -> None:
    sha256 = hashlib.sha256(data).hexdigest()
    phone.upload(phone.new_upload(case, sha256, "image/png", data), data)


def cases(hub: hubs.Hub, client: httpx.Client) -> None:
    """Two phones: versions, a picture that never came, two cases of one study, one of two studies."""
    ids = [str(uuid4()) for _ in range(4)]
    first, second = (phone_of(hub, client, name) for name in ("ward", "outreach"))
    one, two, three = (picture(seed) for seed in (1, 2, 3))
    first.put_case(ids[0], 1, body(ids[0], one, pixel_mm=[0.2, 0.21], **JANE))
    send(first, ids[0], one)
    first.put_case(ids[0], 2, body(ids[0], one, two, pixel_mm=[0.2, 0.21], urgent=True, **JANE))
    first.put_case(ids[1], 1, body(ids[1], three, report=None, **AMA))
    send(first, ids[1], three)
    shared = "1.2.826.0.1.3680043.8.498.1"
    second.put_case(ids[2], 1, body(ids[2], picture(4), study_uid=shared, urgent=True))
    second.put_case(ids[3], 1, body(ids[3], picture(5), study_uid=shared))
    second.put_case(ids[3], 2, body(ids[3], picture(6), study_uid=f"{shared}.2"))
    for phone in (first, second):
        phone.close()


def case_of_another_site(hub: hubs.Hub, client: httpx.Client) -> None:
    """With the number of a patient of the first."""
    case, phone = str(uuid4()), phone_of(hub, client, "the south's")
    phone.put_case(case, 1, body(case, picture(7), **AMA))
    phone.close()


def studies(hub: hubs.Hub, client: httpx.Client) -> dict[str, Any]:
    """Read, corrected, signed, shared; one that cannot be read, one that waits for its next attempt."""
    index = hub.services.index
    signed = sent(client, picture(10), **JANE)
    other = sent(client, picture(11), patient_name="Roe^Mary", patient_id="P-1")  # a clash
    dead, later = sent(client, picture(12), **AMA), sent(client, picture(13))
    for study in (signed, other):
        images = client.get(f"/api/studies/{study}").json()["instances_list"]
        readings.finish(index, "north", study, small_report(*[one["sop_uid"] for one in images]))
    fix = {"action": "save", "comment": "outline moved", "based_on": 1,
           "scores": {"interpretation": 1, "annotation": 2}}  # fmt: skip
    for review in (fix, {"action": "sign", "comment": "agreed", "based_on": 2}):
        client.post(f"/api/studies/{signed}/reviews", json=review).raise_for_status()
    with index.begin() as tx:
        (broken,), (waiting,) = (tx.jobs.find("north", study_id=one) for one in (dead, later))
        for job in (broken, waiting):
            tx.jobs.lease(job.id, "worker", 60)
        tx.jobs.fail(broken.id, "worker", "model_output", "", attempts=1, retryable=False)
        tx.jobs.release(waiting.id, "worker", delay=60)
    return shares(client, signed)


def sent(client: httpx.Client, data: bytes, **fields: str) -> str:
    """The study of a picture; the answer is kept under the picture's key."""
    key = {"Idempotency-Key": hashlib.sha256(data).hexdigest()}
    form: dict[str, Any] = {"files": {"file": ("image.png", data)}, "data": fields}
    answer = client.post("/api/uploads", headers=key, **form)
    answer.raise_for_status()
    return str(answer.json()["items"][0]["study_id"])


def shares(client: httpx.Client, study: str) -> dict[str, Any]:
    def new(hours: float) -> dict[str, Any]:
        answer = client.post(f"/api/studies/{study}/shares", json={"hours": hours}).json()
        return {"id": answer["id"], "expires_at": answer["expires_at"]}

    made: dict[str, Any] = {"open": [new(700), new(72)], "ended": new(0.1), "gone": new(72)}
    client.delete(f"/api/studies/{study}/shares/{made['gone']['id']}").raise_for_status()
    return made


def uploads(client: httpx.Client) -> None:
    """One that was cut, one that is whole, one that is no image."""
    whole, rubbish = picture(20), b"no image" * 50
    for data, length in ((whole, 400), (whole, len(whole)), (rubbish, len(rubbish))):
        name = base64.b64encode(b"image.png").decode()
        tus = {"Tus-Resumable": "1.0.0"}
        opening = {**tus, "Upload-Length": str(len(data)), "Upload-Metadata": f"filename {name}"}
        path = client.post("/tus/", headers=opening).headers["location"]
        part = {**tus, "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
        client.patch(path, content=data[:length], headers=part)


def attempted_deliveries(tx: Transaction) -> None:
    """Two wait for a second attempt, one was given up, one has arrived."""
    waiting = sorted(tx.deliveries.find(None, limit=1000), key=lambda one: one.id)
    hooks = [one for one in waiting if one.kind == "webhook"]
    pushes = [one for one in waiting if one.kind != "webhook"]
    for one in (*hooks[:3], pushes[0]):
        assert tx.deliveries.start(one.id, 60) is not None
    tx.deliveries.failed(hooks[0].id, "webhook_failed", delay=600)
    tx.deliveries.failed(pushes[0].id, "push_failed", delay=600)
    tx.deliveries.failed(hooks[1].id, "webhook_refused", delay=None)
    tx.deliveries.delivered(hooks[2].id)


if __name__ == "__main__":
    main(*sys.argv[1:])
