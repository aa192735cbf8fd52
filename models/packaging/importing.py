"""FADA's own weights become a release: a PEFT adapter with its base, or a pair of GGUF files.

An adapter is merged and converted for llama.cpp, or taken with its base as both were published, to be
served by transformers on a machine that has it.

What the weights cannot say of themselves (prompts, the side of the square, licence, attribution)
stands in a JSON file beside them, ``prompts.json``, or in one that is named; FADA's published prompts are
``fada-prompts.json`` here. "keypoints" (a prompt) and
"scale_bar_mm" (the length of the bar that ScaleBarKpoints mark) may be missing:

    {"prompts": {"version": "1", "interpret": "...", "classify": "...", "detect": "...",
     "segment": "...", "keypoints": "...", "template": "...{image}{prompt}..."}, "side": 1024,
     "scale_bar_mm": 10, "licence": "Apache-2.0", "data": [{"name": "...", "licence": "..."}]}
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from models.packaging.layout import about_of
from models.packaging.llama import convert
from models.packaging.merging import is_adapter, merge, read_adapter
from models.packaging.requantise import requantise
from models.packaging.tower_loss import relative_error
from models.programs.releasing.convert import FACTS, MMPROJ, TEXT, convert_pair, prepared
from models.programs.releasing.package import Parts, assemble, trust_key
from models.serving.folder import ADAPTER, BASE, gather
from services.domain.errors import NotFound, ReleaseMalformed, ReleaseMissingFile
from services.domain.mapping import CLASS_LABELS, GROUPS, LABEL_PLANES, STRUCTURES, own_name
from services.reading.releases.release import Release
from services.reading.releases.weight_validation import check_gguf
from services.reading.text.keypoints import ENDS

LLAMA, TRANSFORMERS = "llama.cpp", "transformers"
SIDE: Final = 1024  # FADA's bound for the long side


@dataclass(frozen=True, slots=True)
class Import:
    """What to bring in. ``base`` is the adapter's base; empty: the one that the adapter names.
    ``serve`` says by which runtime it will be read."""

    source: Path
    name: str
    version: str
    base: Path | None = None
    about: Path | None = None
    kind: str = "q8_0"
    vision_kind: str = "f16"
    cache: Path | None = None
    serve: str = LLAMA


def import_release(request: Import, store: Path, key: Ed25519PrivateKey) -> Release:
    """Brings weights in, signs them with the key of whoever brings them, and trusts that key here.

    Raises:
        ReleaseMissingFile, ReleaseMalformed: the weights or what is said about them is not sound.
        RuntimeError: the conversion failed.
    """
    about = _about(request)
    with tempfile.TemporaryDirectory() as work:
        text = Path(work) / "text"
        if is_adapter(request.source):
            if request.serve == TRANSFORMERS:
                _as_published(request, text)
            else:
                _from_adapter(request, Path(work) / "merged", text)
        elif any(request.source.glob("*.gguf")):
            if request.serve == TRANSFORMERS:
                raise ReleaseMalformed("transformers serves weights and adapters, not GGUF files.")
            _from_pair(request.source, text)
            if request.vision_kind != "f16":
                _store_smaller(request, text)
        elif (request.source / "config.json").is_file():
            if request.serve == TRANSFORMERS:
                text.mkdir()
                gather(request.source, BASE, text)
            else:
                _convert(request, request.source, text)
        else:
            raise ReleaseMissingFile(
                f"{request.source.name} holds no adapter, no GGUF pair and no weights."
            )
        facts = json.loads((text / FACTS).read_text()) if (text / FACTS).exists() else {}
        (text / FACTS).write_text(json.dumps({**facts, **_labels(), **about["facts"]}))
        parts = Parts(request.name, request.version, None, text, (), about["extra"])
        trust_key(store, key, "imported here")
        return assemble(parts, store, key)


def fetch(place: str) -> Path:
    """A folder as it is; anything else is taken as a Hugging Face hub id and downloaded.

    Raises:
        NotFound: neither a folder nor a repository that can be reached.
    """
    folder = Path(place).expanduser()
    if folder.is_dir():
        return folder
    try:
        from huggingface_hub import snapshot_download

        return Path(snapshot_download(place))
    except Exception as error:  # the client raises a dozen kinds for "cannot be had"
        raise NotFound(f"{place!r} is no folder and cannot be fetched from the hub.") from error


def _from_adapter(request: Import, merged: Path, text: Path) -> None:
    adapter = read_adapter(request.source)
    base = request.base or fetch(adapter.base)
    merge(adapter, base, merged)
    for path in request.source.glob("*"):  # a tokenizer or template that came with the adapter
        if path.name.startswith(("tokenizer", "chat_template", "vocab", "merges", "preprocessor")):
            shutil.copyfile(path, merged / path.name)
    _convert(request, merged, text)


def _store_smaller(request: Import, text: Path) -> None:
    """A pair's tower in fewer bits, with what that costs its weights."""
    full = text / f"full.{MMPROJ}"
    (text / MMPROJ).rename(full)
    requantise(full, text / MMPROJ, request.cache)
    facts = json.loads((text / FACTS).read_text()) if (text / FACTS).exists() else {}
    facts["quantisation"] = {**facts.get("quantisation", {}), "vision": request.vision_kind}
    (text / FACTS).write_text(json.dumps(facts, indent=1))
    _note_loss(text, full, request.cache)
    full.unlink()


def _note_loss(text: Path, full: Path, cache: Path | None) -> None:
    stored = text / MMPROJ
    error = relative_error(stored, full, cache)
    saved = 1 - stored.stat().st_size / full.stat().st_size
    facts = json.loads((text / FACTS).read_text())
    facts["quantisation"] |= {
        "vision_weight_error": round(error, 6), "vision_bytes_saved": round(saved, 4),
    }  # fmt: skip
    (text / FACTS).write_text(json.dumps(facts, indent=1))


def _convert(request: Import, weights: Path, text: Path) -> None:
    """To a pair; where the tower is stored in fewer than 16 bits, what that costs its weights is noted."""
    convert_pair(weights, text, request.kind, request.vision_kind, request.cache)
    if request.vision_kind == "f16":
        return
    with tempfile.TemporaryDirectory() as work:
        full = Path(work) / MMPROJ
        with prepared(weights) as source:
            convert(source, full, "f16", mmproj=True, cache=request.cache)
        _note_loss(text, full, request.cache)


def _as_published(request: Import, text: Path) -> None:
    adapter = read_adapter(request.source)  # anything but a plain LoRA is refused here too
    text.mkdir()
    gather(request.base or fetch(adapter.base), BASE, text)
    gather(request.source, ADAPTER, text)


def _from_pair(source: Path, text: Path) -> None:
    towers = [p for p in source.glob("*.gguf") if "mmproj" in p.name.lower()]
    models = [p for p in source.glob("*.gguf") if p not in towers]
    if len(towers) != 1 or len(models) != 1:
        raise ReleaseMissingFile("One text model and one mmproj file in GGUF are needed.")
    text.mkdir()
    for path, name in ((models[0], TEXT), (towers[0], MMPROJ)):
        check_gguf(path)
        shutil.copyfile(path, text / name)


def _about(request: Import) -> dict[str, Any]:
    path = about_of(request.source, request.about)
    try:
        data: Mapping[str, Any] = json.loads(path.read_text())
        prompts = dict(data["prompts"])
    except OSError as error:
        raise ReleaseMissingFile(f"The prompts are needed: {path.name}.") from error
    except (ValueError, KeyError, TypeError) as error:
        raise ReleaseMalformed(f"{path.name} does not hold prompts.") from error
    extra = {name: data[name] for name in ("licence", "data") if name in data}
    facts = {"prompts": prompts, "side": int(data.get("side", SIDE))}
    if prompts.get("keypoints"):
        facts |= _keypoints()
    if "scale_bar_mm" in data:
        facts["scale_bar_mm"] = data["scale_bar_mm"]
    return {"facts": facts, "extra": extra}


def _keypoints() -> dict[str, Any]:
    """The ends that are marked, and the planes that they are marked in."""
    crl, nt, bar = ENDS["CRL_KP"], ENDS["NTKpoints"], ENDS["ScaleBarKpoints"]
    return {
        "keypoints": [*crl, *nt, *bar],
        "keypoints_by_plane": {"body": [*crl, *bar], "nt_view": [*nt, *bar]},
    }


def _labels() -> dict[str, Any]:
    masks = dict.fromkeys(own_name(name) for group in GROUPS.values() for name in group.masks)
    return {
        "planes": list(LABEL_PLANES),
        "classes": list(CLASS_LABELS),
        "boxes": list(dict.fromkeys(own_name(name) for name in STRUCTURES)),
        "masks": list(masks),
    }
