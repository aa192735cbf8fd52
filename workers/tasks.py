"""The tasks: thin, with ids alone. What they do stands in ``analysis.job_runner`` and ``delivery``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from celery import Celery

from services.domain.work import TASKS, Work
from services.telemetry import logs, traces

if TYPE_CHECKING:
    from workers.app import WorkerContext


def register(app: Celery, context: WorkerContext) -> None:
    """Make the tasks known to ``app``.

    A task that raises is acknowledged: its job stands in the index as it was, and the sweeper sends
    it again. So no message can go round in circles.
    """

    @app.task(name=TASKS[Work.ANALYSE].name, shared=False, bind=True)  # type: ignore[untyped-decorator]
    def analyse(self: Any, job_id: str, request_id: str = "") -> None:
        with (
            logs.bind(request_id=request_id, job_id=job_id),
            traces.continued(self.request.headers),
            traces.span("worker.analyse", job_id=job_id),
        ):
            context.runner.run(job_id)

    @app.task(name=TASKS[Work.DELIVER].name, shared=False, bind=True)  # type: ignore[untyped-decorator]
    def publish(self: Any, delivery_id: str, request_id: str = "") -> None:
        with (
            logs.bind(request_id=request_id, delivery_id=delivery_id),
            traces.continued(self.request.headers),
            traces.span("worker.publish", delivery_id=delivery_id),
        ):
            context.deliveries.deliver(delivery_id)
