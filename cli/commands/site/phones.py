"""``fada phones``: the phones and laptops of a site, and new keys for them."""

from __future__ import annotations

from typing import Annotated

import typer

from cli import report_text
from cli.hub import HubConnection, HubOption, KeyOption
from services.domain.errors import InvalidInput

app = typer.Typer(
    no_args_is_help=True,
    help="""Phones and laptops that are enrolled at the site.

    Each has a key of its own, which never leaves it, and the hub knows the public half.
    """,
)


@app.command("list")
def list_phones(hub: HubOption = "", key: KeyOption = "") -> None:
    """Phones of the site, their last contact and since when they have their key."""
    table = report_text.table("id", "name", "group", "last contact", "key since", "")
    with HubConnection.of(hub, key) as connection:
        for one in connection.get("/api/devices")["items"]:
            table.add_row(
                one["id"], one["name"], one["group"], str(one["last_seen_at"] or "never")[:16],
                str(one["key_at"])[:16], _state(one["revoked_at"], one["rotate_at"]),
            )  # fmt: skip
    report_text.console().print(table)


@app.command()
def rotate(
    device_id: Annotated[str, typer.Argument(help="The id of 'fada phones list'.")] = "",
    every: Annotated[bool, typer.Option("--all", help="All phones of the site.")] = False,
    group: Annotated[str, typer.Option(help="All phones of this group.")] = "",
    hub: HubOption = "",
    key: KeyOption = "",
) -> None:
    """Ask phones for a new key.

    Each makes one at its next contact, before it sends anything; the one before ends then, with the
    sessions that it opened. Cases stay on the phone and go out as before; a case that was packed for a
    carrier is taken for 30 days more. For a phone that is lost, revoke or erase it instead.

    Example:  fada phones rotate --all
    """
    if sum((bool(device_id), every, bool(group))) != 1:
        raise InvalidInput("Name a phone, or --group, or --all.")
    path = f"/api/devices/{device_id}/rotate" if device_id else "/api/devices/rotate"
    with HubConnection.of(hub, key) as connection:
        query = {"group": group} if group else {}
        asked = connection.request("POST", path, again=False, params=query).json()["ids"]
    report_text.console().print(f"asked for a new key: {len(asked)}")


def _state(revoked_at: str | None, rotate_at: str | None) -> str:
    if revoked_at is not None:
        return "revoked"
    return "asked for a new key" if rotate_at is not None else ""
