"""The hospital's issuer of OpenID Connect (oidc-provider: web/tests/issuer.mjs), and a person there."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page

WEB = Path(__file__).resolve().parents[2] / "web"
_CLIENT, _SECRET = "fada-hub", "of the drill alone: not a secret of any hub"


@dataclass(frozen=True)
class Issuer:
    """``hub``: the public address of the hub that is its client."""

    port: int
    hub: str

    @property
    def environment(self) -> dict[str, str]:
        """Settings of a hub that people sign on to with it, by code with PKCE."""
        return {
            "FADA_PUBLIC_URL": self.hub,
            "FADA_OIDC_ISSUER": f"http://localhost:{self.port}",
            "FADA_OIDC_CLIENT_ID": _CLIENT,
            "FADA_OIDC_CLIENT_SECRET": _SECRET,
            "FADA_OIDC_NAME": "Hospital ID",
            "FADA_OIDC_GROUPS": json.dumps({"fetal-sonographers": "default:sonographer"}),
        }

    @contextmanager
    def running(self) -> Iterator[None]:
        """Raises SystemExit where it is not installed."""
        if shutil.which("node") is None or not (WEB / "node_modules" / "oidc-provider").is_dir():
            raise SystemExit("Install Node and the pages' packages: make node")
        client = {
            "client_id": _CLIENT,
            "client_secret": _SECRET,
            "redirect_uris": [f"{self.hub}/login/oidc/callback"],
            "post_logout_redirect_uris": [f"{self.hub}/"],
        }
        process = subprocess.Popen(
            ["node", "tests/issuer.mjs"], cwd=WEB, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env={**os.environ, "PORT": str(self.port), "CLIENT": json.dumps(client)}, text=True,
        )  # fmt: skip
        try:
            if process.stdout is None or "ready" not in process.stdout.readline():
                raise SystemExit("The issuer did not start.")
            yield
        finally:
            process.kill()
            process.communicate()

    def sign_on(self, page: Page) -> str:
        """Dr. Amina Juma, a sonographer, signs on to the hub; who the page then says is there."""
        page.goto(self.hub)
        page.get_by_role("link", name="Sign in with Hospital ID").click()
        page.fill("input[name=login]", "amina")
        page.fill("input[name=password]", "any")
        page.click("button[type=submit]")
        return page.locator("header .who").inner_text()
