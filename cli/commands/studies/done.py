"""``fada done``: all images of a study are there, so it is read now."""

from __future__ import annotations

from typing import Annotated

import typer

from cli import report_text
from cli.hub import HubConnection, HubOption, KeyOption


def done(
    studies: Annotated[list[str], typer.Argument(help="Ids of studies.")],
    hub: HubOption = "",
    key: KeyOption = "",
) -> None:
    """Read studies now. A hub waits a while after the last image, since more may come.

    Example:  fada done 0192…
    """
    with HubConnection.of(hub, key) as connection:
        for study in dict.fromkeys(studies):
            job = connection.post(f"/api/studies/{study}/complete")["job"]
            state = f"job {job['id']}" if job else "nothing waits to be read"
            report_text.console().print(f"{study}  {state}")
