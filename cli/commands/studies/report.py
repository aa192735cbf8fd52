"""``fada report``: what FADA says about a study, as text, JSON or PDF."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from cli import report_text
from cli.errors import HubSays, NotReady
from cli.hub import HubConnection, HubOption, KeyOption


class Language(StrEnum):
    """The languages in which the hub prints reports."""

    EN = "en"
    FR = "fr"
    SW = "sw"
    HI = "hi"
    PT = "pt"


def report(
    study: Annotated[str, typer.Argument(help="A study's id, as 'fada send' and 'status' show.")],
    version: Annotated[str, typer.Option(help="A number; default: the latest.")] = "latest",
    as_json: Annotated[bool, typer.Option("--json", help="The report as JSON.")] = False,
    pdf: Annotated[Path | None, typer.Option(help="Save the report as a PDF file.")] = None,
    language: Annotated[
        Language | None, typer.Option(help="Of the PDF; numbers and units stay as they are.")
    ] = None,
    overlay: Annotated[
        Path | None, typer.Option(help="Save each frame's overlay as PNG into this folder.")
    ] = None,
    hub: HubOption = "",
    key: KeyOption = "",
) -> None:
    """Print a report. An AI result stays marked as such until a person has reviewed it.

    Examples:

      fada report 0192…                      as text

      fada report 0192… --json | jq .frames  for a script

      fada report 0192… --pdf report.pdf --language fr
    """
    if language is not None and pdf is None:
        raise typer.BadParameter("--language is for the PDF: give --pdf FILE too.")
    with HubConnection.of(hub, key) as connection:
        result = _result(connection, study, version)
        number = result["version"]
        if pdf is not None:
            path = f"/api/studies/{study}/results/{number}/report.pdf"
            pdf.write_bytes(connection.bytes(path, lang=(language or Language.EN).value))
            report_text.console().print(f"saved {pdf}")
        if overlay is not None:
            _overlays(connection, study, result, overlay)
        if as_json:
            print(json.dumps(result["report"], indent=2, ensure_ascii=False))
        elif pdf is None and overlay is None:
            report_text.console().print(
                report_text.report(result, page_of(connection.address, study))
            )


def page_of(address: str, study: str) -> str:
    """Where a person sees the study."""
    return f"{address}/study/{study}"


def _result(hub: HubConnection, study: str, version: str) -> dict:  # type: ignore[type-arg]
    try:
        return dict(hub.get(f"/api/studies/{study}/results/{version}"))
    except HubSays as error:
        if error.http != 404:
            raise
    status = hub.get(f"/api/studies/{study}/status")  # 404: no such study
    raise NotReady(f"The study is {status['state']}. Follow it: fada watch {study}")


def _overlays(hub: HubConnection, study: str, result: dict, folder: Path) -> None:  # type: ignore[type-arg]
    folder.mkdir(parents=True, exist_ok=True)
    for frame in result["report"]["frames"]:
        name = f"{frame['sop_uid']}-{frame['frame']}.png"
        where = f"frames/{frame['sop_uid']}/{frame['frame']}/overlay.png"
        path = f"/api/studies/{study}/results/{result['version']}/{where}"
        (folder / name).write_bytes(hub.bytes(path))
        report_text.console().print(f"saved {folder / name}")
