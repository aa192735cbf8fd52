"""Why: where in a frame one finding comes from, as a picture to lay over it. Made on request, not kept."""

from __future__ import annotations

import io
from typing import Annotated

import numpy as np
from fastapi import APIRouter, Query, Request
from numpy.typing import NDArray
from PIL import Image
from starlette.responses import Response

from gateway.dependencies import ServicesDep
from gateway.http.params import Frame, Reader, SopUid, StudyId
from gateway.representations.pixels import find_frame, frame_pixels
from services.domain.errors import InferenceUnavailable
from services.reading.images.picture import square
from services.reading.releases.registry import Manifests

router = APIRouter(prefix="/api/studies", tags=["Results"])
_SIDE = 192  # pixels of the map's longer side; it is coarse, and the page enlarges it
# From nothing to the strongest: transparent, blue, green, yellow, red.
_STOPS = np.array([0.0, 0.25, 0.5, 0.75, 1.0])
_COLOURS = np.array(
    [[30, 60, 200, 0], [30, 120, 220, 70], [60, 190, 110, 130], [250, 200, 40, 170], [230, 40, 30, 200]]
)  # fmt: skip


@router.get(
    "/{study_id}/frames/{sop_uid}/{frame}/heatmap",
    summary="Get where a finding comes from",
    operation_id="heatmap",
    response_class=Response,
    responses={200: {"content": {"image/png": {}}}},
)
def heatmap(
    study_id: StudyId,
    sop_uid: SopUid,
    frame: Frame,
    who: Reader,
    services: ServicesDep,
    request: Request,
    of: Annotated[
        str, Query(pattern=r"^[A-Za-z][A-Za-z_]{0,40}$", description="plane, or a structure")
    ] = "plane",
) -> Response:
    """A PNG with transparency, of the frame's shape, by the release in use: what the head itself says of
    a structure with a mask, else what is lost when a part of the image is covered. `Fada-Release` names that
    release (name, version, SHA-256): a study that another one has read is not explained by it."""
    with services.index.read() as tx:
        study = tx.studies.get(who.site, study_id)
    instance = find_frame(services, study, sop_uid, frame)
    if services.inference is None:
        raise InferenceUnavailable("This gateway has no way to the model.")
    manifests: Manifests = request.app.state.manifests
    manifest = manifests.active()
    image = square(frame_pixels(services, instance, frame), manifest.side)
    values = services.inference.heat(of, image.pixels)
    png = _picture(values, image.width, image.height)
    release = f"{manifest.name} {manifest.version} {manifest.sha256}"
    headers = {"Cache-Control": "private, no-store", "Fada-Release": release}
    return Response(png, media_type="image/png", headers=headers)


def _picture(values: NDArray[np.float32], width: int, height: int) -> bytes:
    """The map in colours, in the frame's shape."""
    scale = _SIDE / max(width, height)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    smooth = np.asarray(Image.fromarray(values).resize(size, Image.Resampling.BICUBIC))
    level = np.clip(smooth, 0, 1)
    rgba = np.stack([np.interp(level, _STOPS, _COLOURS[:, n]) for n in range(4)], axis=-1)
    out = io.BytesIO()
    Image.fromarray(rgba.round().astype(np.uint8)).save(out, "PNG", optimize=True)
    return out.getvalue()
