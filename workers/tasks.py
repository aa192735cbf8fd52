"""The tasks: thin, with ids alone. What they do stands in ``attempt`` and ``delivery``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from celery import Celery

from services.domain.work import TASKS, Work
from services.telemetry import logs, traces

if TYPE_CHECKING:
    from workers.app import Hands


def register(app: Celery, hands: Hands) -> None:
    """Make the tasks known to ``app``.

    A task that raises is acknowledged: its job stands in the index as it was, and the sweeper sends
    it again. So no message can go round in circles.
    """

    @app.task(name=TASKS[Work.ANALYSE].name, shared=False, bind=True)  # type: ignore[untyped-decorator]
    def analyse(self: Any, job_id: str, request_id: str = "") -> None:
        # Only the process that reads loads what reading needs; it does so before its fork.
        from workers.analysis.job_runner import attempt

        with (
            logs.bind(request_id=request_id, job_id=job_id),
            traces.continued(self.request.headers),
            traces.span("worker.analyse", job_id=job_id),
        ):
            attempt(job_id, hands.ports(), owner=hands.owner, writer=hands.writer)

    @app.task(name=TASKS[Work.DELIVER].name, shared=False, bind=True)  # type: ignore[untyped-decorator]
    def publish(self: Any, delivery_id: str, request_id: str = "") -> None:
        with (
            logs.bind(request_id=request_id, delivery_id=delivery_id),
            traces.continued(self.request.headers),
            traces.span("worker.publish", delivery_id=delivery_id),
        ):
            hands.deliveries.deliver(delivery_id)
