"""``fada ask``: a question about one frame of a study."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from cli import report_text
from cli.commands.studies.report import Language
from cli.hub import HubConnection, HubOption, KeyOption


def ask(
    study: Annotated[str, typer.Argument(help="A study's id, as 'fada send' and 'status' show.")],
    question: Annotated[
        str, typer.Argument(help="In English, French, Swahili, Hindi, Portuguese.")
    ],
    image: Annotated[str, typer.Option(help="SOP Instance UID; default: the best frame.")] = "",
    frame: Annotated[int, typer.Option(min=1, help="Of a clip; counted from 1.")] = 1,
    language: Annotated[Language, typer.Option(help="Of the answer.")] = Language.EN,
    as_json: Annotated[bool, typer.Option("--json", help="All that the hub says.")] = False,
    hub: HubOption = "",
    key: KeyOption = "",
) -> None:
    """Ask about an image: what plane, where, how large, outlined. Other questions are declined.

    Rules choose what is run from the question's words; the answer is from the findings alone. Nothing
    is stored.

    Examples:

      fada ask 0192… "what plane is this?"

      fada ask 0192… "segment the heart" --image 1.2.840… --frame 12

      fada ask 0192… "où est l'os nasal ?" --language fr
    """
    body: dict[str, Any] = {"question": question, "language": language.value}
    if image:
        body |= {"sop_uid": image, "frame": frame}
    with HubConnection.of(hub, key) as connection:
        answer = connection.post(f"/api/studies/{study}/ask", body)
    if as_json:
        print(json.dumps(answer, indent=2, ensure_ascii=False))
        return
    console = report_text.console()
    console.print(answer["answer"], markup=False)
    if answer["phases"]:
        release = answer.get("release") or {}
        by = f" by {release['name']} {release['version']}" if release else ""
        console.print(f"run: {', '.join(answer['phases'])}{by}", style="dim", markup=False)
