"""``fada quota``: what a site may store and send, and what it has used of it."""

from __future__ import annotations

import re
from typing import Annotated, Any

import typer

from cli import report_text
from cli.hub import HubConnection, HubOption, KeyOption
from services.domain.errors import InvalidInput

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]?)B?", re.IGNORECASE)
_UNITS = ("", "K", "M", "G", "T")


def quota(
    stored: Annotated[
        str, typer.Option(help="What the site may store, e.g. 500GB; 0: no bound.")
    ] = "",
    daily_studies: Annotated[
        int | None, typer.Option(min=0, help="New studies in any 24 hours; 0: no bound.")
    ] = None,
    hub: HubOption = "",
    key: KeyOption = "",
) -> None:
    """What the site of the key may store and send. Above it what is new is refused until there is room;
    nothing that is here is deleted or left unread, and other sites go on.

    Example:  fada quota --stored 500GB --daily-studies 200
    """
    with HubConnection.of(hub, key) as connection:
        kept = connection.get("/api/quota")
        given = {
            "stored_bytes": _bytes(stored) if stored else None,
            "daily_studies": daily_studies,
        }
        if any(value is not None for value in given.values()):
            body = {
                name: kept[name] if value is None else value or None
                for name, value in given.items()
            }
            kept = connection.request("PUT", "/api/quota", json=body).json()
    _show(kept)


def _show(kept: dict[str, Any]) -> None:
    used, console = kept["used"], report_text.console()
    most = kept["stored_bytes"]
    words = f"{_size(used['stored_bytes'])} of {_size(most) if most else 'any size'}"
    console.print(f"stored: {words}", highlight=False)
    studies = kept["daily_studies"] or "any number"
    console.print(f"studies in 24 hours: {used['daily_studies']} of {studies}", highlight=False)
    if kept["state"] != "room":
        full = kept["state"] == "full"
        console.print("full: what is new is refused" if full else "80 % or more are used")


def _bytes(text: str) -> int:
    """``500GB`` in bytes, by powers of 1000. Raises InvalidInput."""
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise InvalidInput("A size is a number with KB, MB, GB or TB, such as 500GB.")
    return int(float(match[1]) * 1000 ** _UNITS.index(match[2].upper()))


def _size(count: int) -> str:
    size, unit = float(count), ""
    for unit in _UNITS:
        if size < 1000 or unit == _UNITS[-1]:
            break
        size /= 1000
    return f"{size:.3g} {unit}B" if unit else f"{count} bytes"
