"""Dense figures of one vision graph, before it is a release: for comparing runs and graphs.

`python -m models.programs.evaluating.evaluate_graph --vision FILE --about vision.json --data DIR
--split val --json OUT`
"""

import argparse
import json
from pathlib import Path

from models.data.collection import read_collection
from models.evaluation.dense import dense_figures
from models.evaluation.figures import Labels
from models.programs.evaluating.evaluate import plain
from services.reading.confidence import Thresholds
from services.reading.vision import Vision


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vision", type=Path, required=True)
    parser.add_argument("--about", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--split", nargs="*", default=["val"])
    parser.add_argument(
        "--published", action="store_true", help="count labels known to be wrong too"
    )
    parser.add_argument("--negatives", type=Path)
    parser.add_argument("--each", type=int, default=10)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", type=Path, required=True)
    args = parser.parse_args()
    about = json.loads(args.about.read_text(encoding="utf-8"))
    lists = ("planes", "masks", "boxes", "keypoints", "subplanes")
    labels = Labels(*(tuple(about.get(name, ())) for name in lists))
    vision = Vision(args.vision.read_bytes(), int(about["side"]), threads=args.threads)
    records = [
        r for r in read_collection(args.data, published=args.published) if r.split in args.split
    ]
    result, _ = dense_figures(
        vision,
        labels,
        Thresholds.from_json(about.get("calibration", {})),
        records,
        each=args.each,
        folder=args.negatives,
        progress=print,
    )
    args.json.write_text(json.dumps(plain(result), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
