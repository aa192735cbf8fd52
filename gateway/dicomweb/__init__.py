"""DICOMweb: STOW-RS, QIDO-RS, WADO-RS and WADO-URI under ``/dicomweb`` (PS3.18)."""

from gateway.dicomweb import frames, qido, stow, wado, wado_uri

ROUTERS = (stow.router, qido.router, frames.router, wado.router, wado_uri.router)
