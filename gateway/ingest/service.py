"""The one way in for every source: parse, store the object, one index transaction, answer.

The object comes first (its key is its SHA-256), then study, instance, job and outbox row in **one**
transaction, and only then the answer. The broker hears of it afterwards (``services.outbox``): its
failure is not the sender's.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, replace

from gateway.ingest.duplicates import same_instance
from gateway.ingest.request_rows import IngestRequest, StoredFile, index_files, new_instance
from gateway.ingest.site_room import Claim, SiteRoom
from gateway.ingest.spool import SpooledFile, without_preamble
from gateway.ingest.tuning import AnnouncedWrite, GroupCommit
from services.dicom.parser.pool import Parser
from services.domain.errors import (
    Conflict,
    DifferentBytes,
    FadaError,
    Unavailable,
)
from services.domain.study import IngestSource, Principal
from services.index.port import Index, Received
from services.outbox import AfterCommit
from services.queue.port import Queue
from services.settings import Settings
from services.storage import disks
from services.storage.port import ObjectStore
from services.telemetry import metrics

MEDIA_TYPE = "application/dicom"
_PARSING_THREADS = 4  # of one request
_log = logging.getLogger("gateway.ingest.service")


class StudyMismatch(Conflict):
    """A STOW request names another study than one of its objects."""

    code, title = "study_mismatch", "The object belongs to another study"


@dataclass(frozen=True, slots=True)
class IngestOutcome:
    """What became of one received file: either ``error`` is set, or the ids are.

    ``name`` is what the sender called the file, for the answer to that sender only. ``new`` is False
    when the same bytes were here already.
    """

    name: str
    sop_uid: str = ""
    sop_class: str = ""
    study_uid: str = ""
    series_uid: str = ""
    study_id: str = ""
    sha256: str = ""
    new: bool = False
    job_id: str | None = None
    error: FadaError | None = None


class IngestService:
    """Takes spooled DICOM files into store and index. Blocking and thread-safe; one per process."""

    def __init__(
        self, store: ObjectStore, index: Index, queue: Queue, parser: Parser, settings: Settings
    ) -> None:
        self._store, self._index, self._parser = store, index, parser
        self._settings = settings
        self._group = GroupCommit(index)
        self.dispatcher = AfterCommit(index, queue)
        self.site_room = SiteRoom(index)
        self._room_until = 0.0

    def close(self) -> None:
        """What is committed was sent or stays in the outbox."""
        self.dispatcher.close()

    def ingest(
        self,
        principal: Principal,
        files: Sequence[SpooledFile],
        *,
        source: IngestSource,
        urgent: bool = False,
        request_id: str = "",
        study_uid: str | None = None,
    ) -> list[IngestOutcome]:
        """Parse, store and index DICOM files; one outcome each, in order.

        ``study_uid``: files of another study are refused (StudyMismatch). A file's own fault is in
        its outcome. The spooled files stay the caller's to remove.

        Raises:
            Unavailable: a part of the hub is down, or the site has no room; nothing may be taken as
                received.
        """
        if not files:
            return []
        self._check_room()
        claim = Claim(principal.site)
        request = IngestRequest(principal, files, source, urgent, request_id, study_uid, claim)
        outcomes: list[IngestOutcome] = []
        try:
            with self._group.announce() as write:
                outcomes = self._ingest(write, request)
        finally:
            pairs = zip(files, outcomes, strict=False)
            self.site_room.settle(claim, sum(file.size for file, one in pairs if one.new))
        for outcome in outcomes:
            if outcome.error is None:
                metrics.RECEIVED.labels(source.value, "new" if outcome.new else "known").inc()
            else:
                metrics.RECEIVED.labels(source.value, "refused").inc()
                _log.info(
                    "refused",
                    extra={
                        "code": outcome.error.code,
                        "request_id": request_id,
                        "source": source.value,
                    },
                )
        return outcomes

    def _check_room(self) -> None:
        """503 while the outbox is too long: better than a queue without an end; 507 on a full disk."""
        if time.monotonic() < self._room_until:
            return
        disks.check(self._settings)
        with self._index.read() as tx:
            pending = tx.outbox.pending()
        if pending >= self._settings.max_outbox:
            raise Unavailable("The queue of this hub is full. Try again later.", retry_after=30)
        self._room_until = time.monotonic() + 1.0

    def _ingest(self, write: AnnouncedWrite, request: IngestRequest) -> list[IngestOutcome]:
        stored: list[StoredFile] = []
        outcomes: list[IngestOutcome] = []
        for position, parsed in enumerate(self._store_all(request)):
            file = request.files[position]
            if isinstance(parsed, FadaError):
                outcomes.append(IngestOutcome(file.name, sha256=file.sha256, error=parsed))
            else:
                stored.append(replace(parsed, position=position))
                outcomes.append(_outcome(file, parsed))
        if stored:
            answers = write.run(lambda tx: list(index_files(tx, request, stored)))
            for one, answer in answers:
                outcome = _with_answer(outcomes[one.position], answer)
                if isinstance(answer, DifferentBytes):
                    outcome = self._recheck_duplicate(request, one.position, outcome)
                outcomes[one.position] = outcome
            self.dispatcher.wake()
        return outcomes

    def _store_all(self, request: IngestRequest) -> Iterator[StoredFile | FadaError]:
        if len(request.files) < 2:
            return iter([self._parse_and_store(request, file) for file in request.files])
        return self._store_by_turns(request)

    def _store_by_turns(self, request: IngestRequest) -> Iterator[StoredFile | FadaError]:
        """A few at a time, in threads of this request: no other's files wait for them."""
        under_way: deque[Future[StoredFile | FadaError]] = deque()
        with ThreadPoolExecutor(_PARSING_THREADS, thread_name_prefix="ingest") as threads:
            try:
                for file in request.files:
                    if len(under_way) == _PARSING_THREADS:
                        yield under_way.popleft().result()
                    # With the context: in whose name the parser is asked.
                    work = copy_context().run
                    under_way.append(threads.submit(work, self._parse_and_store, request, file))
                while under_way:
                    yield under_way.popleft().result()
            finally:
                for one in under_way:
                    one.cancel()

    def _parse_and_store(self, request: IngestRequest, file: SpooledFile) -> StoredFile | FadaError:
        """One file into the object store; its own fault is returned, the hub's is raised."""
        site = request.principal.site
        try:
            with without_preamble(file) as clean:
                # The disk works while the child process parses.
                parsed = self._parser.parse(clean.path, lambda: self._store.settle(clean.path))
                if request.study_uid not in (None, parsed.study_uid):
                    raise StudyMismatch("The object belongs to another study than the address.")
                self.site_room.claim(request.claim, parsed.study_uid, parsed.sop_uid, clean.size)
                self._store.put_file(site, clean.path, clean.sha256, MEDIA_TYPE)
                return StoredFile(0, parsed, new_instance(clean, parsed))
        except FadaError as error:
            if error.status >= 500:
                raise
            return error

    def _recheck_duplicate(
        self, request: IngestRequest, position: int, outcome: IngestOutcome
    ) -> IngestOutcome:
        """Other bytes of the same instance: no conflict when only the file's header differs."""
        known = same_instance(
            self._index,
            self._store,
            request.principal.site,
            outcome.sop_uid,
            outcome.study_uid,
            request.files[position].path,
        )
        if known is None:
            return outcome
        return replace(outcome, error=None, study_id=known.study_id, sha256=known.sha256)


def _outcome(file: SpooledFile, stored: StoredFile) -> IngestOutcome:
    return IngestOutcome(
        file.name,
        sop_uid=stored.parsed.sop_uid,
        sop_class=stored.parsed.sop_class,
        study_uid=stored.parsed.study_uid,
        series_uid=stored.parsed.series_uid,
        sha256=stored.instance.sha256,
    )


def _with_answer(outcome: IngestOutcome, answer: Received | FadaError) -> IngestOutcome:
    if isinstance(answer, FadaError):
        return replace(outcome, error=answer)
    return replace(outcome, study_id=answer.study_id, new=answer.new, job_id=answer.job_id)
