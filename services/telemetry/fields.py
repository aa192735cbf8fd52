"""Which fields logs and spans may carry, and what their values may look like.

An allow-list, because a deny-list forgets: a field that is not here is not written, and a value that
is not a number or one plain token is not written either. Names of people, dates with spaces and free
text cannot pass; identifiers made by FADA, codes, routes and counts can.
"""

from __future__ import annotations

import re

ALLOWED = frozenset(
    {
        # who and what, by FADA's own identifiers
        "site", "actor", "role", "study_id", "job_id", "result_id", "upload_id", "delivery_id",
        "webhook_id", "device_id", "key_id", "request_id", "owner", "sha256", "event_seq", "version",
        # what happened
        "code", "error", "where", "final", "reason", "outcome", "state", "action", "door", "kind",
        "phase", "part", "channel", "topic", "task", "queue", "method", "route", "status",
        "media_type", "release",
        "model", "signal", "service",
        # how much
        "seconds", "delay", "bytes", "count", "attempts", "attempt", "limit", "depth", "frames",
        "instances", "results", "sent", "port", "pid", "exit_code", "workers", "seq", "urgent",
    }
)  # fmt: skip

_TOKEN = re.compile(r"[A-Za-z0-9_.:/@+={},*-]{0,128}")
_PLACE = re.compile(r"[A-Za-z0-9_./-]{1,100}:[0-9]{1,6}( [A-Za-z0-9_<>.]{1,60})?")
Value = str | int | float | bool | None | list[str]


def clean(fields: dict[str, object]) -> tuple[dict[str, Value], list[str]]:
    """The fields that may be written, and the names of those that may not."""
    kept: dict[str, Value] = {}
    dropped: list[str] = []
    for name, value in fields.items():
        if name in ALLOWED and (value is None or isinstance(value, bool | int | float)):
            kept[name] = value
        elif name in ALLOWED and isinstance(value, str) and _TOKEN.fullmatch(value):
            kept[name] = str(value)
        elif name in ALLOWED and isinstance(value, list) and all(map(_is_place, value)):
            kept[name] = [str(place) for place in value]
        else:
            dropped.append(name)
    return kept, dropped


def _is_place(value: object) -> bool:
    """``module.py:12 function``: a line of a traceback, without its words."""
    return isinstance(value, str) and _PLACE.fullmatch(value) is not None
