"""DICOMweb: STOW-RS, QIDO-RS and WADO-RS under ``/dicomweb`` (PS3.18)."""

from fastapi import APIRouter

from gateway.dicomweb import frames, qido, stow, wado

router = APIRouter(tags=["DICOMweb"])
for part in (stow, qido, frames, wado):
    router.include_router(part.router)
