"""DICOMweb: STOW-RS, QIDO-RS and WADO-RS under ``/dicomweb`` (PS3.18)."""

from gateway.dicomweb import frames, qido, stow, wado

ROUTERS = (stow.router, qido.router, frames.router, wado.router)
