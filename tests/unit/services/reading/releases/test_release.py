"""What is not wholly sound is refused, each with its own code, before anything parses it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from small_releases import FILES, document, resign, write

from services.domain.errors import (
    ReleaseMalformed,
    ReleaseMissingFile,
    ReleaseRefused,
    ReleaseUnknownFormat,
    ReleaseWrongHash,
    ReleaseWrongSignature,
    ReleaseWrongSize,
)
from services.reading.releases.registry import trust_of
from services.reading.releases.release import MANIFEST, load
from services.reading.releases.signature import Trust

Change = Callable[[Path], None]


def flip(name: str) -> Change:
    def change(folder: Path) -> None:
        data = bytearray((folder / name).read_bytes())
        data[-1] ^= 1
        (folder / name).write_bytes(bytes(data))

    return change


def edit(**values: Any) -> Change:
    """Changes the manifest after it was signed."""

    def change(folder: Path) -> None:
        manifest = json.loads((folder / MANIFEST).read_text())
        (folder / MANIFEST).write_text(json.dumps({**manifest, **values}))

    return change


def reissue(**values: Any) -> Change:
    """Changes the manifest and signs it again."""
    return lambda folder: resign(folder, {**document(folder, "1.0.0"), **values})


def replaced(name: str, data: bytes) -> Change:
    """Another file, honestly hashed and signed."""

    def change(folder: Path) -> None:
        (folder / name).write_bytes(data)
        resign(folder, document(folder, "1.0.0"))

    return change


def linked(folder: Path) -> None:
    (folder / "text.gguf").unlink()
    (folder / "text.gguf").symlink_to(folder / "mmproj.gguf")


def void(_written: object) -> None:
    """For lambdas that write."""


BAD: dict[str, tuple[Change, type[ReleaseRefused]]] = {
    "no manifest": (lambda f: (f / MANIFEST).unlink(), ReleaseMissingFile),
    "manifest is no JSON": (
        lambda f: void((f / MANIFEST).write_text("{")),
        ReleaseUnknownFormat,
    ),
    "manifest nests without end": (
        lambda f: void((f / MANIFEST).write_text("[" * 100_000)),
        ReleaseUnknownFormat,
    ),
    "manifest is huge": (
        lambda f: void((f / MANIFEST).write_bytes(b" " * (3 * 2**20))),
        ReleaseWrongSize,
    ),
    "format of tomorrow": (reissue(format=2), ReleaseUnknownFormat),
    "format is text": (reissue(format="1"), ReleaseUnknownFormat),
    "changed after signing": (edit(version="9.9.9"), ReleaseWrongSignature),
    "unsigned": (edit(signature=None), ReleaseWrongSignature),
    "file missing": (lambda f: (f / "text.gguf").unlink(), ReleaseMissingFile),
    "file is a link": (linked, ReleaseMissingFile),
    "file longer": (
        lambda f: void((f / "text.gguf").write_bytes(FILES["text.gguf"] + b"x")),
        ReleaseWrongSize,
    ),
    "graph changed": (flip("vision.onnx"), ReleaseWrongHash),
    "text changed": (flip("text.gguf"), ReleaseWrongHash),
    "graph is no ONNX": (replaced("vision.onnx", b"\x00" * 64), ReleaseMalformed),
    "graph is cut": (replaced("vision.onnx", FILES["vision.onnx"][:40]), ReleaseMalformed),
    "text is no GGUF": (replaced("text.gguf", b"GGML" + bytes(60)), ReleaseMalformed),
    "text is cut": (replaced("text.gguf", FILES["text.gguf"][:60]), ReleaseMalformed),
    "path leaves the folder": (
        reissue(files={"../x": {"size": 1, "sha256": "0" * 64}}),
        ReleaseMalformed,
    ),
    "name leaves the store": (reissue(name="../evil"), ReleaseMalformed),
    "version is words": (reissue(version="latest"), ReleaseMalformed),
    "labels missing": (reissue(labels={}), ReleaseMalformed),
    "no files": (reissue(files={}), ReleaseMalformed),
    "text side odd": (reissue(preprocessing={"side": 32, "text_side": 33}), ReleaseMalformed),
    "template without image": (
        reissue(prompts={"version": "1", "template": "{prompt}"}),
        ReleaseMalformed,
    ),
    "hash is short": (
        reissue(files={"vision.onnx": {"size": 1, "sha256": "0"}}),
        ReleaseMalformed,
    ),
}


def test_a_sound_release_is_loaded(tmp_path: Path) -> None:
    folder = write(tmp_path / "store")
    release = load(folder, trust_of(folder.parent))
    assert release.graph == FILES["vision.onnx"]
    assert release.manifest.id == "small-1.0.0"
    assert release.manifest.thresholds.plane == pytest.approx(0.6)
    assert release.manifest.structures_by_plane == {"head": ("fetal_head",)}
    assert len(release.id.sha256) == 64


@pytest.mark.parametrize("name", BAD)
def test_an_unsound_release_is_refused_by_name(tmp_path: Path, name: str) -> None:
    folder = write(tmp_path / "store")
    change, kind = BAD[name]
    change(folder)
    with pytest.raises(ReleaseRefused) as refused:
        load(folder, trust_of(folder.parent))
    assert type(refused.value) is kind
    assert refused.value.code.startswith("release_")


def test_every_refusal_has_its_own_code() -> None:
    kinds = {kind for _, kind in BAD.values()}
    assert len({kind.code for kind in kinds}) == len(kinds) == 6


def test_nothing_is_loaded_without_trust(tmp_path: Path) -> None:
    with pytest.raises(ReleaseWrongSignature):
        load(write(tmp_path / "store"), Trust())


def test_the_signature_is_checked_before_the_files(tmp_path: Path) -> None:
    folder = write(tmp_path / "store")
    edit(name="other")(folder)
    (folder / "text.gguf").unlink()
    with pytest.raises(ReleaseWrongSignature):
        load(folder, trust_of(folder.parent))
