"""``fada status`` and ``fada watch``: how the hub and its studies are."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from cli import follow, report_text
from cli.errors import PartDown
from cli.hub import HubConnection, HubOption, KeyOption


def status(
    study: Annotated[str, typer.Argument(help="A study's id; without it: the whole hub.")] = "",
    limit: Annotated[int, typer.Option(help="Rows of the worklist.")] = 10,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for scripts.")] = False,
    hub: HubOption = "",
    key: KeyOption = "",
) -> None:
    """The parts of the hub, its queue, and the worklist, the most urgent first.

    Examples:

      fada status                  is everything well, and what waits?

      fada status 0192… --json     one study, for a script
    """
    with HubConnection.of(hub, key) as connection:
        if study:
            _study(connection, study, as_json)
            return
        health = connection.health()
        queue = connection.get("/api/queue")
        rows = connection.get("/api/studies", order="need", limit=limit)
    if as_json:
        print(json.dumps({"health": health, "queue": queue, "studies": rows}, indent=2))
    else:
        _show(connection.address, health, queue, rows)
    if health.get("status") != "ready":
        down = [n for n, p in health.get("parts", {}).items() if p["state"] == "down"]
        raise PartDown(f"{', '.join(down) or 'A part'} cannot be used. Nothing is lost meanwhile.")


def _show(address: str, health: dict, queue: dict, rows: dict) -> None:  # type: ignore[type-arg]
    console = report_text.console()
    console.print(f"[bold]{address}[/]  {health.get('status')}")
    for name, part in health.get("parts", {}).items():
        good = part["state"] in ("ok", "busy")
        mark, error = ("[green]●[/]" if good else "[red]●[/]"), part.get("error") or ""
        console.print(f"  {mark} {name:<10} {part['state']}  {part['seconds']:.3f} s  {error}")
    jobs = "  ".join(f"{name} {count}" for name, count in queue["jobs"].items())
    console.print(f"jobs: {jobs or 'none'}   outbox: {queue['outbox']}")
    table = report_text.table("study", "state", "plane", "age", "reasons", "waiting")
    for row in rows["items"]:
        table.add_row(
            row["id"], row["state"], row["plane"] or "", row["ga_text"] or "",
            ", ".join(row["reasons"]), f"{row['waiting_hours']:.1f} h",
        )  # fmt: skip
    console.print(table if rows["items"] else "no studies yet: fada send FILE")
    if rows["total"] > len(rows["items"]):
        least = "" if rows.get("total_is_exact", True) else "at least "
        console.print(f"{least}{rows['total'] - len(rows['items'])} more")


def _study(hub: HubConnection, study: str, as_json: bool) -> None:
    row = hub.get(f"/api/studies/{study}/status")
    if as_json:
        print(json.dumps(row, indent=2))
        return
    job = row.get("job") or {}
    console = report_text.console()
    console.print(f"{row['id']}  [bold]{row['state']}[/]  version {row['latest_version']}")
    if job:
        console.print(f"job {job['id']}  {job['state']}  attempts {job['attempts']}")
    if row.get("error_code"):
        console.print(f"[red]{row['error_code']}[/] {job.get('error_detail', '')}")


def watch(
    study: Annotated[str, typer.Argument(help="A study's id; without it: all of the site.")] = "",
    hub: HubOption = "",
    key: KeyOption = "",
) -> None:
    """What happens, live. One study: until its report is there. All: until Ctrl-C.

    Examples:

      fada watch                   everything that comes in

      fada watch 0192…             one study to its end
    """
    console = report_text.console()
    with HubConnection.of(hub, key) as connection:
        if study:
            state = follow.until_done(
                connection, study, lambda t: console.print(report_text.event(t))
            )
            if state == "failed":
                raise typer.Exit(1)
            return
        console.print(f"following {connection.address}; Ctrl-C ends it", style="dim")
        try:
            for event in follow.forever(connection):
                console.print(f"{event['study_id']}  {report_text.event(event)}")
        except KeyboardInterrupt:
            return
