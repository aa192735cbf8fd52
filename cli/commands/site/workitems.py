"""``fada workitems``: what was asked for by UPS-RS, who does it, and cancelling it."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer
from rich.table import Table

from cli import report_text
from cli.hub import HubConnection, HubOption, KeyOption

app = typer.Typer(
    no_args_is_help=True,
    help="""Work items of the site (DICOM Unified Procedure Step): readings that a hospital's orchestration
    asks this hub for, and items that others claim and do.""",
)
_PATH = "/api/workitems"
JsonOption = Annotated[bool, typer.Option("--json", help="As JSON, for scripts.")]
UidArgument = Annotated[str, typer.Argument(help="UID, as 'fada workitems list' shows it.")]


@app.command("list")
def list_workitems(
    state: Annotated[
        str, typer.Option(help='SCHEDULED, "IN PROGRESS", COMPLETED or CANCELED.')
    ] = "",
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 100,
    as_json: JsonOption = False,
    hub: HubOption = "",
    key: KeyOption = "",
) -> None:
    """Newest first.

    Example:  fada workitems list --state SCHEDULED
    """
    wanted = {"state": state.upper()} if state else {}
    with HubConnection.of(hub, key) as connection:
        items = connection.get(_PATH, limit=limit, **wanted)["items"]
    if as_json:
        typer.echo(json.dumps(items, indent=1))
        return
    table = Table("uid", "state", "what", "performer", "progress", "study", "changed", box=None)
    for one in items:
        percent = f"{one['percent']} %" if one["percent"] else ""
        cells = (one["label"], one["performer"] or "", percent, one["study_id"] or "")
        table.add_row(one["uid"], one["state"], *cells, one["changed_at"][:16])
    report_text.console().print(table)


@app.command()
def show(uid: UidArgument, hub: HubOption = "", key: KeyOption = "") -> None:
    """One of them whole, as JSON; its attributes are DICOM JSON and may name the patient."""
    with HubConnection.of(hub, key) as connection:
        typer.echo(json.dumps(connection.get(f"{_PATH}/{uid}"), indent=1, ensure_ascii=False))


@app.command()
def cancel(
    uid: UidArgument,
    reason: Annotated[str, typer.Option(help="Told to its performer.")] = "",
    hub: HubOption = "",
    key: KeyOption = "",
) -> None:
    """Cancel it, or ask its performer to. What was read by then is kept."""
    with HubConnection.of(hub, key) as connection:
        now: dict[str, Any] = connection.post(f"{_PATH}/{uid}/cancel", {"reason": reason})
    done = now["state"] == "CANCELED"
    words = "canceled" if done else f"{now['performer']} was asked to cancel it"
    report_text.console().print(words, highlight=False)
