"""ZIP archives from outside, unpacked under limits and never by the names in them.

Refused as a whole: damaged, too many entries, more inflated bytes than allowed (they are counted, not
trusted). An entry that points outside, is a link, encrypted, oddly packed or itself an archive is
skipped and named, and the others are taken: the CD of a scanner holds more than images.
"""

from __future__ import annotations

import stat
import struct
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from gateway.ingest.service import IngestOutcome
from gateway.ingest.spool import RequestFiles, SpooledFile
from services.domain.errors import InvalidInput, TooLarge, UnsupportedMedia
from services.settings import Settings

_END = b"PK\x05\x06"
_CHUNK = 1 << 20
_DIRECTORY_BYTES_PER_ENTRY = 1024
_IGNORED = ("__MACOSX/", ".DS_Store", "Thumbs.db", "desktop.ini")


def unpack(
    path: Path, settings: Settings, request_files: RequestFiles
) -> list[SpooledFile | IngestOutcome]:
    """The entries as spooled files, or why one was skipped, in the archive's order.

    Each spooled file is also added to ``request_files``, for removal.

    Raises:
        InvalidInput: the archive is damaged or empty.
        TooLarge: too many entries, or more inflated bytes than this hub accepts.
    """
    _check_directory(path, settings.max_zip_entries)
    unpacked: list[SpooledFile | IngestOutcome] = []
    left = settings.max_inflated_bytes
    try:
        with zipfile.ZipFile(path) as archive:
            for entry in archive.infolist():
                name = entry.orig_filename.replace("\\", "/")  # as some Windows programs write it
                if not PurePosixPath(name).name or name.endswith("/") or _ignored(name):
                    continue
                try:
                    _check(entry, name)
                    limit = min(left, settings.max_instance_bytes)
                    file = _inflate(archive, entry, name, request_files, limit)
                except (InvalidInput, UnsupportedMedia) as error:
                    unpacked.append(IngestOutcome(name, error=error))
                    continue
                request_files.append(file)
                left -= file.size
                unpacked.append(file)
    except (zipfile.BadZipFile, EOFError, struct.error) as error:
        raise InvalidInput("The ZIP archive is damaged.") from error
    if not unpacked:
        raise InvalidInput("The ZIP archive is empty.")
    return unpacked


def _inflate(
    archive: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str, files: RequestFiles, limit: int
) -> SpooledFile:
    try:
        with files.writer(limit, name) as out, archive.open(entry) as source:
            while chunk := source.read(_CHUNK):
                out.write(chunk)
            return out.finish()
    except (
        zipfile.BadZipFile, zlib.error, EOFError, struct.error, NotImplementedError, RuntimeError
    ) as error:  # fmt: skip
        raise InvalidInput("This entry of the ZIP archive is damaged.") from error


def _check_directory(path: Path, max_entries: int) -> None:
    """The end record is read first: a directory of a million entries would fill the memory."""
    with path.open("rb") as handle:
        size = handle.seek(0, 2)
        handle.seek(max(0, size - 65_557))
        tail = handle.read()
    at = tail.rfind(_END)
    if at < 0 or len(tail) - at < 22:
        raise InvalidInput("The ZIP archive has no end; it was cut.")
    entries, directory = struct.unpack_from("<HI", tail, at + 10)
    if entries == 0xFFFF or directory == 0xFFFFFFFF or entries > max_entries:
        raise TooLarge(f"A ZIP archive may have {max_entries} entries.")
    if directory > max_entries * _DIRECTORY_BYTES_PER_ENTRY:
        raise TooLarge("The ZIP archive's directory is too large.")


def _check(entry: zipfile.ZipInfo, name: str) -> None:
    """Raises InvalidInput, UnsupportedMedia: this entry is not opened."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\0" in name or ":" in path.parts[0]:
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
