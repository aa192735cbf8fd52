"""What a folder of weights holds, and what it lacks, before anything is converted: nothing is loaded.

The layouts are those in which FADA's weights and models of its shape are published: a PEFT adapter on a
base, whole weights in Hugging Face form, or a text model and its mmproj in GGUF.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from services.domain.errors import ReleaseMalformed
from services.reading.releases.weight_validation import check_gguf

ADAPTER, BASE, PAIR, NOTHING = "adapter", "weights", "gguf", ""
ABOUT: Final = "prompts.json"
# How FADA's own weights are asked, as their authors publish it, and the names that they are published by.
PUBLISHED: Final = Path(__file__).with_name("fada-prompts.json")
PUBLISHED_NAMES: Final = ("FADA-SKD-4B", "FADA-Mobile-GGUF")
_TOKENIZER: Final = ("tokenizer.json", "vocab.json", "tokenizer.model")
_PHASES: Final = ("interpret", "classify", "detect", "segment")


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that an import needs: its file, whether it is there and sound, and what to do if not."""

    name: str
    there: bool
    note: str = ""


@dataclass(frozen=True, slots=True)
class WeightLayout:
    """``kind`` is adapter, weights, gguf, or empty where nothing was recognised."""

    kind: str
    parts: tuple[Part, ...]

    @property
    def is_whole(self) -> bool:
        """Whether an import can begin."""
        return bool(self.kind) and all(part.there for part in self.parts)


def about_of(source: Path, about: Path | None = None) -> Path:
    """The file that says how the weights in ``source`` are asked: the one that is named (`fada` names the
    published one), else ``prompts.json`` beside them, else the published one of FADA's own weights, known by
    the name of their folder or of the hub's cache."""
    if about is not None:
        return PUBLISHED if str(about) == "fada" and not about.is_file() else about
    beside = source / ABOUT
    names = {part.rpartition("--")[2].lower() for part in source.resolve().parts}
    own = not beside.is_file() and not names.isdisjoint(n.lower() for n in PUBLISHED_NAMES)
    return PUBLISHED if own else beside


def inspect(source: Path, base: Path | None = None, about: Path | None = None) -> WeightLayout:
    """What ``source`` is and what it lacks; ``base`` and ``about`` as an import is given them."""
    said = tuple(_about(about_of(source, about)))
    if (source / "adapter_config.json").is_file() or any(source.glob("adapter_model.*")):
        return WeightLayout(ADAPTER, (*_adapter(source, base), *said))
    if any(source.glob("*.gguf")):
        return WeightLayout(PAIR, (*_pair(source), *said))
    if (source / "config.json").is_file() or any(source.glob("*.safetensors")):
        return WeightLayout(BASE, (*_weights(source), *said))
    hint = "adapter_config.json, config.json or *.gguf: none is in the folder"
    return WeightLayout(NOTHING, (Part("weights", False, hint), *said))


def _adapter(source: Path, base: Path | None) -> Iterator[Part]:
    config = _json(source / "adapter_config.json")
    kind = str((config or {}).get("peft_type", ""))
    note = (
        "" if config is None or kind == "LORA" else f"peft_type is {kind or 'not said'}, not LORA"
    )
    yield Part(
        "adapter_config.json", config is not None and not note, note or _absent(config is not None)
    )
    weights = source / "adapter_model.safetensors"
    yield Part(weights.name, weights.is_file(), _absent(weights.is_file()))
    if base is None:
        named = str((config or {}).get("base_model_name_or_path", ""))
        note = f"--base DIR: the adapter names {named!r}" if named else "--base DIR: none is named"
        yield Part("base", False, note)
        return
    for part in _weights(base):
        yield Part(f"base/{part.name}", part.there, part.note)


def _weights(folder: Path) -> Iterator[Part]:
    config = _json(folder / "config.json")
    yield Part("config.json", config is not None, _absent(config is not None))
    if config is not None and "vision_config" not in config:
        yield Part("vision tower", False, "config.json has no vision_config: a text model alone")
    index = _json(folder / "model.safetensors.index.json")
    if index is not None:
        for name in sorted(set(dict(index.get("weight_map", {})).values())):
            there = (folder / str(name)).is_file()
            yield Part(str(name), there, _absent(there))
    else:
        there = any(folder.glob("*.safetensors"))
        yield Part("model.safetensors", there, _absent(there))
    there = any((folder / name).is_file() for name in _TOKENIZER)
    yield Part("tokenizer", there, "" if there else f"one of {', '.join(_TOKENIZER)}")


def _pair(source: Path) -> Iterator[Part]:
    every = sorted(source.glob("*.gguf"))
    towers = [path for path in every if "mmproj" in path.name.lower()]
    models = [path for path in every if path not in towers]
    for what, files in (("text model (*.gguf)", models), ("vision tower (*mmproj*.gguf)", towers)):
        if len(files) != 1:
            yield Part(what, False, f"exactly one is needed, {len(files)} are there")
            continue
        try:
            check_gguf(files[0])
        except ReleaseMalformed as error:
            yield Part(files[0].name, False, error.detail)
        else:
            yield Part(files[0].name, True)


def _about(path: Path) -> Iterator[Part]:
    about = _json(path)
    if about is None:
        yield Part(
            path.name,
            False,
            "prompts, side and licence: see docs/releases.md; FADA's own: --about fada",
        )
        return
    prompts = about.get("prompts")
    lacking = [name for name in _PHASES if not isinstance(prompts, dict) or not prompts.get(name)]
    note = "FADA's, as published" if path == PUBLISHED else ""
    note += f"no prompt for {', '.join(lacking)}: that phase is not asked" if lacking else ""
    if "classify" in lacking:
        note += "; without a class nearly every image is out of scope"
    yield Part(path.name, isinstance(prompts, dict) and "interpret" not in lacking, note)


def _absent(there: bool) -> str:
    return "" if there else "not there, or not readable"


def _json(path: Path) -> dict[str, Any] | None:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return value if isinstance(value, dict) else None
