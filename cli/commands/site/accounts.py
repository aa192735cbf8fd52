"""``fada accounts``: the people of a site."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from cli import report_text
from cli.errors import NotReady
from cli.hub import HubConnection, HubOption, KeyOption
from services.domain.study import Role

app = typer.Typer(
    no_args_is_help=True,
    help="""People who sign in to the pages by name and password. Machines and programs have keys
    ('fada keys'), phones are enrolled.
    """,
)
Login = Annotated[str, typer.Argument(help="The name that the person signs in with.")]


@app.command("list")
def list_accounts(hub: HubOption = "", key: KeyOption = "") -> None:
    """The people of the site."""
    table = report_text.table("login", "name", "role", "created", "state")
    with HubConnection.of(hub, key) as connection:
        for one in connection.get("/api/accounts")["items"]:
            state = "invited" if one["invited"] else "active"
            state = "shut out" if one["disabled_at"] else state
            table.add_row(
                one["login"], one["name"], one["role"], str(one["created_at"])[:16], state
            )
    report_text.console().print(table)


@app.command()
def invite(
    login: Login,
    name: Annotated[str, typer.Option(help="The name that others see.")] = "",
    role: Annotated[Role, typer.Option(help="What they may do.")] = Role.SONOGRAPHER,
    hub: HubOption = "",
    key: KeyOption = "",
) -> None:
    """Print a link by which the person chooses a password. For one who is there: a new link.

    Example:  fada accounts invite amina@clinic.example --name "Dr. Amina Juma"
    """
    with HubConnection.of(hub, key) as connection:
        known = _of(connection, login)
        if known is None:
            body = {"login": login, "name": name or login, "role": role.value}
            made = connection.post("/api/accounts", body)
        else:
            made = connection.post(f"/api/accounts/{known['id']}/invitations", {})
    report_text.console().print(made["url"], soft_wrap=True)
    typer.echo("It holds for three days and works once. Give it to that person alone.", err=True)


@app.command()
def disable(login: Login, hub: HubOption = "", key: KeyOption = "") -> None:
    """Shut a person out and end their sessions."""
    _change(hub, key, login, disabled=True)
    report_text.console().print(f"{login} is shut out")


@app.command()
def enable(login: Login, hub: HubOption = "", key: KeyOption = "") -> None:
    """Let a person in again."""
    _change(hub, key, login, disabled=False)
    report_text.console().print(f"{login} may sign in again")


def _change(hub: str, key: str, login: str, *, disabled: bool) -> None:
    with HubConnection.of(hub, key) as connection:
        known = _of(connection, login)
        if known is None:
            raise NotReady(f"Nobody signs in as {login} here: see 'fada accounts list'.")
        path = f"/api/accounts/{known['id']}"
        connection.request("PATCH", path, json={"disabled": disabled}, again=False)


def _of(connection: HubConnection, login: str) -> dict[str, Any] | None:
    wanted = login.strip().casefold()
    items: list[dict[str, Any]] = connection.get("/api/accounts")["items"]
    return next((one for one in items if one["login"] == wanted), None)
