"""What kind of file somebody sent, by its first 132 bytes and never by its name."""

from __future__ import annotations

from typing import Final

DICOM_TYPE: Final = "application/dicom"
HEIC_WORDS: Final = (
    "HEIC photos are not read. On an iPhone choose Settings, Camera, Formats, Most Compatible, or "
    "share the photo as JPEG; on Android switch off HEIF in the camera's settings."
)
# Top-level boxes that QuickTime files of before 2001's brands begin with (ISO/IEC 14496-12 4.3).
_BOXES: Final = (b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")
_STILLS: Final = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"avif")


def kind_of(head: bytes) -> str:
    """dicom, zip, image (PNG or JPEG), clip (MP4 or MOV), heic or unknown."""
    if head[128:132] == b"DICM":
        return "dicom"
    if head[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        return "zip"
    if head[:8] == b"\x89PNG\r\n\x1a\n" or head[:3] == b"\xff\xd8\xff":
        return "image"
    if head[4:8] == b"ftyp":
        return "heic" if head[8:12] in _STILLS else "clip"
    return "clip" if head[4:8] in _BOXES else "unknown"


def clip_type(head: bytes) -> str:
    """The media type of a clip: that of QuickTime's own files or of MP4."""
    quicktime = head[4:8] != b"ftyp" or head[8:12] == b"qt  "
    return "video/quicktime" if quicktime else "video/mp4"
