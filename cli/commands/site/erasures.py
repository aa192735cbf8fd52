"""``fada erasures`` and ``fada retention``: what goes for good, with certificates; how long studies stay."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from cli import report_text
from cli.errors import HubSays
from cli.hub import HubConnection, HubOption, KeyOption
from services.domain.errors import InvalidInput, NotFound

app = typer.Typer(
    no_args_is_help=True,
    help="""Erase a woman, or one study, from all of the hub: index, images, results, links, queue. It
    cannot be undone. Phones are asked to forget their copies; who was sent results is named, and has to
    be asked by people. Backups hold what they held until they are removed.
    """,
)
ReasonOption = Annotated[
    str, typer.Option(help="Kept with the certificate: no name, no number.", prompt=True)
]
YesOption = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
_WAIT_SECONDS = 120.0


@app.command()
def patient(
    number: Annotated[str, typer.Argument(help="Her number at this site, exactly.")],
    reason: ReasonOption,
    yes: YesOption = False,
    out: Annotated[Path | None, typer.Option(help="Write the certificate here.")] = None,
    hub: HubOption = "",
    key: KeyOption = "",
) -> None:
    """Her record and all her studies.

    Example:  fada erasures patient 4711 --reason "asked on 3 May" --out certificate.json
    """
    with HubConnection.of(hub, key) as connection:
        patients = connection.get("/api/patients", q=number)["items"]
        her = next((one for one in patients if one["number"] == number), None)
        if her is None:
            raise NotFound(f"Nobody has the number {number} here.")
        _sure(yes, "This woman and all her studies are erased for good. Go on?")
        body = {"number": number, "reason": reason}
        made = connection.post(f"/api/patients/{her['id']}/erasure", body)
        _finish(connection, made, out)


@app.command()
def study(
    study_id: Annotated[str, typer.Argument(help="The hub's id of the study.")],
    reason: ReasonOption,
    yes: YesOption = False,
    out: Annotated[Path | None, typer.Option(help="Write the certificate here.")] = None,
    hub: HubOption = "",
    key: KeyOption = "",
) -> None:
    """One study. To hide it and keep it, withdraw it instead."""
    with HubConnection.of(hub, key) as connection:
        _sure(yes, "This study is erased for good. Go on?")
        made = connection.post(f"/api/studies/{study_id}/erasure", {"reason": reason})
        _finish(connection, made, out)


@app.command("list")
def list_erasures(hub: HubOption = "", key: KeyOption = "") -> None:
    """Newest first."""
    table = Table("id", "what", "asked", "studies", "objects left", "phones left", box=None)
    with HubConnection.of(hub, key) as connection:
        for one in connection.get("/api/erasures")["items"]:
            left = sum(phone["cases"] - phone["forgotten"] for phone in one["phones"])
            row = (len(one["studies"]), one["objects"]["waiting"], left)
            table.add_row(one["id"], one["kind"], one["asked_at"][:16], *map(str, row))
    report_text.console().print(table)


@app.command()
def certificate(
    erasure_id: Annotated[str, typer.Argument(help="As 'fada erasures list' shows it.")],
    out: Annotated[Path | None, typer.Option(help="Write it here; default: print it.")] = None,
    hub: HubOption = "",
    key: KeyOption = "",
) -> None:
    """The certificate as it stands now: signed JSON without patient data."""
    with HubConnection.of(hub, key) as connection:
        _write(connection.get(f"/api/erasures/{erasure_id}/certificate"), out)


@app.command()
def verify(
    path: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A certificate.")],
    public_key: Annotated[str, typer.Option(help="The hub's, if you noted it.")] = "",
) -> None:
    """Whether a hub signed this, and it was not changed. Needs no hub."""
    from services.certificates import verified

    statement = verified(_read(path), public_key)
    report_text.console().print(
        f"signed; {statement['kind']} {statement['subject']}: {len(statement['studies'])} studies, "
        f"{statement['objects']['all']} objects, {statement['objects']['waiting']} left"
    )


@app.command()
def again(
    paths: Annotated[list[Path], typer.Argument(exists=True, dir_okay=False, help="Certificates.")],
    hub: HubOption = "",
    key: KeyOption = "",
) -> None:
    """After a restore: erase once more what these certificates say was erased.

    Example:  fada erasures again certificates/*.json
    """
    console = report_text.console()
    with HubConnection.of(hub, key) as connection:
        for path in paths:
            done = _once_more(connection, _read(path))
            console.print(
                f"{path}: {'erased' if done else 'nothing of it is here'}", soft_wrap=True
            )


def retention(
    reviewed_days: Annotated[
        int | None, typer.Option(min=0, help="Erase signed studies so old; 0: never.")
    ] = None,
    withdrawn_days: Annotated[
        int | None, typer.Option(min=0, help="Erase studies withdrawn so long ago; 0: never.")
    ] = None,
    hub: HubOption = "",
    key: KeyOption = "",
) -> None:
    """How long the site keeps its studies. One that nobody has signed or withdrawn is never erased.

    Example:  fada retention --reviewed-days 7300 --withdrawn-days 90
    """
    console = report_text.console()
    with HubConnection.of(hub, key) as connection:
        kept = connection.get("/api/retention")
        given = {"reviewed_days": reviewed_days, "withdrawn_days": withdrawn_days}
        if any(value is not None for value in given.values()):
            body = {
                name: kept[name] if value is None else value or None
                for name, value in given.items()
            }
            kept = connection.request("PUT", "/api/retention", json=body).json()
    for name in given:
        days = kept[name]
        console.print(f"{name.removesuffix('_days')}: {f'{days} days' if days else 'for ever'}")
    for disk in kept["disks"]:
        used = 1 - disk["free"] / disk["size"]
        console.print(f"disk of {disk['place']}: {used:.0%} used", highlight=False)


def _once_more(connection: HubConnection, document: Any) -> bool:
    from services.certificates import verified

    statement, done = verified(document), False
    reason = f"again, after erasure {statement['id']}"
    if statement["kind"] == "patient":
        with _absent():
            her = connection.get(f"/api/patients/{statement['subject']}")
            body = {"number": her["number"], "reason": reason}
            connection.post(f"/api/patients/{her['id']}/erasure", body)
            return True
    for study_id in statement["studies"]:
        with _absent():
            connection.post(f"/api/studies/{study_id}/erasure", {"reason": reason})
            done = True
    return done


@contextmanager
def _absent() -> Iterator[None]:
    """What the hub does not have is erased already."""
    try:
        yield
    except HubSays as said:
        if said.http != 404:
            raise


def _finish(connection: HubConnection, made: dict[str, Any], out: Path | None) -> None:
    """Wait until the store holds nothing of it any more; then the certificate."""
    path, end = f"/api/erasures/{made['id']}/certificate", time.monotonic() + _WAIT_SECONDS
    document = connection.get(path)
    while document["statement"]["finished_at"] is None and time.monotonic() < end:
        time.sleep(0.5)
        document = connection.get(path)
    statement, console = document["statement"], report_text.console()
    console.print(
        f"{len(statement['studies'])} studies are erased; erasure {statement['id']}", soft_wrap=True
    )
    if statement["finished_at"] is None:
        console.print(f"{statement['objects']['waiting']} objects are still to go from the store")
    for phone in statement["phones"]:
        console.print(f"{phone['name']} is asked to forget {phone['cases']} cases at its next sync")
    for name in statement["receivers"]:
        console.print(f"ask {name} to erase it, too: it was sent results", soft_wrap=True)
    if out is not None:
        _write(document, out)


def _sure(yes: bool, question: str) -> None:
    if not yes:
        typer.confirm(question, abort=True)


def _write(document: Any, out: Path | None) -> None:
    text = json.dumps(document, indent=1, ensure_ascii=False)
    if out is None:
        typer.echo(text)
        return
    out.write_text(text + "\n", "utf-8")
    report_text.console().print(f"certificate in {out}", soft_wrap=True)


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise InvalidInput(f"{path} is no certificate.") from error
