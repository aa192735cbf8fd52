"""What quantisation costs, in points: the 32-bit graph and the F16 pair against what is released.

A release stores its weights in fewer bits than they were trained in. Both are measured on the same
images by the code of an evaluation. Where the full weights are not at hand any more, the figures
that the signed manifest keeps under `metrics.quantisation` are read instead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from models.data.manifest import Record
from models.evaluation import findings
from models.evaluation.dense import Progress, dense_figures
from models.gates.finding import QUANTISATION, Finding, at_most
from models.programs.evaluating.compare_quantised import TextAnswer, answers_of, figures
from models.programs.evaluating.evaluate import labels_of, plain
from models.programs.evaluating.parity_text import open_text
from services.reading.releases.release import Release
from services.reading.text.runtime import TextModel
from services.reading.vision import Vision

MOST = 0.5  # points
Figures = Mapping[str, Any]

# Name, where it stands in an evaluation, and how many points one unit is: less than zero where
# less is better.
_VISION = (
    ("head Dice", "dice.fetal_head", 100.0),
    ("HC, mean error, %", "hc_mape", -1.0),
    ("AP50, mean of ten", "ap50_mean", 100.0),
    ("AP75, mean of ten", "ap75_mean", 100.0),
    ("plane accuracy", "plane_accuracy", 100.0),
    ("plane accuracy, source hidden", "plane_accuracy_blind", 100.0),
    ("out of scope refused", "out_of_scope_recall", 100.0),
    ("false refusals", "false_refusals", -100.0),
)
_TEXT = (
    ("text: plane accuracy", "plane_accuracy", 100.0),
    ("text: field accuracy", "field_accuracy", 100.0),
    ("text: JSON without the schema", "json_compliance_without_schema", 100.0),
)


def losses(kept: Figures) -> list[Finding]:
    """One finding for each figure of `{"vision": {"full", "stored"}, "text": {"full", "stored"}}`."""
    findings = []
    for part, rows in (("vision", _VISION), ("text", _TEXT)):
        pair = kept.get(part)
        if pair is None:
            continue
        for name, path, points in rows:
            full, stored = _at(pair.get("full", {}), path), _at(pair.get("stored", {}), path)
            if full is None and stored is None:
                continue  # the data have no such labels
            gap = None if full is None or stored is None else points * (full - stored)
            findings.append(at_most(QUANTISATION, name, gap, MOST, " points"))
    return findings


def missing(release: Release, kept: Figures) -> list[Finding]:
    """Parts of the release for which there are no figures at all."""
    wanted = {"vision": release.manifest.has_heads, "text": release.manifest.has_text}
    return [
        at_most(QUANTISATION, f"{part}: no 32-bit weights and no figures", None, MOST, " points")
        for part, there in wanted.items()
        if there and part not in kept
    ]


def vision_pair(
    release: Release,
    full: Path,
    records: list[Record],
    *,
    each: int,
    threads: int,
    progress: Progress,
) -> Figures:
    """Figures of the full graph and of the released one, on the same images."""
    graphs = {"full": full.read_bytes(), "stored": release.graph or b""}
    result: dict[str, Any] = {}
    for name, graph in graphs.items():
        progress(f"vision, {name}: {len(graph)} bytes")
        vision = Vision(graph, release.manifest.side, threads=threads)
        figures, _ = dense_figures(
            vision,
            labels_of(release.manifest),
            release.manifest.thresholds,
            records,
            each=each,
            progress=progress,
        )
        result[name] = {
            path.split(".")[0]: figures.get(path.split(".")[0]) for _, path, _ in _VISION
        }
        result[name]["n"] = len(records)
    return dict(plain(result))


def text_pair(release: Release, full: Path, records: Sequence[Record], threads: int) -> Figures:
    """Figures of the full pair (a folder of `models.programs.releasing.convert`) and of the released one;
    of decoders, what both say of the findings of the release's heads."""
    manifest = release.manifest
    if manifest.reads_findings:
        return _decoders(release, full, records, threads)
    first = answers_of(open_text(full, threads), records)
    stored = TextModel(
        release.text,
        release.mmproj,
        manifest.text_side,
        manifest.prompts,
        manifest.classes,
        sentences=manifest.sentences,
        threads=threads,
    )
    second = answers_of(stored, records)
    return {"full": figures(first, first, records), "stored": figures(second, first, records)}


def _decoders(release: Release, full: Path, records: Sequence[Record], threads: int) -> Figures:
    records = [record for record in records if record.plane]  # words of others are withheld
    finder = findings.Finder(release, threads)
    seen = [finder.of_record(record) for record in records]
    pair = {
        "full": findings.open_decoder(full, threads),
        "stored": findings.decoder_of(release, threads),
    }
    answers = {
        name: [TextAnswer(a.label, a.fields, a.free) for a in findings.answers_of(decoder, seen)]
        for name, decoder in pair.items()
    }
    return {name: figures(answered, answers["full"], records) for name, answered in answers.items()}


def _at(values: Figures, path: str) -> float | None:
    value: Any = values
    for key in path.split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    return None if value is None else float(value)
