from __future__ import annotations

from collections.abc import Iterator

import hub as hubs
import pytest
import servers


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
