"""The gates of a release, in one command.

`python -m models.programs.evaluating.release_check --release DIR --data DIR`

signature     format, signature, sizes, hashes and forms, by the hub's own loader
quantisation  at most half a point lost against 32 bits: --full vision-full.onnx and --full-text DIR
              (the F16 pair), or the figures under `metrics.quantisation` of the signed manifest
phone         the phone's reader in Chromium says the same as the hub's of the same images
bars          what the evaluation reached, met or missed; stops the release with --strict alone

A table for people goes to standard error; the last line of standard output is one JSON object. Exit
status 1 where a gate was not passed, or could not be measured and was not left out by --skip.
`--keep FILE` writes the figures of quantisation, for the manifest of the release.
"""

from __future__ import annotations

import argparse
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image
from rich.console import Console
from rich.table import Table

from models.data.collection import read_collection
from models.data.manifest import Record
from models.evaluation.observe import load_gray
from models.gates.bars import bars, measured, quantisation_bar
from models.gates.finding import BARS, PHONE, QUANTISATION, SIGNATURE, Finding, FindingState
from models.gates.parity import ImageParity
from models.gates.quantisation import losses, missing, text_pair, vision_pair
from services.domain.calibration import Calibration, PixelSize
from services.domain.errors import ReleaseRefused
from services.domain.report import FrameReading
from services.domain.study import FrameRef
from services.reading.images.picture import flag_text, square
from services.reading.judge import judge
from services.reading.phases import ReleaseReader
from services.reading.releases.registry import trust_of
from services.reading.releases.release import Release, load

console = Console(stderr=True)
_COLOURS = {
    FindingState.PASSED: "green",
    FindingState.MET: "green",
    FindingState.FAILED: "red",
    FindingState.MISSED: "yellow",
}


@dataclass(frozen=True, slots=True)
class CheckRequest:
    """What to check by; see the command's help."""

    release: Path
    data: Path
    splits: tuple[str, ...] = ("val",)
    full: Path | None = None
    full_text: Path | None = None
    evaluations: Mapping[str, Path] | None = None
    count: int = 0
    images: int = 12
    each: int = 5
    threads: int = 1
    skip: tuple[str, ...] = ()
    keep: Path | None = None


def check(request: CheckRequest) -> list[Finding]:
    """All findings, in the gates' order. An unsound release is looked at no further."""
    try:
        release = load(request.release, trust_of(request.release.parent))
    except ReleaseRefused as error:
        return [Finding(SIGNATURE, error.detail, error.code, "sound", FindingState.FAILED)]
    sound = f"{release.manifest.id}, {len(release.manifest.files)} files"
    findings = [Finding(SIGNATURE, sound, "sound", "sound", FindingState.PASSED)]
    records = [r for r in read_collection(request.data) if r.split in request.splits]
    lost: list[Finding] = []
    if QUANTISATION not in request.skip:
        lost = quantised(release, request, records)
        findings += lost
    if PHONE not in request.skip:
        findings += on_the_phone(release, records, request)
    if BARS not in request.skip:
        findings += [*bars(evaluations(release, request)), quantisation_bar(lost)]
    return findings


def evaluations(release: Release, request: CheckRequest) -> dict[str, dict[str, Any]]:
    """The evaluations given, else those in the manifest."""
    if request.evaluations:
        return {k: json.loads(v.read_text("utf-8")) for k, v in request.evaluations.items()}
    return measured(release.manifest.metrics)


def quantised(release: Release, request: CheckRequest, records: list[Record]) -> list[Finding]:
    """Measured where the full weights are given, else read from the signed manifest."""
    kept = dict(release.manifest.metrics.get("quantisation", {}))
    if request.count:
        records = records[:: max(1, len(records) // request.count)][: request.count]
    if request.full:
        kept["vision"] = vision_pair(
            release,
            request.full,
            records,
            each=request.each,
            threads=request.threads,
            progress=console.print,
        )
    if request.full_text:
        kept["text"] = text_pair(release, request.full_text, records, request.threads)
    if request.keep:
        request.keep.write_text(json.dumps({"quantisation": kept}, indent=1) + "\n", "utf-8")
    return [*losses(kept), *missing(release, kept)]


def on_the_phone(release: Release, records: list[Record], request: CheckRequest) -> list[Finding]:
    """The same images through the hub's reader here and the phone's in Chromium."""
    if not release.manifest.has_heads:
        console.print("phone: it reads releases with dense heads alone")
        return []
    from models.gates.phone import Phone, PhoneUnavailable

    every = max(1, len(records) // max(request.images, 1))
    chosen = records[::every][: request.images]
    reader, parity = ReleaseReader(release, threads=request.threads), ImageParity()
    try:
        with Phone(release) as phone:
            for record in chosen:
                reading = phone.read(png(record), record.pixel_mm)
                parity.add(record.path.name, reading, on_the_hub(reader, record))
    except PhoneUnavailable as error:
        return [Finding(PHONE, str(error), None, "the same", FindingState.NOT_MEASURED)]
    return list(parity.findings())


def on_the_hub(reader: ReleaseReader, record: Record) -> FrameReading:
    """What the hub makes of an image whose scale is known."""
    gray = load_gray(record)
    prepared = square(gray, reader.manifest.side)
    size = record.pixel_mm
    scale = Calibration(spacing=PixelSize(size, size, "scale_bar") if size else None)
    judged = judge(reader.read(prepared), prepared, FrameRef("", "", 1), reader.manifest, scale)
    return flag_text(judged.reading, gray)


def png(record: Record) -> bytes:
    """The image as the hub sees it, grey, for a phone that takes PNG."""
    buffer = io.BytesIO()
    Image.fromarray(load_gray(record)).save(buffer, "PNG")
    return buffer.getvalue()


def show(findings: Sequence[Finding]) -> None:
    """The table for people."""
    table = Table("gate", "what", "found", "bound", "state", box=None)
    for f in findings:
        colour = _COLOURS.get(f.state, "red" if f.gate != BARS else "yellow")
        value = (
            "" if f.value is None else f"{f.value:.4f}" if isinstance(f.value, float) else f.value
        )
        table.add_row(f.gate, f.what, str(value), f.bound, f"[{colour}]{f.state}[/]")
    console.print(table)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--release", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True, help="a folder with manifest.csv")
    parser.add_argument("--split", action="append", help="default: val")
    parser.add_argument(
        "--full", type=Path, help="the 32-bit graph of models.programs.releasing.export"
    )
    parser.add_argument(
        "--full-text", type=Path, help="the F16 pair of models.programs.releasing.convert"
    )
    parser.add_argument("--eval", action="append", default=[], metavar="SPLIT=JSON")
    parser.add_argument("--count", type=int, default=0, help="images for quantisation; 0: all")
    parser.add_argument("--images", type=int, default=12, help="images for the phone")
    parser.add_argument("--each", type=int, default=5, help="pictures of each family to be refused")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--skip", action="append", default=[], choices=[QUANTISATION, PHONE, BARS])
    parser.add_argument("--strict", action="store_true", help="a bar that is missed stops it too")
    parser.add_argument("--keep", type=Path, metavar="JSON")
    return parser.parse_args()


def main() -> None:
    """The command line."""
    args = _arguments()
    pairs = [given.partition("=") for given in args.eval]
    findings = check(
        CheckRequest(
            args.release,
            args.data,
            tuple(args.split or ("val",)),
            args.full,
            args.full_text,
            {name: Path(path) for name, _, path in pairs},
            args.count,
            args.images,
            args.each,
            args.threads,
            tuple(args.skip),
            args.keep,
        )
    )
    show(findings)
    stopped = any(f.blocks(args.strict) for f in findings)
    summary = {"release": args.release.name, "passed": not stopped, "skipped": args.skip}
    print(json.dumps({**summary, "findings": [f.to_json() for f in findings]}))
    raise SystemExit(stopped)


if __name__ == "__main__":
    main()
