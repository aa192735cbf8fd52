"""One release in a folder: verified before anything in it is parsed.

In this order, each with its own code: format, signature, missing file, size, hash, and whether the
files are outwardly what their names say. A release that fails stays out; the active one stays.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from services.domain.errors import (
    ReleaseMissingFile,
    ReleaseUnknownFormat,
    ReleaseWrongHash,
    ReleaseWrongSize,
)
from services.domain.report import ReleaseId
from services.reading.releases.manifest import FileEntry, Manifest, check_format, parse
from services.reading.releases.signature import Trust
from services.reading.releases.weight_validation import check_gguf, check_onnx, check_safetensors

__all__ = ["MANIFEST", "TRUSTED_KEYS", "Manifest", "Release", "load", "read_manifest"]

MANIFEST = "manifest.json"
TRUSTED_KEYS = "trusted-keys.json"
_MAX_MANIFEST_BYTES = 2 * 2**20


@dataclass(frozen=True, slots=True)
class Release:
    """A verified release. ``graph`` holds vision.onnx's checked bytes (None: no dense heads).

    GGUF files are mapped by llama.cpp from their paths.
    """

    manifest: Manifest
    folder: Path
    graph: bytes | None

    @property
    def id(self) -> ReleaseId:
        """Name, version and hash, as a report carries them."""
        return ReleaseId(self.manifest.name, self.manifest.version, self.manifest.sha256)

    @property
    def text(self) -> Path:
        """The text model (GGUF)."""
        return self.folder / "text.gguf"

    @property
    def mmproj(self) -> Path:
        """The image encoder of the text model (GGUF)."""
        return self.folder / "mmproj.gguf"


def read_manifest(folder: Path, trust: Trust) -> Manifest:
    """The manifest alone: format and signature are checked, files are not.

    Raises:
        ReleaseRefused: one of its kinds says why.
    """
    try:
        with (folder / MANIFEST).open("rb") as file:
            data = file.read(_MAX_MANIFEST_BYTES + 1)
    except OSError as error:
        raise ReleaseMissingFile(f"{folder.name} has no {MANIFEST}.") from error
    if len(data) > _MAX_MANIFEST_BYTES:
        raise ReleaseWrongSize(f"{MANIFEST} is too large.")
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ReleaseUnknownFormat(f"{MANIFEST} is not JSON.") from error
    known = check_format(document)
    trust.verify(known)
    return parse(known, hashlib.sha256(data).hexdigest())


def load(folder: Path, trust: Trust) -> Release:
    """Verify a whole release.

    Raises:
        ReleaseRefused: one of its kinds says why; nothing was handed to a parser.
    """
    manifest = read_manifest(folder, trust)
    for name, entry in manifest.files.items():
        _check_size(folder / name, entry)
    graph: bytes | None = None
    for name, entry in manifest.files.items():
        if name == "vision.onnx":
            graph = (folder / name).read_bytes()
            _check_hash(name, hashlib.sha256(graph).hexdigest(), entry)
        else:
            _check_hash(name, hash_file(folder / name), entry)
    if graph is not None:
        check_onnx(graph)
    for name in manifest.files:
        if name.endswith(".gguf"):
            check_gguf(folder / name)
        elif name.endswith(".safetensors"):
            check_safetensors(folder / name)
    return Release(manifest, folder, graph)


def hash_file(path: Path) -> str:
    """SHA-256 of a file in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check_size(path: Path, entry: FileEntry) -> None:
    # A link could point anywhere, and to something else tomorrow.
    if path.is_symlink() or not path.is_file():
        raise ReleaseMissingFile(f"{path.name} is missing.")
    size = path.stat().st_size
    if size != entry.size:
        raise ReleaseWrongSize(f"{path.name} has {size} bytes instead of {entry.size}.")


def _check_hash(name: str, sha256: str, entry: FileEntry) -> None:
    if sha256 != entry.sha256:
        raise ReleaseWrongHash(f"{name} is not the file that was published.")
