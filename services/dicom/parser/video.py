"""The frames of a video stream, H.264, HEVC or MPEG-2, decoded by the FFmpeg in OpenCV's wheel.

A clip lies in the DICOM object as its probe exported it (PS3.5 8.2.5 to 8.2.13): an MP4 or MOV file, a
transport stream or the bare stream. Used inside bounded children alone. Why OpenCV's build: decision 36.
"""

from __future__ import annotations

import io
import os
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from services.domain.errors import FrameUndecodable, TooLarge, UnsupportedMedia

H264: Final = "1.2.840.10008.1.2.4.102"
HEVC: Final = "1.2.840.10008.1.2.4.107"
VIDEO: Final = frozenset(
    {f"1.2.840.10008.1.2.4.{n}" for n in range(100, 109)}
    | {f"1.2.840.10008.1.2.4.{n}.1" for n in range(100, 107)}  # in several fragments
)
_SYNTAX_OF: Final = {
    b"avc1": H264,
    b"h264": H264,
    b"H264": H264,
    b"hvc1": HEVC,
    b"hev1": HEVC,
    b"hevc": HEVC,
}
_MOST_SAMPLES: Final = 2**26  # of one frame


class Video:
    """One stream. Frames are cheap in ascending order; going back decodes from the beginning."""

    def __init__(self, stream: bytes) -> None:
        """Raises FrameUndecodable, TooLarge."""
        # One object for the reader's whole life: OpenCV keeps no reference of its own.
        self._source = io.BytesIO(stream)
        self._next = 1
        self._reader = self._open()
        self.width, self.height = (
            int(self._reader.get(kind))
            for kind in (_cv2().CAP_PROP_FRAME_WIDTH, _cv2().CAP_PROP_FRAME_HEIGHT)
        )
        if self.width * self.height * 3 > _MOST_SAMPLES:
            raise TooLarge("A frame has more pixels than this hub accepts.")

    @property
    def syntax(self) -> str:
        """The transfer syntax that its coding asks for.

        Raises:
            UnsupportedMedia: neither H.264 nor HEVC.
        """
        code = int(self._reader.get(_cv2().CAP_PROP_FOURCC)) & 0xFFFFFFFF
        syntax = _SYNTAX_OF.get(code.to_bytes(4, "little"))
        if syntax is None:
            raise UnsupportedMedia(
                "The clip's coding is not read here. Export it as MP4 with H.264."
            )
        return syntax

    @property
    def rate(self) -> float:
        """Frames a second as the file has it; 25 where it says nothing usable."""
        rate = float(self._reader.get(_cv2().CAP_PROP_FPS))
        return rate if 0.1 <= rate <= 1000 else 25.0

    def count(self, limit: int) -> int:
        """How many frames can be decoded; the stream is decoded to its end.

        Raises:
            TooLarge: more than ``limit``.
        """
        self._rewind()
        number = 0
        while self._reader.grab():
            number += 1
            if number > limit:
                raise TooLarge(f"A clip may have {limit} frames.")
        self._next = number + 1
        return number

    def read(self, number: int) -> NDArray[np.uint8]:
        """Frame ``number``, from 1 in the order of display: (H, W, 3) RGB.

        Raises:
            FrameUndecodable: it is damaged, or the stream ends before it.
        """
        if number < self._next:
            self._rewind()
        while self._next < number:
            if not self._reader.grab():
                raise FrameUndecodable("The video stream ends before this frame.")
            self._next += 1
        done, pixels = self._reader.read()
        if not done or pixels is None:
            raise FrameUndecodable("The video stream ends before this frame.")
        self._next += 1
        return np.ascontiguousarray(pixels[..., ::-1], dtype=np.uint8)

    def _rewind(self) -> None:
        if self._next != 1:
            self._reader.release()
            self._reader, self._next = self._open(), 1

    def _open(self) -> Any:
        cv2 = _cv2()
        self._source.seek(0)
        # A reader of bytes: a bounded child may not write a file.
        reader = cv2.VideoCapture(self._source, cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, 1])
        if not reader.isOpened():
            raise FrameUndecodable("The video stream cannot be opened.")
        return reader


def _cv2() -> Any:
    """Loaded late: most children never meet a clip. Silent, for its messages may quote the file."""
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
    try:
        import cv2
    except ImportError as error:  # a hub may be installed without it, for its patents
        raise UnsupportedMedia("This hub was installed without a decoder for clips.") from error
    return cv2
