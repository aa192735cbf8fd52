"""Follow studies until each has a report or a visible failure."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

from cli.errors import HubUnreachable
from cli.hub import HubConnection

ENDS = frozenset({"study.ready", "study.failed", "study.reviewed"})
_DONE = frozenset({"ready", "failed", "reviewed"})
Say = Callable[[dict[str, Any]], None]


def until_done(hub: HubConnection, study: str, say: Say, *, seconds: float = 600.0) -> str:
    """The study's last state. Events are shown as they come; a broken stream is opened again.

    Raises:
        HubUnreachable: not done after ``seconds``.
    """
    until, seen = time.monotonic() + seconds, 0
    received = False
    while time.monotonic() < until:
        status = hub.get(f"/api/studies/{study}/status")
        try:
            with hub.events(study, since=seen) as events:
                for event in events:
                    seen = max(seen, int(event["seq"]))
                    # FADA's own results come back as further series of the study.
                    if event["type"] != "study.received" or not received:
                        say(event)
                    received = True
                    if event["type"] in ENDS:
                        status = hub.get(f"/api/studies/{study}/status")
                        if _done(status):
                            return str(status["state"])
                    if time.monotonic() > until:
                        break
        except HubUnreachable:
            if _done(status):
                return str(status["state"])
            time.sleep(0.5)
    raise HubUnreachable(f"The study was not read within {seconds:.0f} s. It is not lost.")


def _done(status: dict[str, Any]) -> bool:
    """Images that came during the first reading are read by a further job: that is waited for too."""
    job = status["job"]
    return status["state"] in _DONE and (job is None or job["state"] not in ("queued", "leased"))


def forever(
    hub: HubConnection, study: str = "", since: int | None = None
) -> Iterator[dict[str, Any]]:
    """All events, over broken streams and restarts of the hub."""
    seen = since
    while True:
        try:
            with hub.events(study, since=seen) as events:
                for event in events:
                    seen = int(event["seq"])
                    yield event
        except HubUnreachable:
            time.sleep(1.0)
