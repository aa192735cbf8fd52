"""Measure a model release on labelled images of your own, through the code that the hub runs.

    python examples/evaluate_release.py models/releases/fada-nano-0.7.0 DATA figures.json

DATA is a folder with ``manifest.csv`` (columns: file, dataset, group_id, split, plane_group, mask_path,
mask_classes, boxes, pixel_size_mm, hc_mm; only ``file`` and what is to be measured need a value) and the
images and masks that it names. The release's hashes and signature are checked before it is opened.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from models.programs.evaluating.evaluate import EvaluationRequest, evaluate
from services.reading.releases.registry import open_release, trust_of


def main() -> None:
    """Evaluate, save all figures, print the most important ones."""
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    folder, data, out = (Path(argument) for argument in sys.argv[1:])
    release = open_release(folder.parent, trust_of(folder.parent), folder.name)
    figures, _ = evaluate(
        release, EvaluationRequest(data, each=2), progress=lambda line: print(line, file=sys.stderr)
    )
    out.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    print(f"{release.manifest.id}: {len(figures)} groups of figures in {out}")
    for name, value in figures.items():
        if isinstance(value, int | float):
            print(f"  {name}: {value}")


if __name__ == "__main__":
    main()
