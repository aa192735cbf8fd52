"""A resumable upload that is whole: into the intake, and its outcome kept where it can be read."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Any

from gateway import reception
from gateway.partial import Partial, Parts
from gateway.services import Outcome, Services
from services.domain.errors import ChecksumMismatch, FadaError, InvalidInput
from services.domain.study import Door, Principal, Role
from services.index.port import Upload


def check(metadata: dict[str, str]) -> None:
    """Refuse at the start what could only fail at the end. Raises InvalidInput."""
    if case := metadata.get("case"):
        try:
            uuid.UUID(case)
        except ValueError as error:
            raise InvalidInput("A case is a UUID.") from error
    digest = metadata.get("sha256", "")
    if digest and not (len(digest) == 64 and all(c in "0123456789abcdef" for c in digest)):
        raise InvalidInput("sha256 has 64 hexadecimal digits.")


def land(
    services: Services,
    who: Principal,
    parts: Parts,
    upload: Upload,
    part: Partial,
    request_id: str,
) -> tuple[str, dict[str, Any]]:
    """Blocking; (complete or failed, the outcome). The part stays locked meanwhile.

    Raises:
        Unavailable: nothing was counted; the client sends the last bytes again.
    """
    part.sync()
    with services.spool.basket() as basket:
        outcomes = _outcomes(services, who, parts, upload, request_id, basket)
    told = reception.answer(outcomes, request_id)
    return "complete" if told["accepted"] else "failed", told


def _outcomes(
    services: Services,
    who: Principal,
    parts: Parts,
    upload: Upload,
    request_id: str,
    basket: list[Any],
) -> list[Outcome]:
    told = upload.metadata
    name = told.get("filename", "")[:255]
    file = parts.whole(upload.id, name)
    expected = told.get("sha256", "")
    if expected and file.sha256 != expected:
        error: FadaError = ChecksumMismatch("The file is not the one that was announced.")
        return [Outcome(name, sha256=file.sha256, error=error)]
    case = str(uuid.UUID(told["case"])) if told.get("case") else ""
    described = replace(reception.described(told), case=case)
    door = Door.PHONE if case or who.role is Role.DEVICE else Door.TUS
    return reception.receive(
        services, who, [file], described, door=door, request_id=request_id, basket=basket
    )
