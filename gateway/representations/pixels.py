"""One frame's pixels as the model sees them, decoded by the bounded parser process."""

from __future__ import annotations

import io
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gateway.dependencies import Services
from gateway.representations.images import find_instance
from services.domain.errors import NotFound
from services.index.port import Instance, Study


def find_frame(services: Services, study: Study, sop_uid: str, frame: int) -> Instance:
    """The instance of a study's frame. Raises NotFound: the study has no such frame."""
    with services.index.read() as tx:
        instance = find_instance(tx, study.site, study.study_uid, sop_uid)
    if not 1 <= frame <= instance.frames:
        raise NotFound("This image has no such frame.")
    return instance


def frame_pixels(services: Services, instance: Instance, frame: int) -> NDArray[np.uint8]:
    """(H, W) or (H, W, 3) uint8. Blocking.

    Raises:
        InvalidDicom: it cannot be decoded.
        StoreUnavailable, NotFound, ObjectCorrupt: the object cannot be had.
    """
    with (
        services.spool.request_files() as files,
        tempfile.TemporaryDirectory(dir=services.spool.folder) as folder,
    ):
        with services.spool.writer(instance.size) as out:
            for chunk in services.store.open(instance.site, instance.sha256):
                out.write(chunk)
            files.append(out.finish())
        png = Path(folder) / "frame.png"
        task = {"do": "rendered", "frame": frame, "media": "image/png", "quality": 90}
        services.parser.ask({**task, "path": str(files[0].path), "out": str(png)})
        with Image.open(io.BytesIO(png.read_bytes())) as image:
            return np.asarray(image)
