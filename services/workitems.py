"""Work items that ask for this hub's reading of a study: claimed, followed with its job, and ended with
the objects of the result (IHE AIW-I, AIR).
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from uuid import uuid4

from services.domain.dicom.values import first_text
from services.domain.errors import FadaError, NotFound
from services.domain.orders import workitem
from services.domain.orders.workitem import Json, WorkitemState
from services.domain.study import Principal, Role
from services.index.port import Index, Job, JobState, Result, Study, Transaction, Workitem

# DCM codes of what this hub does: image processing, computer-aided diagnosis and detection.
READINGS = {("110001", "DCM"), ("110003", "DCM"), ("110004", "DCM")}
_ENDED = (JobState.DONE, JobState.DEAD)
_BATCH = 200
PERFORMER = "hub:reading"  # who the hub is where it does a work item
_log = logging.getLogger("services.workitems")


def is_reading(item: Json, aet: str) -> bool:
    """Whether the item is this hub's to do: its code says so, and its station names this AE title or
    nobody."""
    stations = {value for value, _ in workitem.codes_of(item, workitem.STATION)}
    named = not stations or aet in stations
    wanted = set(workitem.codes_of(item, workitem.CODE)) & READINGS
    return bool(named and wanted) and len(workitem.referenced_studies(item)) == 1


def ask_to_cancel(tx: Transaction, who: Principal, uid: str, asked: Json, aet: str) -> None:
    """One that nobody has claimed, and one that this hub performs, is CANCELED; of another its subscribers
    are told. ``asked``: reason, code and contact; ``aet``: who asks, of this hub for a caller of its.

    Raises NotFound, AlreadySo, AlreadyCompleted, NobodyListens.
    """
    item = tx.workitems.lock(who.site, uid)
    state = WorkitemState(item.state)
    if state is WorkitemState.COMPLETED:
        raise workitem.AlreadyCompleted("The work item is COMPLETED.")
    if state is WorkitemState.CANCELED:
        raise workitem.AlreadySo
    if state is WorkitemState.SCHEDULED or item.performer == PERFORMER:
        reason = first_text(asked, workitem.REASON)
        tx.workitems.save(
            who, item, workitem.cancelled(item.attributes, tx.workitems.now(), reason)
        )
        return
    request = {tag: asked[tag] for tag in workitem.OF_A_REQUEST if tag in asked}
    report = {workitem.REQUESTER: {"vr": "AE", "Value": [aet]}, **request}
    if not tx.workitems.cancel_requested(who, item, report):
        raise workitem.NobodyListens


@dataclass(frozen=True, slots=True)
class ReadingPerformer:
    """Does what is due of each item in one transaction; run by several at once it does it once. ``aet``:
    of the hub, by which outputs are retrieved."""

    index: Index
    aet: str

    def run(self) -> int:
        """How many items moved."""
        with self.index.read() as tx:
            readings = tx.workitems.open_readings(_BATCH)
        return sum(self.advance(one.site, one.uid) for one in readings)

    def advance(self, site: str, uid: str) -> bool:
        """One item, as far as it goes now; whether it changed. One that fails waits for its next turn."""
        try:
            with self.index.begin() as tx:
                return self._advance(tx, tx.workitems.lock(site, uid))
        except FadaError as error:
            _log.warning("work item waits", extra={"code": error.code})
            return False

    def _advance(self, tx: Transaction, item: Workitem) -> bool:
        if WorkitemState(item.state).is_final:
            return False
        try:
            study = tx.studies.by_uid(item.site, item.study_uid)
        except NotFound:
            return False  # it begins when the images have come
        others = item.performer not in ("", PERFORMER)
        if study.held or others:
            return False  # a person decides first; somebody else has claimed it
        who = Principal(PERFORMER, item.site, Role.SONOGRAPHER)
        before = item
        if item.state == WorkitemState.SCHEDULED:
            item = self._claim(tx, who, item, study)
        jobs = tx.jobs.find(item.site, study_id=study.id, limit=1)
        job = jobs[0] if jobs else None
        if job is None or job.state in _ENDED:
            return self._end(tx, who, item, study, job) or item != before
        return self._follow(tx, who, item, job) or item != before

    def _claim(self, tx: Transaction, who: Principal, item: Workitem, study: Study) -> Workitem:
        """IN PROGRESS; what had failed is read again, and what is all there not after its quiet time."""
        transaction = f"2.25.{uuid4().int}"
        changed = workitem.moved(
            item.attributes, WorkitemState.IN_PROGRESS, transaction, "", item.changed_at
        )
        jobs = tx.jobs.find(item.site, study_id=study.id, limit=1)
        if jobs and jobs[0].state is JobState.DEAD:
            tx.jobs.run_again(who, jobs[0].id)
        ready = first_text(item.attributes, workitem.READINESS) == "READY"
        if ready and study.received_at <= item.created_at:  # else images may still be coming
            tx.studies.complete(who, study.id)
        return tx.workitems.save(who, item, changed, transaction)

    def _follow(self, tx: Transaction, who: Principal, item: Workitem, job: Job) -> bool:
        percent, words = 0, "waits"
        if job.state is JobState.LEASED:
            frames = tx.progress.of_study(item.site, job.study_id)
            read = len({one.sop_uid for one in frames if one.frame})
            images = tx.studies.instances(item.site, study_uid=item.study_uid)
            total = sum(one.frames > 0 for one in images)
            percent, words = min(90, 10 + 80 * read // max(total, 1)), "is read"
        changed = workitem.progressed(item.attributes, percent, words)
        if changed == item.attributes:
            return False
        tx.workitems.save(who, item, changed)
        return True

    def _end(
        self, tx: Transaction, who: Principal, item: Workitem, study: Study, job: Job | None
    ) -> bool:
        if job is not None and job.state is JobState.DEAD:
            reason = f"The study could not be read ({job.error_code})."
            ended = workitem.cancelled(item.attributes, item.changed_at, reason)
            tx.workitems.save(who, item, ended)
            return True
        try:
            result = tx.results.get(item.site, study.id)
        except NotFound:
            if job is None:
                reason = "The study holds no image that can be read."
                ended = workitem.cancelled(item.attributes, item.changed_at, reason)
                tx.workitems.save(who, item, ended)
                return True
            return False
        station = workitem.code(self.aet, "99FADA", "FADA")
        began = item.began_at or item.changed_at
        done = workitem.progressed(item.attributes, 100, "read")
        outputs = self._outputs(tx, study, result)
        done = workitem.performed(done, station, began, result.created_at, outputs)
        done = workitem.moved(
            done, WorkitemState.COMPLETED, item.transaction_uid, item.transaction_uid, began
        )
        tx.workitems.save(who, item, done)
        return True

    def _outputs(self, tx: Transaction, study: Study, result: Result) -> list[Json]:
        """SR, SEG and the other objects of the version, by series."""
        hashes = {one.sha256 for one in result.artefacts}
        series: dict[str, list[Json]] = {}
        for one in tx.studies.instances(study.site, study_uid=study.study_uid):
            if one.frames == 0 and one.sha256 in hashes:
                reference = {"00081150": _ui(one.sop_class), "00081155": _ui(one.sop_uid)}
                series.setdefault(one.series_uid, []).append(reference)
        return [
            {
                "0040E020": {"vr": "CS", "Value": ["DICOM"]},
                workitem.STUDY_TAG: _ui(study.study_uid),
                "0020000E": _ui(uid),
                "00081199": {"vr": "SQ", "Value": references},
                "0040E021": {
                    "vr": "SQ",
                    "Value": [{"00080054": {"vr": "AE", "Value": [self.aet]}}],
                },
            }
            for uid, references in series.items()
        ]


def _ui(uid: str) -> Json:
    return {"vr": "UI", "Value": [uid]}
