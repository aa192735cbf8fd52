"""A real hub's gateway for these tests: gateway on a socket, SQLite on disk, SeaweedFS, Valkey."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import combination
import pytest
import servers
import uvicorn
from integration.dicom.open_gateway import OpenGateway

from gateway.app import create_app
from gateway.bootstrap import compose
from gateway.http.connection_limits import BoundedProtocol
from services.domain.study import Role
from services.standalone import ports
from services.storage.s3 import S3Store


@pytest.fixture(scope="session")
def gateway(
    tmp_path_factory: pytest.TempPathFactory,
    valkey: servers.Valkey,
    seaweed: servers.Seaweed,
    object_store: S3Store,
) -> Iterator[OpenGateway]:
    home = tmp_path_factory.mktemp("gateway")
    settings = servers.settings_for(
        home,
        valkey,
        seaweed,
        s3_bucket=object_store.bucket,
        index_url=combination.index_url(home),
        rate_per_second=100_000,
        max_inflated_bytes=64 * 2**20,
        max_instance_bytes=32 * 2**20,
        parse_seconds=20,
        runner="inprocess",
        quiet_seconds_of={"waiting": 600.0},
    )
    services = replace(compose(settings), inference=None)
    services.index.migrate()
    with services.index.begin() as tx:
        _, key = tx.keys.create("north", Role.SONOGRAPHER, "tests")
        _, other = tx.keys.create("south", Role.SONOGRAPHER, "tests")
        _, stranger = tx.keys.create("west", Role.SONOGRAPHER, "tests")
    port = ports.free(1)[0]
    config = uvicorn.Config(
        create_app(services, owned=True),
        "127.0.0.1",
        port,
        log_level="warning",
        lifespan="on",
        http=BoundedProtocol,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    for _ in range(200):
        if server.started:
            break
        time.sleep(0.05)
    assert server.started
    yield OpenGateway(services, port, key, other, stranger)
    server.should_exit = True
    thread.join(timeout=20)
