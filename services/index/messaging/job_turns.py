"""Which job a worker gets: that whose turn it is, whichever the message named."""

from __future__ import annotations

from datetime import timedelta

from services.domain.errors import NotFound
from services.domain.site_queues import in_turn
from services.index.messaging.job_recovery import JobRecovery
from services.index.messaging.site_queues import SiteQueues
from services.index.port import Job, JobState

_TRIES = 20  # jobs that other workers took in the same moment


class JobTurns(JobRecovery):
    """The port's ``Jobs``, whole."""

    def lease_next(self, named: str, owner: str, seconds: int, *, patience: float) -> Job | None:
        """The job whose turn it is, now ``owner``'s; see the port."""
        job = self._named(named)
        if job is not None and job.state is JobState.QUEUED and job.available_at is None:
            # Of a gateway of the version before, which knows no places: both run during an upgrade.
            self.set(job.id, available_at=job.due_at or job.created_at)
        if job is not None and self._waits_for_images(job):
            return self.lease(named, owner, seconds)  # sends it again; the others have messages
        queues = SiteQueues(self._session)
        taken, tried = self._take(queues, owner, seconds, patience)
        if taken is None and not tried and job is not None:
            # No study is held yet, so this may wait for the one that is named.
            taken = self.lease(named, owner, seconds)
        if taken is not None:
            queues.served(taken.site, urgent=taken.urgent)
        else:
            self._leave_a_message(queues)
        return taken

    def _take(
        self, queues: SiteQueues, owner: str, seconds: int, patience: float
    ) -> tuple[Job | None, int]:
        """The job, and how many could not be had: others were quicker. Waits for nobody."""
        tried = 0
        turns = in_turn(queues.waiting(), self._session.now(), timedelta(seconds=patience))
        for queue in turns:
            while (job_id := queues.first(queue, unlocked=True)) is not None and tried < _TRIES:
                if (taken := self.lease(job_id, owner, seconds)) is not None:
                    return taken, tried
                tried += 1
        return None, tried

    def _leave_a_message(self, queues: SiteQueues) -> None:
        """A job whose study others hold at the moment would wait in vain without the message used up.

        The job's row is left alone, since they may hold that, too.
        """
        for queue in queues.waiting():
            if (job_id := queues.first(queue, unlocked=False)) is not None:
                job = self.get(None, job_id)
                self._announce(job.id, job.urgent, job.request_id)
                return

    def _waits_for_images(self, job: Job) -> bool:
        due = job.due_at or job.created_at
        return job.state is JobState.QUEUED and due > self._session.now()

    def _named(self, job_id: str) -> Job | None:
        try:
            return self.get(None, job_id)
        except NotFound:  # erased since
            return None
