"""What DICOMweb responses are made of: URLs of resources, DICOM JSON, the outcome of a STOW request."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from fastapi import Request
from starlette.responses import Response

from gateway.dependencies import Services
from gateway.ingest.service import IngestOutcome

PREFIX = "/dicomweb"
JSON = "application/dicom+json"
IGNORED = '299 fada "Some query keys are not supported and were ignored."'  # PS3.18 8.3.4.4
# PS3.4 table GG.4-2 and PS3.7 annex C
_REASONS = {
    "different_bytes": 0x0111,
    "unsupported_object": 0x0122,
    "too_large": 0xA700,
    "study_mismatch": 0xA900,
}
_CANNOT_UNDERSTAND = 0xC000


def base_url(request: Request) -> str:
    """The URL of this hub's DICOMweb, as the settings say, else as the caller reached it."""
    services: Services = request.app.state.services
    scope = request.scope
    return _base_url(
        services.settings.public_url,
        scope["scheme"],
        request.headers.get("host", ""),
        scope.get("root_path", ""),
        scope.get("server"),
    )


@lru_cache(maxsize=256)
def _base_url(
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


def study_url(base: str, study: str) -> str:
    """The URL of a study; ``base`` is that of DICOMweb, ``study`` a UID."""
    return f"{base}/studies/{study}"


def series_url(base: str, study: str, series: str) -> str:
    """The URL of a series."""
    return f"{base}/studies/{study}/series/{series}"


def instance_url(base: str, study: str, series: str, sop: str) -> str:
    """The URL of an instance."""
    return f"{base}/studies/{study}/series/{series}/instances/{sop}"


def retrieve_url(url: str) -> dict[str, Any]:
    """RetrieveURL (0008,1190) as DICOM JSON."""
    return {"vr": "UR", "Value": [url]}


def store_response(outcomes: list[IngestOutcome], base: str) -> Response:
    """The Store Instances Response Module (PS3.18 table 10.5.3-2); ``base``: the URL of DICOMweb."""
    stored = [o for o in outcomes if o.error is None]
    failed = [o for o in outcomes if o.error is not None]
    body: dict[str, Any] = {}
    studies = {o.study_uid for o in stored}
    if len(studies) == 1:
        body["00081190"] = retrieve_url(study_url(base, studies.pop()))
    if stored:
        body["00081199"] = {"vr": "SQ", "Value": [_stored_item(o, base) for o in stored]}
    known = [_failed_item(o) for o in failed if o.sop_uid]
    unknown = [_failed_item(o) for o in failed if not o.sop_uid]
    if known:
        body["00081198"] = {"vr": "SQ", "Value": known}
    if unknown:
        body["0008119A"] = {"vr": "SQ", "Value": unknown}
    content = json.dumps(body, ensure_ascii=False).encode()
    return Response(content, _status(stored, failed), media_type=JSON)


def _status(stored: list[IngestOutcome], failed: list[IngestOutcome]) -> int:
    if not failed:
        return 200
    if stored:
        return 202
    statuses = {
        409 if o.error.code == "unsupported_object" else o.error.status for o in failed if o.error
    }
    return statuses.pop() if len(statuses) == 1 else 409


def _stored_item(outcome: IngestOutcome, base: str) -> dict[str, Any]:
    url = instance_url(base, outcome.study_uid, outcome.series_uid, outcome.sop_uid)
    return {
        "00081150": {"vr": "UI", "Value": [outcome.sop_class]},
        "00081155": {"vr": "UI", "Value": [outcome.sop_uid]},
        "00081190": retrieve_url(url),
    }


def _failed_item(outcome: IngestOutcome) -> dict[str, Any]:
    assert outcome.error is not None
    code = outcome.error.code
    item: dict[str, Any] = {
        "00081197": {"vr": "US", "Value": [_REASONS.get(code, _CANNOT_UNDERSTAND)]},
        "00000902": {"vr": "LO", "Value": [f"{code}: {outcome.error.detail}"[:64]]},
    }
    if outcome.sop_uid:
        item["00081150"] = {"vr": "UI", "Value": [outcome.sop_class]}
        item["00081155"] = {"vr": "UI", "Value": [outcome.sop_uid]}
    return item
