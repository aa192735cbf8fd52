"""Share links: one study's latest result, read only, until an hour that is set; revocable.

The token is signed. Who opens the link sees no name, no initials and no birth date.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from gateway.dependencies import Services, ServicesDep
from gateway.http.params import Frame, RecordId, Sha256, Sonographer, SopUid, StudyId
from gateway.http.tokens import Signer
from gateway.representations import examinations, serializers
from gateway.representations.files import artefact_response
from gateway.representations.results import draw_overlay, frame_of
from services.domain.errors import FadaError, Gone, NotAuthenticated, NotFound
from services.domain.study import Principal, Role
from services.examinations import examination_of
from services.index.port import Result, Share, Study

router = APIRouter(tags=["Sharing"])
_NOT_KEPT = "private, no-store"  # a browser would show it after the link has ended
Token = Annotated[str, Path(min_length=16, max_length=800, pattern=r"^[A-Za-z0-9_.-]+$")]


class ShareIn(BaseModel):
    """How long the link holds."""

    hours: float = Field(default=72.0, ge=0.1, le=24 * 31)


@router.post(
    "/api/studies/{study_id}/shares", summary="Create a share link", operation_id="share",
    status_code=201,
)  # fmt: skip
def share(
    study_id: StudyId, body: ShareIn, who: Sonographer, services: ServicesDep, request: Request
) -> dict[str, Any]:
    """Whoever has the link can read this study's latest result until then."""
    signer: Signer = request.app.state.signer
    ends = datetime.fromtimestamp(int(datetime.now(UTC).timestamp() + body.hours * 3600), UTC)
    with services.index.begin() as tx:
        tx.studies.get(who.site, study_id)
        made = tx.shares.create(who, study_id, ends)
    claims = {"share": made.id, "study": study_id, "site": who.site}
    token = signer.sign("share", claims, body.hours * 3600)
    base = services.settings.public_url.rstrip("/") or str(request.base_url).rstrip("/")
    return {"id": made.id, "url": f"{base}/share/{token}", "expires_at": ends}


@router.get("/api/studies/{study_id}/shares", summary="List share links", operation_id="listShares")
def shares(study_id: StudyId, who: Sonographer, services: ServicesDep) -> dict[str, Any]:
    """Those that still hold."""
    with services.index.read() as tx:
        tx.studies.get(who.site, study_id)
        return {"items": [_item(one) for one in tx.shares.open_shares(who.site, study_id)]}


@router.delete(
    "/api/studies/{study_id}/shares/{share_id}", summary="Revoke a share link",
    operation_id="revokeShare", status_code=204,
)  # fmt: skip
def revoke(
    study_id: StudyId, share_id: RecordId, who: Sonographer, services: ServicesDep
) -> Response:
    """It shows nothing from now on."""
    with services.index.begin() as tx:
        tx.studies.get(who.site, study_id)
        tx.shares.revoke(who, study_id, share_id)
    return Response(status_code=204)


@router.get("/api/shared/{token}", summary="Get a shared result", operation_id="shared")
def shared(token: Token, services: ServicesDep, request: Request) -> dict[str, Any]:
    """The latest result, and the examination that it is of, without the patient's identity."""
    study, result, ends = _opened(services, request, token)
    with services.index.read() as tx:
        whole = examination_of(tx, study, result.report.frames)
    return {
        "study": {
            "study_date": serializers.study(study)["study_date"],
            "state": study.state.value,
        },
        "result": serializers.shared_result(result),
        "examination": examinations.without_identity(whole),
        "expires_at": ends,
    }


@router.get(
    "/api/shared/{token}/artefacts/{sha256}",
    summary="Get a shared mask or overlay",
    operation_id="sharedArtefact",
    response_class=Response,
)
def artefact(token: Token, sha256: Sha256, services: ServicesDep, request: Request) -> Response:
    """Pictures only: DICOM objects and FHIR name the patient. An overlay is drawn anew, without words
    that the scanner wrote into the frame.
    """
    study, result, _ = _opened(services, request, token)
    for stored in result.artefacts:
        if stored.sha256 == sha256 and stored.media_type == "image/png":
            if stored.kind != "mask":
                return _drawn(services, study, result, stored.sop_uid, stored.frame)
            answer = artefact_response(services, study.site, stored)
            answer.headers["Cache-Control"] = _NOT_KEPT
            return answer
    raise NotFound()


@router.get(
    "/api/shared/{token}/frames/{sop_uid}/{frame}.png",
    summary="Get a shared frame with its overlay",
    operation_id="sharedFrame",
    response_class=Response,
    responses={200: {"content": {"image/png": {}}}},
)
def frame(
    token: Token, sop_uid: SopUid, frame: Frame, services: ServicesDep, request: Request
) -> Response:
    """As this version has it; its label is burned in. What lies around the scan, and words in it, are
    black: a name may stand there.
    """
    study, result, _ = _opened(services, request, token)
    return _drawn(services, study, result, sop_uid, frame)


def _drawn(services: Services, study: Study, result: Result, sop_uid: str, frame: int) -> Response:
    reading = frame_of(result, sop_uid, frame)
    data = draw_overlay(services, study.site, result, reading, blank=True)
    return Response(data, media_type="image/png", headers={"Cache-Control": _NOT_KEPT})


def _opened(services: Services, request: Request, token: str) -> tuple[Study, Result, datetime]:
    """Raises NotFound for a forged link, Gone for one that is over or was taken back."""
    signer: Signer = request.app.state.signer
    try:
        claims = signer.read("share", token)
    except NotAuthenticated as error:
        over = signer.genuine("share", token)
        refusal: FadaError = Gone("This link has ended.") if over else NotFound()
        raise refusal from error
    site, study_id = claims["site"], claims["study"]
    with services.index.read() as tx:
        study = tx.studies.get(site, study_id)
        if claims["share"] not in {one.id for one in tx.shares.open_shares(site, study_id)}:
            raise Gone("This link was taken back.")
        if study.held:  # withdrawn, or not known whose it is
            raise Gone("This examination cannot be shown at present.")
        result = tx.results.get(site, study_id)
    # By whoever has the link: its maker answers for it.
    reader = Principal(f"share:{claims['share']}", site, Role.READER)
    request.app.state.access.note(reader, "share.opened", study_id)
    return study, result, datetime.fromtimestamp(claims["exp"], UTC)


def _item(share: Share) -> dict[str, Any]:
    return {
        "id": share.id,
        "created_at": share.created_at,
        "created_by": share.created_by,
        "expires_at": share.expires_at,
    }
