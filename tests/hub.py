"""A gateway on real parts for the tests: uvicorn on a free port, real store and broker, own index."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import combination
import httpx
import releases
import servers
import uvicorn
from fastapi import FastAPI
from pydantic import SecretStr

from gateway.app import create_app
from gateway.bootstrap import compose
from gateway.dependencies import Services
from gateway.http.connection_limits import BoundedProtocol
from services.domain.study import Role
from services.standalone import ports

ROOT = Path(__file__).parents[1]
SAMPLES = ROOT / "samples"


@dataclass
class Hub:
    """``keys``: (site, role) → API key, made when first asked for."""

    services: Services
    app: FastAPI
    url: str
    keys: dict[tuple[str, Role], str] = field(default_factory=dict)

    def key(self, site: str = "a", role: Role = Role.ADMIN) -> str:
        if (site, role) not in self.keys:
            with self.services.index.begin() as tx:
                _, key = tx.keys.create(site, role, f"{role.value} of {site}")
            self.keys[site, role] = key
        return self.keys[site, role]

    def client(self, site: str = "a", role: Role = Role.ADMIN) -> httpx.Client:
        headers = {"Authorization": f"Bearer {self.key(site, role)}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=30)

    def browser(self) -> httpx.Client:
        """One without a key, on the hub's own pages."""
        return httpx.Client(base_url=self.url, headers={"Origin": self.url}, timeout=60)


@contextmanager
def running(
    home: Path, broker: servers.Valkey, store: servers.Seaweed, **settings: object
) -> Iterator[Hub]:
    """One gateway in this process, over real HTTP, with a small release of its own. ``public_url``, where
    it is given, has its port.
    """
    releases.build(home / "releases")
    given = servers.settings_for(
        home,
        broker,
        store,
        index_url=combination.index_url(home),
        runner="inprocess",
        releases=home / "releases",
        metrics_token=SecretStr("only-for-figures"),
        **settings,
    )
    services = compose(given)
    services.index.migrate()
    services.store.prepare()
    app = create_app(services)
    port = urlsplit(given.public_url).port or ports.free(1)[0]
    config = uvicorn.Config(
        app, "127.0.0.1", port, log_level="warning", access_log=False, http=BoundedProtocol,
        proxy_headers=bool(given.trusted_proxies), forwarded_allow_ips=given.trusted_proxies,
    )  # fmt: skip
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the gateway did not start"
        time.sleep(0.02)
    try:
        yield Hub(services, app, f"http://127.0.0.1:{port}")
    finally:
        server.should_exit = True
        thread.join(timeout=15)
        services.close()
