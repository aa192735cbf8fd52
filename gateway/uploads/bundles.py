"""Carried cases: a sealed bundle that another phone, a stick or a laptop hands in, in its maker's name."""

from __future__ import annotations

import base64
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool

from gateway.dependencies import Services, ServicesDep
from gateway.http.params import Sender
from gateway.http.request_logging import request_id
from gateway.ingest.case_reports import receive_case
from gateway.ingest.spool import RequestFiles
from gateway.uploads.completed_upload import ingest_case_file
from gateway.uploads.turns import Turns
from services import bundle as bundles
from services.bundle import Bundle, BundleImage
from services.credentials import secrets_of
from services.domain.errors import FadaError, InvalidInput, NotFound, TooLarge
from services.domain.study import Principal, Role
from services.index.port import Device

router = APIRouter(prefix="/api/sync", tags=["Phones"])
ON_THE_WAY = timedelta(days=30)  # so long a case that was sealed before a change of key is taken


@router.post(
    "/bundles",
    summary="Hand in a carried case",
    operation_id="handIn",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/octet-stream": {"schema": {"type": "string"}}},
        }
    },
)
async def hand_in(request: Request, who: Sender, services: ServicesDep) -> dict[str, Any]:
    """The same answer for the same bundle, whoever hands it in and how often: the receipt is for the
    phone that took the case. A case that came by itself meanwhile is received once."""
    room = services.spool_room.holding(who)
    with room as holding, services.spool.request_files(holding) as files:
        await holding.announce(request)
        with files.writer(bundles.MOST_BYTES, "bundle") as out:
            async for chunk in request.stream():
                await run_in_threadpool(out.write, chunk)
            files.append(await run_in_threadpool(out.finish))
        turns: Turns = request.app.state.carried_turns
        async with turns.turn(who):  # a bundle lies in memory while it is opened
            return await run_in_threadpool(_receive, services, who, files, request_id(request))


def _receive(
    services: Services, carrier: Principal, files: RequestFiles, identity: str
) -> dict[str, Any]:
    if files[0].size > bundles.MOST_BYTES:
        raise TooLarge(f"A carried case may have {bundles.MOST_BYTES} bytes.")
    bundle, secret = _opened(services, files[0].path.read_bytes())
    maker = _maker(services, carrier, bundle)
    receive_case(
        services.index, services.store, services.ingest.site_room, maker,
        bundle.case, bundle.version, bundle.body, request_id=identity,
    )  # fmt: skip
    for image in bundle.images:
        _take_image(services, maker, bundle, image, identity, files)
    with services.index.begin() as tx:
        missing = tx.cases.missing(maker.site, bundle.case, bundle.version)
        tx.audit.add(carrier, "case.carried", bundle.case, {"maker": maker.subject})
    if missing:
        raise InvalidInput("Not every image of this carried case can be taken; send it directly.")
    return {"receipt": bundles.receipt(bundles.receipt_key(secret), bundle.case, bundle.version)}


def _opened(services: Services, file: bytes) -> tuple[Bundle, bytes]:
    """With the secret that its phone knows the hub by, which may be one before the present.

    Raises InvalidInput.
    """
    *newer, oldest = secrets_of(services.settings)
    for secret in newer:
        with suppress(InvalidInput):
            return bundles.unseal(file, bundles.hub_key(secret)), secret
    return bundles.unseal(file, bundles.hub_key(oldest)), oldest


def _maker(services: Services, carrier: Principal, bundle: Bundle) -> Principal:
    """The phone that took the case, proven by its signature. Raises InvalidInput."""
    try:
        with services.index.read() as tx:
            device = tx.devices.get(bundle.device)
    except NotFound:
        device = None
    if device is None or device.site != carrier.site or device.revoked_at is not None:
        raise InvalidInput("The phone that took this case is not enrolled at this site.")
    if not any(_fits(key, bundle) for key in _keys(device)):
        raise InvalidInput("This carried case is not signed by the phone that it names.")
    return Principal(f"device:{device.id}", device.site, Role.DEVICE)


def _keys(device: Device) -> list[str]:
    """Its key; and the one before, for a while: what was packed with that may still be on its way."""
    since = device.key_at
    if device.earlier_key is None or since is None or datetime.now(UTC) - since > ON_THE_WAY:
        return [device.public_key]
    return [device.public_key, device.earlier_key]


def _fits(key: str, bundle: Bundle) -> bool:
    try:
        public = Ed25519PublicKey.from_public_bytes(base64.b64decode(key))
        public.verify(bundle.signature, bundle.signed)
    except InvalidSignature:
        return False
    return True


def _take_image(
    services: Services,
    maker: Principal,
    bundle: Bundle,
    image: BundleImage,
    identity: str,
    files: RequestFiles,
) -> None:
    """One image, where the hub lacks it. Raises the refusal of the image."""
    with services.index.read() as tx:
        if image.sha256 not in tx.cases.missing(maker.site, bundle.case, bundle.version):
            return
    with files.writer(bundles.MOST_BYTES, image.sha256) as out:
        out.write(image.data)
        file = out.finish()
    files.append(file)
    scale = image.pixel_mm
    metadata = {"case": bundle.case, "sha256": image.sha256}
    if scale is not None:
        metadata |= {"pixel_mm_x": str(scale[0]), "pixel_mm_y": str(scale[1])}
    outcomes = ingest_case_file(services, maker, file, metadata, identity, files)
    error: FadaError | None = next((o.error for o in outcomes if o.error is not None), None)
    if error is not None:
        raise error
