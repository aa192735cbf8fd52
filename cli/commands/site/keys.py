"""``fada keys``: who may use the hub."""

from __future__ import annotations

from typing import Annotated

import typer

from cli import config, report_text
from cli.hub import HubConnection, HubOption, KeyOption
from services.domain.study import Role
from services.settings import settings

app = typer.Typer(
    no_args_is_help=True,
    help="""API keys. A key is shown once; the hub keeps only a hash of it.

    Roles, each with the rights of those before: reader looks, sonographer sends and signs, manager
    runs again and manages keys and phones, admin does all. 'device' only sends.
    """,
)


@app.command("list")
def list_keys(hub: HubOption = "", key: KeyOption = "") -> None:
    """Keys of the site, without their secrets."""
    table = report_text.table("id", "name", "role", "created", "last used", "revoked")
    with HubConnection.of(hub, key) as connection:
        for one in connection.get("/api/keys")["items"]:
            table.add_row(
                one["id"], one["name"], one["role"], str(one["created_at"])[:16],
                str(one["last_used_at"] or "never")[:16], str(one["revoked_at"] or "")[:16],
            )  # fmt: skip
    report_text.console().print(table)


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="Who or what will use it.")],
    role: Annotated[Role, typer.Option(help="What it may do.")] = Role.SONOGRAPHER,
    hub: HubOption = "",
    key: KeyOption = "",
) -> None:
    """Make a key and print it, once.

    Example:  fada keys create "scanner in room 2" --role device
    """
    with HubConnection.of(hub, key) as connection:
        made = connection.post("/api/keys", {"name": name, "role": role.value})
    console = report_text.console()
    console.print(f"{made['key']}", soft_wrap=True)
    typer.echo("It is not shown again. Keep it where only its user can read it.", err=True)


@app.command()
def revoke(
    key_id: Annotated[str, typer.Argument(help="The id of 'fada keys list'.")],
    hub: HubOption = "",
    key: KeyOption = "",
) -> None:
    """End a key at once."""
    with HubConnection.of(hub, key) as connection:
        connection.delete(f"/api/keys/{key_id}")
    report_text.console().print(f"{key_id} is revoked")


@app.command()
def remember(
    hub: Annotated[str, typer.Option("--hub", prompt=True, help="Address of the hub.")],
    key: Annotated[str, typer.Option("--key", prompt=True, hide_input=True, help="The key.")],
) -> None:
    """Keep a hub and a key for all other commands, readable by you alone.

    Example:  fada keys remember --hub https://hub.example.org
    """
    with HubConnection(hub.rstrip("/"), key.strip()) as connection:
        me = connection.get("/api/me")
    path = config.write(settings().config, config.RememberedHub(hub.rstrip("/"), key.strip()))
    report_text.console().print(f"{me['role']} of site {me['site']}; kept in {path}")
