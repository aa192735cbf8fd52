"""`fada-edge`: read scans where there is no network, and send them when there is one."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Annotated, Any

import typer

from edge.agent import carry as carried
from edge.agent import identity as identities
from edge.agent import releases as updates
from edge.agent import terminal
from edge.agent import vault as vaults
from edge.agent.analysis import capture_files, read_captured
from edge.agent.case import Case
from edge.agent.case_reader import CaseReader
from edge.agent.hub import Hub
from edge.agent.hub import enrol as enrol_at
from edge.agent.link import LinkRules, Metered
from edge.agent.outbox import Outbox
from edge.agent.session import connected
from edge.agent.sync import send_anyway
from edge.agent.sync import sync as exchange
from edge.agent.watch import FolderWatch, check_folder
from services.domain.errors import FadaError, InvalidInput, NotFound, ReleaseRefused, Unavailable
from services.domain.report import Report
from services.reading.releases.registry import trust_of

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="""Read scans where there is no network, and send them when there is one.

    [bold]Once:[/]    fada-edge enrol https://hub.example.org CODE
    [bold]Then:[/]    fada-edge analyse scan.png     or   fada-edge watch FOLDER
    [bold]Later:[/]   fada-edge sync    and   fada-edge show CASE

    What is captured is kept, sealed by the PIN, until the hub has it: after a power cut too.
    AI results are not for diagnosis until a person has reviewed them.

    Exit codes: 3 not allowed (PIN, enrolment), 4 not found, 5 refused, 6 later (no network, no room).
    """,
)
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
HOME = Path("~/.local/share/fada-edge").expanduser()
RELEASES = Path("models/releases")


def _version(wanted: bool) -> None:
    if wanted:
        console.print(f"fada-edge {version_of('fada')}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say it and end.")
    ] = False,
) -> None: ...


@app.command()
def enrol(
    hub: Annotated[str, typer.Argument(help="Address of the hub, e.g. https://hub.example.org")],
    code: Annotated[str, typer.Argument(help="The one-time code that the hub's page shows.")],
    pin: Pin,
    name: Annotated[
        str, typer.Option(help="How the hub's staff will know this device.")
    ] = "laptop",
    home: Home = HOME,
) -> None:
    """Bind this device to a site of a hub, once.

    Example: fada-edge enrol https://hub.example.org 7KQ2-M4XD --name "Clinic laptop"
    """
    if not vaults.exists(home):  # first: a PIN that is refused must not use up the code
        vaults.Vault.create(home, pin)
    device = enrol_at(hub, code, name)
    device.save(home)
    console.print(f"Enrolled at {device.site}. Next: fada-edge analyse IMAGE")


@app.command()
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
    outbox = _outbox(home, pin)
    capture_files(outbox, images, urgent=urgent, pixel_mm=pixel_mm)
    _read(outbox, _loader(releases, threads))


@app.command()
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
    outbox, load = _outbox(home, pin), _loader(releases, threads)
    load()  # what is missing is said now, not at the first image
    look = FolderWatch(folder, outbox, _warn)
    try:
        while True:
            look.look()
            _read(outbox, load)
            _try_sync(outbox, home)
            time.sleep(every)
    except KeyboardInterrupt:
        console.print("Ended. What was captured is kept; fada-edge outbox lists it.")


@app.command(name="outbox")
def list_cases(pin: Pin, home: Home = HOME) -> None:
    """List the cases on this device and how far each has come."""
    console.print(terminal.cases_table(_outbox(home, pin).all()))


@app.command()
def show(
    case: Annotated[str, typer.Argument(help="A case, as fada-edge outbox lists it.")],
    pin: Pin,
    home: Home = HOME,
) -> None:
    """Show the hub's reading or a person's review of a case, then what this device read.

    Example: fada-edge show 01939f3e-9e7c-7000-8000-000000000000
    """
    kept = _outbox(home, pin).get(case)
    terminal.print_case(console, kept)


@app.command()
def sync(
    pin: Pin,
    home: Home = HOME,
    releases: Releases = RELEASES,
    threads: Threads = 2,
    anyway: Annotated[
        str, typer.Option(help="A case whose images go now, whatever the network costs.")
    ] = "",
) -> None:
    """Send what waits (reports first) and fetch the hub's results and reviews.

    Cases that were captured and not read yet are read before.
    """
    device = identities.Identity.load(home)
    outbox = _outbox(home, pin)
    if anyway:
        send_anyway(outbox, anyway)
    try:
        _read(outbox, _loader(releases, threads))
    except (NotFound, ReleaseRefused) as problem:
        _warn(problem.detail)  # what was read can go out without a release
    hub = connected(outbox, device)
    outcome = exchange(outbox, hub, console.print)
    hub.keys().save(home)
    console.print(f"{outcome.sent} sent, {outcome.refused} refused, {outcome.answered} answers")


@app.command()
def link(
    home: Home = HOME,
    wait: Annotated[
        bool | None, typer.Option("--wait/--go", help="Images wait for a network that is free.")
    ] = None,
    daily_mb: Annotated[
        int | None, typer.Option(min=0, help="Megabytes a day over one that costs; 0: no limit.")
    ] = None,
    metered: Annotated[
        Metered | None, typer.Option(help="Whether it costs; ask: as NetworkManager says.")
    ] = None,
) -> None:
    """Say, or set, what may go over a network that is paid by the byte. Reports and previews always go.

    Example: fada-edge link --wait --metered ask
    """
    options = {"wait_for_wifi": wait, "daily_mb": daily_mb, "metered": metered}
    given: dict[str, Any] = {name: value for name, value in options.items() if value is not None}
    rules = replace(LinkRules.load(home), **given)
    rules.save(home)
    console.print(terminal.link_words(rules))


@app.command()
def pack(
    folder: Annotated[Path, typer.Argument(help="Where to, for example a stick.")],
    pin: Pin,
    home: Home = HOME,
) -> None:
    """Seal the cases that wait, for somebody to carry to a network. Nobody but the hub can open them.

    Example: fada-edge pack /media/stick
    """
    device, outbox = identities.Identity.load(home), _outbox(home, pin)
    count = carried.pack(outbox, device, folder, console.print)
    console.print(
        "One case. It still counts as not sent: keep it, and take the receipt."
        if count == 1
        else f"{count} cases. They still count as not sent: keep them, and take the receipts."
    )


@app.command()
def carry(
    folder: Annotated[Path, typer.Argument(help="Where sealed cases lie, anybody's.")],
    home: Home = HOME,
) -> None:
    """Hand in sealed cases of any device of this site; receipts are laid beside them."""
    done = carried.hand_in(Hub(identities.Identity.load(home)), folder, console.print)
    console.print(f"{done.received} handed in, {done.refused} refused")


@app.command()
def receipts(
    folder: Annotated[Path, typer.Argument(help="Where receipts lie, anybody's.")],
    pin: Pin,
    home: Home = HOME,
) -> None:
    """Note which of this device's cases the hub has, by receipts that were brought back."""
    device, outbox = identities.Identity.load(home), _outbox(home, pin)
    console.print(f"{carried.take_receipts(outbox, device, folder, console.print)} cases arrived")


@app.command()
def update(home: Home = HOME, releases: Releases = RELEASES) -> None:
    """Fetch the hub's model release, verify and try it, then use it."""
    hub = Hub(identities.Identity.load(home))
    name = updates.update(releases, hub, trust_of(releases), console.print)
    console.print(f"Now using {name}." if name else "This device has the hub's release.")


@app.command()
def serve(
    pin: Pin,
    port: Annotated[int, typer.Option(help="Port on this machine only.")] = 8043,
    home: Home = HOME,
    releases: Releases = RELEASES,
    threads: Threads = 2,
) -> None:
    """Show this device's cases on a local page, and analyse by drag and drop."""
    from edge.agent.page import run

    outbox, load = _outbox(home, pin), _loader(releases, threads)
    _read(outbox, load)
    run(outbox, load(), port)


def _outbox(home: Path, pin: str) -> Outbox:
    try:
        if not vaults.exists(home):
            vaults.Vault.create(home, pin)  # works before it is enrolled
        return Outbox(home, vaults.Vault.unlock(home, pin))
    except OSError as error:
        raise InvalidInput(f"The folder {home} cannot be used: {error.strerror}.") from error


def _loader(releases: Path, threads: int) -> Callable[[], CaseReader]:
    """Loads the release once, when it is first needed."""

    @cache
    def load() -> CaseReader:
        if not releases.is_dir():
            raise NotFound(f"No model release at {releases}: name their folder with --releases.")
        return CaseReader(releases, threads=threads)

    return load


def _read(outbox: Outbox, load: Callable[[], CaseReader]) -> None:
    def print_report(case: Case, report: Report) -> None:
        terminal.print_report(console, case.id, report)

    with console.status("Reading"):
        read_captured(outbox, load, print_report, _warn)


def _try_sync(outbox: Outbox, home: Path) -> None:
    try:
        exchange(outbox, connected(outbox, identities.Identity.load(home)), console.print)
    except Unavailable:
        return  # no network now; the next look tries again
    except FadaError as problem:
        _warn(problem.detail)


def _warn(words: str) -> None:
    console.print(words, style="yellow", markup=False)


def main() -> None:
    """Entry point: errors are said to people, with what to do next."""
    try:
        app()
    except FadaError as problem:
        console.print(problem.detail, style="red", markup=False)
        raise SystemExit(terminal.exit_code(problem)) from None
