"""What a device says of itself at a contact, and what its programme tells it: the network's rules, or to
erase itself (on phones web/phone/src/sync/device.ts)."""

from __future__ import annotations

import json
import shutil
import time
from dataclasses import replace
from typing import Any

from edge.agent.case import UNSENT
from edge.agent.hub import Hub
from edge.agent.identity import DeviceIdentity
from edge.agent.link import LinkRules
from edge.agent.storage import vault as vaults
from edge.agent.storage.outbox import CaseOutbox
from services.domain.errors import NotFound

_SPOKE, _GIVEN = "spoke_at", "given"
_RULES = {"wait_for_wifi": bool, "daily_mb": int}


def speak(outbox: CaseOutbox, hub: Hub, *, every: float = 0.0) -> bool:
    """Say how this device fares and take what the programme sets, ``every`` so many seconds at most.

    True: it was told to erase itself, and did; ``outbox`` is closed. Raises FadaError: later.
    """
    now = time.time()
    if abs(now - float(outbox.fact(_SPOKE) or 0)) < every:
        return False
    try:
        answer = hub.status(_state(outbox, now))
    except NotFound:  # hubs of before do not know the question
        return False
    if answer["erase"]:
        _erase(outbox, hub)
        return True
    _take(outbox, answer["settings"])
    outbox.set_fact(_SPOKE, str(now))
    return False


def _state(outbox: CaseOutbox, now: float) -> dict[str, int]:
    used = sum(path.stat().st_size for path in outbox.images.path.iterdir())
    return {
        "clock_ms": int(now * 1000),
        "storage_used": used,
        "storage_quota": used + shutil.disk_usage(outbox.folder).free,
        "waiting": sum(case.state in UNSENT for case in outbox.all()),
    }


def _take(outbox: CaseOutbox, given: dict[str, Any]) -> None:
    """Rules that are new, or that a person may not change, count now; others stay as the person left them."""
    before = json.loads(outbox.fact(_GIVEN) or "{}")
    locked = bool(given.get("locked"))
    rules = {
        name: kind(given[name])
        for name, kind in _RULES.items()
        if given.get(name) is not None and (locked or given[name] != before.get(name))
    }
    kept = LinkRules.load(outbox.folder)
    named = any(given.get(name) is not None for name in _RULES)
    now = replace(kept, locked=locked and named, **rules)
    if now != kept:
        now.save(outbox.folder)
    if given != before:
        outbox.set_fact(_GIVEN, json.dumps(given))


def _erase(outbox: CaseOutbox, hub: Hub) -> None:
    """The key first: without it nothing that is left can be opened. The hub hears of it when all cases are
    gone; where that fails, this device keeps its name there and is asked again."""
    folder = outbox.folder
    vaults.remove(folder)
    outbox.close()
    shutil.rmtree(outbox.images.path)
    for path in folder.glob("outbox.db*"):
        path.unlink()
    hub.erased()
    DeviceIdentity.remove(folder)
    LinkRules.remove(folder)
