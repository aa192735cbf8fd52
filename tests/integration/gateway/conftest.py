from __future__ import annotations

from collections.abc import Iterator

import hub as hubs
import pytest
import servers

from gateway.http.limits import LoginAttempts


@pytest.fixture(scope="session")
def hub(
    tmp_path_factory: pytest.TempPathFactory, valkey: servers.Valkey, seaweed: servers.Seaweed
) -> Iterator[hubs.Hub]:
    """A gateway with small limits, shared by the tests of this folder."""
    home = tmp_path_factory.mktemp("hub")
    limits = {
        "max_request_bytes": 64 * 2**20,
        "max_inflated_bytes": 32 * 2**20,
        "max_zip_entries": 50,
        "stall_seconds": 2.0,
        "request_seconds": 20.0,
        "rate_per_second": 1000.0,
        "quiet_seconds_of": {"quiet": 3600, "quiet-phones": 3600},  # they wait for further images
    }
    with hubs.running(home, valkey, seaweed, **limits) as running:
        yield running


@pytest.fixture
def many_sign_ins(hub: hubs.Hub) -> Iterator[None]:
    """As many attempts to sign in as a test makes; how few are allowed has tests of its own."""
    before = hub.app.state.attempts
    hub.app.state.attempts = LoginAttempts(rate=100, burst=1000)
    yield
    hub.app.state.attempts = before
