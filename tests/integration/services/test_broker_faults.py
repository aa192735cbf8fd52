"""A full broker (case 7) and a hostile message in it (case 38)."""

import base64
import json
import os
import pickle
import threading
import time
import uuid

import pytest
import servers
from celery.contrib.testing.worker import start_worker
from redis.exceptions import ResponseError

from services.domain.errors import BrokerUnavailable
from services.domain.work import TASKS, Work
from services.queue.broker import CeleryQueue, connect
from services.queue.port import Message
from services.queue.transport import make_app


def test_a_full_broker_refuses_and_forgets_nothing(tmp_path):
    with servers.valkey_server(tmp_path) as broker:
        queue = connect(servers.settings_for(tmp_path, broker))
        queue.send([Message(Work.ANALYSE, "job-1")])
        app = make_app(servers.settings_for(tmp_path, broker))
        with app.connection_for_write() as connection:
            client = connection.default_channel.client
            for number in range(20):
                client.set(f"ballast-{number}", os.urandom(100_000))
            client.config_set("maxmemory", "1mb")  # far below what it holds: no wobble around it
            with pytest.raises(ResponseError, match="maxmemory"):
                client.set("one-more", "x")
            with pytest.raises(BrokerUnavailable) as refusal:
                queue.send([Message(Work.ANALYSE, "job-2")])
            assert refusal.value.retryable
            assert refusal.value.retry_after
            with pytest.raises(BrokerUnavailable):
                queue.ping()
            assert queue.depth()["routine"] == 1
            client.config_set("maxmemory", "64mb")
        queue.send([Message(Work.ANALYSE, "job-2")])
        assert queue.depth()["routine"] == 2
        queue.close()


def test_connections_that_died_while_idle_are_replaced(tmp_path):
    with servers.valkey_server(tmp_path) as broker:
        settings = servers.settings_for(tmp_path, broker)
        queue, app = connect(settings), make_app(settings)
        queue.send([Message(Work.ANALYSE, "job-1")])
        with app.connection_for_write() as connection:
            client = connection.default_channel.client
            assert client.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes") > 0
        queue.send([Message(Work.ANALYSE, "job-2"), Message(Work.ANALYSE, "job-3")])
        assert queue.depth()["routine"] == 3
        queue.close()


class Hostile:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (self.path, "w")


def hostile(claimed, trace):
    """A task message as celery writes it, with a pickle for a body."""
    return {
        "body": base64.b64encode(pickle.dumps(Hostile(str(trace)))).decode(),
        "content-type": claimed,
        "content-encoding": "binary",
        "headers": {"task": TASKS[Work.ANALYSE].name, "id": str(uuid.uuid4()), "lang": "py"},
        "properties": {
            "body_encoding": "base64",
            "delivery_tag": str(uuid.uuid4()),
            "delivery_info": {"exchange": "routine", "routing_key": "routine"},
        },
    }


def test_a_pickle_in_the_broker_is_never_opened(tmp_path):
    trace, done = tmp_path / "opened", []
    with servers.valkey_server(tmp_path) as broker:
        app = make_app(servers.settings_for(tmp_path, broker))

        @app.task(name=TASKS[Work.ANALYSE].name, shared=False)
        def analyse(job_id, request_id):
            done.append(job_id)

        with app.connection_for_write() as connection:
            client = connection.default_channel.client
            for claimed in ("application/x-python-serialize", "application/json"):
                client.lpush("routine", json.dumps(hostile(claimed, trace)))
        queue = CeleryQueue(app)
        queue.send([Message(Work.ANALYSE, "job-after-them")])
        with start_worker(app, pool="solo", perform_ping_check=False, shutdown_timeout=20):
            while not done:  # the test's own time limit ends it
                time.sleep(0.02)
        assert done == ["job-after-them"]
        assert not trace.exists()
        queue.close()


def test_a_busy_worker_takes_nothing_more(tmp_path):
    """What it held besides its work would wait for it, also when another is free or it is urgent."""
    with servers.valkey_server(tmp_path) as broker:
        settings = servers.settings_for(tmp_path, broker)
        queue, app = connect(settings), make_app(settings)
        started, ending = threading.Semaphore(0), threading.Event()

        @app.task(name=TASKS[Work.ANALYSE].name, shared=False)
        def analyse(job_id, request_id):
            started.release()
            ending.wait(600)

        with start_worker(app, pool="threads", concurrency=2, perform_ping_check=False) as worker:
            # The prefetch count grows by itself with late acknowledgement, delays and reconnections.
            worker.consumer.qos.increment_eventually(50)
            worker.consumer.qos.update()
            for number in range(6):
                queue.send([Message(Work.ANALYSE, f"job-{number}")])
            try:
                assert started.acquire(timeout=120)
                assert started.acquire(timeout=120)
                time.sleep(1.5)
                assert queue.depth()["routine"] == 4
            finally:
                ending.set()
        queue.close()
