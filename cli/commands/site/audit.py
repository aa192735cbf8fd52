"""``fada audit``: whether the audit trail is untouched, and a copy of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli import report_text
from cli.hub import HubConnection, HubOption, KeyOption
from services.domain.errors import ObjectCorrupt

app = typer.Typer(
    no_args_is_help=True,
    help="""Who did what, who looked at what, who signed in. Entries are sealed every minute by a
    chain of macs over all of them; the hub's log has each seal too.
    """,
)


@app.command()
def verify(
    mac: Annotated[
        str, typer.Option(help="A seal's mac that was noted before, from the hub's log.")
    ] = "",
    hub: HubOption = "",
    key: KeyOption = "",
) -> None:
    """Look through the whole trail. Ends with an error when an entry was changed, removed or added.

    Example:  fada audit verify --mac 5d0c…
    """
    with HubConnection.of(hub, key) as connection:
        verification = connection.get("/api/audit/verify", **({"noted": mac} if mac else {}))
    if not verification["holds"]:
        raise ObjectCorrupt(
            f"{verification['fault']} Keep the database as it is and look at its backups."
        )
    console = report_text.console()
    console.print(
        f"{verification['entries']} entries in {verification['seals']} seals are as they were written"
    )
    console.print(f"newest seal: {verification['mac']}", soft_wrap=True)


@app.command()
def export(
    path: Annotated[Path, typer.Argument(help="The file to write.")],
    hub: HubOption = "",
    key: KeyOption = "",
) -> None:
    """The site's trail as FHIR AuditEvents, one a line (the content of IHE ATNA's messages).

    Example:  fada audit export audit.ndjson
    """
    with HubConnection.of(hub, key) as connection:
        content = connection.bytes("/api/audit/export")
    path.write_bytes(content)
    report_text.console().print(f"{len(content.splitlines())} entries in {path}")
