"""Storage commitment at the listener: machines are told what the hub keeps, a PACS reports to the hub."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence

from gateway.dependencies import Services
from services.dicom.network import commitment
from services.dicom.network.scu import Peer
from services.domain.commitment import (
    CLASS_CONFLICT,
    NO_SUCH_OBJECT,
    CommitmentReport,
    Reference,
)
from services.domain.errors import FadaError
from services.domain.study import Principal, Role
from services.index.port import CommitmentQuestion

_EVERY_SECONDS, _HIDDEN_SECONDS = 5.0, 120.0
_FIRST_DELAY, _LONGEST_DELAY = 30.0, 3600.0
_KEPT_SECONDS = 7 * 86_400.0  # a machine that cannot be told for so long has to ask again
_log = logging.getLogger("gateway.dimse.commitments")
Where = Callable[[str, str], Peer | None]


class HubCommitments:
    """Safe to share between threads. Who may ask is decided by its caller."""

    def __init__(self, services: Services, aet: str, where: Where) -> None:
        """``where``: (site, AE title) → the site's destination of that title, which is told by an
        association of the hub's own when the machine did not wait."""
        self._services, self._aet, self._where = services, aet, where
        self._ended, self._news = False, threading.Event()
        self._thread = threading.Thread(target=self._run, name="commitments", daemon=True)

    def start(self) -> None:
        """Tell those that could not be told yet, until ``close``."""
        self._thread.start()

    def close(self) -> None:
        """End the telling; what is left is told after the next start."""
        self._ended = True
        self._news.set()
        self._thread.join(timeout=5.0)

    def ask(self, site: str, caller: str, uid: str, objects: Sequence[Reference]) -> None:
        """A machine's question is kept. Raises IndexUnavailable."""
        with self._services.index.begin() as tx:
            tx.commitments.ask(_machine(caller, site), caller, uid, objects)

    def answer(self, site: str, caller: str, uid: str) -> CommitmentReport:
        """Raises NotFound: no such question."""
        with self._services.index.read() as tx:
            question = tx.commitments.question(site, caller, uid)
        return self._report(question)

    def told(self, site: str, caller: str, uid: str) -> None:
        """The machine has its answer. Raises NotFound."""
        with self._services.index.read() as tx:
            question = tx.commitments.question(site, caller, uid)
        self._note(question, self._report(question))

    def untold(self, site: str, caller: str, uid: str) -> None:
        """The machine did not wait: it is told soon, where a destination says where it is.

        Raises NotFound.
        """
        with self._services.index.begin() as tx:
            tx.commitments.postpone(tx.commitments.question(site, caller, uid).id, 0.0)
        self._news.set()

    def reported(self, caller: str, report: CommitmentReport) -> None:
        """A PACS says what it keeps. Raises NotFound."""
        with self._services.index.begin() as tx:
            tx.commitments.answered(caller, report)

    def expected(self) -> Sequence[str]:
        """AE titles that have a report to make."""
        with self._services.index.read() as tx:
            return tx.commitments.awaited_from()

    def tell_due(self) -> int:
        """Tell machines that did not wait for the answer; how many were told."""
        with self._services.index.begin() as tx:
            tx.commitments.purge(_KEPT_SECONDS)
            due = tx.commitments.take_due(20, _HIDDEN_SECONDS)
        return sum(self._tell(one) for one in due)

    def _tell(self, question: CommitmentQuestion) -> bool:
        try:
            peer = self._where(question.site, question.caller)
            if peer is not None:
                report = self._report(question)
                commitment.tell(peer, self._aet, report)
                self._note(question, report)
                return True
        except FadaError as error:
            _log.info("commitment not told", extra={"code": error.code})
        delay = min(_FIRST_DELAY * 2.0**question.attempts, _LONGEST_DELAY)
        with self._services.index.begin() as tx:
            tx.commitments.postpone(question.id, delay)
        return False

    def _report(self, question: CommitmentQuestion) -> CommitmentReport:
        """Yes for what is in the index of the site, and whose bytes lie in its store: no more than that is
        durable. An outage is no answer. Raises StoreUnavailable, IndexUnavailable."""
        held: list[Reference] = []
        failed: dict[Reference, int] = {}
        for one in question.objects:
            reason = self._reason(question.site, one)
            if reason:
                failed[one] = reason
            else:
                held.append(one)
        return CommitmentReport(question.transaction_uid, tuple(held), failed)

    def _reason(self, site: str, one: Reference) -> int:
        """0: it is kept."""
        with self._services.index.read() as tx:
            rows = tx.studies.instances(site, sop_uid=one.sop_uid, limit=1)
        if not rows or not self._services.store.exists(site, rows[0].sha256):
            return NO_SUCH_OBJECT
        return 0 if rows[0].sop_class == one.sop_class else CLASS_CONFLICT

    def _note(self, question: CommitmentQuestion, report: CommitmentReport) -> None:
        who = _machine(question.caller, question.site)
        with self._services.index.begin() as tx:
            tx.commitments.told(who, question.id, len(report.committed), len(report.failed))

    def _run(self) -> None:
        while True:
            self._news.wait(_EVERY_SECONDS)
            self._news.clear()
            if self._ended:
                return
            try:
                self.tell_due()
            except FadaError as error:
                _log.warning("commitments wait", extra={"code": error.code})
            except Exception as error:  # the thread lives as long as the listener
                _log.error("commitments failed", extra={"error": type(error).__name__})


def _machine(caller: str, site: str) -> Principal:
    return Principal(f"dimse:{caller}", site, Role.DEVICE)
