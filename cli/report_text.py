"""A report in words on a terminal. What was not assessed is never called normal."""

from __future__ import annotations

from typing import Any

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from services.domain.biometry import weeks_and_days
from services.domain.report import FEMUR_ANGLE, UNREVIEWED, percent, whole_degrees

_ABSTENTIONS = {
    "out_of_scope": "not taken for a fetal ultrasound of a plane that this model knows",
    "too_poor": "too poor to read reliably",
    "unknown_plane": "no plane is certain enough",
    "unknown_subplane": "no level of the head is certain enough",
    "low_confidence": "not shown: its own confidence is too low",
    "not_calibrated": "pixels only: the image carries no usable calibration",
    "out_of_range": "outside the range in which the equation holds",
}
EVENTS = {
    "study.received": "received and stored",
    "study.analysing": "being read",
    "study.progress": "reading",
    "study.ready": "report is ready",
    "study.failed": "failed; it is kept and can be run again",
    "study.reviewed": "reviewed by a person",
}

_ANGLES = {FEMUR_ANGLE: "femur angle"}  # to the horizontal


def report(result: dict[str, Any], address: str = "") -> RenderableType:
    """The report of one result version, as the API answers it."""
    document = result["report"]
    release = document["release"]
    label = str(result.get("label") or UNREVIEWED)
    parts: list[RenderableType] = [Text(label, style="bold yellow")]
    for frame in document["frames"]:
        parts.append(frame_words(frame))
    for name, why in document.get("skipped", ()):
        parts.append(Text(f"not read: {name} ({why})", style="red"))
    times = "  ".join(
        f"{name} {value:.2f} s" for name, value in document.get("seconds", {}).items()
    )
    foot = Table.grid(padding=(0, 2))
    foot.add_row("release", f"{release['name']} {release['version']}  {release['sha256'][:16]}…")
    if times:
        foot.add_row("time", times)
    foot.add_row("version", f"{result['version']} by {result['origin']}")
    if address:
        foot.add_row("page", address)
    parts.append(foot)
    return Panel(Group(*parts), title=f"Study {document['study_uid']}", title_align="left")


def frame_words(frame: dict[str, Any]) -> RenderableType:
    """One frame: plane, structures, measurements, dating, interpretation, and what was left out."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold")
    table.add_column()
    plane = frame.get("plane")
    where = f"frame {frame['frame']} of {frame['sop_uid']}"
    table.add_row("image", Text(where, style="dim"))
    if plane:
        table.add_row("plane", f"{plane['label']}  {percent(plane['confidence'])}")
    subplane = frame.get("subplane")
    if subplane:
        table.add_row("level", f"{subplane['label']}  {percent(subplane['confidence'])}")
    for structure in frame.get("structures", ()):
        table.add_row("structure", f"{structure['label']}  {percent(structure['confidence'])}")
    for measured in frame.get("measurements", ()):
        table.add_row(measured["name"], measurement(measured))
    for angle in frame.get("angles", ()):
        table.add_row(_ANGLES.get(angle["name"], angle["name"]), angle_words(angle))
    for dating in frame.get("datings", ()):
        table.add_row("age", dating_words(dating))
    for centile in frame.get("centiles", ()):
        table.add_row("centile", f"{centile['centile']:.0f} ({centile['chart']})")
    for name, text in (frame.get("interpretation") or {}).items():
        table.add_row(name.replace("_", " "), str(text))
    for reason, about in frame.get("abstentions", ()):
        table.add_row(
            "abstains", Text(f"{about}: {_ABSTENTIONS.get(reason, reason)}", style="yellow")
        )
    for flag in frame.get("flags", ()):
        table.add_row("note", Text(str(flag).replace("_", " "), style="yellow"))
    return table


def measurement(measured: dict[str, Any]) -> str:
    """Millimetres only where the image has a calibration."""
    if measured.get("mm") is None:
        return f"{measured['px']:.1f} px (not calibrated)"
    words = f"{measured['mm']:.1f} mm"
    if measured.get("mm_low") is not None and measured.get("mm_high") is not None:
        words += f"  (95 %: {measured['mm_low']:.1f} to {measured['mm_high']:.1f} mm)"
    return words


def angle_words(angle: dict[str, Any]) -> str:
    """Degrees, with their interval where there is one."""
    words = f"{whole_degrees(angle['degrees'])}°"
    if angle.get("low") is not None and angle.get("high") is not None:
        words += f"  (95 %: {whole_degrees(angle['low'])} to {whole_degrees(angle['high'])}°)"
    return words


def dating_words(dating: dict[str, Any]) -> str:
    """The age by one equation, with its range of two standard deviations."""
    words = f"{dating['text']}  by {dating['equation']} from {dating['measurement']}"
    if dating.get("low_days") is not None and dating.get("high_days") is not None:
        words += f"  (±2 SD: {weeks_and_days(dating['low_days'])} to {weeks_and_days(dating['high_days'])})"
    return words


def event(message: dict[str, Any]) -> str:
    """One line for an event; ids and codes only, as the stream carries them."""
    kind, payload = str(message["type"]), message.get("payload") or {}
    words = EVENTS.get(kind, kind)
    if kind == "study.progress":
        words = f"{words}: {payload.get('phase', '')} {payload.get('percent', 0)} %"
    if kind == "study.failed" and payload.get("code"):
        words += f" ({payload['code']})"
    return words


def table(*titles: str) -> Table:
    """Columns without a frame. What has an id in it is never cut: it is there to be copied."""
    made = Table(box=None)
    for title in titles:
        made.add_column(title, no_wrap=title in ("study", "job", "id"), overflow="ignore")
    return made


def console() -> Console:
    """Standard output; wide where it is no terminal, so that lines stay whole in a pipe or a log."""
    made = Console(highlight=False)
    if not made.is_terminal:
        made.width = max(made.width, 140)
    return made
