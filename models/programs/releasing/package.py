"""Assembles and signs a release, in one command:

`python -m models.programs.releasing.package --name fada-nano --version 0.7.0 --vision DIR --text DIR \\
  --metrics val=JSON`

--vision holds vision.onnx and vision.json (labels, side, calibration); --text holds text.gguf,
mmproj.gguf and text.json (side, prompts), or base.* and adapter.* instead of the pair; a decoder that
reads findings has text.gguf and text.json alone. Either may be left out. The folder appears whole or not
at all, and is loaded once by the hub's own loader before it is kept.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from models.programs.releasing.convert import reads_findings
from models.serving.folder import ADAPTER, BASE
from services.reading.releases.manifest import FORMAT
from services.reading.releases.release import MANIFEST, TRUSTED_KEYS, Release, hash_file, load
from services.reading.releases.signature import (
    Trust,
    add_trust,
    generate_key,
    key_id,
    public_bytes,
    read_key,
    sign,
)

DEFAULT_KEY = Path("~/.config/fada/release-signing.key")
DEFAULT_STORE = Path("models/releases")
WEIGHTS = ("vision.onnx", "text.gguf", "mmproj.gguf")
PAPERS = ("MODEL_CARD.md", "ATTRIBUTION.txt")


@dataclass(frozen=True, slots=True)
class Parts:
    """Where the parts of a release lie; ``extra`` is merged over the manifest (data, metrics ...)."""

    name: str
    version: str
    vision: Path | None
    text: Path | None
    papers: tuple[Path, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)


def assemble(parts: Parts, store: Path, key: Ed25519PrivateKey) -> Release:
    """Writes STORE/<name>-<version>, signed, and returns it as the hub would load it.

    Raises:
        ReleaseRefused: it would not be loaded; nothing was written.
        OSError: a part is not there.
    """
    store.mkdir(parents=True, exist_ok=True)
    folder = store / f"{parts.name}-{parts.version}"
    trust = Trust({**_trusted(store), **_own(key)})
    with tempfile.TemporaryDirectory(dir=store, prefix=".packing-") as work:
        staged = Path(work) / folder.name
        staged.mkdir()
        for path in _files(parts, folder):
            shutil.copyfile(path, staged / path.name)
        if (paper := staged / PAPERS[1]).exists() and (names := sources(parts)[1]):
            paper.write_text(attribution(paper.read_text("utf-8"), names), encoding="utf-8")
        document = sign(describe(parts, staged), key)
        (staged / MANIFEST).write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")
        load(staged, trust)
        for path in sorted(folder.iterdir()) if folder.exists() else ():
            if not (staged / path.name).exists() and path.is_file() and path.name not in WEIGHTS:
                shutil.copyfile(path, staged / path.name)  # notes beside the release stay
        old = Path(work) / "old"
        if folder.exists():
            os.replace(folder, old)
        os.replace(staged, folder)
    return load(folder, trust)


_REFUSES = (
    "pictures that are no fetal ultrasound of a known plane",
    "images too poor to read",
    "planes that are not certain enough",
    "millimetres without calibration",
    "normality, fetal sex and anything else that it was not taught",
)


def describe(parts: Parts, staged: Path) -> dict[str, Any]:
    """The manifest without its signature."""
    vision = _facts(parts.vision, "vision.json")
    text = _facts(parts.text, "text.json")
    document: dict[str, Any] = {
        "format": FORMAT,
        "name": parts.name,
        "version": parts.version,
        "architecture": _architecture(parts),
        "licence": "Apache-2.0",
        "prompts": {"version": "1", **text.get("prompts", {})},
        "labels": _labels(vision, text),
        "preprocessing": {
            "side": int(vision.get("side", text.get("side", 384))),
            **({} if reads_findings(text) else {"text_side": int(text.get("side", 256))}),
            "resize": "stretch to a square, antialiased triangle filter, grey",
            **{k: text[k] for k in ("scale_bar_mm",) if k in text},
        },
        "sentences": text.get("sentences", {}),
        **({"text_model": text["text_model"]} if "text_model" in text else {}),
        "calibration": vision.get("calibration", {}),
        "quantisation": text.get("quantisation", {}),
        "refuses": list(_REFUSES),
        **({"left_out": vision["left_out"]} if "left_out" in vision else {}),
        "metrics": {},
        "files": {
            path.name: {"size": path.stat().st_size, "sha256": hash_file(path)}
            for path in sorted(staged.iterdir())
        },
    }
    learnt, _ = sources(parts)
    return {**document, **parts.extra, "data": learnt}


def sources(parts: Parts) -> tuple[list[dict[str, Any]], list[str]]:
    """The entries of ``data`` that the graph learnt from, and the names of those it was trained without.
    An entry's ``part_of`` is its data set of `models.data.collection`."""
    without = _facts(parts.vision, "vision.json").get("left_out", ())
    entries = list(parts.extra.get("data", ()))
    learnt = [entry for entry in entries if entry.get("part_of") not in without]
    return learnt, [entry["name"] for entry in entries if entry not in learnt]


def attribution(text: str, names: Sequence[str]) -> str:
    """An ATTRIBUTION.txt without the paragraphs of these entries, which begin with their names."""
    begins = tuple(name.split(" (")[0] for name in names)
    paragraphs = [p for p in text.split("\n\n") if not p.startswith(begins)]
    return "\n\n".join(paragraphs).rstrip("\n") + "\n"


def _labels(vision: dict[str, Any], text: dict[str, Any]) -> dict[str, Any]:
    """Of the vision graph where there is one, else of the words."""
    planes = list(vision.get("planes") or text.get("planes") or ())
    return {
        "planes": planes,
        "masks": vision.get("masks") or text.get("masks") or [],
        "boxes": vision.get("boxes") or text.get("boxes") or [],
        "keypoints": vision.get("keypoints") or text.get("keypoints") or [],
        "classes": text.get("classes") or [*planes, "no_plane"],
        "structures_by_plane": vision.get("structures_by_plane", {}),
        **{k: vision[k] for k in ("subplanes", "keypoints_by_plane") if k in vision},
        **{k: text[k] for k in ("keypoints_by_plane",) if k in text and k not in vision},
    }


def figures(
    sources: Sequence[str], same_graph: Path | None = None, vision: Path | None = None
) -> dict[str, Any]:
    """A manifest's metrics, put together from what commands wrote; see ``--metrics``.

    Raises:
        ValueError: the graph of ``same_graph`` is another one, so its figures say nothing of this one.
    """
    metrics: dict[str, Any] = {}
    if same_graph is not None:
        graph = WEIGHTS[0]
        if vision is None or hash_file(vision / graph) != hash_file(same_graph / graph):
            raise ValueError(f"{same_graph.name} has another {graph}; measure this one.")
        metrics = json.loads((same_graph / MANIFEST).read_text("utf-8"))["metrics"]
        for split in ("val", "test"):
            metrics.get(split, {}).setdefault("dense_figures_of", same_graph.name)
    for source in sources:
        part, _, path = source.rpartition("=")
        metrics_of_part = json.loads(Path(path).read_text("utf-8"))
        metrics = _laid_over(metrics, {part: metrics_of_part} if part else metrics_of_part)
    return metrics


def _laid_over(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    both = {
        name: _laid_over(under[name], over[name])
        for name in under.keys() & over.keys()
        if isinstance(under[name], dict) and isinstance(over[name], dict)
    }
    return {**under, **over, **both}


def signing_key(path: Path) -> Ed25519PrivateKey:
    """The key of a file, made there if there is none."""
    path = path.expanduser()
    return read_key(path) if path.exists() else generate_key(path)


def trust_key(store: Path, key: Ed25519PrivateKey, owner: str) -> None:
    """Adds the public half of a key to the store's trusted keys."""
    store.mkdir(parents=True, exist_ok=True)
    add_trust(store / TRUSTED_KEYS, public_bytes(key), owner)


def _architecture(parts: Parts) -> str:
    names = []
    if parts.vision:
        names.append("dense convolutional heads (ONNX)")
    if parts.text:
        form = "by transformers" if _published(parts.text) else "GGUF, mmproj"
        if _is_decoder(parts.text):
            names.append("Qwen3-shaped decoder of their findings (GGUF)")
        else:
            names.append(f"Qwen3.5-shaped vision-language model ({form})")
    return " beside ".join(names)


def _is_decoder(text: Path) -> bool:
    return reads_findings(_facts(text, "text.json"))


def _published(text: Path) -> list[Path]:
    """Weights in Hugging Face form, if that is what is there."""
    return sorted(p for kind in (BASE, ADAPTER) for p in text.glob(f"{kind}.*"))


def _files(parts: Parts, folder: Path) -> list[Path]:
    files: list[Path] = []
    if parts.vision:
        files.append(parts.vision / WEIGHTS[0])
    if parts.text:
        pair = [parts.text / name for name in WEIGHTS[1 : 2 if _is_decoder(parts.text) else 3]]
        files += _published(parts.text) or pair
    papers = {path.name: path for path in (folder / name for name in PAPERS) if path.exists()}
    papers |= {path.name: path for path in parts.papers}
    return [*files, *papers.values()]


def _facts(folder: Path | None, name: str) -> dict[str, Any]:
    if folder is None:
        return {}
    data: dict[str, Any] = json.loads((folder / name).read_text())
    return data


def _trusted(store: Path) -> Mapping[str, bytes]:
    path = store / TRUSTED_KEYS
    return Trust.read(path).keys if path.exists() else {}


def _own(key: Ed25519PrivateKey) -> Mapping[str, bytes]:
    return {key_id(public_bytes(key)): public_bytes(key)}


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--name", required=True)
    parser.add_argument("--version", required=True)
    parser.add_argument("--vision", type=Path)
    parser.add_argument("--text", type=Path)
    parser.add_argument("--metrics", action="append", default=[], metavar="[PART=]FILE",
                        help="JSON of a command that measured; PART is val, test or the like, and a"
                        " later file is laid over an earlier one")  # fmt: skip
    parser.add_argument("--same-graph", type=Path, metavar="RELEASE",
                        help="a release with the same vision.onnx: its figures hold here too")  # fmt: skip
    parser.add_argument("--extra", type=Path, help="JSON that is merged over the manifest")
    parser.add_argument("--paper", type=Path, action="append", default=[], help="MODEL_CARD.md ...")
    parser.add_argument("--store", type=Path, default=DEFAULT_STORE)
    parser.add_argument("--key", type=Path, default=DEFAULT_KEY)
    parser.add_argument("--owner", default="FADA releases", help="name of a new key")
    args = parser.parse_args()
    extra: dict[str, Any] = json.loads(args.extra.read_text()) if args.extra else {}
    if args.metrics or args.same_graph:
        extra["metrics"] = figures(args.metrics, args.same_graph, args.vision)
    key = signing_key(args.key)
    trust_key(args.store, key, args.owner)
    parts = Parts(args.name, args.version, args.vision, args.text, tuple(args.paper), extra)
    release = assemble(parts, args.store, key)
    print(f"{release.folder}: signed, sha256 {release.manifest.sha256}")


if __name__ == "__main__":
    main()
