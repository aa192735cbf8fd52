"""What the hub remembers of a phone's cases: whose they are, which study, which bytes came.

Kept in the index's remembered answers under keys of their own (``case:…``): the first to write a key
has it, in whichever process, and a case's version can never be told twice with other bytes.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from services.domain.errors import Conflict, DifferentBytes, NotFound
from services.domain.study import Principal
from services.index.port import Remembered, Transaction

_FOREVER = datetime(9000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Picture:
    sha256: str
    size: int
    media_type: str


@dataclass(frozen=True, slots=True)
class Case:
    """As its first report told it. ``subject`` holds patient fields for pictures made into DICOM."""

    id: str
    owner: str
    study_uid: str
    pictures: tuple[Picture, ...]
    urgent: bool = False
    pixel_mm: tuple[float, float] | None = None
    subject: dict[str, str] = field(default_factory=dict)


def open_case(tx: Transaction, site: str, told: Case) -> Case:
    """The case as it is remembered; ``told`` when it is new. Raises Conflict for another's."""
    _keep(tx, site, f"case:{told.id}", "", asdict(told))
    known = find(tx, site, told.id)
    if known.owner != told.owner:
        raise Conflict("This case belongs to another phone.")
    return known


def find(tx: Transaction, site: str, case_id: str) -> Case:
    """Raises NotFound."""
    kept = tx.idempotency.find(site, f"case:{case_id}")
    if kept is None:
        raise NotFound("There is no such case. Send its report first.")
    data = json.loads(kept.body)
    pictures = tuple(Picture(**p) for p in data.pop("pictures"))
    size = data.pop("pixel_mm")
    return Case(pictures=pictures, pixel_mm=(size[0], size[1]) if size else None, **data)


def own(tx: Transaction, who: Principal, case_id: str) -> Case:
    """The caller's own case. Raises NotFound."""
    case = find(tx, who.site, case_id)
    if case.owner != who.subject:
        raise NotFound()
    return case


def version(tx: Transaction, site: str, case_id: str, number: int, sha256: str) -> int | None:
    """The result version that this version of the case became; None when it is new.

    Raises DifferentBytes when it came before with other bytes.
    """
    kept = tx.idempotency.find(site, f"case:{case_id}:v{number}")
    if kept is None:
        return None
    if kept.request_hash != sha256:
        raise DifferentBytes("This version of the case was received with other content.")
    return int(json.loads(kept.body)["result_version"])


def keep_version(
    tx: Transaction,
    site: str,
    case_id: str,
    number: int,
    sha256: str,
    result_version: int,
    pictures: tuple[str, ...],
) -> None:
    """``pictures``: SHA-256 of those of this version; a later one may have more."""
    name = f"case:{case_id}:v{number}"
    told = {"result_version": result_version, "pictures": list(pictures)}
    _keep(tx, site, name, sha256, told)


def pictures_of(tx: Transaction, site: str, case_id: str, number: int) -> tuple[str, ...]:
    """Hashes of the pictures of one version. Raises NotFound: that version did not come."""
    kept = tx.idempotency.find(site, f"case:{case_id}:v{number}")
    if kept is None:
        raise NotFound("There is no such version of the case. Send its report first.")
    return tuple(json.loads(kept.body).get("pictures", ()))


def arrived(tx: Transaction, site: str, case_id: str, sha256: str, sop_uid: str) -> None:
    """An image of the case lies in the store."""
    _keep(tx, site, f"case:{case_id}:p{sha256}", "", {"sop_uid": sop_uid})


def missing(tx: Transaction, site: str, case: Case, also: tuple[str, ...] = ()) -> list[str]:
    """Hashes of the pictures that have not arrived."""
    wanted = dict.fromkeys((*(p.sha256 for p in case.pictures), *also))
    return [h for h in wanted if tx.idempotency.find(site, f"case:{case.id}:p{h}") is None]


def link(tx: Transaction, site: str, study_id: str, case_id: str) -> None:
    """From the study back to the case. The caller holds the study's lock."""
    linked = _linked(tx, site, study_id)
    if case_id not in linked:
        _keep(tx, site, _link(study_id, len(linked)), "", {"case": case_id})


def of_study(tx: Transaction, site: str, study_id: str) -> list[Case]:
    """The cases of a study: more than one where DICOM files of one examination came as several."""
    return [find(tx, site, case_id) for case_id in _linked(tx, site, study_id)]


def _linked(tx: Transaction, site: str, study_id: str) -> list[str]:
    found: list[str] = []
    while kept := tx.idempotency.find(site, _link(study_id, len(found))):
        found.append(json.loads(kept.body)["case"])
    return found


def _link(study_id: str, place: int) -> str:
    return f"case-of:{study_id}" + (f":{place}" if place else "")


def _keep(tx: Transaction, site: str, name: str, digest: str, value: dict[str, Any]) -> None:
    body = json.dumps(value).encode()
    tx.idempotency.keep(site, name, Remembered(digest, 0, body, "application/json"), _FOREVER)
