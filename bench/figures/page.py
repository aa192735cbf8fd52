"""The page of the figures: docs/performance.md with plots as SVG, made from bench/results.json alone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.figures.parts import PARTS, summary

_HEAD = """# Performance

Written by `make bench` from `bench/results.json`; run it anew with `make bench`, or a part with
`make bench PARTS=index,ingest`. A figure taken while the machine did other work too says so: it is worth
less than its digits, a ratio of two that alternated less so.
"""


def write(results: Mapping[str, Any], folder: Path) -> None:
    """``performance.md`` in ``folder``, plots beside it in ``pictures``."""
    parts = results["parts"]
    text = [_HEAD, *_bars(results)]
    for name, part in PARTS.items():
        if name not in parts:
            text += [f"## {part.words}", "", f"Not measured yet: `make bench PARTS={name}`.", ""]
            continue
        entry = parts[name]
        text += [f"## {part.words}", "", _where(entry["machine"], entry["quiet"]), ""]
        if name == "index":
            text += _index(entry["figures"], folder)
        else:
            text += _table(entry["figures"])
    (folder / "performance.md").write_text("\n".join(text).rstrip() + "\n")


def _bars(results: Mapping[str, Any]) -> list[str]:
    rows = ["| Figure | Value |", "|---|---|"]
    for name, value in summary(results).items():
        if name not in ("query_ratios", "not_quiet", "missing"):
            rows.append(
                f"| {name.replace('_', ' ')} | {'not measured' if value is None else value} |"
            )
    return [*rows, ""]


def _where(machine: Mapping[str, Any], quiet: bool) -> str:
    noise = "quiet" if quiet else f"**not quiet**, load about {machine['load_before']}"
    return (
        f"{machine['processors']} × {machine['processor']}, {machine['memory_gb']} GB,"
        f" {machine['system']}, Python {machine['python']}, {machine['at'][:10]},"
        f" commit {machine['commit']}; {noise}."
    )


def _table(figures: Mapping[str, Any]) -> list[str]:
    rows = ["| Figure | Value |", "|---|---|"]
    for name, value in figures.items():
        if isinstance(value, dict):
            rows += [f"| {name}: {inner} | {one} |" for inner, one in value.items()]
        else:
            rows.append(f"| {name} | {value} |")
    return [*[row.replace("_", " ") for row in rows], ""]


def _index(figures: Mapping[str, Any], folder: Path) -> list[str]:
    text = []
    for kind, milliseconds in figures["milliseconds"].items():
        sizes = list(next(iter(milliseconds.values())))
        picture = f"pictures/search-{kind}.svg"
        _plot(milliseconds, kind, folder / picture)
        text += [f"![Milliseconds of searches on {kind} by studies]({picture})", ""]
        text += [f"| {kind}, ms | {' | '.join(sizes)} | ratio to 10^4 |"]
        text += ["|---" * (len(sizes) + 2) + "|"]
        for name, by_size in milliseconds.items():
            values = " | ".join(str(by_size[size]) for size in sizes)
            text.append(f"| {name} | {values} | {figures['ratios'][kind][name]} |")
        text.append("")
    return text


def _plot(milliseconds: Mapping[str, Mapping[str, float]], kind: str, path: Path) -> None:
    """Both axes logarithmic; the same figures make the same file."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "fada"
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 4))
    for name, by_size in milliseconds.items():
        axes.loglog([int(size) for size in by_size], list(by_size.values()), marker="o", label=name)
    axes.set_xlabel("studies")
    axes.set_ylabel("ms")
    axes.set_title(f"Searches on {kind}")
    axes.grid(True, which="major", alpha=0.3)
    axes.legend(fontsize=8)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)
    text = path.read_text()  # no white space at the ends of lines
    path.write_text("\n".join(line.rstrip() for line in text.splitlines()) + "\n")
