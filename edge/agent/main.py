"""`fada-edge`: read scans where there is no network, and send them when there is one."""

from __future__ import annotations

from importlib.metadata import version as version_of
from typing import Annotated

import typer

from edge.agent import terminal
from edge.agent.commands import cases, hub
from edge.agent.commands.options import console
from services.domain.errors import FadaError

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="""Read scans where there is no network, and send them when there is one.

    [bold]Once:[/]    fada-edge enrol https://hub.example.org CODE
    [bold]Then:[/]    fada-edge analyse scan.png     or   fada-edge watch FOLDER
    [bold]Later:[/]   fada-edge sync    and   fada-edge show CASE

    What is captured is kept, sealed by the PIN, until the hub has it: after a power cut too.
    AI results are not for diagnosis until a person has reviewed them.

    Exit codes: 3 not allowed (PIN, enrolment), 4 not found, 5 refused, 6 later (no network, no room).
    """,
)


def _version(wanted: bool) -> None:
    if wanted:
        console.print(f"fada-edge {version_of('fada')}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say it and end.")
    ] = False,
) -> None: ...


app.command()(hub.enrol)
app.command()(cases.analyse)
app.command()(cases.watch)
app.command(name="outbox")(cases.list_cases)
app.command()(cases.show)
app.command()(hub.sync)
app.command()(hub.link)
app.command()(hub.pack)
app.command()(hub.carry)
app.command()(hub.receipts)
app.command()(hub.update)
app.command()(cases.serve)


def main() -> None:
    """Entry point: errors are said to people, with what to do next."""
    try:
        app()
    except FadaError as problem:
        console.print(problem.detail, style="red", markup=False)
        raise SystemExit(terminal.exit_code(problem)) from None
