"""``fada jobs``: what is queued, what failed for good, and running that again."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from cli import dead_letters, report_text
from cli.hub import HubOption, KeyOption

app = typer.Typer(
    no_args_is_help=True,
    help="""Work of the hub. A job that failed three times is dead: visible, kept, and can run again.""",
)
_PATH = "/api/jobs"
JsonOption = Annotated[bool, typer.Option("--json", help="As JSON, for scripts.")]


@app.command("list")
def list_jobs(
    state: Annotated[str, typer.Option(help="queued, leased, done, dead; several by comma.")] = "",
    study: Annotated[str, typer.Option(help="Only this study's.")] = "",
    as_json: JsonOption = False,
    hub: HubOption = "",
    key: KeyOption = "",
) -> None:
    """Jobs, newest first.

    Example:  fada jobs list --state queued,leased
    """
    _show(dead_letters.find(hub, key, _PATH, state, study), as_json)


@app.command()
def dead(as_json: JsonOption = False, hub: HubOption = "", key: KeyOption = "") -> None:
    """The dead letters: what failed for good, and why.

    Example:  fada jobs dead
    """
    _show(dead_letters.find(hub, key, _PATH, "dead", ""), as_json)


@app.command()
def again(
    jobs: Annotated[list[str] | None, typer.Argument(help="Ids of dead jobs.")] = None,
    every: Annotated[bool, typer.Option("--all", help="All dead jobs.")] = False,
    hub: HubOption = "",
    key: KeyOption = "",
) -> None:
    """Run dead jobs again.

    Examples:

      fada jobs again 0192…

      fada jobs again --all
    """
    dead_letters.run_again(hub, key, _PATH, jobs, every)


def _show(items: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        print(json.dumps(items, indent=2))
        return
    table = report_text.table("job", "study", "state", "tries", "error")
    for job in items:
        error = f"{job['error_code']} {job['error_detail']}".strip()
        table.add_row(job["id"], job["study_id"], job["state"], str(job["attempts"]), error)
    report_text.console().print(table if items else "none")
