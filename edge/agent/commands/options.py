"""What commands of ``fada-edge`` share: options, and the outbox and release that they open."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Annotated

import typer

from edge.agent import identity as identities
from edge.agent import terminal
from edge.agent.analysis import read_captured
from edge.agent.case import CapturedCase
from edge.agent.case_reader import CaseReader
from edge.agent.hub import Hub
from edge.agent.programme import speak
from edge.agent.session import connected
from edge.agent.storage import vault as vaults
from edge.agent.storage.outbox import CaseOutbox
from edge.agent.sync import sync as exchange
from services.domain.errors import FadaError, InvalidInput, NotFound, Unavailable
from services.domain.report import Report

console = terminal.open_console()
Home = Annotated[Path, typer.Option(envvar="FADA_EDGE_HOME", help="Folder of this device's state.")]
Pin = Annotated[
    str,
    typer.Option(envvar="FADA_EDGE_PIN", prompt="PIN", hide_input=True, help="Opens patient data."),
]
Releases = Annotated[
    Path, typer.Option(envvar="FADA_EDGE_RELEASES", help="Folder of model releases.")
]
Threads = Annotated[
    int, typer.Option(envvar="FADA_EDGE_THREADS", min=1, help="Processor cores to read with.")
]
_SPEAK_SECONDS = 60.0  # a watched folder looks every few seconds
HOME = Path("~/.local/share/fada-edge").expanduser()
RELEASES = Path("models/releases")


def open_outbox(home: Path, pin: str) -> CaseOutbox:
    """This device's outbox, made where there is none. Raises InvalidInput, NotAuthenticated, RateLimited."""
    try:
        if not vaults.exists(home):
            vaults.Vault.create(home, pin)  # works before it is enrolled
        return CaseOutbox(home, vaults.Vault.unlock(home, pin))
    except OSError as error:
        raise InvalidInput(f"The folder {home} cannot be used: {error.strerror}.") from error


def release_loader(releases: Path, threads: int) -> Callable[[], CaseReader]:
    """Loads the release once, when it is first needed."""

    @cache
    def load() -> CaseReader:
        if not releases.is_dir():
            raise NotFound(f"No model release at {releases}: name their folder with --releases.")
        return CaseReader(releases, threads=threads)

    return load


def read_waiting(outbox: CaseOutbox, load: Callable[[], CaseReader]) -> None:
    """Read what was captured and not read yet, and print each report. Raises what ``load`` does."""

    def print_report(case: CapturedCase, report: Report) -> None:
        terminal.print_report(console, case.id, report)

    with console.status("Reading"):
        read_captured(outbox, load, print_report, warn)


def try_sync(outbox: CaseOutbox, home: Path) -> None:
    """Exchange with the hub if it can be reached; what it refuses is said."""
    try:
        hub = connected(outbox, identities.DeviceIdentity.load(home))
        exchange(outbox, hub, console.print)
        hub.keys().save(home)  # it may have another key by now
        tell_programme(outbox, hub, every=_SPEAK_SECONDS)
    except Unavailable:
        return  # no network now; the next look tries again
    except FadaError as problem:
        warn(problem.detail)


def tell_programme(outbox: CaseOutbox, hub: Hub, *, every: float = 0.0) -> None:
    """Say how this device fares. Raises typer.Exit: it was told to erase itself, and did."""
    if speak(outbox, hub, every=every):
        warn("The hub told this device to erase itself: nothing is left on it.")
        raise typer.Exit


def warn(words: str) -> None:
    """Say what does not stop the command."""
    console.print(words, style="yellow", markup=False)
