"""Weights to GGUF: `python -m models.programs.releasing.convert --weights DIR --out DIR --type q8_0`.

Writes OUT/text.gguf and OUT/mmproj.gguf by llama.cpp's own converter, and OUT/text.json with what
the release's manifest needs to know of them. A decoder of findings has no tower: there is no mmproj.gguf.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from models.packaging.llama import convert
from services.reading.releases.manifest import FINDINGS
from services.reading.releases.weight_validation import check_gguf

TEXT, MMPROJ, FACTS = "text.gguf", "mmproj.gguf", "text.json"


def image_preprocessing(side: int) -> dict[str, Any]:
    """preprocessor_config.json: squares of one side, so that both runtimes count the same tokens."""
    return {
        "image_processor_type": "Qwen2VLImageProcessorFast",
        "processor_class": "Qwen3VLProcessor",
        "patch_size": 16,
        "merge_size": 2,
        "temporal_patch_size": 2,
        "size": {"shortest_edge": side * side, "longest_edge": side * side},
        "image_mean": [0.5, 0.5, 0.5],
        "image_std": [0.5, 0.5, 0.5],
    }


@contextmanager
def prepared(weights: Path) -> Iterator[Path]:
    """The weights as the converter takes them: linked, with a preprocessor_config.json."""
    with tempfile.TemporaryDirectory() as work:
        source = Path(work) / "weights"
        source.mkdir()
        for file in weights.iterdir():  # links: a large model is not copied
            (source / file.name).symlink_to(file.resolve())
        if not (source / "preprocessor_config.json").exists():
            (source / "preprocessor_config.json").write_text(
                json.dumps(image_preprocessing(int(_facts(weights).get("side", 256))))
            )
        yield source


def _facts(weights: Path) -> dict[str, Any]:
    path = weights / FACTS
    return dict(json.loads(path.read_text())) if path.exists() else {}


def reads_findings(facts: Mapping[str, Any]) -> bool:
    """Whether a text.json is that of a decoder, which reads findings instead of images."""
    return bool(facts.get("text_model", {}).get("input") == FINDINGS)


def convert_pair(
    weights: Path, out: Path, kind: str, vision_kind: str, cache: Path | None = None
) -> None:
    """Writes both files, of a decoder the text model alone; a preprocessor_config.json is added where
    there is none.

    Raises:
        RuntimeError: the converter failed.
        ReleaseMalformed: what it wrote is not sound.
    """
    out.mkdir(parents=True, exist_ok=True)
    facts = _facts(weights)
    files = ((TEXT, kind, False), (MMPROJ, vision_kind, True))[: 1 if reads_findings(facts) else 2]
    with prepared(weights) as source:
        for name, numbers, mmproj in files:
            partial = out / f"{name}.partial"
            convert(source, partial, numbers, mmproj=mmproj, cache=cache)
            check_gguf(partial)
            os.replace(partial, out / name)
    facts["quantisation"] = (
        {"text": kind} if len(files) == 1 else {"text": kind, "vision": vision_kind}
    )
    (out / FACTS).write_text(json.dumps(facts, indent=1))


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--type", default="q8_0", choices=("f32", "f16", "bf16", "q8_0"))
    parser.add_argument("--vision-type", default="", help="of the vision tower; empty: the same")
    parser.add_argument("--cache", type=Path, help="where the converter is kept")
    args = parser.parse_args()
    convert_pair(args.weights, args.out, args.type, args.vision_type or args.type, args.cache)
    for path in (args.out / name for name in (TEXT, MMPROJ)):
        if path.exists():
            print(f"{path}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
