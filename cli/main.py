"""``fada``: the hub's command line. Each command is a file; what is heavy is imported when it is used."""

from __future__ import annotations

from importlib.metadata import version as version_of
from typing import Annotated

import typer

from cli.commands.hub import jobs, models, secret, serve
from cli.commands.hub.backup import backup, restore
from cli.commands.hub.doctor import doctor
from cli.commands.hub.up import up
from cli.commands.site import (
    accounts,
    audit,
    deliveries,
    destinations,
    erasures,
    keys,
    orders,
    phones,
    workitems,
)
from cli.commands.site.quota import quota
from cli.commands.studies.ask import ask
from cli.commands.studies.done import done
from cli.commands.studies.exams import exams, patients
from cli.commands.studies.import_images import import_images
from cli.commands.studies.report import report
from cli.commands.studies.send import send
from cli.commands.studies.status import status, watch
from cli.errors import CommandGroup

app = typer.Typer(
    name="fada",
    cls=CommandGroup,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_short=True,
    pretty_exceptions_show_locals=False,  # they could hold patient data
    help="""Fetal ultrasound, from the probe to a report.

    [bold]Start:[/]  fada up --demo     a whole hub here, one real study, then it ends
    [bold]Use:[/]    fada send scans/ --watch     then  fada report STUDY
    [bold]Help:[/]   fada doctor     what is missing here, and what to do;  fada COMMAND --help

    AI results are not for diagnosis until a person has reviewed them.

    Exit codes: 2 a mistake in the command, 3 not allowed, 4 not found, 5 refused, 6 a part is down,
    130 ended by Ctrl-C, 1 anything else.
    """,
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"fada {version_of('fada')}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say it and end.")
    ] = False,
) -> None:
    """Options of ``fada`` itself; the help above is the application's."""


app.command()(up)
app.command()(send)
app.command()(done)
app.command()(status)
app.command()(watch)
app.command()(report)
app.command()(exams)
app.command()(patients)
app.command()(ask)
app.command()(doctor)
app.command()(backup)
app.command()(restore)
app.add_typer(jobs.app, name="jobs")
app.add_typer(deliveries.app, name="deliveries")
app.add_typer(destinations.app, name="destinations")
app.add_typer(orders.app, name="orders")
app.add_typer(keys.app, name="keys")
app.add_typer(phones.app, name="phones")
app.add_typer(accounts.app, name="accounts")
app.add_typer(secret.app, name="secret")
app.add_typer(audit.app, name="audit")
app.add_typer(erasures.app, name="erasures")
app.command()(erasures.retention)
app.command()(quota)
app.add_typer(workitems.app, name="workitems")
app.command("import-images")(import_images)
app.add_typer(models.app, name="models")
app.command("evaluate")(models.evaluate)
app.add_typer(serve.app, name="serve")

if __name__ == "__main__":
    app()
