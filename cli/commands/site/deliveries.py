"""``fada deliveries``: what goes to webhooks and destinations, what was given up, and running that again."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from cli import dead_letters, report_text
from cli.hub import HubOption, KeyOption

app = typer.Typer(
    no_args_is_help=True,
    help="""Results and events on their way to webhooks and destinations. A delivery that kept failing for
    about a day and a half, or that its receiver refused, is dead: visible, kept, and can run again.""",
)
_PATH = "/api/deliveries"
JsonOption = Annotated[bool, typer.Option("--json", help="As JSON, for scripts.")]
_STATES = {"refused": "refused", "committed": "committed", "commitment_failed": "not committed"}


@app.command("list")
def list_deliveries(
    state: Annotated[str, typer.Option(help="waiting, delivered, dead; several by comma.")] = "",
    study: Annotated[str, typer.Option(help="Only this study's.")] = "",
    as_json: JsonOption = False,
    hub: HubOption = "",
    key: KeyOption = "",
) -> None:
    """Deliveries, newest first.

    Example:  fada deliveries list --state waiting
    """
    _show(dead_letters.find(hub, key, _PATH, state, study), as_json)


@app.command()
def dead(as_json: JsonOption = False, hub: HubOption = "", key: KeyOption = "") -> None:
    """Deliveries that were given up, and why.

    Example:  fada deliveries dead
    """
    _show(dead_letters.find(hub, key, _PATH, "dead", ""), as_json)


@app.command()
def again(
    deliveries: Annotated[list[str] | None, typer.Argument(help="Ids of dead deliveries.")] = None,
    every: Annotated[bool, typer.Option("--all", help="All dead deliveries.")] = False,
    hub: HubOption = "",
    key: KeyOption = "",
) -> None:
    """Run dead deliveries again, when their receiver is mended.

    Examples:

      fada deliveries again 0192…

      fada deliveries again --all
    """
    dead_letters.run_again(hub, key, _PATH, deliveries, every)


def _show(items: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        print(json.dumps(items, indent=2))
        return
    table = report_text.table("delivery", "study", "to", "state", "tries", "error")
    for item in items:
        receiver = item["url"] or item["destination"] or item["kind"]
        table.add_row(
            item["id"], item["study_id"], receiver, item["state"], str(item["attempts"]),
            _error(item),
        )  # fmt: skip
    report_text.console().print(table if items else "none")


def _error(item: dict[str, Any]) -> str:
    """The last error, and what became of objects that are not simply delivered."""
    states = [
        f"{o['kind']} {o['code'] or _STATES[o['state']]}"
        for o in item["objects"]
        if o["state"] in _STATES
    ]
    return " ".join([item["error_code"], *([f"({', '.join(states)})"] if states else [])]).strip()
