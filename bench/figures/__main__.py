"""Every measurement, one part after the other: ``make bench [PARTS=index,ingest] [MISSING=1]``.

Each part's figures go into bench/results.json as soon as it ends, so that a run that was cut short
goes on with what is missing. Then docs/performance.md is written anew. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from bench.figures import machine, page
from bench.figures.parts import PARTS, PartFailed, run, summary

ROOT = Path(__file__).resolve().parents[2]
RESULTS, DOCS = ROOT / "bench" / "results.json", ROOT / "docs"


def main() -> int:
    """Run the chosen parts; 1 when one of them failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parts", default="", help="comma-separated; empty: all")
    parser.add_argument("--missing", action="store_true", help="only those without a figure")
    parser.add_argument("--page", action="store_true", help="only write the page anew")
    given = parser.parse_args()
    results = read()
    chosen = [] if given.page else [p for p in given.parts.split(",") if p] or list(PARTS)
    if unknown := set(chosen) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    if given.missing:
        chosen = [name for name in chosen if name not in results["parts"]]
    failed = [name for name in chosen if not measured(name, results)]
    page.write(results, DOCS)
    print(json.dumps({**summary(results), "failed": failed}))
    return 1 if failed else 0


def measured(name: str, results: dict[str, Any]) -> bool:
    """Run a part and keep its figures; what was measured before stays when it fails."""
    print(f"== {name}: {PARTS[name].words}", flush=True)
    here = machine.description()
    try:
        figures = run(PARTS[name])
    except PartFailed as failure:
        print(f"!! {failure}", flush=True)
        return False
    quiet = machine.is_quiet(here["load_before"])
    results["parts"][name] = {"machine": here, "quiet": quiet, "figures": figures}
    kept = read()  # another run may have written meanwhile
    kept["parts"][name] = results["parts"][name]
    write(kept)
    return True


def read() -> dict[str, Any]:
    """What was measured until now."""
    if not RESULTS.is_file():
        return {"parts": {}}
    results: dict[str, Any] = json.loads(RESULTS.read_text())
    return results


def write(results: dict[str, Any]) -> None:
    """Keep it, whole or not at all."""
    new = RESULTS.with_suffix(".new")
    new.write_text(json.dumps(results, indent=1) + "\n")
    new.replace(RESULTS)


if __name__ == "__main__":
    raise SystemExit(main())
