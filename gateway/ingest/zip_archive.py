"""ZIP archives from outside: opened with suspicion, never extracted by name.

Refused as a whole: too many entries, names that point outside, links, encryption, odd compression,
archives in archives, more inflated bytes than allowed. Inflated sizes are counted, not believed.
"""

from __future__ import annotations

import stat
import struct
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from gateway.ingest.spool import Spool, Spooled
from services.domain.errors import InvalidInput, TooLarge, UnsupportedMedia
from services.settings import Settings

_END = b"PK\x05\x06"
_CHUNK = 1 << 20
_DIRECTORY_BYTES_PER_ENTRY = 1024
_IGNORED = ("__MACOSX/", ".DS_Store", "Thumbs.db", "desktop.ini")


def unpack(path: Path, spool: Spool, settings: Settings, basket: list[Spooled]) -> list[Spooled]:
    """The entries as spooled files; each is also put into ``basket`` for removal.

    Raises:
        InvalidInput: damaged, encrypted, or an entry's name points outside.
        TooLarge: too many entries, or more inflated bytes than this hub accepts.
        UnsupportedMedia: an archive inside the archive, or an odd compression.
    """
    _check_directory(path, settings.max_zip_entries)
    unpacked: list[Spooled] = []
    left = settings.max_inflated_bytes
    try:
        with zipfile.ZipFile(path) as archive:
            entries = [e for e in archive.infolist() if not e.is_dir() and not _ignored(e.filename)]
            for entry in entries:
                _check(entry)
            for entry in entries:
                limit = min(left, settings.max_instance_bytes)
                with spool.writer(limit, entry.filename) as out, archive.open(entry) as source:
                    while piece := source.read(_CHUNK):
                        out.write(piece)
                    done = out.finish()
                basket.append(done)
                left -= done.size
                unpacked.append(done)
    except (zipfile.BadZipFile, zlib.error, EOFError, struct.error, NotImplementedError) as error:
        raise InvalidInput("The ZIP archive is damaged.") from error
    if not unpacked:
        raise InvalidInput("The ZIP archive is empty.")
    return unpacked


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


def _check(entry: zipfile.ZipInfo) -> None:
    name = entry.filename
    place = PurePosixPath(name)
    raw = entry.orig_filename
    if (
        place.is_absolute()
        or ".." in place.parts
        or "\\" in raw
        or "\0" in raw
        or ":" in place.parts[0]
    ):
        raise InvalidInput("A name in the ZIP archive points outside of it.")
    mode = entry.external_attr >> 16
    if mode and stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        raise InvalidInput("The ZIP archive holds a link or a device.")
    if entry.flag_bits & 0x1:
        raise InvalidInput("The ZIP archive is encrypted.")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise UnsupportedMedia("The ZIP archive uses a compression that is not accepted here.")
    if name.lower().endswith((".zip", ".gz", ".7z", ".rar", ".tar", ".xz", ".bz2")):
        raise UnsupportedMedia("Archives inside an archive are not accepted.")


def _ignored(name: str) -> bool:
    return any(part in name for part in _IGNORED)
