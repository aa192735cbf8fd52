"""``fada exams`` and ``fada patients``: examinations of a woman or of the site, and one in full."""

from __future__ import annotations

import json
import re
from typing import Annotated, Any

import typer
from rich.markup import escape

from cli import exam_text, report_text
from cli.hub import HubConnection, HubOption, KeyOption
from services.domain.biometry import weeks_and_days

_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")
AsJson = Annotated[bool, typer.Option("--json", help="As JSON, for scripts.")]


def exams(
    what: Annotated[
        str, typer.Argument(help="A study's id, or words of a woman's name or number.")
    ] = "",
    since: Annotated[str, typer.Option("--from", help="Day of the examination, YYYY-MM-DD.")] = "",
    until: Annotated[str, typer.Option("--to", help="Day of the examination, YYYY-MM-DD.")] = "",
    limit: Annotated[int, typer.Option(help="Rows.")] = 20,
    claim: Annotated[bool, typer.Option("--claim", help="You read this case.")] = False,
    unclaim: Annotated[bool, typer.Option("--unclaim", help="Give the case back.")] = False,
    as_json: AsJson = False,
    hub: HubOption = "",
    key: KeyOption = "",
) -> None:
    """The newest examinations of the site, a woman's, or one of them in full.

    Examples:

      fada exams --from 2026-03-01      of the site since March

      fada exams "jane doe"             hers, by pregnancy

      fada exams 0192… --claim          one in full, and you read it
    """
    is_study = _ID.fullmatch(what) is not None
    if (claim or unclaim) and (not is_study or (claim and unclaim)):
        raise typer.BadParameter("Give the id of one study, and either --claim or --unclaim.")
    with HubConnection.of(hub, key) as connection:
        if is_study:
            _one(connection, what, claim, unclaim, as_json)
        elif what:
            _of_woman(connection, what, limit, as_json)
        else:
            _of_site(connection, since, until, limit, as_json)


def patients(
    text: Annotated[str, typer.Argument(help="Words of name or number, in any script.")] = "",
    limit: Annotated[int, typer.Option(help="Rows.")] = 20,
    as_json: AsJson = False,
    hub: HubOption = "",
    key: KeyOption = "",
) -> None:
    """Women in the record of the site, the newest first.

    Example:  fada patients doe
    """
    with HubConnection.of(hub, key) as connection:
        body = connection.get("/api/patients", q=text, limit=limit)
    if as_json:
        print(json.dumps(body, indent=2, ensure_ascii=False))
        return
    table = report_text.table("number", "name", "born")
    for one in body["items"]:
        table.add_row(escape(one["number"]), exam_text.name(one["name"]), one["birth_date"] or "")
    report_text.console().print(table if body["items"] else "nobody found")


def _one(hub: HubConnection, study: str, claim: bool, unclaim: bool, as_json: bool) -> None:
    if claim:
        hub.post(f"/api/studies/{study}/claim")
    elif unclaim:
        hub.delete(f"/api/studies/{study}/claim")
    body = hub.get(f"/api/studies/{study}/examination")
    if as_json:
        print(json.dumps(body, indent=2, ensure_ascii=False))
        return
    console = report_text.console()
    for line in exam_text.summary(body):
        console.print(line)


def _of_woman(hub: HubConnection, text: str, limit: int, as_json: bool) -> None:
    matches = hub.get("/api/patients", q=text, limit=limit)["items"]
    women = [hub.get(f"/api/patients/{one['id']}") for one in matches]
    if as_json:
        print(json.dumps({"items": women}, indent=2, ensure_ascii=False))
        return
    console = report_text.console()
    if not women:
        console.print("nobody found")
    for woman in women:
        console.print(f"[bold]{escape(woman['number'])}[/]  {exam_text.name(woman['name'])}")
        for pregnancy in woman["pregnancies"]:
            console.print(_pregnancy(pregnancy))


def _pregnancy(pregnancy: dict[str, Any]) -> Any:
    due = f"due {pregnancy['dating']['due']}" if pregnancy["dating"] else "not dated"
    table = report_text.table("study", "day", "age", "mm", "state", due)
    for one in pregnancy["examinations"]:
        row, days = one["study"], one["ga_days"]
        age = weeks_and_days(days) if days is not None else ""
        state = "withdrawn" if row["withdrawn_at"] else one["state"]
        said = exam_text.headline(row)
        table.add_row(row["id"], one["day"] or "", age, exam_text.mm(one["mm"]), state, said)
    return table


def _of_site(hub: HubConnection, since: str, until: str, limit: int, as_json: bool) -> None:
    days = {"date_from": since, "date_to": until}
    query = {name: day for name, day in days.items() if day}
    rows = hub.get("/api/studies", order="newest", limit=limit, **query)
    if as_json:
        print(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    console = report_text.console()
    table = report_text.table("study", "day", "number", "name", "age", "state", "")
    for row in rows["items"]:
        who = row["patient"]
        table.add_row(
            row["id"], row["study_date"], escape(who["id"]), escape(who["name"]), row["ga_text"] or "",
            row["state"], exam_text.headline(row),
        )  # fmt: skip
    console.print(table if rows["items"] else "no examinations: fada send FILE")
    if rows["total"] > len(rows["items"]):
        least = "" if rows.get("total_is_exact", True) else "at least "
        console.print(f"{least}{rows['total'] - len(rows['items'])} more: --limit")
