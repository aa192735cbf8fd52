"""Several processes behind one port: each answers, all are counted, what ends is replaced."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import gateways
import httpx
import hub as hubs
import psutil
import servers

from services.dicom.objects.ultrasound import Subject, read_picture, ultrasound_object
from services.domain.study import Role
from services.index import open_index

STOW = {"Content-Type": "application/dicom", "Accept": "application/dicom+json"}


def objects(count: int, name: str) -> list[bytes]:
    picture = read_picture((hubs.SAMPLES / "head-27w.png").read_bytes())
    return [ultrasound_object(picture, Subject(f"{name} {n}"), None) for n in range(count)]


def workers(process_id: int) -> list[psutil.Process]:
    """The processes that answer, and not those that parse or keep count for Python."""
    return [
        child
        for child in psutil.Process(process_id).children()
        if child.status() != psutil.STATUS_ZOMBIE and "spawn_main" in " ".join(child.cmdline())
    ]


def until(true: Callable[[], bool], seconds: float = 600) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.1)


def counted(url: str) -> float:
    """STOW requests, as any of the processes tells them of all."""
    token = {"Authorization": f"Bearer {gateways.FIGURES}"}
    lines = httpx.get(f"{url}/metrics", headers=token).text.splitlines()
    wanted = [
        x
        for x in lines
        if x.startswith("fada_gateway_requests_total") and 'route="/dicomweb/studies"' in x
    ]
    return sum(float(line.rpartition(" ")[2]) for line in wanted)


def test_two_processes_share_a_port(
    valkey: servers.Valkey, seaweed: servers.Seaweed, tmp_path: Path
) -> None:
    outside = gateways.prepare(tmp_path, valkey, seaweed, processes=2)

    def send(data: bytes) -> int:
        """On a connection of its own, so that any of them may get it."""
        try:
            answer = httpx.post(
                f"{outside.url}/dicomweb/studies", content=data,
                headers=outside.headers | STOW, timeout=60,
            )  # fmt: skip
        except httpx.TransportError:
            return 0
        return answer.status_code

    process = gateways.start(outside)
    try:
        until(lambda: len(workers(process.pid)) == 2)
        with ThreadPoolExecutor(4) as pool:
            assert set(pool.map(send, objects(24, "before"))) == {200}
        until(lambda: counted(outside.url) == 24)

        first, second = workers(process.pid)
        first.send_signal(signal.SIGKILL)
        more = objects(24, "after")
        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(send, more))
        again = [data for data, status in zip(more, answers, strict=True) if status != 200]
        assert all(status in (0, 200) for status in answers)
        until(lambda: len(workers(process.pid)) == 2 and first not in workers(process.pid))
        assert second in workers(process.pid)
        assert {send(data) for data in again} <= {200}
        until(lambda: counted(outside.url) >= 48)
    finally:
        family = psutil.Process(process.pid).children(recursive=True)
        process.terminate()
        process.wait(120)  # a process that does not end is killed after 20 s
    _, alive = psutil.wait_procs(family, timeout=60)
    assert not alive
    assert not list(tmp_path.glob("fada-gateway-*"))


def test_what_one_process_revokes_all_refuse_at_once(
    valkey: servers.Valkey, seaweed: servers.Seaweed, tmp_path: Path
) -> None:
    outside = gateways.prepare(tmp_path, valkey, seaweed, processes=2)
    index = open_index(outside.environment["FADA_INDEX_URL"])
    with index.begin() as tx:
        _, manager = tx.keys.create("own", Role.MANAGER, "m")
        keys = [tx.keys.create("own", Role.READER, f"k{n}") for n in range(6)]
    index.close()

    def ask(secret: str) -> int:
        """On a connection of its own, so that any of them may get it."""
        return httpx.get(f"{outside.url}/api/studies", headers={"X-API-Key": secret}).status_code

    process = gateways.start(outside)
    try:
        until(lambda: len(workers(process.pid)) == 2)
        for key, secret in keys:
            assert {ask(secret) for _ in range(8)} == {200}  # now each of them remembers it
            gone = httpx.delete(f"{outside.url}/api/keys/{key.id}", headers={"X-API-Key": manager})
            assert gone.status_code == 204
            assert {ask(secret) for _ in range(8)} == {401}
    finally:
        process.terminate()
        process.wait(120)  # a process that does not end is killed after 20 s
