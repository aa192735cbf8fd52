"""Celery as FADA uses it: one configuration for who sends and who works.

JSON only: a pickle message in the broker is refused, not run. A task is acknowledged after its work
and comes again when its worker dies; kombu looks for such tasks every ``restore_interval`` seconds
(its own default is every 100 s).
"""

from __future__ import annotations

from typing import Any

from celery import Celery
from kombu.entity import Exchange, Queue

from services.domain.work import QUEUES
from services.settings import Settings


def make_app(settings: Settings) -> Celery:
    """A Celery app that knows the broker and the queues, and no task."""
    app = Celery("fada", broker=settings.broker_url.get_secret_value(), set_as_current=False)
    app.conf.update(configuration(settings))
    return app


def configuration(settings: Settings) -> dict[str, Any]:
    """What sender and worker must agree on, for ``app.conf.update``."""
    return {
        "task_queues": [_queue(name) for name in QUEUES],
        "task_default_queue": "routine",
        "task_create_missing_queues": False,
        "task_serializer": "json",
        "event_serializer": "json",
        "accept_content": ["json"],
        "task_ignore_result": True,
        "task_acks_late": True,
        "task_reject_on_worker_lost": True,
        "task_time_limit": settings.job_hard_limit,
        "task_soft_time_limit": settings.job_soft_limit,
        "worker_prefetch_multiplier": 1,
        "worker_max_memory_per_child": settings.worker_memory_bytes // 1024,
        # With late acknowledgement a message would else wait in a busy worker for each one that it ends.
        "worker_disable_prefetch": True,
        "worker_hijack_root_logger": False,
        "worker_send_task_events": False,
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "broker_pool_limit": 10,
        "broker_transport_options": transport_options(settings),
    }


def _queue(name: str) -> Any:
    return Queue(name, Exchange(name), routing_key=name)  # type: ignore[no-untyped-call]


def transport_options(settings: Settings) -> dict[str, Any]:
    """Redis transport. ``priority``: urgent is emptied before routine, routine before publish.

    A broker of AMQP gives a message back itself when its worker is gone, and confirms what it took; its
    workers take from their queues in turn.
    """
    if settings.broker_url.get_secret_value().startswith(("amqp", "pyamqp")):
        return {
            "confirm_publish": True, "connect_timeout": 2, "read_timeout": 10, "write_timeout": 10,
            "max_retries": 0,
        }  # fmt: skip
    return {
        "visibility_timeout": settings.visibility_timeout,
        "unacked_restore_interval": settings.restore_interval,
        "unacked_restore_throttle": 1,
        "queue_order_strategy": "priority",
        "socket_connect_timeout": 2,
        "socket_timeout": 10,
        "socket_keepalive": True,
        "health_check_interval": 10,
        "max_retries": 0,
    }
