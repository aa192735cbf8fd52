"""``fada send``: files, folders and patterns; resumable, with a progress bar; twice is once."""

from __future__ import annotations

import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import FrameType
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, Progress, TextColumn

from cli import follow, report_text
from cli.collect import TYPES, Collection, collect
from cli.counts import counted
from cli.errors import HubSays, NothingToSend
from cli.hub import HubConnection, HubOption, KeyOption
from cli.resume import UnfinishedUploads, digest_of, upload
from services.domain.errors import FadaError
from services.settings import settings

_INTERRUPTED = 130  # as a shell says of Ctrl-C
_NAMED = 20  # so many skipped files are named, the others counted


class UploadInterrupted(FadaError):
    """Ctrl-C came while the file was on its way: it goes on with the next start."""

    code, title, status = "interrupted", "Ended by Ctrl-C", 499


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
    watch: Annotated[
        bool, typer.Option(help="Read now, follow until the reports are there.")
    ] = False,
    pixel_mm: Annotated[
        float | None, typer.Option(help="Pictures only: mm per pixel; marked as given by hand.")
    ] = None,
    patient_id: Annotated[str, typer.Option(help="Pictures only: the patient's number.")] = "",
    patient_name: Annotated[str, typer.Option(help="Pictures only: Family^Given.")] = "",
    study_date: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Pictures only: when taken.")
    ] = None,
    accession: Annotated[str, typer.Option(help="Pictures only: number of the order.")] = "",
    description: Annotated[str, typer.Option(help="Pictures only: of the study.")] = "",
    study: Annotated[
        str, typer.Option(help="Pictures only: those with the same name here are one study.")
    ] = "",
    parallel: Annotated[int, typer.Option(min=1, max=16, help="Files at a time.")] = 4,
    hub: HubOption = "",
    key: KeyOption = "",
) -> None:
    """Send DICOM files, ZIP archives, PNG or JPEG pictures.

    DICOM files say themselves whose they are; of pictures the options for pictures say it.

    A study is read when no image of it has come for a while, at once with --watch or --urgent, and
    when 'fada done STUDY' says that all are there.

    A transfer that breaks, or is ended by Ctrl-C, is resumed where it stopped when the same command
    is given again. Sending the same bytes twice does no harm: the hub keeps one.

    Examples:

      fada send scans/                     everything in a folder; what is skipped is named

      fada send 'day1/*.dcm' --urgent      a pattern, before all others

      fada send head.png --pixel-mm 0.21 --patient-id P-17 --study-date 2026-05-04

      fada send *.png --study visit-3 --patient-id P-17    several pictures, one study
    """
    collection = collect(places)
    show_skipped(collection)
    if not collection.files:
        raise NothingToSend(f"No file to send at {', '.join(places)}.")
    metadata = {
        "urgent": "1" if urgent else "",
        "pixel_mm": f"{pixel_mm:.8g}" if pixel_mm is not None else "",
        "patient_id": patient_id,
        "patient_name": patient_name,
        "study_date": study_date.strftime("%Y-%m-%d") if study_date else "",
        "accession": accession,
        "description": description,
        "study": study,
    }
    given = {name: value for name, value in metadata.items() if value}
    with HubConnection.of(hub, key) as connection:
        outcomes, waiting = _send_all(connection, collection.files, given, parallel)
        studies = show(outcomes)
        if waiting or any(isinstance(sent.error, UploadInterrupted) for sent in outcomes):
            show_interrupted(outcomes, waiting)
            raise typer.Exit(_INTERRUPTED)
        states = _follow(connection, studies) if watch else []
    failed = [sent.error for sent in outcomes if sent.error is not None]
    if failed:
        raise failed[0]
    if "failed" in states:
        raise typer.Exit(1)


def _follow(hub: HubConnection, studies: list[str]) -> list[str]:
    """Read each study now, and follow it to its end; their states."""
    console, states = report_text.console(), []
    for study in studies:
        with suppress(HubSays):  # a key that may only send: the study is read after its quiet time
            hub.post(f"/api/studies/{study}/complete")
    for study in studies:
        state = follow.until_done(
            hub, study, lambda event: console.print(f"  {report_text.event(event)}")
        )
        states.append(state)
        console.print(f"[bold]fada report {study}[/]  ({state})")
    return states


def _send_all(
    hub: HubConnection, files: list[Path], metadata: dict[str, str], parallel: int
) -> tuple[list[Sent], list[Path]]:
    """What became of each file, and the files that Ctrl-C kept from being begun."""
    kept = UnfinishedUploads(settings().config.expanduser() / "uploads")
    with _ctrl_c() as ending, Progress(
        TextColumn("{task.description}"), BarColumn(), DownloadColumn(), MofNCompleteColumn(),
        transient=True,
    ) as bar:  # fmt: skip
        total = bar.add_task("sending", total=sum(_size(file) for file in files))

        def moved(count: int) -> None:
            bar.advance(total, count)
            if ending.is_set():
                raise UploadInterrupted

        def one(file: Path) -> Sent | None:
            if ending.is_set():
                return None  # not begun
            return send_one(hub, kept, file, metadata, moved)

        with ThreadPoolExecutor(parallel) as pool:
            running = [pool.submit(one, file) for file in files]
            while wait(running, timeout=0.2).not_done:
                if ending.is_set():
                    bar.update(total, description="ending after the pieces on their way")
        outcomes = [future.result() for future in running]
    waiting = [file for file, sent in zip(files, outcomes, strict=True) if sent is None]
    return [sent for sent in outcomes if sent is not None], waiting


@contextmanager
def _ctrl_c() -> Iterator[threading.Event]:
    """Set by the first Ctrl-C, so that no piece is torn; a second one ends the program at once."""
    ending = threading.Event()
    before = signal.getsignal(signal.SIGINT)

    def end(_number: int, _frame: FrameType | None) -> None:
        ending.set()
        signal.signal(signal.SIGINT, before)

    signal.signal(signal.SIGINT, end)
    try:
        yield ending
    finally:
        signal.signal(signal.SIGINT, before)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0  # it went away: its own sending says so


def send_one(
    hub: HubConnection,
    kept: UnfinishedUploads,
    path: Path,
    metadata: dict[str, str],
    moved: Callable[[int], None],
) -> Sent:
    """One file to its end; its own error is in the answer, so that the others go on.

    ``metadata`` goes with it; ``moved`` is given the bytes that the hub has more.
    """
    try:
        own = {
            "filename": path.name[:255],
            "filetype": TYPES.get(path.suffix.lower(), "application/dicom"),
            "sha256": digest_of(path),
        }
        outcome = upload(hub, kept, path, {**own, **metadata}, moved)
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
        if sent.error is not None and not isinstance(sent.error, UploadInterrupted):
            reason = sent.error.said if isinstance(sent.error, HubSays) else sent.error.code
            console.print(f"[red]refused[/] {sent.path}: {sent.error.detail} ({reason})")
    good = sum(1 for s in outcomes if s.error is None)
    more = f", {known} were there already" if known else ""
    console.print(
        f"{good} of {counted(len(outcomes), 'file')} sent{more}; {counted(len(studies), 'study', 'studies')}"
    )
    for study, count in studies.items():
        console.print(f"  {study}  {counted(count, 'image')}", highlight=False)
    return list(studies)


def show_skipped(collection: Collection) -> None:
    """Name what is not sent, and why."""
    console = report_text.console()
    for skipped in collection.skipped[:_NAMED]:
        console.print(f"[yellow]skipped[/] {skipped.name}: {skipped.reason}")
    more = Counter(skipped.reason for skipped in collection.skipped[_NAMED:])
    for reason, count in more.items():
        console.print(f"[yellow]skipped[/] {count} more: {reason}")


def show_interrupted(outcomes: list[Sent], waiting: list[Path]) -> None:
    """What Ctrl-C left: files that stand half-way, and those that were not begun."""
    console = report_text.console()
    half = [sent.path for sent in outcomes if isinstance(sent.error, UploadInterrupted)]
    for word, paths in (("half-way", half), ("not begun", waiting)):
        for path in paths[:_NAMED]:
            console.print(f"[yellow]{word}[/] {path}")
        if (more := len(paths) - _NAMED) > 0:
            console.print(f"[yellow]{word}[/] {more} more")
    console.print(
        f"Ended by Ctrl-C: {len(half)} half-way, {len(waiting)} not begun. "
        "The same command goes on from there."
    )
