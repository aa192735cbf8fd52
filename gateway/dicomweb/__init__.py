"""DICOMweb: STOW-RS, QIDO-RS, WADO-RS, WADO-URI and UPS-RS under ``/dicomweb`` (PS3.18)."""

from gateway.dicomweb import frames, notifications, qido, stow, wado, wado_uri, workitems

ROUTERS = (
    stow.router,
    qido.router,
    frames.router,
    wado.router,
    wado_uri.router,
    workitems.router,
    notifications.router,
)
