"""Writes MODEL_CARD.md from evaluations.

`python -m models.programs.releasing.card --release DIR --eval JSON ... --out FILE`

Every number comes from a file that `models.programs.evaluating.evaluate` or
`models.programs.evaluating.compare` wrote;
nothing is typed in.
"""

import argparse
import json
import re
from collections.abc import Collection
from pathlib import Path
from typing import Any

from models.fada.labels import NT_STRUCTURES

FEWEST_SIZES = 10
# Title, path of the figure, digits, bar, and which side of it is met.
BARS = (
    ("Head Dice", "dice.fetal_head", 4, "0.975", ">"),
    ("HC, mean absolute error, mm", "hc_mae_mm", 2, "1.9", "<"),
    ("BPD, mean absolute error, mm (HC18)", "sizes.BPD.HC18.mae", 2, "1.5", "<"),
    ("OFD, mean absolute error, mm (HC18)", "sizes.OFD.HC18.mae", 2, "2.0", "<"),
    ("BPD, the same (FETAL_PLANES_DB)", "sizes.BPD.FETAL_PLANES_DB.mae", 2, "1.5", "<"),
    ("OFD, the same (FETAL_PLANES_DB)", "sizes.OFD.FETAL_PLANES_DB.mae", 2, "2.0", "<"),
    ("AC, mean absolute error, mm", "sizes.AC.FETAL_PLANES_DB.mae", 1, "5.0", "<"),
    ("AC, median error, mm", "sizes.AC.FETAL_PLANES_DB.median", 1, "2.5", "<"),
    ("FL, mean absolute error, mm", "sizes.FL.FETAL_PLANES_DB.mae", 1, "2.5", "<"),
    ("FL, median error, mm", "sizes.FL.FETAL_PLANES_DB.median", 1, "1.3", "<"),
    ("Intrapartum head Dice", "dice.fetal_head_intrapartum", 3, "0.93", ">"),
    ("Pubic symphysis Dice", "dice.pubic_symphysis", 3, "0.85", ">"),
    ("Angle of progression, mean absolute error, degrees", "sizes.AoP.PSFHS.mae", 1, "6", "<"),
    ("AP50, mean of nine NT structures and the head", "ap50_mean", 3, "0.965", ">"),
    ("AP75, the same", "ap75_mean", 3, "0.68", ">"),
    ("Plane accuracy", "plane_accuracy", 4, "0.985", ">"),
    ("Plane accuracy, source hidden", "plane_accuracy_blind", 4, "0.985", ">"),
    ("Sub-plane of the brain, balanced", "subplane_balanced_accuracy", 3, "0.80", ">"),
    ("Calibration error (ECE)", "ece", 3, "0.05", "<"),
    ("Out of scope refused", "out_of_scope_recall", 3, "0.98", ">"),
    ("Out of scope measured", "out_of_scope_measured", 0, "0", "<"),
    ("Intrapartum measured as a head", "intrapartum_measured_as_head", 0, "0", "<"),
    ("False refusals", "false_refusals", 3, "0.03", "<"),
    ("HC inside its 95 % interval", "hc_interval_coverage", 3, "0.93", ">"),
    ("AC inside its 95 % interval", "sizes.AC.FETAL_PLANES_DB.interval_coverage", 3, "0.93", ">"),
    ("FL inside its 95 % interval", "sizes.FL.FETAL_PLANES_DB.interval_coverage", 3, "0.93", ">"),
    ("Angle inside its 95 % interval", "sizes.AoP.PSFHS.interval_coverage", 3, "0.93", ">"),
    ("JSON compliance", "json_compliance", 3, "1.0", ">"),
)
_MORE = (
    ("Head IoU", "iou.fetal_head"),
    ("Head Dice on FADA's 1000 x 1000 canvas", "dice_fada.fetal_head"),
    ("AP50 mean without ranking (FADA's protocol)", "ap50_mean_fada"),
    ("AP75 mean without ranking (FADA's protocol)", "ap75_mean_fada"),
    ("Balanced plane accuracy", "plane_balanced_accuracy"),
    ("HC, median error, mm", "hc_median_mm"),
    ("HC, bias, mm", "hc_bias_mm"),
    ("HC, mean error, %", "hc_mape"),
    ("HC, share inside its 95 % interval", "hc_interval_coverage"),
    ("HC, mean error, mm (FETAL_PLANES_DB)", "sizes.HC.FETAL_PLANES_DB.mae"),
    ("TAD, mean error, mm", "sizes.TAD.FETAL_PLANES_DB.mae"),
    ("APAD, mean error, mm", "sizes.APAD.FETAL_PLANES_DB.mae"),
    ("TAD, share inside its 95 % interval", "sizes.TAD.FETAL_PLANES_DB.interval_coverage"),
    ("APAD, share inside its 95 % interval", "sizes.APAD.FETAL_PLANES_DB.interval_coverage"),
    ("Femur to the horizontal, mean error, degrees", "sizes.FemurAngle.FETAL_PLANES_DB.mae"),
    ("Femur to the horizontal, median error", "sizes.FemurAngle.FETAL_PLANES_DB.median"),
    (
        "Femur's angle, share inside its 95 % interval",
        "sizes.FemurAngle.FETAL_PLANES_DB.interval_coverage",
    ),
    ("Angle of progression, median error, degrees", "sizes.AoP.PSFHS.median"),
    ("Sub-planes: share of heads that are given one", "subplane_named"),
    ("Sub-planes: right among these", "subplane_named_accuracy"),
    ("Ends of the head's axes, mean error, mm", "keypoint_error_mm"),
    ("ECE of planes", "plane_ece"),
    ("ECE of structures", "structure_ece"),
    ("Text: field accuracy against labels", "field_accuracy_mean"),
    ("Text: ROUGE-L", "rouge_l"),
    ("Text: classify accuracy", "classify_accuracy"),
    ("Peak memory, MiB", "peak_memory_mib"),
)


def look(figures: dict[str, Any], path: str) -> Any:
    """A value by its dotted path, or None."""
    value: Any = figures
    for key in path.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return value


def number(value: Any, digits: int = 3) -> str:
    """A value, or that it was not measured."""
    return "not measured" if value is None else f"{value:.{digits}f}"


def _interval(figures: dict[str, Any], path: str, digits: int) -> str:
    first, _, rest = path.partition(".")
    bounds = look(figures, f"{path}_interval")
    bounds = bounds or look(figures, f"{first}_interval" + (f".{rest}" if rest else ""))
    if not bounds or None in bounds:
        return ""
    return f" ({bounds[0]:.{digits}f} to {bounds[1]:.{digits}f})"


def too_few(figures: dict[str, Any], path: str) -> bool:
    """Fewer than 20 labelled heads or 10 measured images, or not all ten structures: a mean would
    mislead."""
    heads = look(figures, "box_n.fetal_head") or 0
    if path.startswith("sizes."):
        count = look(figures, f"{path.rpartition('.')[0]}.n")
        return count is not None and int(count) < FEWEST_SIZES
    if path.startswith("ap"):
        return heads < 20 or not all(look(figures, f"box_n.{name}") for name in NT_STRUCTURES)
    return path in ("dice.fetal_head", "iou.fetal_head", "dice_fada.fetal_head") and heads < 20


def bars(evaluations: dict[str, dict[str, Any]]) -> list[str]:
    """The bars and what was measured on each split, with patient-level 95 % intervals."""
    lines = ["| | bar | " + " | ".join(evaluations) + " |", "|---|---|" + "---|" * len(evaluations)]
    for title, path, digits, bar, sign in BARS:
        cells = []
        for figures in evaluations.values():
            value = look(figures, path)
            cell = number(value, digits)
            if too_few(figures, path):
                cell = "too few labels"
            elif value is not None:
                met = value >= float(bar) if sign == ">" else value <= float(bar)
                cell += _interval(figures, path, digits) + ("" if met else " **missed**")
            cells.append(cell)
        lines.append(
            f"| {title} | {'≥' if sign == '>' else '≤'} {bar} | " + " | ".join(cells) + " |"
        )
    return lines


def structures(figures: dict[str, Any]) -> list[str]:
    """AP of every structure, with intervals and the number of labelled boxes."""
    lines = ["| Structure | boxes | AP50 | AP75 |", "|---|---|---|---|"]
    for label in (*NT_STRUCTURES, "fetal_head", "CSP", "lateral_ventricle"):
        count = look(figures, f"box_n.{label}")
        if count:
            fifty = number(look(figures, f"ap50.{label}")) + _interval(figures, f"ap50.{label}", 2)
            more = number(look(figures, f"ap75.{label}")) + _interval(figures, f"ap75.{label}", 2)
            lines.append(f"| {label} | {count} | {fifty} | {more} |")
    return lines


def more(evaluations: dict[str, dict[str, Any]]) -> list[str]:
    """The rest of the figures."""
    lines = ["| | " + " | ".join(evaluations) + " |", "|---|" + "---|" * len(evaluations)]
    for title, path in _MORE:
        cells = [
            "too few labels" if too_few(figures, path) else number(look(figures, path))
            for figures in evaluations.values()
        ]
        if any(cell != "not measured" for cell in cells):
            lines.append(f"| {title} | " + " | ".join(cells) + " |")
    return lines


def refusals(figures: dict[str, Any]) -> list[str]:
    """What was refused, by family of pictures."""
    lines = ["| Pictures | n | refused |", "|---|---|---|"]
    for name, row in (look(figures, "out_of_scope_recall_by_family") or {}).items():
        lines.append(f"| {name.removeprefix('folder:')} | {row['n']} | {row['recall']:.2f} |")
    return lines


def unmeasured(evaluations: dict[str, dict[str, Any]]) -> str:
    """How many images had a size or an angle that was not measured, by measure and split."""
    parts = []
    for split, figures in evaluations.items():
        for name, by_dataset in (look(figures, "sizes") or {}).items():
            missing = sum(row["missing"] for row in by_dataset.values())
            if missing:
                of = sum(row["n"] for row in by_dataset.values())
                parts.append(f"{name} {missing} of {of} on {split}")
    return ", ".join(parts) or "none"


def head_bias(evaluations: dict[str, dict[str, Any]]) -> str:
    """Mean differences to the head sizes of FETAL_PLANES_DB, on the split that shows most of them."""
    rows = [look(figures, "sizes") or {} for figures in evaluations.values()]
    most = max(rows, key=lambda row: look(row, "HC.FETAL_PLANES_DB.n") or 0, default={})
    biases = {name: look(most, f"{name}.FETAL_PLANES_DB.bias") for name in ("HC", "BPD", "OFD")}
    return ", ".join("not measured" if v is None else f"{v:+.1f} mm" for v in biases.values())


def sections(template: str, left_out: Collection[str]) -> str:
    """The template with `{{#SET}}...{{/SET}}` kept where the data set was learnt from, and
    `{{^SET}}...{{/SET}}` where it was left out."""

    def kept(match: re.Match[str]) -> str:
        return match["text"] if (match["sign"] == "^") == (match["set"] in left_out) else ""

    return re.sub(r"\{\{(?P<sign>[#^])(?P<set>[\w-]+)\}\}(?P<text>.*?)\{\{/(?P=set)\}\}", kept, template,
                  flags=re.DOTALL)  # fmt: skip


def card(
    about: dict[str, Any],
    evaluations: dict[str, dict[str, Any]],
    tables: dict[str, str],
    template: str,
) -> str:
    """The whole card: the template's words with the tables put where they belong. What is said of a data
    set that `about` was trained without is left out."""
    template = sections(template, about.get("left_out", ()))
    first = next(iter(evaluations.values()))
    seconds = look(first, "seconds_per_image") or {}
    fields = {
        "side": str(about["side"]),
        "parameters": f"{about['parameters'] / 1e6:.1f} million",
        "bars": "\n".join(bars(evaluations)),
        "structures": "\n".join(structures(first)),
        "more": "\n".join(more(evaluations)),
        "refusals": "\n".join(refusals(first)),
        "by_dataset": ", ".join(
            f"{name} {row['dice']:.4f} (n={row['n']})"
            for name, row in (look(first, "head_dice_by_dataset") or {}).items()
        ),
        "unmeasured": unmeasured(evaluations),
        "head_bias": head_bias(evaluations),
        "hc": number(look(first, "hc_mae_mm"), 2),
        "seconds": ", ".join(f"{name} {value:.3f} s" for name, value in seconds.items()),
        **tables,
    }
    for name, value in fields.items():
        template = template.replace("{{" + name + "}}", value)
    return template


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--about", type=Path, required=True, help="vision.json")
    parser.add_argument("--eval", action="append", required=True, metavar="SPLIT=JSON")
    parser.add_argument("--table", action="append", default=[], metavar="NAME=MARKDOWN")
    parser.add_argument("--template", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    pairs = [given.partition("=") for given in args.eval]
    evaluations = {name: json.loads(Path(path).read_text("utf-8")) for name, _, path in pairs}
    tables = {
        name: Path(path).read_text("utf-8").strip()
        for name, _, path in (given.partition("=") for given in args.table)
    }
    about = json.loads(args.about.read_text("utf-8"))
    text = card(about, evaluations, tables, args.template.read_text("utf-8"))
    args.out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
