"""The one way in for every source: parse, object, one index transaction, answer.

The object comes first (its key is its SHA-256), then study, instance, job and outbox row in **one**
transaction, and only then the answer. The broker hears of it afterwards (``services.outbox``): its
failure is not the sender's.
"""

from __future__ import annotations

import hashlib
import logging
import shutil
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from gateway.dependencies import Outcome
from gateway.ingest.duplicates import same_instance
from gateway.ingest.group_commit import Coming, GroupCommit
from gateway.ingest.spool import Spooled
from services.dicom.parser.parse import ParsedInstance
from services.dicom.parser.pool import Parser
from services.domain.errors import Conflict, DifferentBytes, FadaError, Unavailable
from services.domain.study import IngestSource, Principal
from services.index.port import Index, InstancesDiffer, NewInstance, Received, Transaction
from services.outbox.after_commit import AfterCommit
from services.queue.port import Queue
from services.settings import Settings
from services.storage.port import ObjectStore
from services.telemetry import metrics

MEDIA_TYPE = "application/dicom"
_PREAMBLE = 128
# A preamble may make the file a TIFF too (PS3.10 section 7.1); all else in it is nobody's business.
_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_log = logging.getLogger("gateway.ingest.service")


class StudyMismatch(Conflict):
    code, title = "study_mismatch", "The object belongs to another study"


@dataclass(frozen=True, slots=True)
class _Kept:
    """A file that was parsed and lies in the object store."""

    place: int
    parsed: ParsedInstance
    instance: NewInstance


class Intake:
    """Blocking and thread-safe. One per process; ``close`` it."""

    def __init__(
        self, store: ObjectStore, index: Index, queue: Queue, parser: Parser, settings: Settings
    ) -> None:
        self._store, self._index, self._parser = store, index, parser
        self._settings = settings
        self._group = GroupCommit(index)
        self.dispatcher = AfterCommit(index, queue)
        self._threads = ThreadPoolExecutor(4, thread_name_prefix="intake")
        self._room_until = 0.0

    def close(self) -> None:
        self._threads.shutdown(cancel_futures=True)
        self.dispatcher.close()

    def take(
        self,
        principal: Principal,
        files: Sequence[Spooled],
        *,
        source: IngestSource,
        urgent: bool = False,
        request_id: str = "",
        study_uid: str | None = None,
    ) -> list[Outcome]:
        """See gateway.dependencies.Intake: one outcome each, in order; the hub's own faults are raised."""
        self._check_room()
        with self._group.expect() as commit:
            outcomes = self._take(commit, principal, files, source, urgent, request_id, study_uid)
        for outcome in outcomes:
            if outcome.error is None:
                metrics.RECEIVED.labels(source.value, "new" if outcome.new else "known").inc()
            else:
                metrics.RECEIVED.labels(source.value, "refused").inc()
                _log.info(
                    "refused", extra={"code": outcome.error.code, "request_id": request_id,
                                      "door": source.value}
                )  # fmt: skip
        return outcomes

    def _take(
        self,
        commit: Coming,
        principal: Principal,
        files: Sequence[Spooled],
        source: IngestSource,
        urgent: bool,
        request_id: str,
        study_uid: str | None,
    ) -> list[Outcome]:
        kept: list[_Kept] = []
        outcomes: list[Outcome] = []
        for place, found in enumerate(self._keep_all(principal.site, files, study_uid)):
            if isinstance(found, FadaError):
                outcomes.append(Outcome(files[place].name, sha256=files[place].sha256, error=found))
            else:
                kept.append(replace(found, place=place))
                outcomes.append(_outcome(files[place], found))
        if kept:
            answers = commit.run(
                lambda tx: list(self._receive(tx, principal, kept, source, urgent, request_id))
            )
            for one, answer in answers:
                settled = _settle(outcomes[one.place], answer)
                if isinstance(answer, DifferentBytes):
                    settled = self._look_again(principal.site, files[one.place], settled)
                outcomes[one.place] = settled
            self.dispatcher.wake()
        return outcomes

    def _look_again(self, site: str, file: Spooled, outcome: Outcome) -> Outcome:
        """Other bytes of the same instance: no contradiction when only the file's header differs."""
        known = same_instance(
            self._index, self._store, site, outcome.sop_uid, outcome.study_uid, file.path
        )
        if known is None:
            return outcome
        return replace(outcome, error=None, study_id=known.study_id, sha256=known.sha256)

    def _check_room(self) -> None:
        """503 while the outbox is too long: better than a queue without an end."""
        if time.monotonic() < self._room_until:
            return
        with self._index.read() as tx:
            pending = tx.outbox.pending()
        if pending >= self._settings.max_outbox:
            raise Unavailable("The queue of this hub is full. Try again later.", retry_after=30)
        self._room_until = time.monotonic() + 1.0

    def _keep_all(
        self, site: str, files: Sequence[Spooled], study_uid: str | None
    ) -> Iterator[_Kept | FadaError]:
        if len(files) < 2:
            return iter([self._keep(site, file, study_uid) for file in files])
        return self._threads.map(lambda file: self._keep(site, file, study_uid), files)

    def _keep(self, site: str, file: Spooled, study_uid: str | None) -> _Kept | FadaError:
        """Parse and store one file; its own fault is returned, the hub's is raised."""
        try:
            with _without_preamble(file) as clean:
                # The disk works while the child reads.
                parsed = self._parser.parse(clean.path, lambda: self._store.settle(clean.path))
                if study_uid not in (None, parsed.study_uid):
                    raise StudyMismatch("The object belongs to another study than the address.")
                self._store.put_file(site, clean.path, clean.sha256, MEDIA_TYPE)
                return _Kept(0, parsed, _instance(clean, parsed))
        except FadaError as error:
            if error.status >= 500:
                raise
            return error

    def _receive(
        self,
        tx: Transaction,
        principal: Principal,
        kept: list[_Kept],
        source: IngestSource,
        urgent: bool,
        request_id: str,
    ) -> Iterator[tuple[_Kept, Received | FadaError]]:
        studies: dict[str, list[_Kept]] = {}
        first: dict[str, str] = {}
        for one in kept:
            # Within one request the first of two rivals is kept, as it would be in two requests.
            if first.setdefault(one.parsed.sop_uid, one.instance.sha256) != one.instance.sha256:
                yield (
                    one,
                    DifferentBytes("Two files of the request have the same SOP Instance UID."),
                )
            else:
                studies.setdefault(one.parsed.study_uid, []).append(one)
        for study_uid, members in sorted(studies.items()):  # one order: no two wait for each other
            while members:
                try:
                    answers = tx.studies.receive(
                        principal,
                        study_uid,
                        members[0].parsed.study_attributes,
                        [one.instance for one in members],
                        source=source,
                        urgent=urgent,
                        request_id=request_id,
                    )
                except InstancesDiffer as error:
                    rivals = [one for one in members if one.parsed.sop_uid in error.sop_uids]
                    members = [one for one in members if one.parsed.sop_uid not in error.sop_uids]
                    yield from ((one, DifferentBytes(error.detail)) for one in rivals)
                else:
                    yield from zip(members, answers, strict=True)
                    break


def _instance(file: Spooled, parsed: ParsedInstance) -> NewInstance:
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


def _outcome(file: Spooled, kept: _Kept) -> Outcome:
    return Outcome(
        file.name,
        sop_uid=kept.parsed.sop_uid,
        sop_class=kept.parsed.sop_class,
        study_uid=kept.parsed.study_uid,
        series_uid=kept.parsed.series_uid,
        sha256=kept.instance.sha256,
    )


def _settle(outcome: Outcome, answer: Received | FadaError) -> Outcome:
    if isinstance(answer, FadaError):
        return replace(outcome, error=answer)
    return replace(outcome, study_id=answer.study_id, new=answer.new, job_id=answer.job_id)


@contextmanager
def _without_preamble(file: Spooled) -> Iterator[Spooled]:
    """The file, or a copy whose preamble is zeroed: it may hold a program (CVE-2019-11687)."""
    head = file.head()[:_PREAMBLE]
    if not any(head) or head[:4] in _TIFF:
        yield file
        return
    clean = file.path.with_name(file.path.name + ".clean")
    try:
        with file.path.open("rb") as source, clean.open("wb") as target:
            target.write(bytes(len(head)))
            source.seek(len(head))
            shutil.copyfileobj(source, target, 1 << 20)
        clean.chmod(0o400)
        yield replace(file, path=clean, sha256=_sha256(clean), start=b"")
    finally:
        clean.unlink(missing_ok=True)


def _sha256(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
