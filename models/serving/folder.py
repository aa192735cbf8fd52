"""Weights in Hugging Face form inside a release, whose folder is flat: base.<file>, adapter.<file>."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatch
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from services.domain.errors import ReleaseMissingFile
from services.reading.releases.release import Release

BASE, ADAPTER = "base", "adapter"
# What is taken from a folder of weights: numbers and words, never code and never pickles.
_TAKEN: Final = (
    "config.json",
    "generation_config.json",
    "adapter_config.json",
    "*.safetensors",
    "*.safetensors.index.json",
    "tokenizer*.json",
    "vocab.json",
    "merges.txt",
    "added_tokens.json",
    "special_tokens_map.json",
)


def gather(source: Path, kind: str, out: Path) -> None:
    """Links in OUT to what a release takes of a folder of weights, named <kind>.<file>.

    Raises:
        ReleaseMissingFile: there are no safetensors in it.
    """
    taken = [p for p in sorted(source.iterdir()) if p.is_file() and _wanted(p.name, kind)]
    if not any(p.suffix == ".safetensors" for p in taken):
        raise ReleaseMissingFile(f"{source.name} holds no safetensors.")
    for path in taken:
        (out / f"{kind}.{path.name}").symlink_to(path.resolve())


def _wanted(name: str, kind: str) -> bool:
    if kind == BASE and name.startswith("adapter_"):
        return False  # an adapter beside the base is another one
    return any(fnmatch(name, pattern) for pattern in _TAKEN)


@contextmanager
def laid_out(release: Release) -> Iterator[tuple[Path, Path | None]]:
    """(base, adapter or None) as folders of links to the release's verified files, for loading."""
    with TemporaryDirectory() as work:
        folders = {kind: Path(work) / kind for kind in (BASE, ADAPTER)}
        for folder in folders.values():
            folder.mkdir()
        for name in release.manifest.files:
            kind, _, file = name.partition(".")
            if kind in folders:
                (folders[kind] / file).symlink_to((release.folder / name).resolve())
        adapter = folders[ADAPTER]
        yield folders[BASE], adapter if (adapter / "adapter_config.json").exists() else None
