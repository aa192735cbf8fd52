"""``fada orders``: the day's list, an order typed in or ended, and studies that met none."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer
from rich.markup import escape

from cli import exam_text, report_text
from cli.hub import HubConnection, HubOption, KeyOption

app = typer.Typer(
    no_args_is_help=True,
    help="""What was asked for: orders typed in, or sent by HL7 and FHIR, and the studies that met
    them. They stand on the modality worklist of their machine.""",
)
AsJson = Annotated[bool, typer.Option("--json", help="As JSON, for scripts.")]
Day = Annotated[str, typer.Option(help="YYYY-MM-DD; default: today.")]


@app.command("list")
def list_orders(
    text: Annotated[str, typer.Argument(help="Words of name, number or accession number.")] = "",
    day: Day = "",
    days: Annotated[int, typer.Option(help="From that day on.")] = 1,
    as_json: AsJson = False,
    hub: HubOption = "",
    key: KeyOption = "",
) -> None:
    """The orders of a day, by their time.

    Example:  fada orders list --day 2026-03-01
    """
    query = {"q": text, "day": day, "days": days}
    with HubConnection.of(hub, key) as connection:
        body = connection.get("/api/orders", **{k: v for k, v in query.items() if v})
    if as_json:
        print(json.dumps(body, indent=2, ensure_ascii=False))
        return
    table = report_text.table(
        "order", "time", "accession", "number", "name", "machine", "state", ""
    )
    for one in body["items"]:
        arrived = f"{len(one['studies'])} arrived" if one["studies"] else ""
        state = f"{one['state']}{' urgent' if one['urgent'] else ''}"
        table.add_row(
            one["id"], one["time"], escape(one["accession"]), escape(one["number"]),
            exam_text.name(one["name"]), escape(one["station"]), state, arrived,
        )  # fmt: skip
    report_text.console().print(table if body["items"] else f"no orders on {body['day']}")


@app.command()
def add(
    number: Annotated[str, typer.Argument(help="The patient's number.")],
    name: Annotated[str, typer.Option(help="Family^Given.")] = "",
    birth_date: Annotated[str, typer.Option(help="YYYY-MM-DD.")] = "",
    day: Day = "",
    time: Annotated[str, typer.Option(help="HH:MM.")] = "",
    station: Annotated[str, typer.Option(help="AE title of the machine; default: any.")] = "",
    accession: Annotated[str, typer.Option(help="Default: the hub gives one.")] = "",
    procedure: Annotated[str, typer.Option(help="What is to be done.")] = "",
    urgent: Annotated[bool, typer.Option("--urgent")] = False,
    hub: HubOption = "",
    key: KeyOption = "",
) -> None:
    """Type in an order.

    Example:  fada orders add P-77 --name Doe^Jane --time 09:30 --procedure "Growth scan"
    """
    given: dict[str, Any] = {
        "number": number, "name": name, "birth_date": birth_date, "day": day, "time": time,
        "station": station, "accession": accession, "procedure": procedure, "urgent": urgent,
    }  # fmt: skip
    with HubConnection.of(hub, key) as connection:
        made = connection.post("/api/orders", {k: v for k, v in given.items() if v})
    report_text.console().print(f"{made['id']}  {made['accession']}  {made['day']}")


@app.command()
def end(
    order: str,
    how: Annotated[str, typer.Option(help="cancelled, completed or discontinued.")] = "cancelled",
    hub: HubOption = "",
    key: KeyOption = "",
) -> None:
    """Take an order off the worklist.

    Example:  fada orders end 0192… --how completed
    """
    with HubConnection.of(hub, key) as connection:
        body = {"state": how}
        made = connection.request("PATCH", f"/api/orders/{order}", json=body, again=False).json()
    report_text.console().print(made["state"])


@app.command()
def unmatched(as_json: AsJson = False, hub: HubOption = "", key: KeyOption = "") -> None:
    """Studies since yesterday that met no order.

    Example:  fada orders unmatched
    """
    with HubConnection.of(hub, key) as connection:
        body = connection.get("/api/orders/unmatched")
    if as_json:
        print(json.dumps(body, indent=2, ensure_ascii=False))
        return
    table = report_text.table("study", "day", "accession", "number", "name")
    for one in body["items"]:
        who = one["patient"]
        table.add_row(
            one["id"], one["study_date"], escape(one["accession"]), escape(who["id"]),
            escape(who["name"]),
        )  # fmt: skip
    report_text.console().print(table if body["items"] else "all studies have their orders")


@app.command()
def match(study: str, order: str, hub: HubOption = "", key: KeyOption = "") -> None:
    """Say that a study is an order's.

    Example:  fada orders match STUDY ORDER
    """
    with HubConnection.of(hub, key) as connection:
        made = connection.post(f"/api/orders/{order}/studies", {"study_id": study})
    if made["clash"]:
        report_text.console().print("they name different women: decide on the study's page")
        return
    report_text.console().print("matched")
