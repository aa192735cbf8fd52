"""The addresses of DICOMweb resources, and the identifiers in them."""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, Any

from fastapi import Path, Request

from gateway.dependencies import Services

_UID = r"^[0-9]+(\.[0-9]+)+$"  # a leading zero is wrong (PS3.5 9.1), and real
PREFIX = "/dicomweb"

StudyUid = Annotated[str, Path(pattern=_UID, max_length=64, description="Study Instance UID")]
SeriesUid = Annotated[str, Path(pattern=_UID, max_length=64, description="Series Instance UID")]
SopUid = Annotated[str, Path(pattern=_UID, max_length=64, description="SOP Instance UID")]


def base(request: Request) -> str:
    """Where this hub's DICOMweb is, as the settings say, else as the caller reached it."""
    services: Services = request.app.state.services
    scope = request.scope
    return _base(
        services.settings.public_url,
        scope["scheme"],
        request.headers.get("host", ""),
        scope.get("root_path", ""),
        scope.get("server"),
    )


@lru_cache(maxsize=256)
def _base(
    public: str, scheme: str, host: str, root: str, server: tuple[str, int | None] | None
) -> str:
    if public:
        return public.rstrip("/") + PREFIX
    asked: dict[str, Any] = {
        "type": "http",
        "scheme": scheme,
        "path": "/",
        "query_string": b"",
        "headers": [],
    }
    asked |= {"root_path": root, "server": server}
    if host:
        asked["headers"] = [(b"host", host.encode("latin-1"))]
    url = Request(asked).base_url
    if server and url.port is None and url.hostname == server[0]:
        # Some clients (dicomweb-client) leave the port out of Host: reached directly, we know it.
        url = url.replace(port=server[1])
    return str(url).rstrip("/") + PREFIX


def study_address(address: str, study: str) -> str:
    return f"{address}/studies/{study}"


def series_address(address: str, study: str, series: str) -> str:
    return f"{address}/studies/{study}/series/{series}"


def instance_address(address: str, study: str, series: str, sop: str) -> str:
    return f"{address}/studies/{study}/series/{series}/instances/{sop}"


def retrieve_url(address: str) -> dict[str, Any]:
    """RetrieveURL (0008,1190) as DICOM JSON."""
    return {"vr": "UR", "Value": [address]}
