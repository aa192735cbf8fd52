"""What a release says about itself: ``manifest.json`` as a frozen object. Nothing here opens a file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.domain.errors import ReleaseMalformed, ReleaseUnknownFormat
from services.reading.confidence import Thresholds
from services.reading.text.finding_words import FindingWords
from services.reading.text.prompting import Prompts

FORMAT = 1
IMAGE, FINDINGS = "image", "findings"  # what a text model reads
_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{0,63}")
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_VERSION = re.compile(r"\d{1,6}\.\d{1,6}\.\d{1,6}")
_HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A file of the release: its size in bytes and its SHA-256 in hex."""

    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """One release. Label tuples are in the order of the vision graph's outputs.

    ``side`` is S and ``text_side`` is T, both in pixels. ``sha256`` is the hash of the manifest's
    bytes, which hold the hash of every file. ``classes`` are the labels that classify may answer.
    ``keypoints_by_plane`` says which of ``keypoints`` a plane shows: all of them in a head, where the
    manifest is of the time when there were no others.
    ``scale_bar_mm`` is the length of the scale bar that the release marks in a picture, where whoever
    brought the release in knows it.
    ``sentences`` holds, by plane and field of the interpretation, the JSON Schema of what may be
    said there; where it is empty any text may be. ``text_input`` is what the text model reads: the
    image, or what the release's own heads found in it, and then ``words`` are those that it is checked
    against.
    """

    name: str
    version: str
    architecture: str
    licence: str
    sha256: str
    side: int
    text_side: int
    planes: tuple[str, ...]
    masks: tuple[str, ...]
    boxes: tuple[str, ...]
    keypoints: tuple[str, ...]
    subplanes: tuple[str, ...]
    classes: tuple[str, ...]
    structures_by_plane: Mapping[str, tuple[str, ...]]
    keypoints_by_plane: Mapping[str, tuple[str, ...]]
    prompts: Prompts
    sentences: Mapping[str, Mapping[str, Mapping[str, Any]]]
    thresholds: Thresholds
    files: Mapping[str, FileEntry]
    data: tuple[Mapping[str, Any], ...]
    refuses: tuple[str, ...]
    metrics: Mapping[str, Any]
    signed_by: str
    document: Mapping[str, Any]
    scale_bar_mm: float | None = None
    text_input: str = IMAGE
    words: FindingWords | None = None

    @property
    def id(self) -> str:
        """Name and version, as the folder is called."""
        return f"{self.name}-{self.version}"

    @property
    def has_heads(self) -> bool:
        """A vision graph with dense outputs (vision.onnx)."""
        return "vision.onnx" in self.files

    @property
    def has_text(self) -> bool:
        """A text model for llama.cpp: text.gguf, with mmproj.gguf where it reads the image."""
        return "text.gguf" in self.files and (self.reads_findings or "mmproj.gguf" in self.files)

    @property
    def reads_findings(self) -> bool:
        """Its text model is a decoder alone, which reads what the heads found."""
        return self.text_input == FINDINGS

    @property
    def has_weights(self) -> bool:
        """A text model in Hugging Face form (base.* and adapter.*), served by transformers."""
        return "base.config.json" in self.files

    @property
    def has_text_model(self) -> bool:
        """A text model, whatever runtime reads it."""
        return self.has_text or self.has_weights

    def order(self) -> tuple[int, ...]:
        """The version for comparison."""
        return tuple(int(part) for part in self.version.split("."))


def check_format(document: object) -> Mapping[str, Any]:
    """The document, if its format is known here.

    Raises:
        ReleaseUnknownFormat: it is not; nothing else of it was looked at.
    """
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        number = document.get("format") if isinstance(document, dict) else None
        raise ReleaseUnknownFormat(
            f"This version of FADA reads manifests of format {FORMAT}, not {str(number)[:20]!r}."
        )
    return document


def parse(document: Mapping[str, Any], sha256: str) -> Manifest:
    """A manifest whose format and signature were checked.

    Raises:
        ReleaseMalformed: a member is missing or not what it should be.
    """
    try:
        return _parse(document, sha256)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise ReleaseMalformed(f"manifest.json: {type(error).__name__} {error}.") from error


def _parse(document: Mapping[str, Any], sha256: str) -> Manifest:
    labels, size = document["labels"], document["preprocessing"]
    text = document.get("text_model", {})
    manifest = Manifest(
        name=_matched(_NAME, document["name"]),
        version=_matched(_VERSION, document["version"]),
        architecture=str(document["architecture"]),
        licence=str(document["licence"]),
        sha256=sha256,
        side=int(size["side"]),
        text_side=int(size.get("text_side", 0) if text else size["text_side"]),
        planes=_strings(labels["planes"]),
        masks=_strings(labels["masks"]),
        boxes=_strings(labels["boxes"]),
        keypoints=_strings(labels["keypoints"]),
        subplanes=_strings(labels.get("subplanes", ())),
        classes=_strings(labels["classes"]),
        structures_by_plane={
            str(k): _strings(v) for k, v in labels.get("structures_by_plane", {}).items()
        },
        keypoints_by_plane={
            str(k): _strings(v)
            for k, v in labels.get("keypoints_by_plane", {"head": labels["keypoints"]}).items()
        },
        prompts=Prompts(**{str(k): str(v) for k, v in document["prompts"].items()}),
        sentences=_sentences(document.get("sentences", {})),
        thresholds=Thresholds.from_json(document.get("calibration", {})),
        files={_matched(_FILE, k): _entry(v) for k, v in document["files"].items()},
        data=tuple(document.get("data", ())),
        refuses=_strings(document.get("refuses", ())),
        metrics=document.get("metrics", {}),
        signed_by=str(document["signature"]["key"]),
        document=document,
        scale_bar_mm=_length(size.get("scale_bar_mm")),
        text_input=str(text.get("input", IMAGE)),
        words=FindingWords.from_json(text["words"]) if "words" in text else None,
    )
    _check(manifest)
    return manifest


def _check(manifest: Manifest) -> None:
    """Raises ValueError: what the manifest says does not go together."""
    if not (manifest.has_heads or manifest.has_text_model):
        raise ValueError("neither vision.onnx nor text.gguf with mmproj.gguf nor base.config.json")
    if manifest.text_input not in (IMAGE, FINDINGS):
        raise ValueError("text_model.input is neither image nor findings")
    if manifest.reads_findings != manifest.prompts.reads_findings:
        raise ValueError("text_model.input and the template name different inputs")
    if manifest.reads_findings:
        _check_findings(manifest)
    elif manifest.has_text_model and (
        manifest.text_side % 32 or not 32 <= manifest.text_side <= 2048
    ):
        raise ValueError("text_side is not a multiple of 32")
    if not 32 <= manifest.side <= 2048 or not manifest.planes:
        raise ValueError("side or planes")


def _check_findings(manifest: Manifest) -> None:
    if not manifest.has_heads or manifest.words is None:
        raise ValueError("a text model that reads findings needs vision.onnx and text_model.words")
    planes, names = manifest.words.planes, manifest.words.names
    for plane in manifest.planes:
        labels = {
            *manifest.structures_by_plane.get(plane, ()),
            *filter(None, (planes[plane].main,)),
        }
        if not labels <= set(names):
            raise ValueError(f"text_model.words has no name for a structure of {plane}")


def _entry(value: Mapping[str, Any]) -> FileEntry:
    size = value["size"]
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        raise ValueError("a file's size")
    return FileEntry(size, _matched(_HASH, value["sha256"]))


def _sentences(value: Mapping[str, Any]) -> dict[str, dict[str, dict[str, Any]]]:
    return {
        str(plane): {str(field): dict(form) for field, form in fields.items()}
        for plane, fields in value.items()
    }


def _length(value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 200:
        raise ValueError("a length in mm")
    return float(value)


def _strings(values: object) -> tuple[str, ...]:
    if not isinstance(values, list | tuple) or not all(isinstance(v, str) for v in values):
        raise ValueError("a list of strings was expected")
    return tuple(values)


def _matched(pattern: re.Pattern[str], value: object) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise ValueError(f"{str(value)[:40]!r} is not allowed here")
    return value
