"""One suite on the queue in memory and on the real broker."""

import json
import threading
from urllib.parse import urlsplit, urlunsplit

import combination
import pytest
import servers
from celery.contrib.testing.worker import start_worker
from index_cases import instance, send

from bench.drill.silent_line import Line
from services.domain.errors import BrokerUnavailable
from services.domain.work import TASKS, Work
from services.index import open_index
from services.queue.broker import CeleryQueue, purge
from services.queue.memory import MemoryQueue
from services.queue.port import Message
from services.queue.transport import make_app
from workers.app import send_due


class Memory:
    def __init__(self):
        self.queue = MemoryQueue()

    def take(self):
        message = self.queue.take()
        if message is None:
            return None
        return TASKS[message.work].name, message.subject, message.request_id

    def break_it(self):
        self.queue.down = True


class Real:
    """``take`` reads as a worker does, by kombu, in the worker's order of queues."""

    def __init__(self, server, home):
        self.server = server
        self.app = make_app(servers.settings_for(home, server))
        self.queue = CeleryQueue(self.app)

    def take(self):
        with self.app.connection_for_read() as connection:
            channel = connection.default_channel
            for name in ("urgent", "routine", "publish"):
                message = channel.basic_get(name, no_ack=True)
                if message is not None:
                    args, kwargs, _ = json.loads(message.body)
                    return message.headers["task"], args[0], kwargs["request_id"]
        return None

    def break_it(self):
        self.server.process.kill()


class Amqp(Real):
    """A RabbitMQ, over a line that can be cut."""

    def __init__(self, home):
        place = urlsplit(combination.AMQP)
        self.line = Line(place.hostname or "", place.port or 0)
        at = place._replace(netloc=f"{place.username}:{place.password}@127.0.0.1:{self.line.port}")
        self.app = make_app(servers.settings_for(home, broker_url=urlunsplit(at)))
        self.queue = CeleryQueue(self.app)
        self.queue.ping()
        purge(self.app)

    def break_it(self):
        self.line.close()


KINDS = ["memory", "valkey", *(["amqp"] if combination.AMQP else [])]


@pytest.fixture(params=KINDS)
def hub(request, tmp_path):
    if request.param == "memory":
        yield Memory()
        return
    if request.param == "amqp":
        amqp = Amqp(tmp_path)
        yield amqp
        amqp.queue.close()
        amqp.line.close()
        return
    with servers.valkey_server(tmp_path) as server:
        real = Real(server, tmp_path)
        yield real
        real.queue.close()


def test_urgent_comes_before_routine_and_publish_last(hub):
    hub.queue.send(
        [
            Message(Work.DELIVER, "delivery-1"),
            Message(Work.ANALYSE, "job-1", False, "r2"),
            Message(Work.ANALYSE, "job-2", True, "r3"),
        ]
    )
    assert hub.queue.depth() == {"urgent": 1, "routine": 1, "publish": 1}
    assert [hub.take() for _ in range(4)] == [
        ("fada.analyse", "job-2", "r3"),
        ("fada.analyse", "job-1", "r2"),
        ("fada.publish", "delivery-1", ""),
        None,
    ]


def test_many_go_together_and_keep_their_order(hub):
    hub.queue.send([])
    hub.queue.send([Message(Work.ANALYSE, f"job-{n}") for n in range(250)])
    assert hub.queue.depth() == {"urgent": 0, "routine": 250, "publish": 0}
    assert [hub.take()[1] for _ in range(3)] == ["job-0", "job-1", "job-2"]


def test_a_broker_that_is_gone_is_said_and_can_come_back(hub):
    hub.queue.ping()
    hub.break_it()
    for call in (
        hub.queue.ping,
        hub.queue.depth,
        lambda: hub.queue.send([Message(Work.DELIVER, "delivery")]),
        lambda: hub.queue.send([Message(Work.ANALYSE, "job", True, "r")]),
    ):
        with pytest.raises(BrokerUnavailable):
            call()


def test_a_job_that_gives_way_is_one_message_behind_what_it_gave_way_to(tmp_path):
    """The gateway sends late when it has much to do; a long study does not take turns meanwhile."""
    index = open_index(f"sqlite:///{tmp_path}/index.db")
    index.migrate()

    def receive(number):
        with index.begin() as tx:
            return send(tx, f"1.2.{number}", [instance(f"1.2.{number}.1.1")])[0].job_id

    def took():
        return [one[1] for one in iter(real.take, None)]

    with servers.valkey_server(tmp_path) as server:
        real = Real(server, tmp_path)
        long = receive(7)
        send_due(real.app, index)
        assert took() == [long]
        awaited = receive(8)
        for expected in ([awaited, long], [long], [long]):
            with index.begin() as tx:
                assert tx.jobs.lease(long, "w1", 60)
                tx.jobs.give_way(long, "w1", delay=0.0)
            send_due(real.app, index)
            assert took() == expected
        real.queue.close()
    receive(9)
    send_due(real.app, index)  # no broker: the rows stay
    index.close()


if combination.AMQP:

    def test_a_worker_of_rabbitmq_does_what_was_sent_and_gives_back_what_it_did_not_end(tmp_path):
        """Acknowledged after its work: what a worker leaves comes to the next."""
        settings = servers.settings_for(tmp_path, broker_url=combination.AMQP)
        app, other = make_app(settings), make_app(settings)
        queue = CeleryQueue(app)
        queue.ping()
        purge(app)
        begun, done = threading.Event(), []

        @other.task(name=TASKS[Work.ANALYSE].name, shared=False)
        def analyse(job_id, request_id):
            done.append(job_id)
            begun.set()

        queue.send([Message(Work.ANALYSE, f"job-{number}") for number in range(20)])
        with app.connection_for_read() as taken:  # a worker that dies with one in its hands
            assert taken.default_channel.basic_get("routine", no_ack=False) is not None
        with start_worker(other, pool="solo", perform_ping_check=False, shutdown_timeout=60):
            assert begun.wait(120)
            while len(done) < 20:  # the test's own time limit ends it
                begun.wait(0.1)
        assert sorted(done) == sorted(f"job-{number}" for number in range(20))
        assert queue.depth() == {"urgent": 0, "routine": 0, "publish": 0}
        queue.close()
