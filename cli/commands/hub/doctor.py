"""``fada doctor``: is all here that a hub needs, and what to do where it is not."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from cli import checks, config, report_text
from cli.checks import CheckFinding, Grade
from cli.commands.hub.models import release_folder
from cli.hub import HubConnection, HubOption, KeyOption
from services.settings import settings

_MARKS = {Grade.GOOD: "[green]●[/]", Grade.WARNING: "[yellow]●[/]", Grade.BAD: "[red]●[/]"}


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for scripts.")] = False,
    hub: HubOption = "",
    key: KeyOption = "",
) -> None:
    """Look whether all is here that a hub needs: Python, libgomp, disk, ports, each part, the release.

    Says what to do about each thing that is missing. Ends with 1 where something must be mended;
    warnings keep no hub from running.

    Examples:

      fada doctor                                  this machine and the hub that it knows

      fada doctor --hub https://hub.example.org    another hub's parts too
    """
    target = config.target(settings(), hub, key)
    connection = HubConnection(target.hub, target.key) if target.hub else None
    try:
        health = connection.health if connection is not None else None
        findings = list(checks.all_checks(settings(), release_folder(None), health))
    finally:
        if connection is not None:
            connection.close()
    if as_json:
        print(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        _show(findings)
    if any(finding.grade is Grade.BAD for finding in findings):
        raise typer.Exit(1)


def _show(findings: list[CheckFinding]) -> None:
    console = report_text.console()
    table = report_text.table("", "", "")
    for finding in findings:
        table.add_row(_MARKS[finding.grade], finding.name, finding.detail)
        if finding.advice:
            table.add_row("", "", f"[cyan]{finding.advice}[/]")
    console.print(table)
    bad = sum(finding.grade is Grade.BAD for finding in findings)
    console.print(f"{bad} to mend" if bad else "all is here that a hub needs")
