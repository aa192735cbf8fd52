"""Evaluates a release on a folder in the manifest.csv form, through the code that the hub runs.

`python -m models.programs.evaluating.evaluate --release DIR --data DIR --json OUT [--split val
test] [--plots DIR]`
(`fada evaluate` calls `evaluate`). It needs no torch: a release is ONNX and GGUF.
"""

import argparse
import json
import math
import resource
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.data.collection import DATA_SETS, read_collection
from models.data.manifest import Record, read_manifest
from models.evaluation.dense import dense_figures
from models.evaluation.figures import Labels
from models.evaluation.observe import DenseModel, Observation
from models.evaluation.reports import report_figures
from models.evaluation.textual import text_figures
from services.reading.releases.manifest import Manifest
from services.reading.releases.registry import open_release, trust_of
from services.reading.releases.release import Release
from services.reading.vision import Vision

Progress = Callable[[str], None]
AddText = Callable[[Observation], Observation]


@dataclass(frozen=True, slots=True)
class EvaluationRequest:
    """What to evaluate on. `splits` empty: every row; `text` images also get the text phases."""

    data: Path
    manifest: Path | None = None
    splits: tuple[str, ...] = ()
    negatives: Path | None = None
    each: int = 20
    text: int = 0
    threads: int = 1
    without: tuple[str, ...] = ()


def chosen(request: EvaluationRequest) -> list[Record]:
    """The records asked for."""
    if request.manifest:
        records = read_manifest(request.data, request.manifest)
    else:
        records = read_collection(request.data, request.without)
    if not request.splits:
        return records
    return [r for r in records if r.split in request.splits]


def labels_of(manifest: Manifest) -> Labels:
    """The label lists of a release."""
    return Labels(
        manifest.planes, manifest.masks, manifest.boxes, manifest.keypoints, manifest.subplanes
    )


def dense_model(release: Release, threads: int) -> DenseModel:
    """The vision graph, or the text model for a release without one."""
    if release.graph is not None:
        return Vision(release.graph, release.manifest.side, threads=threads)
    from models.evaluation.text_observer import TextDenseModel

    return TextDenseModel(release, threads)


def spread(observations: Sequence[Observation], count: int) -> list[Observation]:
    """`count` observations at even distances, so that every data set is among them."""
    if count >= len(observations):
        return list(observations)
    return [observations[int(i * len(observations) / count)] for i in range(count)]


def worded(observations: Sequence[Observation], manifest: Manifest) -> list[Observation]:
    """Those whose words somebody would read: where heads refuse a picture, the judge withholds them."""
    return [o for o in observations if o.record.plane or not manifest.has_heads]


def evaluate(
    release: Release,
    request: EvaluationRequest,
    add_text: AddText | None = None,
    progress: Progress = lambda _: None,
) -> tuple[dict[str, Any], list[Observation]]:
    """All figures as plain values, and the observations (for plots).

    `add_text` adds the text phases to an observation (see `models.evaluation.text_observer`).

    Raises:
        ReleaseRefused: the release cannot be loaded.
        OSError: an image cannot be read.
    """
    vision = dense_model(release, request.threads)
    records = chosen(request)
    result, observations = dense_figures(
        vision,
        labels_of(release.manifest),
        release.manifest.thresholds,
        records,
        each=request.each,
        folder=request.negatives,
        progress=progress,
    )
    result.update(report_figures(observations, release.manifest))
    if add_text is not None and request.text:
        shown = worded(observations, release.manifest)
        with_text = [add_text(o) for o in spread(shown, request.text)]
        result.update(text_figures(with_text))
        result["seconds_per_image"].update(phase_seconds(with_text))
        progress(f"{len(with_text)} images read by the text model")
    result["release"] = release.manifest.id
    result["release_sha256"] = release.manifest.sha256
    result["splits"] = list(request.splits)
    result["peak_memory_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return plain(result), observations


def phase_seconds(observations: Sequence[Observation]) -> dict[str, float]:
    """Mean seconds of each phase over observations that hold them."""
    sums: dict[str, list[float]] = {}
    for observation in observations:
        for phase, seconds in observation.raw.seconds.items():
            sums.setdefault(phase, []).append(seconds)
    return {phase: sum(values) / len(values) for phase, values in sums.items()}


def plain(value: Any) -> Any:
    """JSON has no NaN: what could not be measured becomes null; numbers get six digits."""
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    if isinstance(value, float):
        return round(value, 6) if math.isfinite(value) else None
    return value


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--release", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--manifest", type=Path)
    parser.add_argument("--split", nargs="*", default=[])
    parser.add_argument("--without", nargs="*", default=[], choices=DATA_SETS)
    parser.add_argument("--negatives", type=Path, help="a folder of pictures to be refused")
    parser.add_argument("--each", type=int, default=20, help="pictures of each synthetic family")
    parser.add_argument("--text", type=int, default=0, help="images that get the text phases")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--plots", type=Path)
    args = parser.parse_args()
    release = open_release(args.release.parent, trust_of(args.release.parent), args.release.name)
    request = EvaluationRequest(
        args.data,
        args.manifest,
        tuple(args.split),
        args.negatives,
        args.each,
        args.text,
        args.threads,
        tuple(args.without),
    )
    add_text = None
    if args.text and release.manifest.has_text_model:
        from models.evaluation.text_observer import text_adder

        add_text = text_adder(release, args.threads)
    result, observations = evaluate(release, request, add_text, progress=print)
    text = json.dumps(result, indent=1) + "\n"
    if args.json:
        args.json.write_text(text, encoding="utf-8")
    if args.plots:
        from models.evaluation.plots import draw_plots

        draw_plots(args.plots, result, observations, release.manifest)
    print(text)


if __name__ == "__main__":
    main()
