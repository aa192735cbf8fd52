"""Operations in a browser: destinations with their ways in, work items cancelled, the site's quota set."""

from __future__ import annotations

import base64
import json
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import HTTPServer
from pathlib import Path
from urllib.parse import parse_qs

import hub as hubs
import pytest
import servers
from e2e.pages import AXE, Site, at_every_width, visit
from playwright.sync_api import Browser, Page, expect
from receivers import QuietHandler

from bench.serving import serving

PASSWORD, SECRET, TOKEN = "kept-password", "kept-client-secret", "token-of-the-test"


@pytest.fixture(scope="module")
def hub(
    tmp_path_factory: pytest.TempPathFactory, valkey: servers.Valkey, seaweed: servers.Seaweed
) -> Iterator[hubs.Hub]:
    with hubs.running(tmp_path_factory.mktemp("destinations-page"), valkey, seaweed) as running:
        yield running


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate of localhost, which is its own authority, and its key."""
    folder = tmp_path_factory.mktemp("pem")
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
         "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", str(key),
         "-out", str(certificate)],
        check=True, capture_output=True,
    )  # fmt: skip
    return certificate, key


class Receiver(QuietHandler):
    """Gives a token for client credentials; answers searches of who has it, or the password."""

    def do_POST(self) -> None:  # noqa: N802
        form = parse_qs(self.body().decode())
        named = base64.b64decode(self.lower_headers().get("authorization", " ").split()[-1])
        ok = form.get("client_secret") == [SECRET] or SECRET.encode() in named
        self.send_response(200 if ok else 401)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        said = {"access_token": TOKEN, "token_type": "Bearer", "expires_in": 60} if ok else {}
        self.wfile.write(json.dumps(said).encode())

    def do_GET(self) -> None:  # noqa: N802
        given = self.lower_headers().get("authorization", "")
        basic = "Basic " + base64.b64encode(f"fada:{PASSWORD}".encode()).decode()
        self.send_response(200 if given in (basic, f"Bearer {TOKEN}") else 401)
        self.end_headers()
        self.wfile.write(b"[]")


@contextmanager
def receiver(pem: tuple[Path, Path] | None = None) -> Iterator[int]:
    """With ``pem`` by TLS, and only for who has that very certificate."""
    server = HTTPServer(("127.0.0.1", 0), Receiver)
    if pem is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*pem)
        context.load_verify_locations(pem[0])
        context.verify_mode = ssl.CERT_REQUIRED
        server.socket = context.wrap_socket(server.socket, server_side=True)
    with serving(server) as port:
        yield port


def begin(page: Page, name: str, address: str, way: str) -> None:
    page.get_by_role("textbox", name="Name", exact=True).fill(name)
    page.get_by_label("Kind").select_option("stow")
    page.get_by_label("Address", exact=True).fill(address)
    page.get_by_label("Sign-in").select_option(way)


def made(page: Page, name: str) -> None:
    """It is added, and lets the hub in."""
    page.get_by_role("button", name="Add", exact=True).click()
    row = page.get_by_role("row", name=name)
    row.get_by_role("button", name="Test").click()
    expect(row.get_by_role("status")).to_have_text("Reached")


def test_ways_in_are_entered_once_and_never_shown(
    hub: hubs.Hub, browser: Browser, pem: tuple[Path, Path]
) -> None:
    site = Site(hub.url, hub.key("ways"))
    certificate, key = (path.read_text() for path in pem)
    with (
        receiver() as plain,
        receiver(pem) as secure,
        visit(browser, site, site.key) as page,
    ):
        page.goto(hub.url + "/operations/destinations")
        begin(page, "Archive one", f"http://localhost:{plain}/dicom-web", "basic")
        page.get_by_role("textbox", name="User").fill("fada")
        page.get_by_role("textbox", name="Password").fill(PASSWORD)
        made(page, "Archive one")
        begin(page, "Archive two", f"https://localhost:{secure}/dicom-web", "oauth2")
        page.get_by_label("Token address").fill(f"https://localhost:{secure}/token")
        page.get_by_label("Client ID").fill("fada-hub")
        page.get_by_label("Client secret").fill(SECRET)
        page.locator("summary", has_text="Certificates").click()
        page.get_by_label("Authorities to trust").fill(certificate)
        page.get_by_label("The hub’s certificate").fill(certificate)
        page.get_by_role("textbox", name="Its key").fill(key)
        at_every_width(page, "destinations-form")
        page.evaluate(AXE.read_text())
        violations = page.evaluate(
            "axe.run(document, {resultTypes: ['violations']}).then(r => r.violations.map(v => v.id + ': ' + v.nodes.map(n => n.html)))"
        )
        assert violations == []
        made(page, "Archive two")
        expect(page.get_by_label("Client secret")).to_have_count(0)
        page.reload()
        expect(page.get_by_role("row", name="Archive two")).to_be_visible()
        shown = page.content()
        listed = site.api("GET", "/api/destinations").text
    for secret in (PASSWORD, SECRET, key.splitlines()[1]):
        assert secret not in shown
        assert secret not in listed


def test_work_items_are_seen_and_cancelled_and_a_quota_is_set(
    hub: hubs.Hub, browser: Browser
) -> None:
    site = Site(hub.url, hub.key("operated"))
    item = {
        "00741000": {"vr": "CS", "Value": ["SCHEDULED"]},
        "00741200": {"vr": "CS", "Value": ["MEDIUM"]},
        "00741204": {"vr": "LO", "Value": ["Read by noon"]},
        "00404005": {"vr": "DT", "Value": ["20260301080000"]},
        "00404041": {"vr": "CS", "Value": ["READY"]},
    }
    assert site.api("POST", "/dicomweb/workitems?2.25.77", json=[item]).status_code == 201
    with visit(browser, site, site.key) as page:
        page.goto(hub.url + "/operations/workitems")
        row = page.get_by_role("row", name="Read by noon")
        expect(row).to_contain_text("Scheduled")
        at_every_width(page, "workitems")
        page.once("dialog", lambda dialog: dialog.accept("not needed"))
        row.get_by_role("button", name="Cancel it").click()
        expect(row).to_contain_text("Cancelled")
        expect(row).to_contain_text("not needed")
        page.goto(hub.url + "/operations/retention")
        quota = page.get_by_role("region", name="This site’s quota")
        quota.get_by_label("May store, GB").fill("0.5")
        quota.get_by_label("New studies in any 24 hours").fill("40")
        quota.get_by_role("button", name="Save").click()
        expect(quota).to_contain_text("0 / 40")
        expect(quota).to_contain_text("/ 0.5 GB")
        at_every_width(page, "quota")
    kept = site.api("GET", "/api/quota").json()
    assert (kept["stored_bytes"], kept["daily_studies"]) == (500_000_000, 40)


def test_how_a_receiver_knows_patients_and_orders_is_entered_on_a_phone(
    hub: hubs.Hub, browser: Browser
) -> None:
    site = Site(hub.url, hub.key("receivers"))
    with visit(browser, site, site.key) as page:
        page.set_viewport_size({"width": 360, "height": 800})
        page.goto(hub.url + "/operations/destinations")
        page.get_by_label("Kind").select_option("fhir")
        entered = {
            "Name": "EMR", "Address": "http://localhost:9/fhir",
            "System of patient numbers": "urn:oid:1.2.36", "System of order numbers": "https://his.example/orders",
        }  # fmt: skip
        for label, text in entered.items():
            field = page.get_by_label(label)
            field.fill(text)
            box = field.bounding_box()
            assert box is not None
            assert box["x"] >= 0, label
            assert box["x"] + box["width"] <= 360, f"{label} is out of sight"
        button = page.get_by_role("button", name="Add", exact=True)
        with page.expect_request(lambda one: one.method == "POST") as asked:
            button.click()
        options = json.loads(asked.value.post_data or "")["options"]
        assert options["patient_system"] == "urn:oid:1.2.36"
        assert options["order_system"] == "https://his.example/orders"
        expect(page.get_by_role("row", name="EMR")).to_be_visible()
