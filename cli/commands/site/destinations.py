"""``fada destinations``: where results go, by which rules, and whether it can be reached."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from cli import report_text
from cli.hub import HubConnection, HubOption, KeyOption

app = typer.Typer(
    no_args_is_help=True,
    help="""Where a site's results go: a PACS by C-STORE or STOW-RS, a FHIR server, HL7 v2 by MLLP,
    DHIS2, a webhook, and word to people by e-mail and to their browsers; and the rules that say which results
    go where.""",
)
JsonOption = Annotated[bool, typer.Option("--json", help="As JSON, for scripts.")]
_SECRETS = ("token", "password", "client_secret", "private_key", "certificate", "key", "secret")


@app.command("list")
def list_destinations(
    as_json: JsonOption = False, hub: HubOption = "", key: KeyOption = ""
) -> None:
    """Destinations and rules of the site.

    Example:  fada destinations list
    """
    with HubConnection.of(hub, key) as connection:
        body = connection.get("/api/destinations")
    if as_json:
        print(json.dumps(body, indent=2))
        return
    table = report_text.table("destination", "name", "kind", "address", "by default")
    for one in body["items"]:
        default = "yes" if one["by_default"] else "no"
        table.add_row(one["id"], one["name"], one["kind"], one["address"], default)
    report_text.console().print(table if body["items"] else "none")
    names = {one["id"]: one["name"] for one in body["items"]}
    for number, rule in enumerate(body["rules"], 1):
        report_text.console().print(f"rule {number}: {_words(rule, names)}")


@app.command()
def add(
    name: Annotated[str, typer.Argument(help="What people call it.")],
    kind: Annotated[
        str, typer.Argument(help="c_store, stow, fhir, hl7, dhis2, email, web_push or webhook.")
    ],
    address: Annotated[str, typer.Argument(help="AET@host:port, host:port, or a URL.")],
    option: Annotated[
        list[str] | None, typer.Option(help="NAME=VALUE, e.g. tls=true, sign_in=bearer.")
    ] = None,
    option_file: Annotated[
        list[str] | None, typer.Option(help="NAME=FILE, e.g. ca=authority.pem.")
    ] = None,
    credential: Annotated[
        list[str] | None,
        typer.Option(help="NAME=FILE whose content is the credential, e.g. token=token.txt."),
    ] = None,
    by_default: Annotated[bool, typer.Option(help="It gets what no rule decides on.")] = True,
    hub: HubOption = "",
    key: KeyOption = "",
) -> None:
    """Add a destination. Credentials are read from files, so that no history keeps them.

    Examples:

      fada destinations add PACS c_store PACS@10.0.0.5:104

      fada destinations add EMR fhir https://emr.example/fhir --option sign_in=bearer \\
        --credential token=token.txt

      fada destinations add DHIS2 dhis2 https://dhis2.example --option sign_in=api_token \
        --credential token=token.txt --option-file mapping=anc.yaml

      fada destinations add Ward email smtp.example:587 --no-by-default --option user=fada \
        --option sender=fada@clinic.example --option recipients=ward@clinic.example \
        --credential password=password.txt
    """
    options: dict[str, Any] = {n: _typed(v) for n, v in _pairs(option)}
    options |= {n: Path(v).read_text() for n, v in _pairs(option_file)}
    credentials = {n: Path(v).read_text().strip() for n, v in _pairs(credential)}
    if unknown := set(credentials) - set(_SECRETS):
        raise typer.BadParameter(f"unknown credentials: {', '.join(sorted(unknown))}")
    body = {
        "name": name, "kind": kind, "address": address, "options": options,
        "credentials": credentials, "by_default": by_default,
    }  # fmt: skip
    with HubConnection.of(hub, key) as connection:
        made = connection.post("/api/destinations", body)
    report_text.console().print(f"{made['id']}  {made['name']}")
    if made.get("secret"):
        report_text.console().print(f"its secret, shown this once: {made['secret']}")


@app.command("test")
def try_it(destination: str, hub: HubOption = "", key: KeyOption = "") -> None:
    """Connect and sign in; no result is sent. Ends with 6 when it cannot be reached.

    Example:  fada destinations test PACS
    """
    with HubConnection.of(hub, key) as connection:
        answer = connection.post(f"/api/destinations/{_id(connection, destination)}/test")
    if not answer["reached"]:
        report_text.console().print(f"{answer['code']}: {answer['detail']}")
        raise typer.Exit(6)
    report_text.console().print(f"reached in {answer['seconds']} s")


@app.command()
def remove(destination: str, hub: HubOption = "", key: KeyOption = "") -> None:
    """It gets nothing further, and its credentials are erased.

    Example:  fada destinations remove PACS
    """
    with HubConnection.of(hub, key) as connection:
        connection.delete(f"/api/destinations/{_id(connection, destination)}")
    report_text.console().print("removed")


@app.command()
def rules(
    file: Annotated[
        Path | None, typer.Argument(help="JSON: a list of rules, in their order.")
    ] = None,
    hub: HubOption = "",
    key: KeyOption = "",
) -> None:
    """Set all rules from a file; without one, print them in that form. Destinations go by name or id.

    Example:  fada destinations rules rules.json
    """
    with HubConnection.of(hub, key) as connection:
        if file is None:
            print(json.dumps(connection.get("/api/destinations")["rules"], indent=2))
            return
        wanted = json.loads(file.read_text())
        for rule in wanted:
            rule["destinations"] = [_id(connection, one) for one in rule.get("destinations", [])]
        answer = connection.request(
            "PUT", "/api/destinations/rules", json={"rules": wanted}, again=False
        ).json()
    report_text.console().print(f"{len(answer['rules'])} rules")


@app.command("dry-run")
def dry_run(study: str, hub: HubOption = "", key: KeyOption = "") -> None:
    """Where a study's latest result would go by the rules as they are now; nothing is sent.

    Example:  fada destinations dry-run 0192…
    """
    with HubConnection.of(hub, key) as connection:
        answer = connection.get("/api/destinations/dry-run", study=study)
    if answer["results"] is None:
        report_text.console().print("nothing that may be sent")
        return
    by = f"rule {answer['rule']}" if answer["rule"] else "the default"
    names = ", ".join(one["name"] for one in answer["destinations"]) or "nowhere"
    report_text.console().print(f"{', '.join(answer['results'])}: by {by} to {names}")


@app.command()
def send(
    study: str,
    to: Annotated[str, typer.Option(help="A destination; default: by the rules.")] = "",
    hub: HubOption = "",
    key: KeyOption = "",
) -> None:
    """Send a study's latest result once more.

    Example:  fada destinations send 0192… --to PACS
    """
    with HubConnection.of(hub, key) as connection:
        body = {"destination": _id(connection, to)} if to else {}
        made = connection.post(f"/api/studies/{study}/send", body)["items"]
    for one in made:
        report_text.console().print(f"{one['id']}  {one['destination']}  {one['state']}")
    if not made:
        report_text.console().print("the rules send it nowhere")


def _id(hub: HubConnection, wanted: str) -> str:
    """The id of a destination that is given by its name or id."""
    items = hub.get("/api/destinations")["items"]
    return next((one["id"] for one in items if wanted in (one["id"], one["name"])), wanted)


def _pairs(given: list[str] | None) -> list[tuple[str, str]]:
    pairs = [one.partition("=") for one in given or ()]
    if any(not name or not between for name, between, _ in pairs):
        raise typer.BadParameter("give NAME=VALUE")
    return [(name, value) for name, _, value in pairs]


def _typed(value: str) -> str | bool:
    return {"true": True, "false": False}.get(value.lower(), value)


def _words(rule: dict[str, Any], names: dict[str, str]) -> str:
    conditions = [
        f"{name} {' or '.join(rule[name])}"
        for name in ("results", "planes", "findings", "origins")
        if rule[name]
    ]
    targets = ", ".join(names.get(one, one) for one in rule["destinations"]) or "nowhere"
    return f"{' and '.join(conditions) or 'everything'} → {targets}"
