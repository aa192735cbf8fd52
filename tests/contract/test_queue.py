"""One suite on the queue in memory and on the real broker."""

import json

import pytest
import servers
from index_cases import instance, send

from services.domain.errors import BrokerUnavailable
from services.domain.work import TASKS, Work
from services.index import open_index
from services.queue.broker import CeleryQueue
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


@pytest.fixture(params=["memory", "valkey"])
def hub(request, tmp_path):
    if request.param == "memory":
        yield Memory()
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
