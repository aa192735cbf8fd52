"""Send what waits, fetch what came back. Every step can be cut and repeated."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from edge.agent.case import Case
from edge.agent.hub import Hub
from edge.agent.outbox import Outbox
from services.domain.errors import FadaError, Gone, NotAuthenticated, NotFound, Unavailable

Say = Callable[[str], None]


@dataclass(slots=True)
class Outcome:
    sent: int = 0
    refused: int = 0
    answered: int = 0


def sync(outbox: Outbox, hub: Hub, say: Say = lambda words: None) -> Outcome:
    """Reports of all waiting cases first, then their images, then the hub's answers.

    Raises:
        Unavailable: the hub cannot be reached; what was done stays done.
        NotAuthenticated: the hub does not know this device any more.
    """
    outcome = Outcome()
    missing: list[tuple[Case, list[str]]] = []
    for waiting in outbox.waiting():
        case = outbox.attempt(waiting.id)
        try:
            answer = hub.put_case(case.id, case.version, _body(case))
        except (Unavailable, NotAuthenticated):
            raise
        except FadaError as refusal:
            outcome.refused += 1
            outbox.problem(case.id, refusal.detail)
            say(f"{case.id}: refused by the hub: {refusal.detail}")
            continue
        say(f"{case.id}: report sent")
        missing.append((case, answer["missing"]))
    for case, hashes in missing:
        try:
            _send_images(outbox, hub, case, hashes, say)
        except (Unavailable, NotAuthenticated):
            raise
        except FadaError as refusal:
            outcome.refused += 1
            outbox.problem(case.id, refusal.detail)
            continue
        if not hub.case(case.id)["missing"]:
            outbox.received(case.id, case.version)
            outcome.sent += 1
            say(f"{case.id}: received by the hub")
    outcome.answered = fetch_answers(outbox, hub)
    return outcome


def fetch_answers(outbox: Outbox, hub: Hub) -> int:
    """The hub's results and people's reviews of this device's cases."""
    answered, more = 0, True
    while more:
        page = hub.changes(outbox.fact("cursor"))
        for item in page["items"]:
            for result in item["results"]:
                if result["origin"] == "phone":
                    continue
                try:
                    outbox.answered(
                        item["case_id"],
                        int(result["version"]),
                        json.dumps(result["report"]).encode(),
                        reviewed=bool(result["reviewed"]),
                    )
                    answered += 1
                except NotFound:
                    continue  # a case that this device has cleared
        outbox.set_fact("cursor", str(page["cursor"]))
        more = bool(page["more"])
    return answered


def _body(case: Case) -> bytes:
    """The same case and version always give the same bytes: the hub compares them."""
    pictures = [
        {"sha256": p.sha256, "size": p.size, "media_type": p.media_type} for p in case.pictures
    ]
    return json.dumps(
        {
            "urgent": case.urgent,
            "pictures": pictures,
            "pixel_mm": list(case.pixel_mm) if case.pixel_mm else None,
            "report": json.loads(case.report) if case.report else None,
        },
        sort_keys=True,
    ).encode()


def _send_images(outbox: Outbox, hub: Hub, case: Case, hashes: list[str], say: Say) -> None:
    for picture in case.pictures:
        if picture.sha256 not in hashes:
            continue
        data = outbox.image(picture.sha256)
        fact = f"upload:{case.id}:{picture.sha256}"
        path = outbox.fact(fact)
        for _ in range(2):
            if not path:
                path = hub.new_upload(case.id, picture.sha256, picture.media_type, picture.size)
                outbox.set_fact(fact, path)
            try:
                hub.upload(path, data, lambda sent: say(f"{case.id}: {sent} bytes of image sent"))
                break
            except (Gone, NotFound):
                path = ""  # expired: start again, the file is still here
