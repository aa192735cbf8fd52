"""`fada-edge`: read scans where there is no network, and send them when there is one."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from edge.agent import identity as identities
from edge.agent import releases as updates
from edge.agent import vault as vaults
from edge.agent.case import WORDS
from edge.agent.hub import Hub
from edge.agent.hub import enrol as enrol_at
from edge.agent.outbox import Outbox
from edge.agent.reader import Reader
from edge.agent.sync import sync as exchange
from services.domain.calibration import Calibration, PixelSize
from services.domain.errors import FadaError, Unavailable
from services.domain.report import Report, percent
from services.reading import report_json
from services.reading.images.picture import decode
from services.reading.releases.registry import trust_of

app = typer.Typer(help=__doc__, no_args_is_help=True, pretty_exceptions_enable=False)
console = Console()
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
_SUFFIXES = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg"}


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
    device = enrol_at(hub, code, name)
    device.save(home)
    if not vaults.exists(home):
        vaults.Vault.create(home, pin)
    console.print(f"Enrolled at {device.site}. Next: fada-edge analyse IMAGE")


@app.command()
def analyse(
    images: Annotated[list[Path], typer.Argument(help="PNG or JPEG images of one case.")],
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

    Example: fada-edge analyse scan1.png scan2.png --urgent
    """
    outbox, reader = _outbox(home, pin), Reader(releases, threads=threads)
    _analyse(outbox, reader, images, urgent=urgent, pixel_mm=pixel_mm)


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

    Example: fada-edge watch /media/probe/export
    """
    outbox, reader = _outbox(home, pin), Reader(releases, threads=threads)
    sizes: dict[Path, int] = {}
    while True:
        for path in sorted(p for p in folder.iterdir() if p.suffix.lower() in _SUFFIXES):
            size = path.stat().st_size
            mark = f"seen:{path.name}:{size}:{path.stat().st_mtime_ns}"
            if outbox.fact(mark) or sizes.get(path) != size:
                sizes[path] = size  # a file that still grows is looked at again next time
                continue
            try:
                _analyse(outbox, reader, [path], urgent=False, pixel_mm=None)
            except FadaError as problem:
                console.print(f"[yellow]{path.name}: {problem.detail}[/yellow]")
            outbox.set_fact(mark, "1")
        _try_sync(outbox, home)
        time.sleep(every)


@app.command(name="outbox")
def show(pin: Pin, home: Home = HOME) -> None:
    """List the cases on this device and how far each has come."""
    table = Table("case", "taken", "images", "state", "note")
    for case in _outbox(home, pin).all():
        urgent = "urgent " if case.urgent else ""
        table.add_row(
            case.id,
            f"{urgent}#{case.order}",
            str(len(case.pictures)),
            WORDS[case.state],
            case.problem,
        )
    console.print(table)


@app.command()
def sync(pin: Pin, home: Home = HOME) -> None:
    """Send what waits (reports first) and fetch the hub's results and reviews."""
    outcome = exchange(_outbox(home, pin), Hub(identities.Identity.load(home)), console.print)
    console.print(f"{outcome.sent} sent, {outcome.refused} refused, {outcome.answered} answers")


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

    run(_outbox(home, pin), Reader(releases, threads=threads), port)


def _outbox(home: Path, pin: str) -> Outbox:
    if not vaults.exists(home):
        vaults.Vault.create(home, pin)  # works before it is enrolled
    return Outbox(home, vaults.Vault.unlock(home, pin))


def _analyse(
    outbox: Outbox, reader: Reader, images: list[Path], *, urgent: bool, pixel_mm: float | None
) -> None:
    kept, frames = [], []
    for path in images:
        data = path.read_bytes()
        frames.append(decode(data).pixels)
        kept.append((data, _SUFFIXES.get(path.suffix.lower(), "image/png")))
    size = (pixel_mm, pixel_mm) if pixel_mm else None
    case = outbox.capture(kept, urgent=urgent, pixel_mm=size)
    known = Calibration(spacing=PixelSize(*size, "scale_bar")) if size else None
    with console.status("Reading"):
        report = reader.read(case.id, frames, known)
    outbox.analysed(case.id, report_json.dump(report))
    _print(case.id, report)


def _print(case_id: str, report: Report) -> None:
    console.print(f"[bold]{case_id}[/bold]  {report.label}")
    for frame in report.frames:
        if frame.plane is None:
            reasons = ", ".join(reason.value for reason, _ in frame.abstentions)
            console.print(f"  image {frame.frame}: not assessed ({reasons})")
            continue
        console.print(
            f"  image {frame.frame}: {frame.plane.label} {percent(frame.plane.confidence)}"
        )
        for s in frame.structures:
            console.print(f"    {s.label} {percent(s.confidence)}")
        for m in frame.measurements:
            value = f"{m.mm} mm" if m.mm is not None else f"{m.px} px only: not calibrated"
            console.print(f"    {m.name} {value}")
        for d in frame.datings:
            console.print(f"    GA {d.text} by {d.equation}")
    console.print(f"  {report.release.name} {report.release.version} {report.release.sha256[:12]}")


def _try_sync(outbox: Outbox, home: Path) -> None:
    try:
        exchange(outbox, Hub(identities.Identity.load(home)), console.print)
    except Unavailable:
        return  # no network now; the next look tries again
    except FadaError as problem:
        console.print(f"[yellow]{problem.detail}[/yellow]")


def main() -> None:
    """Entry point: errors are said to people, with what to do next."""
    try:
        app()
    except FadaError as problem:
        console.print(f"[red]{problem.detail}[/red]")
        raise SystemExit(1) from None
