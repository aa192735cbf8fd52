"""Send what waits, fetch what came back. Every step can be cut and repeated."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from edge.agent.case import CapturedCase, CapturedImage
from edge.agent.hub import Hub, NoRoom
from edge.agent.image_file import open_image, sop_uid_of
from edge.agent.link import LinkRules, note
from edge.agent.preview import WORTH_BYTES, preview
from edge.agent.storage.outbox import CaseOutbox
from services.domain.errors import (
    DecodingInterrupted,
    DifferentBytes,
    FadaError,
    Gone,
    InvalidInput,
    NotAuthenticated,
    NotFound,
    Unavailable,
)
from services.reading import report_json

Say = Callable[[str], None]


@dataclass(slots=True)
class SyncOutcome:
    """What one exchange did: cases sent whole, refused by the hub, and new results fetched."""

    sent: int = 0
    refused: int = 0
    answered: int = 0


def sync(outbox: CaseOutbox, hub: Hub, say: Say = lambda words: None) -> SyncOutcome:
    """Reports of all waiting cases first, then previews, then the images, then the hub's answers.

    Raises:
        Unavailable: the hub cannot be reached; what was done stays done.
        NotAuthenticated: the hub does not know this device any more.
    """
    outcome = SyncOutcome()
    for work in (_send_report, _send_previews, _send_images):
        for waiting in outbox.waiting():
            case = outbox.attempt(waiting.id)
            try:
                outcome.sent += work(outbox, hub, case, say)
            except NoRoom as refusal:  # it waits; others, and the hub's answers, do not
                outbox.problem(case.id, refusal.detail)
                say(f"{case.id}: waits: {refusal.detail}")
            except (Unavailable, NotAuthenticated):
                raise
            except FadaError as refusal:
                if isinstance(refusal, NotFound):  # the hub does not know the case any more
                    outbox.set_fact(_missing(case), "")
                if isinstance(refusal, DifferentBytes):
                    outbox.next_version(case.id, case.version)
                outcome.refused += work is _send_report
                outbox.problem(case.id, refusal.detail)
                say(f"{case.id}: refused by the hub: {refusal.detail}")
    outcome.answered = fetch_answers(outbox, hub)
    return outcome


def send_anyway(outbox: CaseOutbox, case_id: str) -> None:
    """The images of this case are to go whatever the network costs. Raises NotFound."""
    outbox.set_fact(f"anyway:{outbox.get(case_id).id}", "1")


def fetch_answers(outbox: CaseOutbox, hub: Hub) -> int:
    """The hub's results and people's reviews of this device's cases."""
    answered, more = 0, True
    while more:
        page = hub.changes(outbox.fact("cursor"))
        for item in page["items"]:
            for result in item["results"]:
                if result["origin"] != "phone":
                    answered += outbox.answered(
                        item["case_id"],
                        int(result["version"]),
                        json.dumps(result["report"]).encode(),
                        reviewed=bool(result["reviewed"]),
                    )
        for case_id in page.get("forget", ()):  # erased at the hub
            outbox.forget(case_id)
            hub.forgot(case_id)
        outbox.set_fact("cursor", str(page["cursor"]))
        more = bool(page["more"])
    return answered


def body_of(case: CapturedCase) -> bytes:
    """The same case and version always give the same bytes: the hub compares them."""
    pictures = [
        {"sha256": p.sha256, "size": p.size, "media_type": p.media_type} for p in case.images
    ]
    return json.dumps(
        {
            "urgent": case.urgent,
            "pictures": pictures,
            "pixel_mm": list(case.pixel_mm) if case.pixel_mm else None,
            "report": json.loads(case.report) if case.report else None,
            **({"study_uid": case.study_uid} if case.study_uid else {}),
        },
        sort_keys=True,
        separators=(",", ":"),
    ).encode()


def _send_report(outbox: CaseOutbox, hub: Hub, case: CapturedCase, say: Say) -> bool:
    """The kilobytes first, once: which images the hub lacks is kept for the next try."""
    if not outbox.fact(_missing(case)):
        body = body_of(case)
        answer = hub.put_case(case.id, case.version, body)
        note(outbox.folder, len(body))
        outbox.set_fact(_missing(case), json.dumps(answer["missing"]))
        say(f"{case.id}: report sent")
    return False


def _send_previews(outbox: CaseOutbox, hub: Hub, case: CapturedCase, say: Say) -> bool:
    """A small copy of each frame that was read, of images that are large and not at the hub."""
    missing = json.loads(outbox.fact(_missing(case)) or "[]")
    large = [i for i in case.images if i.sha256 in missing and i.size >= WORTH_BYTES]
    if not case.report or not large:
        return False
    for image in large:
        fact = f"previews:{case.id}:{image.sha256}"
        if outbox.fact(fact):
            continue
        try:
            _send_previews_of(outbox, hub, case, image)
            say(f"{case.id}: preview sent")
        except DecodingInterrupted as lost:  # here, not at the hub: the image can go all the same
            say(f"{case.id}: no preview: {lost.detail}")
            continue
        except (Unavailable, NotAuthenticated):
            raise
        except FadaError as refusal:  # an older hub, a damaged frame: the image itself will come
            say(f"{case.id}: no preview: {refusal.detail}")
        outbox.set_fact(fact, "1")
    return False


def _send_previews_of(
    outbox: CaseOutbox, hub: Hub, case: CapturedCase, image: CapturedImage
) -> None:
    data = outbox.image(image.sha256)
    name = sop_uid_of(case.id, image.sha256, image.media_type, data)
    frames = [f.frame for f in report_json.load(case.report).frames if f.sop_uid == name]
    if frames:
        opened = open_image(case.id, image.sha256, image.media_type, data, frames=frames)
        for number, pixels in opened.frames:
            jpeg, fact = preview(pixels), f"upload:{case.id}:{image.sha256}:{number}"
            create = partial(hub.new_preview, case.id, name, number, jpeg)
            _resume(outbox, hub, fact, jpeg, create)
            note(outbox.folder, len(jpeg))


def _send_images(outbox: CaseOutbox, hub: Hub, case: CapturedCase, say: Say) -> bool:
    """True when the hub has the whole case."""
    kept = outbox.fact(_missing(case))
    if not kept:
        return False  # its report was refused
    wanted = [image for image in case.images if image.sha256 in json.loads(kept)]
    sent = []
    for image in wanted:
        rules = LinkRules.load(outbox.folder)
        if (why := rules.waits_for(image.size)) and not outbox.fact(f"anyway:{case.id}"):
            outbox.problem(case.id, why)
            say(f"{case.id}: {why}")
            return False
        sent.append(_send_image(outbox, hub, case, image, say))
        note(outbox.folder, image.size)
    missing = [] if sent and all(sent) else hub.case(case.id)["missing"]
    outbox.set_fact(_missing(case), json.dumps(missing))
    if missing:
        for sha256 in missing:
            outbox.set_fact(_upload(case, sha256), "")
        raise InvalidInput("The hub did not get the image whole; it will be sent again.")
    outbox.received(case.id, case.version)
    say(f"{case.id}: received by the hub")
    return True


def _send_image(
    outbox: CaseOutbox, hub: Hub, case: CapturedCase, image: CapturedImage, say: Say
) -> bool:
    """True when the hub said that it has the image."""
    data = outbox.image(image.sha256)
    fact = _upload(case, image.sha256)
    create = partial(hub.new_upload, case.id, image.sha256, image.media_type, data)
    say(f"{case.id}: sending an image of {image.size} bytes")
    for _ in range(2):
        try:
            return _resume(outbox, hub, fact, data, create)
        except (Gone, NotFound):  # it expired or ended: what is left to send?
            if image.sha256 not in hub.case(case.id)["missing"]:
                return True
    return False


def _resume(
    outbox: CaseOutbox, hub: Hub, fact: str, data: bytes, create: Callable[[], str]
) -> bool:
    """Send what is missing of ``data``; its upload is noted as ``fact`` before the first byte goes.

    True when the hub said that it has all. Raises Gone, NotFound: it is begun anew the next time.
    """
    path = outbox.fact(fact)
    if not path:
        path = create()
        outbox.set_fact(fact, path)
    try:
        return hub.upload(path, data)
    except (Gone, NotFound):
        outbox.set_fact(fact, "")
        raise


def _missing(case: CapturedCase) -> str:
    return f"missing:{case.id}:{case.version}"


def _upload(case: CapturedCase, sha256: str) -> str:
    return f"upload:{case.id}:{sha256}"
