"""What `fada-edge` says on a terminal: a case's report, the hub's reading, the list of cases, errors."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from edge.agent.case import WORDS, CapturedCase
from edge.agent.link import LinkRules
from services.domain.errors import FadaError
from services.domain.report import FrameReading, Report, named, whole_degrees
from services.reading import report_json

# The same as those of `fada`: 3 not allowed, 4 not found, 5 refused, 6 try again later, 1 anything else.
_EXIT_CODES = {401: 3, 403: 3, 404: 4}


def open_console() -> Console:
    """Standard output; wide where it is no terminal, so that lines stay whole in a pipe or a log."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = max(console.width, 140)
    return console


def exit_code(error: FadaError) -> int:
    """What a script can tell errors apart by."""
    if error.status in _EXIT_CODES:
        return _EXIT_CODES[error.status]
    if error.retryable or error.status == 507:
        return 6
    return 5 if error.status < 500 else 1


def print_report(console: Console, case_id: str, report: Report) -> None:
    """The report of one case: plane, structures, measurements and age of each image."""
    console.print(f"[bold]{case_id}[/bold]  {report.label}")
    if report.comment:
        console.print(f"  comment: {report.comment}", markup=False)
    for number, frame in enumerate(report.frames, start=1):
        _print_frame(console, number, frame)
    console.print(f"  {report.release.name} {report.release.version} {report.release.sha256[:12]}")


def _print_frame(console: Console, number: int, frame: FrameReading) -> None:
    if frame.plane is None:
        reasons = ", ".join(reason.value.replace("_", " ") for reason, _ in frame.abstentions)
        console.print(f"  image {number}: not assessed ({reasons})")
        return
    console.print(f"  image {number}: {named(frame.plane.label, frame.plane.confidence)}")
    if frame.subplane is not None:
        console.print(f"    {named(frame.subplane.label, frame.subplane.confidence)}")
    for structure in frame.structures:
        console.print(f"    {named(structure.label, structure.confidence)}")
    for m in frame.measurements:
        value = f"{m.mm} mm" if m.mm is not None else f"{m.px} px only: not calibrated"
        console.print(f"    {m.name} {value}")
    for angle in frame.angles:
        console.print(f"    {angle.name} {whole_degrees(angle.degrees)}°")
    for dating in frame.datings:
        console.print(f"    GA {dating.text} by {dating.equation}")


def print_case(console: Console, case: CapturedCase) -> None:
    """The hub's newest reading or review of a case first, then what this device read."""
    if case.hub_report:
        console.print(f"[bold]{WORDS[case.state]}[/bold] (the hub's version {case.hub_version})")
        print_report(console, case.id, report_json.load(case.hub_report))
    else:
        console.print("The hub has not answered yet: fada-edge sync fetches its reading.")
    console.print(f"[bold]on this device:[/bold] {WORDS[case.state]} {case.problem}".rstrip())
    if case.report:
        print_report(console, case.id, report_json.load(case.report))


def cases_table(cases: list[CapturedCase]) -> Table:
    """The cases on this device and how far each has come. An id is never cut: it is there to be copied."""
    table = Table(box=None)
    for title in ("case", "taken", "images", "state", "note"):
        table.add_column(title, no_wrap=title == "case", overflow="ignore")
    for case in cases:
        urgent = "urgent " if case.urgent else ""
        taken = f"{urgent}#{case.order}"
        table.add_row(case.id, taken, str(len(case.images)), WORDS[case.state], case.problem)
    return table


def link_words(rules: LinkRules) -> str:
    """The rules of the network, and how it is now."""
    now = "costs" if rules.costs() else "counts as free"
    images = "wait for a free network" if rules.wait_for_wifi else "go at once"
    limit = "no limit a day"
    if rules.daily_mb:
        sent = rules.sent_today() / 10**6
        left = max(rules.daily_mb - sent, 0)
        limit = f"{rules.daily_mb} MB a day, {sent:.1f} MB sent today, {left:.1f} MB left"
    words = f"The network {now} ({rules.metered}). Images {images}; {limit}."
    return f"{words} Set by the programme." if rules.locked else words
