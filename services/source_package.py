"""Parts of a source package of the Python index, pinned by hash. Whoever builds with llama.cpp gets it so."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class SourcePackage:
    """``parts`` are the beginnings of the paths that are wanted, below the archive's folder ``root``."""

    name: str
    version: str
    sha256: str  # of the archive
    root: str
    parts: tuple[str, ...]

    def unpack(self, folder: Path) -> None:
        """Fetch the archive with pip and leave its parts in ``folder``, which does not exist yet.

        Raises:
            subprocess.CalledProcessError: pip cannot fetch it (no network).
            ValueError: what came is not what was pinned.
        """
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as work:
            unpacked = Path(work) / "unpacked"
            with tarfile.open(self._fetched(work)) as tar:
                wanted = [m for m in tar if m.isfile() and m.name.startswith(self._wanted())]
                for member in wanted:
                    member.name = member.name.removeprefix(self.root)
                tar.extractall(unpacked, members=wanted, filter="data")
            try:
                os.replace(unpacked, folder)
            except OSError:
                if not folder.is_dir():  # another process was quicker with the same
                    raise

    def _fetched(self, work: str) -> Path:
        fetch = ("-m", "pip", "download", "-q", "--no-deps", "--no-binary", self.name, "-d", work)
        subprocess.run([sys.executable, *fetch, f"{self.name}=={self.version}"], check=True)
        (archive,) = Path(work).glob("*.tar.gz")
        with archive.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != self.sha256:
                raise ValueError(f"{archive.name} is not the file that was pinned.")
        return archive

    def _wanted(self) -> tuple[str, ...]:
        return tuple(self.root + part for part in self.parts)
