"""Server-sent events: live, resumable, of one's own site, and without patient data."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import hub as hubs

from gateway.api.events import MAX_STREAMS
from services.domain.study import Role


def send(hub: hubs.Hub, site: str, name: str) -> dict[str, Any]:
    with hub.client(site) as client:
        data = (hubs.SAMPLES / name).read_bytes()
        item: dict[str, Any] = client.post("/api/uploads", files={"file": data}).json()["items"][0]
        return item


@contextmanager
def stream(client: httpx.Client, **more: Any) -> Iterator[Iterator[dict[str, Any]]]:
    with client.stream("GET", "/api/events", **more) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = answer.iter_lines()
        assert next(lines) == "retry: 2000"

        def events() -> Iterator[dict[str, Any]]:
            for line in lines:
                if line.startswith("data: "):
                    yield json.loads(line[6:])

        yield events()


def test_events_arrive_live_and_of_the_own_site(hub: hubs.Hub) -> None:
    with hub.client("ev1", Role.READER) as client, stream(client) as events:
        send(hub, "ev2", "head-14w.dcm")
        sent = send(hub, "ev1", "head-27w.dcm")
        first = next(events)
    assert (first["type"], first["study_id"]) == ("study.received", sent["study_id"])
    assert set(first["payload"]) <= {"job_id", "instances"}


def test_a_reader_who_was_away_misses_none(hub: hubs.Hub) -> None:
    with hub.client("ev3") as client:
        cursor = client.get("/api/studies").json()["cursor"]
        names = ("head-14w.dcm", "head-27w.dcm", "head-35w.dcm")
        ids = [send(hub, "ev3", name)["study_id"] for name in names]
        with stream(client, headers={"Last-Event-ID": str(cursor)}) as events:
            missed = [next(events) for _ in range(3)]
        assert [e["study_id"] for e in missed] == ids
        assert [e["seq"] for e in missed] == [cursor + 1, cursor + 2, cursor + 3]
        with stream(client, params={"since": missed[0]["seq"], "study": ids[2]}) as events:
            assert next(events)["study_id"] == ids[2]
        bad = client.get("/api/events", headers={"Last-Event-ID": "x"})
        assert bad.status_code == 400


def test_many_listeners_share_one_poller(hub: hubs.Hub) -> None:
    got: list[str] = []
    ready = threading.Barrier(6)

    def listen() -> None:
        with hub.client("ev4", Role.READER) as client, stream(client) as events:
            ready.wait(120)
            got.append(next(events)["study_id"])

    hub.key("ev4", Role.READER)
    threads = [threading.Thread(target=listen) for _ in range(5)]
    for thread in threads:
        thread.start()
    ready.wait(120)
    sent = send(hub, "ev4", "nt-view.dcm")
    for thread in threads:
        thread.join(120)
    assert got == [sent["study_id"]] * 5


def test_a_caller_has_few_streams_also_when_it_opens_many_at_once(hub: hubs.Hub) -> None:
    asked = MAX_STREAMS + 8
    answered, ended = threading.Barrier(asked + 1), threading.Event()
    statuses: list[int] = []

    def listen() -> None:
        with (
            hub.client("ev5", Role.READER) as client,
            client.stream("GET", "/api/events") as answer,
        ):
            statuses.append(answer.status_code)
            answered.wait(300)
            ended.wait(300)

    hub.key("ev5", Role.READER)
    threads = [threading.Thread(target=listen) for _ in range(asked)]
    for thread in threads:
        thread.start()
    answered.wait(300)
    ended.set()
    for thread in threads:
        thread.join(120)
    assert (statuses.count(200), statuses.count(429)) == (MAX_STREAMS, 8)
