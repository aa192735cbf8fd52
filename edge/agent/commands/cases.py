"""Commands of ``fada-edge`` on this device's cases: read, watch, list, show, and the local page."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from edge.agent import terminal
from edge.agent.analysis import capture_files
from edge.agent.commands.options import (
    HOME,
    RELEASES,
    Home,
    Pin,
    Releases,
    Threads,
    console,
    open_outbox,
    read_waiting,
    release_loader,
    try_sync,
    warn,
)
from edge.agent.watch import FolderWatch, check_folder


def analyse(
    images: Annotated[
        list[Path], typer.Argument(help="PNG, JPEG, MP4, MOV or DICOM files of one case.")
    ],
    pin: Pin,
    urgent: Annotated[bool, typer.Option(help="To be sent and read before others.")] = False,
    pixel_mm: Annotated[
        float | None,
        typer.Option(help="Millimetres of one pixel, measured on the scale bar by hand."),
    ] = None,
    home: Home = HOME,
    releases: Releases = RELEASES,
    threads: Threads = 2,
) -> None:
    """Read the images of one case with no network, and keep it for sending.

    The images are kept first: what a power cut interrupts is read at the next start.

    Example: fada-edge analyse scan1.png IM000001 --urgent
    """
    outbox = open_outbox(home, pin)
    capture_files(outbox, images, urgent=urgent, pixel_mm=pixel_mm)
    read_waiting(outbox, release_loader(releases, threads))


def watch(
    folder: Annotated[Path, typer.Argument(help="Where an ultrasound machine leaves its images.")],
    pin: Pin,
    every: Annotated[float, typer.Option(help="Seconds between looks.")] = 5.0,
    home: Home = HOME,
    releases: Releases = RELEASES,
    threads: Threads = 2,
) -> None:
    """Analyse each new image in a folder and send whenever the hub can be reached. Ctrl-C ends.

    A file that is refused (damaged, or no room for it) is named and tried again later.

    Example: fada-edge watch /media/probe/export
    """
    check_folder(folder)
    outbox, load = open_outbox(home, pin), release_loader(releases, threads)
    load()  # what is missing is said now, not at the first image
    look = FolderWatch(folder, outbox, warn)
    try:
        while True:
            look.look()
            read_waiting(outbox, load)
            try_sync(outbox, home)
            time.sleep(every)
    except KeyboardInterrupt:
        console.print("Ended. What was captured is kept; fada-edge outbox lists it.")


def list_cases(pin: Pin, home: Home = HOME) -> None:
    """List the cases on this device and how far each has come."""
    console.print(terminal.cases_table(open_outbox(home, pin).all()))


def show(
    case: Annotated[str, typer.Argument(help="A case, as fada-edge outbox lists it.")],
    pin: Pin,
    home: Home = HOME,
) -> None:
    """Show the hub's reading or a person's review of a case, then what this device read.

    Example: fada-edge show 01939f3e-9e7c-7000-8000-000000000000
    """
    kept = open_outbox(home, pin).get(case)
    terminal.print_case(console, kept)


def serve(
    pin: Pin,
    port: Annotated[int, typer.Option(help="Port on this machine only.")] = 8043,
    home: Home = HOME,
    releases: Releases = RELEASES,
    threads: Threads = 2,
) -> None:
    """Show this device's cases on a local page, and analyse by drag and drop."""
    from edge.agent.page import run

    outbox, load = open_outbox(home, pin), release_loader(releases, threads)
    read_waiting(outbox, load)
    run(outbox, load(), port)
