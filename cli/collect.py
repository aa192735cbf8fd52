"""Which files a person means by files, folders and patterns, and which are left out."""

from __future__ import annotations

import glob
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

TYPES = {
    ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".zip": "application/zip",
    ".mp4": "video/mp4", ".mov": "video/quicktime",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something that is not sent, and why, in words."""

    name: str
    reason: str


@dataclass(slots=True)
class Collection:
    """The files, each once, in order, and what was left out."""

    files: list[Path] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)


def collect(places: list[str]) -> Collection:
    """The files at ``places``. Of a folder only what a hub takes: DICOM, pictures, ZIP; a file that
    was named itself is always taken, and the hub decides."""
    collection, seen = Collection(), set[Path]()
    for place in places:
        path = Path(place).expanduser()
        matches = (
            [path]
            if path.exists()
            else [Path(p) for p in sorted(glob.glob(str(path), recursive=True))]
        )
        if not matches:
            collection.skipped.append(Skipped(place, "nothing is there"))
        for match in matches:
            for file, reason in _inside(match) if match.is_dir() else [(match, _not_a_file(match))]:
                if not reason and (real := file.resolve()) not in seen:
                    seen.add(real)
                    collection.files.append(file)
                elif reason:
                    collection.skipped.append(Skipped(str(file), reason))
    return collection


def _not_a_file(path: Path) -> str:
    return "" if path.is_file() else "not a file"


def _inside(folder: Path) -> Iterator[tuple[Path, str]]:
    """Every file in a folder, with the reason why it is left out, empty where it is not."""
    for path in sorted(folder.rglob("*")):
        if not path.is_file():
            continue
        if any(part.startswith(".") for part in path.relative_to(folder).parts):
            yield path, "hidden"
        elif path.suffix.lower() in (".dcm", *TYPES):
            yield path, ""
        else:
            yield path, _unless_dicom(path)


def _unless_dicom(path: Path) -> str:
    """Scanners write files without a suffix: PS3.10 has DICM after 128 bytes."""
    try:
        with path.open("rb") as file:
            dicom = file.read(132)[128:] == b"DICM"
    except OSError as error:
        return f"cannot be read ({error.strerror})"
    return "" if dicom else "no DICOM, PNG, JPEG or ZIP"
