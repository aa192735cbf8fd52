"""Five phases with the image encoded once, against one call a phase: on this machine and in Chromium.

Run: python -m bench.edge [--repeats 3] [--tokens 12] [--threads 2] [--without 08b,browser]. fada-nano
is the committed release; the 0.8B shape has random weights (made once into ~/.cache/fada, minutes).
Run it on an idle machine: llama.cpp's threads wait for each other busily, and one that has to share its
core holds up the others. The last line is one JSON object:

`native_08b_ratio` with short answers (`tokens_a_phase`), where the image is most of the work, and
`native_08b_long_ratio` with about as many tokens as FADA's own answers have; `native_nano_ratio`;
`browser_nano_s`, all phases of an image in the phone's app, warm; `browser_nano_ratio` from its own
phases: three heads asked apart run the graph three times; `share_of_08b`, fada-nano's five phases as a
share of the 0.8B's (long answers); `download_mb`, the app and the release; peaks of memory in MB;
`memory_…_mb`, the phone's app in Chromium by part, and what an empty page holds (`memory_browser_mb`).
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.edge import browser as edge_browser
from bench.edge import memory as edge_memory
from bench.edge import weights as edge_weights

RELEASES = Path(__file__).resolve().parents[2] / "models" / "releases"
console = Console(stderr=True)
Figures = dict[str, float]


def native(what: str, store: Path, options: argparse.Namespace) -> Figures:
    """Measured in a process of its own."""
    names = ("repeats", "tokens", "threads")
    more = [word for name in names for word in (f"--{name}", str(getattr(options, name)))]
    done = subprocess.run(
        [sys.executable, "-m", "bench.edge.native", what, str(store), *more],
        check=True, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    return dict(json.loads(done.stdout.splitlines()[-1]))


def browser_ratio(seen: Figures) -> float:
    """Classify, detect and segment come from one run of the graph; apart they would be three."""
    graph = seen.get("vision_s", seen.get("detect_s", 0.0))
    return (seen["s"] + 2 * graph) / seen["s"]


def gather(options: argparse.Namespace) -> Figures:
    """Every measurement that the options do not leave out: seconds, megabytes and ratios by name."""
    left_out = set(filter(None, options.without.split(",")))
    figures: Figures = {}
    nano = native("nano", RELEASES, options)
    figures |= {
        "native_nano_ratio": nano["ratio"],
        "native_nano_s": nano["once_s"],
        "native_nano_separate_s": nano["separate_s"],
        "native_nano_peak_mb": nano["peak_mb"],
    }
    if "08b" not in left_out:
        large = native("08b", edge_weights.release(), options)
        figures |= {
            "native_08b_ratio": large["ratio"],
            "native_08b_s": large["once_s"],
            "native_08b_separate_s": large["separate_s"],
            "tokens_a_phase": large["tokens_a_phase"],
            "native_08b_long_ratio": large["long_ratio"],
            "native_08b_long_s": large["long_once_s"],
            "native_08b_long_tokens": large["long_tokens"],
            "native_08b_peak_mb": large["peak_mb"],
            "share_of_08b": nano["once_s"] / large["long_once_s"],
        }
    if "browser" not in left_out:
        seen = edge_browser.measure(options.repeats, cores=options.threads + 1)
        figures |= {
            "browser_nano_s": seen["s"],
            "browser_nano_first_s": seen["first_s"],
            "browser_nano_ratio": browser_ratio(seen),
            "download_mb": seen["download_mb"],
        }
        figures |= {f"memory_{part}": seen[part] for part in edge_memory.PARTS}
    return {name: round(value, 3) for name, value in figures.items()}


def main() -> None:
    """Measure and print a table and one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--tokens", type=int, default=12, help="most tokens of a short answer")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--without", default="", help="08b, browser, or both with a comma")
    options = parser.parse_args()
    figures = gather(options)
    table = Table("figure", "value", title=f"Five phases of one image, {options.threads} threads")
    for name, value in figures.items():
        table.add_row(name, str(value))
    console.print(table)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
