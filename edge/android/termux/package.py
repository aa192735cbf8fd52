"""The recipe of a Termux package: `python -m edge.android.termux.package [RELEASE] [--out build/termux]`.

Writes OUT/packages/fada-read: build.sh, as Termux's own builders take it, and beside it the program's
sources with a verified release in one archive, whose hash build.sh pins beside that of llama.cpp's sources.
Copied into a checkout of termux-packages, `./build-package.sh -a aarch64 fada-read` makes the package.
"""

from __future__ import annotations

import argparse
import gzip
import io
import shutil
import tarfile
import tempfile
import tomllib
from pathlib import Path
from typing import Final

from edge.android import phases, selftest
from edge.android.build import SHA256
from services.domain.errors import ReleaseRefused
from services.reading.releases.registry import open_release, trust_of
from services.reading.releases.release import Release, hash_file

NAME: Final = "fada-read"
# Where the index keeps the archive that edge.android.build pins by its hash.
RUNTIME_URL: Final = (
    "https://files.pythonhosted.org/packages/87/62/"
    "b6dfaaf346d3d4fd0e2a2df755f2693b77673f2735da7ba0592af9d2f09e/xllamacpp-2026.10.11549.tar.gz"
)
_HERE: Final = Path(__file__).parent
_ROOT: Final = _HERE.parents[2]
_RECIPE: Final = _HERE / "packages" / NAME / "build.sh"


def version() -> str:
    """Of the program, which is FADA's own."""
    project = tomllib.loads((_ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return str(project["project"]["version"])


def gather(release: Release, folder: Path) -> None:
    """What the recipe builds and installs: sources, licence, command, and the release as a phone needs it.

    Raises:
        ReleaseRefused: fada-read does not read such releases.
    """
    android = _HERE.parent
    shutil.copytree(android / "program", folder / "program")
    for file in (android / "symbols.py", _HERE / "fada-read.sh", _ROOT / "LICENSE"):
        shutil.copy(file, folder)
    phases.put(release, folder / "release")
    selftest.put(release, folder / "release")
    shutil.copy(release.folder / "ATTRIBUTION.txt", folder / "release")


def pack(folder: Path, archive: Path) -> str:
    """A folder as .tar.gz, byte for byte the same from the same files; its SHA-256."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            info = tarfile.TarInfo(str(path.relative_to(folder.parent)))
            info.size, info.mode = path.stat().st_size, 0o644
            with path.open("rb") as content:
                tar.addfile(info, content)
    archive.write_bytes(gzip.compress(out.getvalue(), mtime=0))
    return hash_file(archive)


def write(release: Release, out: Path, homepage: str, maintainer: str) -> Path:
    """The folder of the package: its recipe and its archive."""
    package = out / "packages" / NAME
    package.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work) / NAME
        folder.mkdir()
        gather(release, folder)
        digest = pack(folder, package / f"{NAME}-{version()}.tar.gz")
    text = _RECIPE.read_text(encoding="utf-8")
    for name, value in {
        "HOMEPAGE": homepage, "MAINTAINER": maintainer, "VERSION": version(),
        "RUNTIME_URL": RUNTIME_URL, "RUNTIME_SHA256": SHA256, "SHA256": digest,
    }.items():  # fmt: skip
        text = text.replace(f"@{name}@", value)
    (package / _RECIPE.name).write_text(text, encoding="utf-8")
    return package


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("release", type=Path, nargs="?", help="a folder; else the present release")
    parser.add_argument("--out", type=Path, default=Path("build/termux"))
    parser.add_argument(
        "--homepage", default="https://fada.example.org", help="of who gives it out"
    )
    parser.add_argument("--maintainer", default="The FADA maintainers")
    args = parser.parse_args()
    store = args.release.parent if args.release else phases.STORE
    release = open_release(store, trust_of(store), args.release.name if args.release else "")
    try:
        package = write(release, args.out, args.homepage, args.maintainer)
    except ReleaseRefused as error:
        raise SystemExit(error.detail) from error
    print(f"{package}: {', '.join(sorted(p.name for p in package.iterdir()))}")
    print("Next: copy it into termux-packages, as edge/android/README.md says.")


if __name__ == "__main__":
    main()
