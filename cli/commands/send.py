"""``fada send``: files, folders and patterns; resumable, with a progress bar; twice is once."""

from __future__ import annotations

import glob
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, Progress, TextColumn

from cli import follow, report_text
from cli.errors import HubSays, NothingToSend
from cli.hub import Hub, HubOption, KeyOption
from cli.resume import Uploads, digest_of, upload
from services.domain.errors import FadaError
from services.settings import settings

_TYPES = {
    ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".zip": "application/zip",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of one file: the hub's items, or the error that it met."""

    path: Path
    items: tuple[dict[str, Any], ...] = ()
    error: FadaError | None = None


def send(
    places: Annotated[
        list[str],
        typer.Argument(help="Files, folders (with all in them) or patterns like 'scans/*.dcm'."),
    ],
    urgent: Annotated[bool, typer.Option(help="Read these before the others.")] = False,
    watch: Annotated[bool, typer.Option(help="Follow until the reports are there.")] = False,
    pixel_mm: Annotated[
        float | None, typer.Option(help="Pictures only: mm per pixel; marked as given by hand.")
    ] = None,
    parallel: Annotated[int, typer.Option(min=1, max=16, help="Files at a time.")] = 4,
    hub: HubOption = "",
    key: KeyOption = "",
) -> None:
    """Send DICOM files, ZIP archives, PNG or JPEG pictures.

    A transfer that breaks is resumed where it stopped when the same command is given again. Sending
    the same bytes twice does no harm: the hub keeps one.

    Examples:

      fada send scans/                     everything in a folder

      fada send 'day1/*.dcm' --urgent      a pattern, before all others

      fada send head.png --pixel-mm 0.21   a picture with its pixel size
    """
    files = list(collect(places))
    if not files:
        raise NothingToSend(f"No file at {', '.join(places)}.")
    about = {"urgent": "1"} if urgent else {}
    if pixel_mm is not None:
        about["pixel_mm"] = f"{pixel_mm:.8g}"
    with Hub.of(hub, key) as connection:
        outcomes = _send_all(connection, files, about, parallel)
        studies = show(outcomes)
        states = []
        if watch:
            console = report_text.console()
            for study in studies:
                state = follow.until_done(
                    connection, study, lambda told: console.print(f"  {report_text.event(told)}")
                )
                states.append(state)
                console.print(f"[bold]fada report {study}[/]  ({state})")
    failed = [o.error for o in outcomes if o.error is not None]
    if failed:
        raise failed[0]
    if "failed" in states:
        raise typer.Exit(1)


def collect(places: list[str]) -> Iterator[Path]:
    """Files, each once, in order. Of a folder only what a hub takes: DICOM, pictures, ZIP."""
    seen: set[Path] = set()
    for place in places:
        path = Path(place).expanduser()
        found = (
            [path]
            if path.exists()
            else [Path(p) for p in sorted(glob.glob(str(path), recursive=True))]
        )
        for one in found:
            for file in _inside(one) if one.is_dir() else [one]:
                if file.is_file() and (real := file.resolve()) not in seen:
                    seen.add(real)
                    yield file


def _inside(folder: Path) -> list[Path]:
    return sorted(
        p
        for p in folder.rglob("*")
        if not any(part.startswith(".") for part in p.relative_to(folder).parts)
        and p.is_file()
        and (p.suffix.lower() in (".dcm", *_TYPES) or _is_dicom(p))
    )


def _is_dicom(path: Path) -> bool:
    """Scanners write files without a suffix: PS3.10 has DICM after 128 bytes."""
    try:
        with path.open("rb") as file:
            return file.read(132)[128:] == b"DICM"
    except OSError:
        return False


def _send_all(hub: Hub, files: list[Path], about: dict[str, str], parallel: int) -> list[Sent]:
    kept = Uploads(settings().config.expanduser() / "uploads")
    with Progress(
        TextColumn("{task.description}"), BarColumn(), DownloadColumn(), MofNCompleteColumn(),
        transient=True,
    ) as bar:  # fmt: skip
        total = bar.add_task("sending", total=sum(f.stat().st_size for f in files))

        def one(path: Path) -> Sent:
            return send_one(hub, kept, path, about, lambda count: bar.advance(total, count))

        with ThreadPoolExecutor(parallel) as pool:
            return list(pool.map(one, files))


def send_one(
    hub: Hub, kept: Uploads, path: Path, about: dict[str, str], moved: Callable[[int], None]
) -> Sent:
    """One file to its end; its own error is in the answer, so that the others go on."""
    try:
        metadata = {
            "filename": path.name[:255],
            "filetype": _TYPES.get(path.suffix.lower(), "application/dicom"),
            "sha256": digest_of(path),
            **about,
        }
        outcome = upload(hub, kept, path, metadata, moved)
    except FadaError as error:
        return Sent(path, error=error)
    except OSError as error:
        return Sent(path, error=NothingToSend(f"{path} cannot be read ({error.strerror})."))
    items = tuple((outcome.get("outcome") or {}).get("items", ()))
    problems = [item["problem"] for item in items if item.get("problem")]
    if problems and len(problems) == len(items):
        return Sent(path, items, HubSays(int(problems[0].get("status", 422)), problems[0]))
    return Sent(path, items)


def show(outcomes: list[Sent]) -> list[str]:
    """Say what became of each file; the studies, each once, in order."""
    console = report_text.console()
    studies: dict[str, int] = {}
    known = 0
    for sent in outcomes:
        for item in sent.items:
            if item.get("study_id"):
                studies[item["study_id"]] = studies.get(item["study_id"], 0) + 1
                known += not item.get("new", True)
            elif sent.error is None:  # of an archive: the rest was taken
                detail = item["problem"]["detail"]
                console.print(f"[yellow]skipped[/] {sent.path}: {item['name']}: {detail}")
        if sent.error is not None:
            reason = sent.error.said if isinstance(sent.error, HubSays) else sent.error.code
            console.print(f"[red]refused[/] {sent.path}: {sent.error.detail} ({reason})")
    good = sum(1 for s in outcomes if s.error is None)
    more = f", {known} were there already" if known else ""
    console.print(f"{good} of {len(outcomes)} files sent{more}; {len(studies)} studies")
    for study, count in studies.items():
        console.print(f"  {study}  {count} image{'s' if count > 1 else ''}", highlight=False)
    return list(studies)
