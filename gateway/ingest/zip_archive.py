"""ZIP archives from outside: opened with suspicion, never extracted by name.

Refused as a whole: damaged, too many entries, more inflated bytes than allowed (they are counted, not
believed). An entry that points outside, is a link, encrypted, oddly packed or itself an archive is
skipped and named, and the others are taken: the CD of a scanner holds more than images.
"""

from __future__ import annotations

import stat
import struct
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from gateway.dependencies import Outcome
from gateway.ingest.spool import Spool, Spooled
from services.domain.errors import InvalidInput, TooLarge, UnsupportedMedia
from services.settings import Settings

_END = b"PK\x05\x06"
_CHUNK = 1 << 20
_DIRECTORY_BYTES_PER_ENTRY = 1024
_IGNORED = ("__MACOSX/", ".DS_Store", "Thumbs.db", "desktop.ini")


def unpack(
    path: Path, spool: Spool, settings: Settings, basket: list[Spooled]
) -> list[Spooled | Outcome]:
    """The entries as spooled files, or why one was skipped, in the archive's order.

    Each spooled file is also put into ``basket`` for removal.

    Raises:
        InvalidInput: the archive is damaged or empty.
        TooLarge: too many entries, or more inflated bytes than this hub accepts.
    """
    _check_directory(path, settings.max_zip_entries)
    unpacked: list[Spooled | Outcome] = []
    left = settings.max_inflated_bytes
    try:
        with zipfile.ZipFile(path) as archive:
            for entry in archive.infolist():
                name = entry.orig_filename.replace("\\", "/")  # as some Windows programs write it
                if not PurePosixPath(name).name or name.endswith("/") or _ignored(name):
                    continue
                try:
                    _check(entry, name)
                    done = _inflated(
                        archive, entry, name, spool, min(left, settings.max_instance_bytes)
                    )
                except (InvalidInput, UnsupportedMedia) as error:
                    unpacked.append(Outcome(name, error=error))
                    continue
                basket.append(done)
                left -= done.size
                unpacked.append(done)
    except (zipfile.BadZipFile, EOFError, struct.error) as error:
        raise InvalidInput("The ZIP archive is damaged.") from error
    if not unpacked:
        raise InvalidInput("The ZIP archive is empty.")
    return unpacked


def _inflated(
    archive: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str, spool: Spool, limit: int
) -> Spooled:
    try:
        with spool.writer(limit, name) as out, archive.open(entry) as source:
            while piece := source.read(_CHUNK):
                out.write(piece)
            return out.finish()
    except (
        zipfile.BadZipFile, zlib.error, EOFError, struct.error, NotImplementedError, RuntimeError
    ) as error:  # fmt: skip
        raise InvalidInput("This entry of the ZIP archive is damaged.") from error


def _check_directory(path: Path, most: int) -> None:
    """The end record is read first: a directory of a million entries would fill the memory."""
    with path.open("rb") as handle:
        size = handle.seek(0, 2)
        handle.seek(max(0, size - 65_557))
        tail = handle.read()
    at = tail.rfind(_END)
    if at < 0 or len(tail) - at < 22:
        raise InvalidInput("The ZIP archive has no end; it was cut.")
    entries, directory = struct.unpack_from("<HI", tail, at + 10)
    if entries == 0xFFFF or directory == 0xFFFFFFFF or entries > most:
        raise TooLarge(f"A ZIP archive may have {most} entries.")
    if directory > most * _DIRECTORY_BYTES_PER_ENTRY:
        raise TooLarge("The ZIP archive's directory is too large.")


def _check(entry: zipfile.ZipInfo, name: str) -> None:
    """Raises InvalidInput, UnsupportedMedia: this entry is not opened."""
    place = PurePosixPath(name)
    if place.is_absolute() or ".." in place.parts or "\0" in name or ":" in place.parts[0]:
        raise InvalidInput("A name in the ZIP archive points outside of it.")
    mode = entry.external_attr >> 16
    if mode and stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        raise InvalidInput("This entry of the ZIP archive is a link or a device.")
    if entry.flag_bits & 0x1:
        raise InvalidInput("This entry of the ZIP archive is encrypted.")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise UnsupportedMedia("This entry is packed in a way that is not accepted here.")
    if name.lower().endswith((".zip", ".gz", ".7z", ".rar", ".tar", ".xz", ".bz2", ".jar")):
        raise UnsupportedMedia("Archives inside an archive are not accepted.")


def _ignored(name: str) -> bool:
    return any(part in name for part in _IGNORED)
