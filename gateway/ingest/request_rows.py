"""Rows of the files that one request brought: study by study, in the transaction that receives them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gateway.ingest.site_room import Claim
from gateway.ingest.spool import SpooledFile
from services.dicom.parser.parse import ParsedInstance
from services.domain.errors import DifferentBytes, FadaError, NotOwnStudy
from services.domain.patient import Identity, identity_of
from services.domain.study import IngestSource, Principal
from services.index.port import InstancesDiffer, NewInstance, Received, Transaction


@dataclass(frozen=True, slots=True)
class IngestRequest:
    """What one sender brings at once, and what it may take of its site's room."""

    principal: Principal
    files: Sequence[SpooledFile]
    source: IngestSource
    urgent: bool
    request_id: str
    study_uid: str | None
    claim: Claim


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file that was parsed and lies in the object store; ``position`` in the request's files."""

    position: int
    parsed: ParsedInstance
    instance: NewInstance


def index_files(
    tx: Transaction, request: IngestRequest, stored: list[StoredFile]
) -> Iterator[tuple[StoredFile, Received | FadaError]]:
    """Write the files' rows, study by study; each file with what became of it."""
    studies: dict[str, list[StoredFile]] = {}
    first: dict[str, str] = {}
    for one in stored:
        # Of two different files with one UID the first is kept, as it would be in two requests.
        if first.setdefault(one.parsed.sop_uid, one.instance.sha256) != one.instance.sha256:
            yield (
                one,
                DifferentBytes("Two files of the request have the same SOP Instance UID."),
            )
        else:
            studies.setdefault(one.parsed.study_uid, []).append(one)
    for study_uid, members in sorted(studies.items()):  # one order: no two wait for each other
        for of_one in _by_patient(members):
            yield from _index_study(tx, request, study_uid, of_one)


def _by_patient(members: list[StoredFile]) -> list[list[StoredFile]]:
    """Files of one study that say different things of its patient are received one after the other."""
    groups: dict[Identity, list[StoredFile]] = {}
    for one in members:
        groups.setdefault(identity_of(one.parsed.study_attributes), []).append(one)
    return list(groups.values())


def _index_study(
    tx: Transaction, request: IngestRequest, study_uid: str, members: list[StoredFile]
) -> Iterator[tuple[StoredFile, Received | FadaError]]:
    """Write the rows of one study; instances known with other bytes are refused alone."""
    while members:
        try:
            answers = tx.studies.receive(
                request.principal,
                study_uid,
                members[0].parsed.study_attributes,
                [one.instance for one in members],
                source=request.source,
                urgent=request.urgent,
                request_id=request.request_id,
            )
        except InstancesDiffer as error:
            refused = [one for one in members if one.parsed.sop_uid in error.sop_uids]
            members = [one for one in members if one.parsed.sop_uid not in error.sop_uids]
            yield from ((one, DifferentBytes(error.detail)) for one in refused)
        except NotOwnStudy as error:
            yield from ((one, error) for one in members)
            return
        else:
            yield from zip(members, answers, strict=True)
            return


def new_instance(file: SpooledFile, parsed: ParsedInstance) -> NewInstance:
    """What the index keeps of a file that was parsed."""
    return NewInstance(
        series_uid=parsed.series_uid,
        sop_uid=parsed.sop_uid,
        sop_class=parsed.sop_class,
        transfer_syntax=parsed.transfer_syntax,
        modality=parsed.modality,
        sha256=file.sha256,
        size=file.size,
        rows=parsed.rows,
        columns=parsed.columns,
        frames=parsed.frames,
        attributes=parsed.attributes,
        correction=file.correction,
    )
