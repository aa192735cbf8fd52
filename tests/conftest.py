"""Session-wide fixtures: each real server starts once, when the first test asks for it."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Generator, Iterator
from datetime import date, datetime, timedelta

import pytest
import servers
import whole_hub
from httpx._config import DEFAULT_TIMEOUT_CONFIG
from hypothesis import settings as hypothesis_settings
from servers_postgres import postgres_url  # noqa: F401  (a fixture)

from services.standalone import ports
from services.storage.s3 import S3Store

# A busy machine is no finding: time is measured in bench/, never here.
for part in ("connect", "read", "write", "pool"):  # httpx would give up after five seconds
    setattr(DEFAULT_TIMEOUT_CONFIG, part, 120.0)
hypothesis_settings.register_profile("fada", deadline=None)
hypothesis_settings.load_profile("fada")


@pytest.fixture(scope="module")
def today() -> date:
    """The local date, which no midnight changes while a file's tests run: shortly before one they wait."""
    now = datetime.now().astimezone()
    if (now + timedelta(minutes=3)).date() != now.date():
        time.sleep(180)
    return datetime.now().astimezone().date()


@pytest.fixture(scope="session")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Valkey]:
    """A real Valkey. Do not kill it: ``servers.valkey_server`` gives one of your own."""
    with servers.valkey_server(tmp_path_factory.mktemp("valkey")) as server:
        yield server


@pytest.fixture(scope="session")
def seaweed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Seaweed]:
    """A real SeaweedFS. Do not kill it: ``servers.seaweed_server`` gives one of your own."""
    with servers.seaweed_server(tmp_path_factory.mktemp("seaweed")) as server:
        yield server


@pytest.fixture(scope="session")
def object_store(seaweed: servers.Seaweed) -> Iterator[S3Store]:
    """The store's client on the real SeaweedFS, its bucket made."""
    store = S3Store(seaweed.endpoint, seaweed.access_key, seaweed.secret_key, "fada-tests")
    store.prepare()
    yield store
    store.close()


@pytest.fixture(scope="session")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[whole_hub.WholeHub]:
    """A whole hub as ``fada up`` starts it: ``address``, ``key`` (an administrator's), ``home``."""
    # Receivers of webhooks in these tests listen on loopback, and so do the viewers of others.
    (viewers,) = ports.free(1)
    environment = {
        "FADA_WEBHOOK_ALLOW_PRIVATE": "true",
        "FADA_CORS_ORIGINS": f"http://127.0.0.1:{viewers}",
    }
    with whole_hub.running(tmp_path_factory.mktemp("hub"), environment=environment) as started:
        yield started


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Slow files first, then those with many tests: no process ends with a long one while others are idle.

    Those that run the program for Android come behind the other slow ones: it is compiled meanwhile.
    """
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    compiled = {
        item.path for item in items if "android_program" in getattr(item, "fixturenames", ())
    }
    tests = Counter(item.path for item in items)
    items.sort(
        key=lambda item: (
            item.path not in slow | compiled,
            item.path in compiled,
            -tests[item.path],
            item.path,
        )
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Continuous integration has every real part: a test that would skip there has lost one."""
    report = yield
    if os.environ.get("CI") == "true" and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, which fails in CI: {report.longrepr}"
    return report
