"""JPEG lossless (SOF3) and 12-bit extended for pydicom, by libjpeg-turbo 3 through imagecodecs (BSD).

pydicom's own plugins for these syntaxes need a GPL library, or GDCM, which does not read 12 bits.
The interface (``is_available``, ``DECODER_DEPENDENCIES``, a function of stream and runner) is that of
pydicom's decoding plugins: https://pydicom.github.io/pydicom/stable/guides/decoding/decoder_plugins.html
"""

from __future__ import annotations

import importlib.util

import numpy as np
from pydicom.pixels.decoders.base import DecodeRunner, get_decoder
from pydicom.uid import JPEGExtended12Bit, JPEGLossless, JPEGLosslessSV1

PLUGIN = "imagecodecs"
_SYNTAXES = (JPEGExtended12Bit, JPEGLossless, JPEGLosslessSV1)
DECODER_DEPENDENCIES = dict.fromkeys(_SYNTAXES, ("numpy", "imagecodecs"))


def is_available(uid: str) -> bool:
    """Whether imagecodecs is installed and ``uid`` is one of the three syntaxes."""
    return uid in DECODER_DEPENDENCIES and importlib.util.find_spec("imagecodecs") is not None


def decode_frame(stream: bytes, runner: DecodeRunner) -> bytes:
    """The samples of one frame, pixel-interleaved, 8 or 16 bits each, colours as they were coded.

    Raises:
        imagecodecs.Jpeg8Error: damaged, or a process that libjpeg-turbo does not know.
    """
    from imagecodecs import jpeg8_decode  # loaded late: most children never meet these syntaxes

    # The same space in and out: pydicom itself converts by the photometric interpretation.
    space = "RGB" if runner.samples_per_pixel == 3 else None
    pixels = np.asarray(jpeg8_decode(stream, colorspace=space, outcolorspace=space))
    runner.set_option("bits_allocated", 8 * pixels.itemsize)
    runner.set_option("planar_configuration", 0)
    return pixels.tobytes()


def register() -> None:
    """Make pydicom's decoders of the three syntaxes know this plugin; again is harmless."""
    for uid in DECODER_DEPENDENCIES:
        decoder = get_decoder(uid)
        if PLUGIN not in decoder.available_plugins:
            decoder.add_plugin(PLUGIN, (__name__, decode_frame.__name__))
