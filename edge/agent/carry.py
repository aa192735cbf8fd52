"""Carried cases: pack what waits into a folder, hand in what others packed, take receipts back.

A folder may lie on a stick. ``NAME.fadacase`` is a sealed bundle (``services.bundle``), ``NAME.receipt`` the
hub's word that it has the case, or a list of such words, as phones give them back. Whoever carries them can
read neither a patient nor a picture.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge.agent.case import UNSENT, CapturedCase
from edge.agent.hub import Hub
from edge.agent.identity import DeviceIdentity
from edge.agent.link import LinkRules, note
from edge.agent.storage.files import write_durably
from edge.agent.storage.outbox import CaseOutbox
from edge.agent.sync import body_of
from services import bundle
from services.domain.errors import FadaError, InvalidInput, NotAuthenticated, NotFound, Unavailable

SUFFIX, RECEIPT = ".fadacase", ".receipt"
Say = Callable[[str], None]


@dataclass(slots=True)
class HandedIn:
    """What became of the bundles of a folder."""

    received: int = 0
    refused: int = 0
    waiting: int = 0


def pack(
    outbox: CaseOutbox, who: DeviceIdentity, folder: Path, say: Say = lambda words: None
) -> int:
    """Write a bundle for each case that waits to be sent; how many. Packing again changes nothing.

    Raises:
        InvalidInput: this device does not know its hub's key yet.
        OSError: the folder cannot be written.
    """
    if not who.bundle_key:
        raise InvalidInput("This device has not met its hub since it can carry cases: sync once.")
    made = 0
    folder.mkdir(parents=True, exist_ok=True)
    for waiting in outbox.waiting():
        if bundle.is_too_large(image.size for image in waiting.images):
            say(f"{waiting.id}: too large to be carried (more than 128 MB); it waits for a network")
            continue
        case = outbox.attempt(waiting.id)  # frozen: what was given away is not changed any more
        path = folder / f"{case.id}-{case.version}{SUFFIX}"
        if not path.exists():
            write_durably(path, _sealed(outbox, who, case))
            say(f"{case.id}: packed")
        made += 1
    return made


def _sealed(outbox: CaseOutbox, who: DeviceIdentity, case: CapturedCase) -> bytes:
    images = tuple(
        bundle.BundleImage(i.sha256, i.media_type, outbox.image(i.sha256)) for i in case.images
    )
    content = bundle.Bundle(who.device_id, case.id, case.version, body_of(case), images)
    return bundle.seal(content, who.sign_bytes, base64.b64decode(who.bundle_key))


def hand_in(
    hub: Hub,
    folder: Path,
    say: Say = lambda words: None,
    *,
    home: Path | None = None,
    anyway: bool = False,
) -> HandedIn:
    """Hand in every bundle of a folder that has no receipt yet, and lay the receipt beside it. Where the
    rules kept in ``home`` say so, they wait as images do; ``anyway``: none waits.

    Raises:
        Unavailable: the hub cannot be reached; what was handed in stays so.
        NotAuthenticated: the hub does not know this device.
    """
    done = HandedIn()
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        target = path.with_suffix(RECEIPT)
        if target.exists():
            continue
        sealed = path.read_bytes()
        if home and not anyway and (why := LinkRules.load(home).waits_for(len(sealed))):
            done.waiting += 1
            say(f"{path.name}: {why.replace('The image', 'It')}")
            continue
        try:
            answer = hub.hand_in(sealed)
        except (Unavailable, NotAuthenticated):
            raise
        except FadaError as refusal:
            done.refused += 1
            say(f"{path.name}: refused by the hub: {refusal.detail}")
            continue
        write_durably(target, json.dumps(answer["receipt"]).encode())
        if home:
            note(home, len(sealed))
        done.received += 1
        say(f"{path.name}: the hub has it")
    return done


def take_receipts(
    outbox: CaseOutbox, who: DeviceIdentity, folder: Path, say: Say = lambda words: None
) -> int:
    """Note what the hub has, by the receipts in a folder; how many cases of this device they are for."""
    taken = 0
    for path in sorted(folder.glob(f"*{RECEIPT}")):
        try:
            kept = json.loads(path.read_bytes())
        except ValueError:
            say(f"{path.name}: not a receipt")
            continue
        # A phone gives all that it has in one file.
        for receipt in kept if isinstance(kept, list) else [kept]:
            try:
                case_id = _noted(outbox, who, receipt)
            except FadaError as refusal:
                say(f"{path.name}: {refusal.detail}")
                continue
            if case_id:
                taken += 1
                say(f"{case_id}: the hub has it")
    return taken


def _noted(outbox: CaseOutbox, who: DeviceIdentity, receipt: dict[str, Any]) -> str:
    """The case that counts as received by this receipt from now on; empty where it changes nothing.

    Raises InvalidInput: it is not this hub's.
    """
    case_id, version = bundle.check_receipt(receipt, base64.b64decode(who.receipt_key))
    try:
        case = outbox.get(case_id)
    except NotFound:
        return ""  # another device's
    if case.state not in UNSENT or case.version != version:
        return ""
    outbox.attempt(case_id)
    outbox.received(case_id, version)
    return case_id
