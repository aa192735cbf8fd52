"""A programme of phones: 200 of them over three compressed days, one hub, links that come and go.

Each phone takes cases at random times and has a network now and then, for a short while, over a line
that is cut under everybody. Run: python -m bench.field.fleet [--phones 200] [--day 60]. The last line is one
JSON object; times are seconds of the clock, not of the compressed days.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sys
import tempfile
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table

from bench.field.drill import PIN, images_of, pictures
from bench.field.link import Link
from edge.agent.case import UNSENT
from edge.agent.hub import Hub, enrol
from edge.agent.identity import DeviceIdentity
from edge.agent.storage.outbox import CaseOutbox
from edge.agent.storage.vault import Vault
from edge.agent.sync import sync
from services.domain.dicom import values as dicom_values
from services.domain.errors import FadaError
from services.standalone.local_stack import LocalStack, StackOptions

DAYS, CONTACTS, CASES = 3, 4, 2  # contacts and cases of each phone, over all days
AT_ONCE = 12  # phones that have a network at the same moment
console = Console()


@dataclass(slots=True)
class Phone:
    """One phone: its outbox, and how long its cases waited from the first contact to the receipt."""

    outbox: CaseOutbox
    hub: Hub
    images: list[bytes]
    first_contact: dict[str, float] = field(default_factory=dict)
    receipts: dict[str, float] = field(default_factory=dict)

    def take(self) -> None:
        """A case, as a cheap phone without a model takes it: the hub is to read it."""
        case = self.outbox.capture([(self.images.pop(), "image/jpeg")])
        self.outbox.give_up_reading(case.id, "no release on this phone")

    def meet(self) -> None:
        """One contact: whatever goes through before the line is cut."""
        for case in self.outbox.waiting():
            self.first_contact.setdefault(case.id, time.monotonic())
        with suppress(FadaError):
            sync(self.outbox, self.hub)
        left = {case.id for case in self.outbox.all() if case.state in UNSENT}
        for case_id in self.first_contact.keys() - left - self.receipts.keys():
            self.receipts[case_id] = time.monotonic() - self.first_contact[case_id]


def fleet(client: httpx.Client, address: str, link: Link, folder: Path, count: int) -> list[Phone]:
    """Enrolled phones whose way to the hub is the link."""
    images = pictures(count * CASES, seed=5)
    vault = Vault.create(
        folder / "vault", PIN
    )  # stretching a PIN 200 times is not what is measured
    made = []
    for number in range(count):
        code = client.post("/api/devices/codes").json()["code"]
        who: DeviceIdentity = replace(
            enrol(address, code, f"phone {number}"), hub=f"http://127.0.0.1:{link.port}"
        )
        home = folder / str(number)
        home.mkdir(parents=True)
        own = images[number * CASES : (number + 1) * CASES]
        made.append(Phone(CaseOutbox(home, vault), Hub(who, timeout=20), own))
    return made


def live(machine: LocalStack, phones: list[Phone], day: float) -> None:
    """Three days: captures and contacts at random times, never two contacts of a phone at once."""
    draw, whole = random.Random(9), DAYS * day
    plan: list[tuple[float, int, str]] = []
    for number in range(len(phones)):
        plan += [(draw.uniform(0, whole * 0.9), number, "take") for _ in range(CASES)]
        plan += [(draw.uniform(0, whole), number, "meet") for _ in range(CONTACTS)]
    began, busy = time.monotonic(), dict[int, Future[None]]()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for at, number, what in sorted(plan):
            while time.monotonic() < began + at:
                time.sleep(0.05)
                machine.tend()
            if what == "take":
                phones[number].take()
            elif number not in busy or busy[number].done():
                busy[number] = pool.submit(phones[number].meet)


def settle(machine: LocalStack, phones: list[Phone], limit: float) -> None:
    """After the last day everybody comes where a network is, again and again until nothing waits."""
    end = time.monotonic() + limit
    with ThreadPoolExecutor(AT_ONCE) as pool:
        while (left := [p for p in phones if p.outbox.waiting()]) and time.monotonic() < end:
            list(pool.map(Phone.meet, left))
            machine.tend()


def tally(client: httpx.Client, phones: list[Phone]) -> dict[str, Any]:
    """What the hub has in the end, by its own word, beside what was taken."""
    taken = [case.id for phone in phones for case in phone.outbox.all()]
    rows: list[dict[str, Any]] = client.get("/api/studies", params={"limit": 1000}).json()["items"]
    whole = set()
    for row in rows:
        for _ in range(20):
            with suppress(KeyError):  # asked too often
                if images_of(client, row["id"]) == 1:
                    whole.add(row["study_uid"])
                break
            time.sleep(0.5)
    lost = [case for case in taken if dicom_values.case_study_uid(case) not in whole]
    waited = sorted(seconds for phone in phones for seconds in phone.receipts.values())
    uids = [row["study_uid"] for row in rows]
    return {
        "phones": len(phones),
        "cases": len(taken),
        "lost": len(lost),
        "doubled": len(uids) - len(set(uids)) + max(0, len(uids) - len(taken)),
        "p50_contact_to_receipt_s": round(waited[len(waited) // 2], 1) if waited else None,
        "p95_contact_to_receipt_s": round(waited[int(len(waited) * 0.95)], 1) if waited else None,
    }


def main() -> int:
    """Run it on a hub of its own; 0 when none was lost and none came twice, else 1."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--phones", type=int, default=200)
    parser.add_argument("--day", type=float, default=60.0, help="seconds that stand for a day")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="fada-fleet-"))
    machine = LocalStack(StackOptions(home=folder / "hub", quiet_seconds=0))
    link = Link(("127.0.0.1", 0), rate=2e6, delay=0.05, loss=0.02, cut_every=15.0, cut_for=3.0)
    try:
        machine.start()
        link.target = ("127.0.0.1", machine.ports["gateway"])
        link.start()
        bearer = {"Authorization": f"Bearer {machine.new_key()}"}
        client = httpx.Client(base_url=machine.address, headers=bearer, timeout=60)
        phones = fleet(client, machine.address, link, folder / "phones", options.phones)
        live(machine, phones, options.day)
        settle(machine, phones, 900.0)
        figures = tally(client, phones) | {"cuts": link.cuts}
    finally:
        link.stop()
        machine.stop()
        shutil.rmtree(folder, ignore_errors=True)
    table = Table("figure", "value", title="A programme of phones")
    for name, value in figures.items():
        table.add_row(name, str(value))
    console.print(table)
    print(json.dumps(figures))
    return 1 if figures["lost"] or figures["doubled"] else 0


if __name__ == "__main__":
    sys.exit(main())
