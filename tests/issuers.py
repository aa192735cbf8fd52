"""A real OpenID Connect issuer (npm's oidc-provider) as a child of the test, and a browser's way through it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urljoin

import httpx
import pytest
import typescript

CLIENT_ID, CLIENT_SECRET = "fada-hub", "of the tests alone: not a secret of any hub"
GROUPS = {
    "fetal-readers": "a:reader",
    "fetal-sonographers": "a:sonographer",
    "fetal-managers": "a:manager",
    "other-clinic": "b:admin",
}
needs_issuer = pytest.mark.skipif(
    shutil.which("node") is None
    or not (typescript.WEB / "node_modules" / "oidc-provider").is_dir(),
    reason="Node and oidc-provider are not here (npm ci in web)",
)


@dataclass(frozen=True)
class Issuer:
    """``hub``: the public address of the hub that is its client."""

    url: str
    hub: str

    @property
    def settings(self) -> dict[str, object]:
        """Of a hub that people sign on to with it."""
        return {
            "public_url": self.hub,
            "oidc_issuer": self.url,
            "oidc_client_id": CLIENT_ID,
            "oidc_client_secret": CLIENT_SECRET,
            "oidc_name": "Clinic ID",
            "oidc_groups": GROUPS,
        }


@contextmanager
def running(hub: str, port: int, **environment: str) -> Iterator[Issuer]:
    """Ready. ``environment``: see web/tests/issuer.mjs."""
    client = {
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "redirect_uris": [f"{hub}/login/oidc/callback"],
        "post_logout_redirect_uris": [f"{hub}/"],
        "backchannel_logout_uri": f"{hub}/login/oidc/logout",
        "backchannel_logout_session_required": True,
    }
    process = subprocess.Popen(
        ["node", "tests/issuer.mjs"], cwd=typescript.WEB, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, text=True,
        env={**os.environ, "PORT": str(port), "CLIENT": json.dumps(client), **environment},
    )  # fmt: skip
    try:
        assert process.stdout is not None
        assert "ready" in (process.stdout.readline() or "it ended"), "the issuer did not start"
        yield Issuer(f"http://localhost:{port}", hub)
    finally:
        process.kill()
        process.communicate()


def sign_in_there(browser: httpx.Client, url: str, login: str) -> str:
    """What a person does on the issuer's pages; the address that it sends the browser back to."""
    answer = browser.get(url)
    while True:
        while answer.is_redirect:
            url = urljoin(url, answer.headers["location"])
            if "/login/oidc/callback" in url:
                return url
            answer = browser.get(url)
        (action,) = re.findall(r'<form[^>]* action="([^"]+)"', answer.text)
        url = urljoin(url, action)
        form = {"prompt": "login", "login": login, "password": "any"}
        answer = browser.post(url, data=form)
